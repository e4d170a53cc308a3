"""Fuel in stock: a firm reports it day by day, and below its threshold the firm and the bureau above it are rung with
what is left; a stop that nobody approved goes to the organ. Rows 5, 34, 35, 36.
"""

from typing import Any

from shared.facts import EffectKind
from shared.forms import FillingPlace
from shared.ids import CaseId
from shared.standing import own_watch
from shared.vocabulary import Document, Kind, Level, ReportKind
from tests.forms.given import HEATING, OUTAGE, STOCK, reader
from tests.stories.stage import Stage

FIRM = "heating_company"
PLACE = FillingPlace(ReportKind.STANDING, act=Kind.FILED, document=Document.STOCK_REPORT, duty="stock_report")


def reports_stock(stage: Stage, case: CaseId, **fields: Any) -> None:
    taken = reader().take({"id": "stock", "fields": {**STOCK, **fields}}, PLACE)
    assert taken.faults == ()
    stage.says(case, Kind.FILED, FIRM, document=Document.STOCK_REPORT, text="今日库存", form=taken.block)


def firm_at_ten(stage: Stage) -> CaseId:
    case = stage.watches("periodic", own_watch("stock_report", FIRM))
    stage.at("2026-11-24 10:00")
    return case


def test_a_stock_above_its_threshold_rings_nobody() -> None:
    stage = Stage()
    case = firm_at_ten(stage)
    reports_stock(stage, case, days_left=12)
    assert stage.is_done(case, "stock_report")
    assert stage.owed(case) == set()


def test_a_stock_below_its_threshold_rings_the_firm_and_its_bureau_with_what_is_left() -> None:
    stage = Stage()
    case = firm_at_ten(stage)
    reports_stock(stage, case, days_left=4)
    told = "〔望烽供热公司、煤、库存量 1,800吨、可用天数 4天、警戒天数 7天〕"
    (firm,) = stage.texts_of_duty(case, "stock_refill", "heating_head")
    assert firm.startswith("【烽火·待办】补足库存：请于 11-25 10:00 前完成")
    assert told in firm
    (bureau,) = stage.texts_of_duty(case, "stock_watch", "housing_head")
    assert bureau.startswith("【烽火·待办】督促补足库存：请于 11-25 10:00 前完成")
    assert told in bureau
    english = stage.texts_of_duty(case, "stock_watch", "housing_head", language="en")
    assert (
        "[Wangfeng Heating Company, coal, amount 1,800 t, days left 4 days, threshold 7 days]" in english[0]
    )
    stage.after(hours=2)
    reports_stock(stage, case, days_left=15)
    assert stage.is_done(case, "stock_refill")
    assert stage.owed(case) == set(), "filled up again: the bureau has nothing left to see to"


def test_the_leaders_hear_how_many_households_are_cold_and_the_organ_that_nobody_approved_it() -> None:
    stage = Stage()
    block = reader().take({"id": "outage", "fields": OUTAGE}, HEATING).block
    case = stage.report(
        level=Level.II, unit=FIRM, area="620602", topic="heating", summary="主管爆裂停暖", form=block
    )
    (mayor,) = stage.texts_of_duty(case, "first_report", "gov_main")
    assert "〔望烽供热公司、供热、影响户数 3,200户、停供时间 11-23 10:00、是否经批准 否〕" in mayor
    (organ,) = stage.texts_of_duty(case, "unapproved_stop", "discipline")
    assert organ.startswith("【烽火·待办】擅自停供核查：请于 11-30 11:00 前完成")


def test_a_block_that_is_wrong_rings_as_ever_and_says_on_record_what_is_wrong() -> None:
    stage = Stage()
    block = reader().take({"id": "outage", "fields": {**OUTAGE, "households": "many"}}, HEATING).block
    case = stage.report(level=Level.II, unit=FIRM, area="620602", topic="heating", form=block)
    assert len(stage.told(case, "first_report")) == 5
    assert "form_not_whole" in stage.reasons(case, EffectKind.NOTED)
