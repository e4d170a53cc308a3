"""Leaders visit the people: the visit is on record, and every case they take home is somebody's task. Row
10.
"""

from datetime import timedelta

from shared.case import TaskState
from shared.facts import FormBlock, Purpose
from shared.forms import FillingPlace
from shared.ids import CaseId
from shared.vocabulary import Document, Kind, ReportKind, Role
from tests.forms.given import reader
from tests.stories.stage import Stage

UNIT = "wangshan_government"


def visit(stage: Stage) -> CaseId:
    return stage.report(ReportKind.VISIT, unit=UNIT, summary="县长走访北坡村")


def test_within_three_days_it_is_written_down_what_was_seen() -> None:
    stage = Stage()
    case = visit(stage)
    assert stage.limit(case, "visit_record") == "11-26 11:00"
    stage.after(days=1)
    stage.says(case, Kind.FILED, UNIT, document=Document.FEEDBACK, text="走访 14 户，接案 2 件")
    assert stage.is_done(case, "visit_record")


def test_a_case_taken_on_the_visit_is_tracked_until_it_is_verified() -> None:
    stage = Stage()
    case = visit(stage)
    stage.says(
        case, Kind.ASSIGNED, UNIT, tasks=[{"title": "北坡村饮水", "unit": "water_bureau", "within": "P10D"}]
    )
    stage.after(days=6)
    assert stage.told(case, "task_complete", Purpose.REMINDER) == [("11-28 11:00", "water_head")]
    stage.says(case, Kind.COMPLETED, "water_bureau", task="t1", text="已通水")
    stage.says(case, Kind.VERIFIED, UNIT, task="t1")
    assert stage.task(case).state is TaskState.VERIFIED
    assert stage.is_done(case, "task_verify")


def test_a_visit_that_is_put_off_keeps_what_was_granted() -> None:
    stage = Stage()
    case = stage.report(
        ReportKind.VISIT, unit=UNIT, summary="县长走访北坡村", form=on("2026-11-30T09:00:00+08:00")
    )
    stage.says(
        case, Kind.PAUSED, "emergency_office", role=Role.SUPERVISOR, text="大雪封路", span=timedelta(days=2)
    )
    stage.after(days=2, minutes=1)
    assert stage.limit(case, "visit_record") == "12-05 09:00"
    stage.says(case, Kind.FOLLOWED_UP, UNIT, text="改期", form=on("2026-12-05T09:00:00+08:00"))
    assert stage.limit(case, "visit_record") == "12-10 09:00"


def on(day: str) -> FormBlock:
    return FormBlock(id="visit", fields={"leader": "wei_huang", "place": "北坡村", "at": day}, personal={})


def test_a_visit_that_is_planned_ahead_owes_its_record_three_days_after_it() -> None:
    stage = Stage()
    fields = {"leader": "wei_huang", "place": "北坡村", "at": "2026-12-05T09:00:00+08:00"}
    taken = reader().take({"id": "visit", "fields": fields}, FillingPlace(ReportKind.VISIT))
    assert taken.faults == ()
    case = stage.report(ReportKind.VISIT, unit=UNIT, summary="县长走访北坡村", form=taken.block)
    assert stage.limit(case, "visit_record") == "12-08 09:00"
    stage.at("2026-12-08 08:59")
    assert not stage.has_lapsed(case, "visit_record")
    stage.at("2026-12-08 09:01")
    assert stage.has_lapsed(case, "visit_record")
