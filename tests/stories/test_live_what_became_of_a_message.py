"""Through the running system: handed to the gateway is not delivered, delivered is not read, opened is not
answered; the case page and the timeline say which, and what did not arrive moves the chain at once. Rows 18, 19.
"""

from shared.vocabulary import Role
from tests.lab import until
from tests.stories.live import Live

UNIT = "shaquan_government"
NEXT = "wu_ji"


async def _page(live: Live, case: str, language: str = "zh") -> str:
    return await live.desk(f"/cases/{case}", "emergency_office", person="zhang_lai", language=language)


async def _shows(live: Live, case: str, *words: str, language: str = "zh") -> str:
    async def page() -> str:
        text = await _page(live, case, language)
        return text if all(word in text for word in words) else ""

    return await until(page, seconds=20, what=" ".join(words)) or ""


async def test_a_receipt_that_it_did_not_arrive_moves_the_chain_and_reads_so(live: Live) -> None:
    case = await live.report(UNIT, level="II", area="620621", summary="粮库起火")
    for leader in ("zhao_jia", "qian_yi", "sun_bing", "li_ding", "zhou_wu"):
        await live.reads(leader, case, "粮库起火" if leader != "li_ding" else "Level II")
    page = await _shows(live, case, "已交网关")
    assert "已送达" not in page, "no gateway has said so"

    for channel in ("voice", "sms"):
        await live.gateway_says("zhao_jia", case, channel, outcome="failed", error="用户关机")
    asked = await live.hears(NEXT, case, "请您接替", "赵甲")
    assert "粮库起火" in asked
    await _shows(live, case, "未送达", "未能联系上赵甲", "所有渠道均失败")
    english = await _page(live, case, "en")
    assert "Zhao Jia (Party Secretary) could not be reached: every channel failed" in english
    assert "Not delivered, as the gateway reports: Zhao Jia" in english


async def test_delivered_opened_and_answered_are_told_apart(live: Live) -> None:
    case = await live.report(UNIT, level="II", area="620621", summary="水库漫坝")
    await live.reads("qian_yi", case, "水库漫坝")
    await live.gateway_says("qian_yi", case, "sms", outcome="delivered")
    assert "已打开链接" not in await _shows(live, case, "已送达")

    for _ in range(3):
        assert "确认已知悉" in (await live.at_link("qian_yi", case)).text
    page = await _shows(live, case, "已打开链接")
    assert "已打开链接 1 人" in page, "the timeline says of how many"
    english = await _page(live, case, "en")
    for words in ("handed to the gateway", "delivered ", "link opened "):
        assert words in english, words
    duty = next(duty for duty in (await live.case(case)).duties if duty.bearer == "qian_yi")
    assert duty.is_owed, "opening answers nothing"

    await live.at_link("qian_yi", case, choice="")
    await _shows(live, case, "已答复")


async def test_the_record_and_the_reach_report_say_the_same(live: Live) -> None:
    case = await live.report(UNIT, level="II", area="620621", summary="隧道塌方")
    await live.reads("qian_yi", case, "隧道塌方")
    await live.gateway_says("qian_yi", case, "sms", outcome="delivered")
    await live.at_link("qian_yi", case)
    record = await live.record()
    headers = live.lab.bearer(Role.AUDITOR)

    async def reach() -> dict[str, int] | None:
        answer = await record.get("/api/v1/reports/reachability", headers=headers)
        assert answer.status_code == 200, answer.text
        lines: list[dict[str, int]] = [line for line in answer.json()["people"] if line["row"] == "qian_yi"]
        return next((line for line in lines if line["opened"] and line["arrived"]), None)

    line = await until(reach, seconds=30, what="opened in the report")
    assert line
    assert 0 < line["arrived"] <= line["delivered"] <= line["sent"]
    assert 0 < line["opened"] <= line["delivered"]

    async def is_told() -> bool:
        told = await record.get(f"/api/v1/cases/{case}/story", headers=headers)
        return "已打开链接" in told.text

    await until(is_told, seconds=30, what="opened in the story")
