"""Food, drugs, fire, coal and other mines: each sector lists its hazards by grade, and each is rectified and
checked. Row 11.
"""

from typing import Any

from shared.case import TaskState
from shared.vocabulary import Kind, ReportKind
from tests.stories.stage import Stage

SECTORS = ["market_supervision", "fire_rescue", "emergency_bureau"]


def test_a_hazard_found_in_the_inventory_becomes_a_task_that_ends_when_it_is_rectified() -> None:
    stage = Stage()
    case = stage.report(
        ReportKind.CAMPAIGN,
        unit="government",
        area="620600",
        summary="重点行业隐患排查",
        tasks=[{"title": "行业隐患台账", "units": SECTORS, "within": "P7D"}],
    )
    stage.after(days=2)
    found: dict[str, Any] = {
        "summary": "二号矿井瓦斯监测失灵（重大）",
        "measure": "停产换装",
        "owner": "han_chen",
    }
    stage.says(case, Kind.REGISTERED, "emergency_bureau", text="煤矿", due_at="2026-12-05T03:00:00Z", **found)
    stage.says(case, Kind.COMPLETED, "emergency_bureau", task="t3", text="重大隐患一处")
    (item,) = stage.case(case).items
    assert (item.unit, item.owner, item.measure) == ("emergency_bureau", "han_chen", "停产换装")

    stage.says(case, Kind.VERIFIED, "government", task="t3")
    hazard = stage.report(
        ReportKind.HAZARD,
        unit="emergency_bureau",
        area="620600",
        topic="mine",
        summary=found["summary"],
        parent=case,
    )
    stage.says(
        hazard,
        Kind.ASSIGNED,
        "emergency_bureau",
        tasks=[{"title": "停产换装", "unit": "wangshan_emergency", "within": "P10D"}],
    )
    stage.after(days=9)
    stage.says(hazard, Kind.COMPLETED, "wangshan_emergency", task="t1", text="传感器换装")
    stage.says(hazard, Kind.RETURNED, "emergency_bureau", task="t1", text="未见检测报告")
    assert stage.task(hazard).reworks == 1
    stage.says(hazard, Kind.COMPLETED, "wangshan_emergency", task="t1", text="检测报告附后")
    stage.says(hazard, Kind.VERIFIED, "emergency_bureau", task="t1")
    assert stage.task(hazard).state is TaskState.VERIFIED


def test_a_sector_that_stays_silent_is_named() -> None:
    stage = Stage()
    units = SECTORS[:2]
    case = stage.report(
        ReportKind.CAMPAIGN,
        unit="government",
        area="620600",
        summary="排查",
        tasks=[{"title": "台账", "units": units, "within": "P7D"}],
    )
    stage.after(days=7, hours=1)
    assert [duty.owed_by for duty in stage.duties(case, "campaign_submission") if duty.lapse] == units
