"""The media know of an accident, no unit has reported it: the county's bureau reads at once what is said of it, says
what it knows, and reads that nothing is left against it. Row 29.
"""

import re
from datetime import UTC, datetime

from shared.facts import LapseCause
from shared.ids import PostId
from shared.vocabulary import Role
from tests.escalator.builders import example_directory
from tests.lab import until
from tests.stories.live import Live

BUREAU = "wangshan_emergency"


async def test_the_unit_is_told_answers_and_is_cleared(live: Live) -> None:
    head = example_directory().holder_of(PostId("wangshan_emergency_head"), datetime.now(UTC)).id
    hit = await live.report(
        "propaganda",
        kind="opinion",
        topic="external_media",
        category="natural_disaster",
        summary="外媒称望山水库溃坝",
    )

    def read(tag: str) -> str | None:
        return next((text for text in live.texts(head, hit) if f"【烽火·{tag}】" in text), None)

    raised = await until(lambda: read("疑似漏报"), what="the unit is told")
    assert raised
    assert re.search("未查到望山县应急管理局的报告，列为疑似漏报，由人于 .* 前核实", raised)
    assert "请在链接中提交“情况说明”" in raised
    page = await live.at_link(head, hit, "inform")
    assert "列为疑似漏报" in page.text
    assert "您以望山县应急管理局局长身份答复" in page.text
    said = await live.at_link(head, hit, "inform", choice="stated", text="该水库三年前已闭库，照片系旧图")
    assert "已提交情况说明" in said.text

    async def stated() -> str | None:
        suspicion = (await live.case(hit)).suspicion
        return suspicion.statement if suspicion is not None else None

    assert await until(stated, what="the statement") == "该水库三年前已闭库，照片系旧图"

    judged = await live.act(hit, "refute", "emergency_office", Role.SUPERVISOR, text="旧图新传，已核实")
    assert judged == "applied"
    link = await live.at_link(head, hit, "inform")
    assert "此事不再需要提交情况说明" in link.text
    assert "不构成漏报" in link.text, "the link says what became of it"
    again = await live.at_link(head, hit, "inform", choice="stated", text="再说一遍")
    assert "已提交情况说明" in again.text, "what was said is not asked again"
    cleared = await until(lambda: read("不构成漏报"), what="the unit is cleared")
    assert cleared
    assert "经核实（旧图新传，已核实），望山县应急管理局不构成漏报，不计入任何记录和统计。" in cleared
    lapses = [duty.lapse for duty in (await live.case(hit)).duties if duty.lapse is not None]
    assert LapseCause.OMITTED not in {lapse.cause for lapse in lapses}
