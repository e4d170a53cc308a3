"""After an outage a lane's overdue clocks come in the order of their limits, and never before what waits of
their own case.
"""

from datetime import UTC, datetime, timedelta

from ulid import ULID

from services.escalator.lanes.overdue import ARRIVING, LateClock, by_limit, overdue_of, still_arriving
from shared.broker.stored import StoredMessage
from shared.facts import Due, Fact
from shared.ids import CaseId
from shared.subjects import fact_subject
from shared.vocabulary import Kind

BACK = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
"""When the broker was there again, and everything struck at once."""


def a_case() -> CaseId:
    return CaseId(str(ULID()))


def fact_of(case: CaseId, kind: Kind, at: datetime) -> Fact:
    return Fact.of(
        kind,
        id=f"{kind}:{case}",
        source="/services/escalator/clocks",
        subject=case,
        time=at,
        data=Due(duty=None, at=at),
    )


def struck(sequence: int, minutes: float, case: CaseId | None = None) -> StoredMessage:
    """A clock that was due so many minutes before the broker was back."""
    case = case or a_case()
    return waiting(sequence, case, Kind.DUE, BACK - timedelta(minutes=minutes))


def waiting(sequence: int, case: CaseId, kind: Kind, at: datetime = BACK) -> StoredMessage:
    return StoredMessage(fact_subject(case, kind), sequence, BACK, {}, fact_of(case, kind, at).write())


def handed(stored: StoredMessage) -> LateClock:
    overdue = overdue_of(Fact.read(stored.data), stored.sequence, stored.at)
    assert overdue is not None
    return overdue


def order(first: StoredMessage, *behind: StoredMessage) -> list[int]:
    return [overdue.sequence for overdue in by_limit(handed(first), [*behind])]


def test_what_was_due_first_is_decided_on_first() -> None:
    assert order(struck(1, 5), struck(2, 9), struck(3, 1), struck(4, 7)) == [2, 4, 1, 3]


def test_a_clock_waits_for_what_lies_before_it_of_its_case() -> None:
    case = a_case()
    assert order(struck(1, 5), waiting(2, case, Kind.ACKNOWLEDGED), struck(3, 9, case), struck(4, 7)) == [
        4,
        1,
    ]


def test_what_no_lane_decides_on_holds_nothing_up() -> None:
    case = a_case()
    assert order(struck(1, 5), waiting(2, case, Kind.DECIDED), struck(3, 9, case)) == [3, 1]


def test_of_a_case_that_waits_twice_the_first_alone_is_taken_ahead() -> None:
    case = a_case()
    assert order(struck(1, 5, case), struck(2, 9, case), struck(3, 7)) == [3, 1]


def test_what_can_not_be_read_holds_nothing_up_and_is_left_to_its_turn() -> None:
    torn = StoredMessage(fact_subject(a_case(), Kind.DUE), 2, BACK, {}, b"{")
    assert order(struck(1, 5), torn, struck(3, 9)) == [3, 1]


def test_a_clock_that_strikes_in_time_is_not_overdue() -> None:
    case = a_case()
    assert overdue_of(fact_of(case, Kind.DUE, BACK - timedelta(seconds=1)), 1, BACK) is None
    assert overdue_of(fact_of(case, Kind.ACKNOWLEDGED, BACK - timedelta(minutes=5)), 1, BACK) is None


def test_a_lane_waits_once_for_what_struck_together_and_not_again_at_each_clock() -> None:
    assert still_arriving(BACK, BACK) == ARRIVING
    assert still_arriving(BACK, BACK + timedelta(seconds=ARRIVING / 2)) == ARRIVING / 2
    assert still_arriving(BACK, BACK + timedelta(minutes=2)) == 0


def test_a_broker_whose_clock_is_ahead_costs_no_longer_wait() -> None:
    assert still_arriving(BACK, BACK - timedelta(hours=1)) == ARRIVING
