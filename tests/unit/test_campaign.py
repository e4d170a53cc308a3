"""Whom a campaign is laid on, and what its matrix says of each unit."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from services.intake.board.campaign import ANSWERED, SubmissionState, matrix_of
from services.intake.fields.addressed import addressed as units_filled_in
from shared.case import Case, TaskState
from shared.directory.addressed import units_addressed
from shared.facts import TaskForm
from shared.facts.report import MOST_TASKS
from shared.ids import UnitId
from shared.vocabulary import Addressees, Document, Kind, ReportKind
from tests.escalator.builders import example_directory
from tests.stories.stage import Stage

CITY, COUNTY = "620600", "620622"
UNITS = ["beacon_hill_government", "shaquan_government", "wangshan_government"]


def addressed(
    every: Addressees, *, sector: str | None = None, area: str = CITY, by: str = "emergency_office"
):
    return units_addressed(example_directory(), every, sector, area, UnitId(by))


def test_every_unit_is_those_here_and_one_level_below_without_whoever_asks_and_those_above() -> None:
    directory = example_directory()
    below = {area.code for area in directory.areas if area.within == CITY}
    expected = {unit.id for unit in directory.units if unit.area in below | {CITY}}
    assert set(addressed(Addressees.UNIT)) == expected - {"emergency_office", "government", "party_committee"}


def test_every_government_is_one_for_each_area_below() -> None:
    assert list(addressed(Addressees.GOVERNMENT)) == UNITS


def test_a_sector_is_who_is_competent_for_it_and_who_stands_under_them() -> None:
    assert addressed(Addressees.UNIT, sector="heating", by="government") == (
        "housing_bureau",
        "heating_company",
    )


def test_a_county_addresses_its_own() -> None:
    units = addressed(Addressees.UNIT, area=COUNTY, by="wangshan_government")
    assert {"wangshan_emergency", "wangshan_info_centre"} <= set(units)
    assert not {"wangshan_government", "shaquan_government", "water_bureau"} & set(units)


def campaign() -> tuple[Stage, Case]:
    stage = Stage()
    case = stage.report(
        ReportKind.CAMPAIGN,
        unit="emergency_bureau",
        area=CITY,
        summary="排查",
        tasks=[{"title": "上报", "units": UNITS, "within": "P7D"}],
    )
    return stage, stage.case(case)


def states(case: Case, now: datetime) -> list[str]:
    return [row.state.value for row in matrix_of(case, now).rows]


def test_each_unit_has_one_state_and_the_counts_are_of_the_same_rows() -> None:
    stage, case = campaign()
    due = case.tasks[0].due_at
    assert states(case, due) == ["owed"] * 3
    assert states(case, due + timedelta(seconds=1)) == ["late"] * 3
    stage.says(case.id, Kind.COMPLETED, UNITS[0], task="t1", document=Document.NIL_REPORT, text="零报告")
    stage.says(case.id, Kind.REGISTERED, UNITS[1], summary="老楼", measure="围挡", owner="kong_xuan")
    stage.says(case.id, Kind.REGISTERED, UNITS[1], step=1, due_at="2026-12-20T10:00:00Z")
    stage.says(case.id, Kind.REGISTERED, UNITS[2], summary="漏水")
    stage.says(case.id, Kind.COMPLETED, UNITS[1], task="t2", text="一处")
    case = stage.case(case.id)
    matrix = matrix_of(case, due)
    assert [row.state for row in matrix.rows] == ["nil", "submitted", "owed"]
    assert [(row.items, row.lacking) for row in matrix.rows] == [(0, 0), (1, 0), (1, 1)]
    assert (matrix.answered, matrix.asked) == (2, 3)
    assert sum(matrix.counts.values()) == len(matrix.rows)
    stage.says(case.id, Kind.RETURNED, "emergency_bureau", task="t2", text="河道未查")
    stage.says(case.id, Kind.VERIFIED, "emergency_bureau", task="t1")
    assert states(stage.case(case.id), due) == ["verified", "returned", "owed"]


@pytest.mark.parametrize("state", TaskState)
def test_a_task_in_any_state_is_answered_or_not(state: TaskState) -> None:
    _, case = campaign()
    case = replace(case, tasks=tuple(replace(task, state=state) for task in case.tasks))
    matrix = matrix_of(case, case.tasks[0].due_at)
    assert matrix.answered in (0, 3)
    assert {row.state for row in matrix.rows} <= set(SubmissionState)
    assert (matrix.answered == 3) == (matrix.rows[0].state in ANSWERED)


def test_who_asks_for_everybody_thousands_of_times_is_answered_at_the_first() -> None:
    directory = example_directory()
    for sector, field in ((None, "tasks"), ("nothing", "tasks.0.every")):
        many = tuple(TaskForm(title="排查", every=Addressees.UNIT, sector=sector) for _ in range(MOST_TASKS))
        filled, faults = units_filled_in(many, directory, CITY, UnitId("emergency_office"))
        assert faults[0][0] == field
        assert max(len(filled), len(faults)) < 200
