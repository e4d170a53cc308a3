"""Through the running system: a foreign outlet tells in English of what the county has reported in Chinese: the two are
one event by place, time, category and number, and nobody is suspected. What no unit has reported is put to the one
competent, and to whoever judges. Row 29.
"""

from shared.case import DutyState
from shared.vocabulary import Role
from tests.lab import until
from tests.stories.live import Live

COUNTY, DESK, HEAD = "beacon_hill_government", "cao_huang", "zhang_di"


async def test_what_was_reported_in_chinese_is_found_in_english(live: Live) -> None:
    reported = await live.report(
        COUNTY,
        level="III",
        category="public_health",
        area="620602",
        summary="中学食堂37人呕吐腹泻，已送医",
    )
    hit = await live.report(
        "propaganda",
        kind="opinion",
        topic="external_media",
        category="public_health",
        area="620602",
        summary="Beacon Hill: 37 pupils taken to hospital after school lunch",
    )

    async def found() -> bool:
        checked = [duty for duty in (await live.case(hit)).duties if duty.rule == "cross_check"]
        return any(
            duty.state is DutyState.DISCHARGED and duty.discharged_via == "matched" for duty in checked
        )

    await until(found, what="matched")
    suspicion = (await live.case(hit)).suspicion
    assert suspicion
    assert (suspicion.matched, suspicion.suspected_at) == (reported, None)
    assert not any("疑似漏报" in text or "suspected" in text for text in live.texts(HEAD, hit))
    page = await live.desk(f"/cases/{hit}", "emergency_office", Role.SUPERVISOR)
    assert reported in page or "中学食堂37人呕吐腹泻" in page, "the page says which report it is"


async def test_what_no_unit_has_reported_is_put_to_the_county_and_to_who_judges(
    live: Live,
) -> None:
    hit = await live.report(
        "propaganda",
        kind="opinion",
        topic="external_media",
        category="public_health",
        area="620622",
        summary="外媒称望山县城自来水浑浊发臭，上百人就医",
    )
    raised = await live.reads("wei_huang", hit, "【烽火·疑似漏报】")
    assert "市委宣传部于 " in raised
    assert "未查到望山县人民政府的报告，列为疑似漏报" in raised
    await live.reads("zhao_jia", hit, "疑似漏报", "未查到望山县人民政府的报告，由人核实")
    await live.reads("zhou_wu", hit, "未查到望山县人民政府的报告")
    judge = await live.reads("zhou_wu", hit, "疑似漏报核实")
    assert "外媒称望山县城自来水浑浊发臭" in judge
