"""The media know of an accident, no unit has reported it: the county's bureau reads at once what is said of it, says
what it knows, and reads that nothing is left against it. Row 29.
"""

import re
from datetime import UTC, datetime
from typing import Any

import httpx2

from shared.facts import LapseCause
from shared.ids import PostId
from shared.standing import standing_case
from shared.vocabulary import Role
from tests.escalator.builders import example_directory
from tests.lab import until
from tests.stories.live import Live

BUREAU = "wangshan_emergency"


def holder(post: str) -> str:
    return example_directory().holder_of(PostId(post), datetime.now(UTC)).id


async def test_the_unit_is_told_answers_and_is_cleared(live: Live) -> None:
    head = holder("wangshan_emergency_head")
    hit = await live.report(
        "propaganda",
        kind="opinion",
        topic="external_media",
        category="natural_disaster",
        summary="外媒称望山水库溃坝",
    )

    raised = await live.reads(head, hit, "【烽火·疑似漏报】")
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
    cleared = await live.reads(head, hit, "【烽火·不构成漏报】")
    assert "经核实（旧图新传，已核实），望山县应急管理局不构成漏报，不计入任何记录和统计。" in cleared
    lapses = [duty.lapse for duty in (await live.case(hit)).duties if duty.lapse is not None]
    assert LapseCause.OMITTED not in {lapse.cause for lapse in lapses}


async def test_a_report_in_time_is_found_and_everybody_who_heard_the_suspicion_hears_that_it_is_withdrawn(
    live: Live, trail: httpx2.AsyncClient
) -> None:
    head, office = holder("wangshan_emergency_head"), holder("emergency_office")
    report = await live.report(
        BUREAU, level="IV", category="natural_disaster", summary="北坡沟道漫水，十二户已转移"
    )
    hit = await live.report(
        "propaganda", kind="opinion", topic="external_media", category="natural_disaster", summary="外媒称望山水库溃坝"
    )  # fmt: skip
    leaders = [holder(post) for post in ("party_main", "gov_main")]
    for leader in leaders:
        await live.hears(leader, hit, "外媒称望山水库溃坝")
        await live.at_link(leader, hit, "report", choice="")
    everybody = {
        head: "【烽火·疑似漏报】",
        office: "疑似漏报核实",
        **dict.fromkeys(leaders, "【烽火·疑似漏报】"),
    }
    for person, words in everybody.items():
        await live.reads(person, hit, words, "未查到望山县应急管理局的报告")

    answer = await live.at_link(
        head, hit, "inform", choice="stated", text="我局已报：北坡沟道漫水，十二户已转移，系同一险情"
    )
    assert "已提交情况说明" in answer.text
    to_judge = await until(lambda: _page_with(live, "/suspicions", "我局已报"), what="the office reads it")
    assert to_judge
    assert "当地该类别由其主管" in to_judge, "and why it is that unit's to report"
    merged = await live.act(
        hit, "merge", "emergency_office", person=office, role=Role.DUTY_OFFICER, into=report, text="系同一处险情"
    )  # fmt: skip
    assert merged == "applied"

    cleared = await live.reads(head, hit, "【烽火·疑似漏报撤销】")
    assert "现查到望山县应急管理局已按时报告，疑似漏报撤销，不计入任何记录和统计。" in cleared
    for person in (office, *leaders):
        assert "望山县应急管理局已按时报告" in await live.reads(person, hit, "【烽火·疑似漏报已撤销】")
    assert "疑似漏报撤销" in (await live.at_link(head, hit, "inform")).text
    suspicion = (await live.case(hit)).suspicion
    assert suspicion is not None
    assert (suspicion.matched, suspicion.is_to_judge, suspicion.confirmed) == (report, False, None)
    assert "已按时报告" in await live.desk(f"/cases/{hit}", "emergency_office")

    story = await until(lambda: _story_of(live, trail, hit), what="the record has it")
    assert story
    assert "疑似漏报（望山县应急管理局，当地该类别由其主管）：没有单位上报" in str(story)
    lapses = (await trail.get("/api/v1/reports/lapses", headers=live.lab.bearer(Role.AUDITOR))).json()[
        "lapses"
    ]
    held = [lapse for lapse in lapses if BUREAU in (lapse["unit"], lapse["answerable"])]
    assert not [lapse for lapse in held if lapse["case"] in (hit, report)], "other stories may hold theirs"
    pursued = await live.http.get(
        "/api/v1/cases", params={"parent": hit, "kind": "accountability"}, headers=live.lab.bearer(Role.AUDITOR)
    )  # fmt: skip
    assert [card for card in pursued.json()["cases"] if card["report"]["unit"] == BUREAU] == []
    ledger = await live.http.get(
        f"/api/v1/cases/{standing_case('ledger', BUREAU)}", headers=live.lab.bearer(Role.AUDITOR)
    )
    assert hit not in ledger.text, "nothing of it is written on the unit's ledger"
    assert report not in ledger.text


async def _page_with(live: Live, path: str, words: str) -> str | None:
    page = await live.desk(path, "emergency_office", Role.SUPERVISOR)
    return page if words in page else None


async def _story_of(live: Live, trail: httpx2.AsyncClient, case: str) -> dict[str, Any] | None:
    answer = await trail.get(
        f"/api/v1/cases/{case}/story", params={"language": "zh"}, headers=live.lab.bearer(Role.AUDITOR)
    )
    return answer.json() if answer.status_code == 200 and "撤销" in answer.text else None
