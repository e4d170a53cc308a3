"""Whoever is invited to a meeting hears of it once, whatever is written to it afterwards; who is invited later hears of
it then. Rows 32, 42.
"""

from dataclasses import replace
from typing import Any

from shared.facts import Purpose
from shared.forms import FillingPlace
from shared.ids import CaseId
from shared.vocabulary import Kind, ReportKind, Role
from tests.forms.given import reader
from tests.stories.stage import Stage

OFFICE = "emergency_office"
INVITED, ALSO_INVITED, CHAIR = "wangshan_main", "water_head", "gov_main"


def filled_in(*participants: dict[str, str], at: str = "2026-11-26T09:00:00+08:00", **more: str) -> Any:
    fields = {"name": "调度会", "at": at, "place": "二楼", "chair": "qian_yi", **more}
    block = {"id": "meeting", "fields": {**fields, "participants": list(participants)}}
    taken = reader().take(block, FillingPlace(ReportKind.TASK, "meeting"))
    assert taken.faults == ()
    return taken.block


COUNTY, BUREAU = {"unit": "wangshan_government"}, {"unit": "water_bureau"}


def announced(stage: Stage, *participants: dict[str, str], **more: Any) -> CaseId:
    return stage.report(
        ReportKind.TASK,
        topic="meeting",
        unit=OFFICE,
        area="620600",
        summary="调度会",
        form=filled_in(*participants),
        **more,
    )


def says(stage: Stage, case: CaseId, form: Any) -> None:
    stage.says(case, Kind.FOLLOWED_UP, OFFICE, role=Role.LEADER, text="见附件", form=form)


def heard(stage: Stage, case: CaseId, *posts: str) -> list[int]:
    return [len(stage.texts(case, post)) for post in posts]


def test_what_is_written_to_it_and_changes_nothing_is_told_to_nobody() -> None:
    stage = Stage()
    case = announced(stage, COUNTY)
    assert heard(stage, case, INVITED, CHAIR) == [1, 1]
    says(stage, case, filled_in(COUNTY))
    assert heard(stage, case, INVITED, CHAIR) == [1, 1]


def test_who_is_invited_later_is_invited_and_nobody_else_is_told_of_it() -> None:
    stage = Stage()
    case = announced(stage, COUNTY)
    says(stage, case, filled_in(COUNTY, BUREAU))
    assert heard(stage, case, INVITED, ALSO_INVITED, CHAIR) == [1, 1, 1]
    says(stage, case, filled_in(COUNTY, BUREAU, at="2026-11-27T09:00:00+08:00"))
    assert heard(stage, case, INVITED, ALSO_INVITED, CHAIR) == [2, 2, 2]


def test_whoever_is_named_twice_hears_of_it_once() -> None:
    stage = Stage()
    head = stage.holder(INVITED)
    case = announced(stage, {**COUNTY, "person": head}, COUNTY)
    assert heard(stage, case, INVITED) == [1]


def test_a_person_who_is_named_is_told_themself() -> None:
    stage = Stage()
    case = announced(stage, {**COUNTY, "person": "tao_ri"})
    assert heard(stage, case, INVITED, "tao_ri") == [1, 1]


def test_an_exercise_invites_nobody_in_earnest() -> None:
    stage = Stage()
    case = announced(stage, COUNTY, exercise=True)
    assert stage.channels(case, INVITED, Purpose.NEWS) == [()]


def test_a_name_that_the_directory_spells_otherwise_is_no_change_of_the_meeting() -> None:
    stage = Stage()
    case = announced(stage, COUNTY)
    form = filled_in(COUNTY)
    short = replace(form.short, zh=f"{form.short.zh}（新）")
    says(stage, case, form.model_copy(update={"short": short}))
    assert heard(stage, case, INVITED) == [1]
