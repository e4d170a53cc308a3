"""How lateness is pursued is laid down beforehand and frozen on each case; software proposes, the organ
decides. Row 33.
"""

from datetime import timedelta
from typing import Any

from shared.ids import CaseId
from shared.vocabulary import Kind, Level, ReportKind, Role
from tests.stories.stage import Stage

STRICTER = {"    - { measure: reminder }\n": "    - { measure: admonitory_talk }\n"}
UNIT = "wangshan_info_centre"


def pursued(stage: Stage) -> CaseId:
    late = stage.report(level=Level.IV, learned=timedelta(hours=2, minutes=5))
    (case,) = stage.raised(late, ReportKind.ACCOUNTABILITY)
    return case


def test_a_new_version_changes_nothing_for_a_case_that_has_begun() -> None:
    stage = Stage()
    before = pursued(stage)
    frozen = stage.case(before).policy
    stage.puts_in_force(STRICTER)
    stage.after(days=400)
    after = pursued(stage)
    assert stage.case(before).policy == frozen != stage.case(after).policy
    proposed = [
        (case.measure.proposed if (case := stage.case(one)).measure else None) for one in (before, after)
    ]
    assert proposed == ["reminder", "admonitory_talk"]
    assert stage.limit(before, "measure_decision") == "12-14 11:00", "nor do its limits move"


def test_nothing_is_decided_until_the_organ_has_decided_and_only_by_the_ladder() -> None:
    stage = Stage()
    case = pursued(stage)
    measure = stage.case(case).measure
    assert measure
    assert measure.decided is None
    by: dict[str, Any] = {"by": "discipline", "role": Role.DISCIPLINE}
    assert (
        stage.refused(case, Kind.MEASURE_DECIDED, **by, measure="dismissal") == "not_on_the_ladder_in_force"
    )
    stage.says(case, Kind.MEASURE_DECIDED, **by, measure="reminder", text="首次，情节轻微")
    assert (
        stage.refused(case, Kind.MEASURE_DECIDED, **by, measure="referral")
        == "decided_already_ask_for_a_review"
    )


def test_an_organ_that_does_not_decide_in_fifteen_working_days_is_late_itself() -> None:
    stage = Stage("2026-02-10 10:00")
    case = pursued(stage)
    # Spring Festival 2026: off from the 15th to the 23rd, the 14th and the 28th are make-up workdays.
    assert stage.limit(case, "measure_decision") == "03-09 10:00"
    stage.at("2026-03-09 10:01")
    assert stage.has_lapsed(case, "measure_decision")
