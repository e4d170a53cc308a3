"""What happens next in a case by itself, if nobody acts.

Invariant: a pure reading of what the case has coming: the chain, reminders, limits, whoever is called again, duties that
open by themselves. It says that nothing comes only where no clock is wound.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from shared.case import Case, Duty, DutyState
from shared.facts import Name
from shared.ids import PostId
from shared.web.names import Names


class StepKind(StrEnum):
    REMIND = "remind"
    LIGHT = "light"
    GIVE_UP = "give_up"
    """The last contact of the chain is given up: nobody is left to light."""
    LIMIT = "limit"
    OVERDUE = "overdue"
    """Somebody above is told that it is still not done."""
    AGAIN = "again"
    """Whoever put it off, or has not done it yet, is called again."""
    RESUME = "resume"
    OPENS = "opens"
    """A duty opens by itself: the next follow-up, the next shift."""
    CLOCK = "clock"
    """Its clock is wound for something else: a check of the record, say."""


@dataclass(frozen=True)
class NextStep:
    """What happens next by itself if nobody answers."""

    at: datetime
    kind: StepKind
    about: Name | None = None
    """Who has to move; None where nobody has yet."""
    title: Name | None = None
    """What is owed."""
    lights: Name | None = None


def next_step(case: Case, names: Names) -> NextStep | None:
    """None where nothing comes any more without somebody's act."""
    owed = (duty for duty in case.duties if duty.is_owed)
    coming = min((one for duty in owed for one in _coming(duty)), key=lambda one: one.at, default=None)
    steps = [_of_duty(coming, case, names)] if coming is not None else []
    steps += [
        NextStep(opening.at, StepKind.OPENS, title=case.plans[opening.rule].title)
        for opening in case.openings
        if opening.rule in case.plans
    ]
    first = min(steps, key=lambda step: step.at, default=None)
    if first is None and case.clock_at is not None:
        return NextStep(case.clock_at, StepKind.CLOCK)
    return first


def _of_duty(coming: "_Coming", case: Case, names: Names) -> NextStep:
    about, title = names.person(coming.duty.bearer), case.plan_of(coming.duty).title
    return NextStep(
        coming.at, coming.kind, about, title, names.post(coming.lights) if coming.lights else None
    )


class _Coming(NamedTuple):
    at: datetime
    kind: StepKind
    duty: Duty
    lights: PostId | None = None


def _coming(duty: Duty) -> Iterator[_Coming]:
    if duty.paused_at is not None:
        if duty.paused_until is not None:
            yield _Coming(duty.paused_until, StepKind.RESUME, duty)
        return
    if duty.next_link_at is not None:
        following = next(iter(duty.chain), None)
        yield _Coming(duty.next_link_at, StepKind.LIGHT if following else StepKind.GIVE_UP, duty, following)
    if duty.reminders:
        yield _Coming(duty.reminders[0].at, StepKind.REMIND, duty)
    if duty.overdue:
        yield _Coming(duty.overdue[0].at, StepKind.OVERDUE, duty)
    yield from (
        _Coming(at, StepKind.AGAIN, duty) for at in (duty.snoozed_until, duty.nag_at) if at is not None
    )
    if duty.state is DutyState.OPEN:
        yield _Coming(duty.due_at, StepKind.LIMIT, duty)
