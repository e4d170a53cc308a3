"""Whether there is still anything to answer behind a link, and anything to ring for: the case as the
escalator left it, read at the moment somebody looks.

Invariant: what is over takes no answer, however old or new the link, and nobody is rung for what was decided
before it was over. A case that has left the bucket ended long ago; one that can't be read is not called over,
since somebody may still be waited for.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from nats.aio.client import Client

from shared.broker.revisions import last_readable
from shared.broker.stored import asking, value_of
from shared.case import Case, CaseStatus, Duty, DutyState, read_case
from shared.case_parts import MissingPartError, head_of, whole_case
from shared.facts import Decision, Notice, Purpose
from shared.ids import CaseId, DutyId, PersonId
from shared.streams import CASES

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

TIMEOUT = 3.0
UNASKED = frozenset(("items", "tasks", "log"))
"""Lists of a case that say nothing of whether something is over."""
GONE = timedelta(days=1)
"""Of a decision so old whose case is not there, the case has left the bucket; of a younger one the bucket was
lost, and it rings.
"""


ASKING = frozenset({Purpose.DUTY, Purpose.REMINDER, Purpose.FALLBACK, Purpose.AGAIN})
"""They are of use only as long as what they ask for is owed."""


class Over(StrEnum):
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    CANCELLED = "cancelled"
    """The case goes on; what this person owed in it does not."""
    LONG_AGO = "long_ago"
    NOT_HERE = "not_here"
    """Whoever was asked has left the directory."""


BY_STATUS = {
    CaseStatus.CLOSED: Over.CLOSED,
    CaseStatus.WITHDRAWN: Over.WITHDRAWN,
    CaseStatus.MERGED: Over.MERGED,
}


def why_over(case: Case | None, duties: Sequence[DutyId]) -> Over | None:
    """None where an answer about these duties of the case (None: it has left the bucket) still means
    something. Pure.
    """
    if case is None:
        return Over.LONG_AGO
    named = [duty for duty in case.duties if duty.id in duties]
    if any(duty.is_owed for duty in named):
        return None
    if case.status in BY_STATUS:
        return BY_STATUS[case.status]
    return Over.CANCELLED if named and all(duty.state is DutyState.CANCELLED for duty in named) else None


def is_past(case: Case | None, decision: Decision, now: datetime) -> bool:
    """Whether the decision was made before its case ended (None: the case has left the bucket): then nobody
    is rung for it. Pure.

    The decision by which a case ends is made at that very moment, and is told.
    """
    if case is None:
        return now - decision.about.time > GONE
    return case.ended_at is not None and decision.about.time < case.ended_at


def is_needed(case: Case | None, decision: Decision, notice: Notice, now: datetime) -> bool:
    """Whether a message that could not be handed over so far is still to go out. Pure. What asks for something is
    not, once that is done; whoever is owed the report itself hears of it in any case.
    """
    if is_past(case, decision, now):
        return False
    if case is None or notice.purpose not in ASKING or notice.brief.knowing:
        return True
    named = [duty for duty in case.duties if duty.id in notice.duties]
    return not named or any(duty.is_owed for duty in named)


def is_answered(case: Case | None, notice: Notice) -> bool:
    """Whether nothing of what this message asks is open for its reader any more. Pure."""
    if case is None:
        return False
    named = [duty for duty in case.duties if duty.id in notice.duties]
    return bool(named) and not any(duty.is_owed and not _has_answered(duty, notice.person) for duty in named)


def _has_answered(duty: Duty, person: PersonId) -> bool:
    return any(lit.person == person and lit.answered_at is not None for lit in duty.lit)


async def look(connection: Callable[[], Client], case: CaseId, duties: Sequence[DutyId]) -> Over | None:
    """Raises NatsError or TimeoutError where the broker does not answer."""
    try:
        return why_over(await case_now(connection, case), duties)
    except ValueError:
        return None  # the link is answered as if the case went on


async def case_now(
    connection: Callable[[], Client], case: CaseId, without: frozenset[str] = UNASKED
) -> Case | None:
    """As it stands, or stood before somebody wrote there what can't be read; None where it is not there. The
    lists `without` are not read of a case so large that it lies in parts.

    Raises ValueError where nothing of it can be read, NatsError or TimeoutError where the broker does not
    answer.
    """
    stored = await value_of(asking(connection, TIMEOUT), CASES, case)
    if stored is None or stored.is_deletion:
        return None
    try:
        return read_case(await whole_case(asking(connection, TIMEOUT), case, stored.data, without))
    except (ValueError, MissingPartError):
        # Of one in parts the earlier revision's parts may be gone; whether the case is over stands in its
        # head.
        before = await last_readable(
            connection().jetstream(timeout=TIMEOUT), CASES, case, lambda raw: read_case(head_of(raw))
        )
        if before.passed_over and before.value is None:
            log.error(
                "case_unreadable",
                case=case,
                next="nobody is kept from being rung, and links are answered as if it went on",
            )
            raise ValueError(f"case {case} can't be read") from None
        return before.value
