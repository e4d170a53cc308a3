"""What may be kept until a person's quiet hours end. Pure.

Invariant: kept is only what tells, and asks nothing, a roll call, which is a test, and a reminder of
something whose limit and next step in the chain both come after the quiet hours. So no chain goes on, and no
limit passes, because a message waited. What is of level I or II, sensitive, not graded yet or left to be seen
to by hand always goes out.
"""

from collections.abc import Collection
from datetime import datetime, tzinfo

from services.notifier.delivery.restraint import is_not_graded_yet, may_wait
from shared.case import Case
from shared.directory import Person
from shared.facts import Notice, Purpose
from shared.ids import DutyId
from shared.vocabulary import Level

TELLS = frozenset({Purpose.NEWS, Purpose.INFORM, Purpose.CALLED})
REMINDS = frozenset({Purpose.REMINDER, Purpose.AGAIN})


def quiet_until(
    notice: Notice, person: Person | None, channel: str, now: datetime, zone: tzinfo
) -> datetime | None:
    """When the person's quiet hours on this channel end, where the notice might be kept until then."""
    hours = person.quiet if person is not None else None
    if hours is None or (hours.channels and channel not in hours.channels):
        return None
    until = hours.end(now, zone)
    return until if until is not None and _might_be_kept(notice, until) else None


def _might_be_kept(notice: Notice, until: datetime) -> bool:
    """As far as the notice itself tells."""
    brief = notice.brief
    is_grave = brief.level in (Level.I, Level.II) or is_not_graded_yet(brief)
    if is_grave or not may_wait(notice) or brief.roll_call is not None:
        return False
    if brief.due_at is not None and brief.due_at <= until:
        return False
    return notice.purpose in TELLS or notice.purpose in REMINDS or notice.purpose is Purpose.ROLL_CALL


def asks(notice: Notice) -> bool:
    """Whether the case has to say what comes until then."""
    return notice.purpose in REMINDS or bool(notice.duties)


def something_comes(case: Case | None, duties: Collection[DutyId], until: datetime) -> bool:
    """Whether a limit of these duties, or a step of their chain, comes by then; also where nobody knows."""
    named = [duty for duty in case.duties if duty.id in duties] if case is not None else []
    steps = [
        step
        for duty in named
        if duty.is_owed
        for step in (duty.due_at, duty.next_link_at, duty.held_until)
        if step is not None
    ]
    return not named or any(step <= until for step in steps)
