"""Through the running system: a special case has its leader by name; what was done for it is compiled, approved by two,
and then read by everybody without login. Rows 37, 38.
"""

import html
import re

import httpx2

from shared.vocabulary import Role
from tests.lab import until
from tests.stories.live import Live

OFFICE, COUNTY, LEADER = "party_office", "shaquan_government", "wu_ji"
FIRST, SECOND = "feng_ren", ("wu_ji", "xie_ze")
"""The discipline organ and the secretary-general, or who stands for him, approve what the office has compiled."""


async def test_what_was_done_is_compiled_from_the_case_approved_by_two_and_read_by_everybody(
    live: Live,
) -> None:
    task = {"title": "化解改制职工安置积案", "unit": COUNTY, "owner": LEADER, "within": "P30D"}
    special = await live.report(
        OFFICE,
        Role.LEADER,
        kind="task",
        category=None,
        area="620621",
        summary="改制职工安置积案",
        tasks=[task],
    )
    await until(lambda: live.heard(LEADER, special), what="the leader named is rung, and no other")
    assert "化解改制职工安置积案" in live.heard(LEADER, special)[0]
    assert not live.heard("yan_yu", special), "not the head of the unit"
    done = await live.act(special, "complete", COUNTY, task="t1", text="126名职工安置到位")
    assert done == "applied"
    await live.act(special, "verify", OFFICE, Role.LEADER, task="t1", text="属实")
    await live.act(special, "close", OFFICE, Role.LEADER, text="息诉罢访")

    assert "/report?kind=task&amp;topic=compilation" in await live.desk(
        f"/cases/{special}", OFFICE, Role.LEADER
    )
    form = await live.desk(f"/report?kind=task&topic=compilation&parent={special}", OFFICE, Role.LEADER)
    found = re.search(r'<textarea id="details"[^>]*>(.*?)</textarea>', form, re.DOTALL)
    assert found
    text = html.unescape(found[1]).strip()
    for words in ("沙泉县人民政府", "126名职工安置到位", "息诉罢访", "办理措施", "办理结果"):
        assert words in text, (words, text)
    case = await live.report(
        OFFICE,
        Role.LEADER,
        kind="task",
        category=None,
        topic="compilation",
        area="620621",
        parent=special,
        summary="改制职工安置积案办理情况",
        details=text,
    )
    address = f"/compilations/{case}"
    async with httpx2.AsyncClient(base_url=str(live.http.base_url)) as stranger:
        assert (await stranger.get(address)).status_code == 404, "not before it is approved"
        await until(lambda: live.link(FIRST, case, "duty"), what="the first approver is rung with the text")
        assert "126名职工安置到位" in (await live.at_link(FIRST, case, "duty")).text
        await live.at_link(FIRST, case, "duty", choice="notice_approved.yes")
        assert (await stranger.get(address)).status_code == 404, "one approval is not enough"
        second = await until(lambda: approver(live, case), what="the second approver is rung")
        assert second
        await live.at_link(second, case, "duty", choice="notice_approved.yes")

        async def out() -> str | None:
            page = await stranger.get(address, headers={"Accept-Language": "zh"})
            return page.text if page.status_code == 200 else None

        page = await until(out, what="it is out")
        assert page
        for words in ("改制职工安置积案办理情况", "126名职工安置到位", "市委办公室"):
            assert words in page, words
        assert special not in page, "of the case behind it nothing else"
        listed = (await stranger.get("/compilations", headers={"Accept-Language": "zh"})).text
        assert address in listed
        corrected = "更正：安置到位职工为127名"
        assert (
            await live.act(case, "correct", "discipline_organ", Role.DISCIPLINE, text=corrected) == "applied"
        )
        assert corrected in (await stranger.get(address)).text


def approver(live: Live, case: str) -> str | None:
    return next((who for who in SECOND if live.link(who, case, "duty")), None)
