"""Through the running system: thirty-eight trapped grade the case up, everybody's telephone says so, and the
link shows it without login. Rows 18, 22.
"""

import httpx2

from tests.lab import until
from tests.stories.live import Live

UNIT = "wangshan_info_centre"


async def test_thirty_eight_trapped_ring_everybody_who_was_told_and_the_page_says_it(live: Live) -> None:
    case = await live.report(UNIT, level="III", harm={"trapped": 5})
    await until(lambda: live.rung("sun_bing", case), what="the leader in charge is rung")
    assert await live.act(case, "follow-up", UNIT, text="清点完毕", trapped=38) == "applied"

    await until(lambda: "news" in live.rung("sun_bing", case), what="the leader in charge hears of it")
    heard = live.heard("sun_bing", case)[-1]
    assert "级别由三级较大上调为一级特别重大。" in heard
    assert "被困38人，此前5" in heard
    link = await until(lambda: live.link("sun_bing", case, "news"), what="the link comes by text message")
    assert link
    async with httpx2.AsyncClient() as http:
        page = await http.get(link)
    assert page.status_code == 200
    assert "级别由III级较大上调为I级特别重大" in page.text
    assert "被困5→38人" in page.text
    assert "确认已知悉" in page.text, "the answer to the report is still owed, and can be given here"
