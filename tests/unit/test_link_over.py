"""What is over takes no answer; what is still owed always does."""

import pytest

from services.notifier.delivery.whether_over import Over, why_over
from shared.case import CaseStatus, DutyState
from shared.ids import DutyId
from tests.intake.builders import ago, case, duty

ASKED = (DutyId("first_report-leader_a"),)
CASE = "01KB0000000000000000000000"


@pytest.mark.parametrize(
    ("status", "state", "why"),
    [
        (CaseStatus.OPEN, DutyState.OPEN, None),
        (CaseStatus.OPEN, DutyState.LAPSED, None),
        (CaseStatus.OPEN, DutyState.DISCHARGED, None),
        (CaseStatus.RESOLVED, DutyState.OPEN, None),
        (CaseStatus.OPEN, DutyState.CANCELLED, Over.CANCELLED),
        (CaseStatus.CLOSED, DutyState.DISCHARGED, Over.CLOSED),
        (CaseStatus.WITHDRAWN, DutyState.CANCELLED, Over.WITHDRAWN),
        (CaseStatus.MERGED, DutyState.CANCELLED, Over.MERGED),
        (CaseStatus.CLOSED, DutyState.LAPSED, None),
    ],
)
def test_why_it_is_over(status: CaseStatus, state: DutyState, why: Over | None) -> None:
    assert (
        why_over(
            case(CASE, status=status, duties=(duty("leader_a", ago(), state), duty("officer", ago()))), ASKED
        )
        is why
    )


def test_a_case_that_has_left_the_bucket_ended_long_ago() -> None:
    assert why_over(None, ASKED) is Over.LONG_AGO


def test_a_link_about_no_duty_is_over_with_its_case() -> None:
    assert why_over(case(CASE, status=CaseStatus.CLOSED, duties=()), ()) is Over.CLOSED
    assert why_over(case(CASE), ()) is None
