"""A clock strikes: what each duty of the case has to do by now is done, and the next moment is found.

Invariant: what a moment asks for is done once, however late the clock is and however often it strikes; after
it the earliest moment ahead, if there is one, is the case's one clock.
"""

from collections.abc import Sequence
from datetime import datetime

from services.escalator.deciding import opening
from services.escalator.deciding.actions import act_on
from services.escalator.deciding.acts.releasing import release_at, release_if_due
from services.escalator.deciding.draft import Draft
from services.escalator.deciding.duties import JUST_AFTER, colour, lapse_if_past, resume
from services.escalator.deciding.leaving_out import LeavingOut
from services.escalator.deciding.lighting import call_again, move_chains_on, tell
from services.escalator.deciding.parties import bearer_of
from shared.case import Duty, DutyState
from shared.facts import EffectKind, LapseCause, Outage, Purpose, Reason
from shared.facts.authors import Author
from shared.ids import DutyId
from shared.pulse import AWAY_AFTER


def note_lateness(draft: Draft, at: datetime) -> None:
    """A clock set for `at` has struck late: from its moment (or from the last fact, which may have set it for
    a moment past) we were away, whatever else is on record.
    """
    since = max(at, draft.case.applied.at)
    if draft.now - since > AWAY_AFTER:
        draft.late_since = at
        draft.outages = (*draft.outages, Outage(of=Author.BROKER, since=since - JUST_AFTER, until=draft.now))


def strike(draft: Draft) -> None:
    """Everything that is due by `draft.now`, in the order in which people would expect it."""
    if draft.is_careful:
        _strike_carefully(draft)
        return
    _end_pauses(draft)
    release_if_due(draft)
    opening.open_due(draft)
    lapse_if_past(draft, draft.now, LapseCause.NOT_ACKNOWLEDGED)
    stirred = [duty.id for duty in draft.owed() if _is_due(duty, draft.now)]
    if stirred:
        for step in STEPS:
            step(draft, stirred)


def _strike_carefully(draft: Draft) -> None:
    """The same, duty by duty: what fails for one leaves the others theirs."""
    for whole in (_end_pauses, release_if_due, opening.open_due):
        with LeavingOut(draft, Reason.CLOCK_FAILED, whole.__name__.strip("_")):
            whole(draft)
    for duty in [*draft.duties]:
        with LeavingOut(draft, Reason.CLOCK_FAILED, "lapse", duty=duty):
            lapse_if_past(draft, draft.now, LapseCause.NOT_ACKNOWLEDGED, [duty])
    stirred = [duty.id for duty in draft.owed() if _is_due(duty, draft.now)]
    for step in STEPS:
        for duty in stirred:
            with LeavingOut(draft, Reason.CLOCK_FAILED, step.__name__.strip("_"), duty=duty):
                step(draft, [duty])


def _is_due(duty: Duty, now: datetime) -> bool:
    at = next_clock(duty)
    return at is not None and at <= now


def _remind(draft: Draft, stirred: Sequence[DutyId]) -> None:
    """Reminders that are due go out, several that are due at once as one."""
    for duty in draft.owed(stirred):
        if duty.paused_at is not None or not duty.reminders or duty.reminders[0].at > draft.now:
            continue
        due = [one for one in duty.reminders if one.at <= draft.now]
        duty = draft.put(duty, reminders=duty.reminders[len(due) :])  # noqa: PLW2901 - the duty as it now is
        plan = draft.plan_of(duty)
        slips = [one.slip for one in due if one.slip is not None]
        if slips:
            duty = colour(draft, duty, slips[-1])  # noqa: PLW2901
        person, post = bearer_of(draft, duty)
        why = Reason.NOT_ACKNOWLEDGED_YET if plan.by_recipient else Reason.NOT_DONE_YET
        draft.call(person, post, Purpose.REMINDER, why, duty)
        draft.on(duty, EffectKind.REMINDED, why, due_at=duty.due_at, rule=plan.remind_rule)


def _overdue(draft: Draft, stirred: Sequence[DutyId]) -> None:
    """The steps that follow when a limit has passed: whoever must know is told, what must follow is
    raised.
    """
    for duty in draft.owed(stirred):
        if (
            duty.paused_at is not None
            or not duty.overdue
            or duty.overdue[0].at > draft.now
            or duty.state is DutyState.OPEN
        ):
            continue
        due = [one for one in duty.overdue if one.at <= draft.now]
        duty = draft.put(duty, overdue=duty.overdue[len(due) :])  # noqa: PLW2901
        names = tuple(dict.fromkeys(name for one in due for name in one.tell))
        tell(draft, duty, names, Purpose.OVERDUE, Reason.OVERDUE)
        for name in names:
            act_on(draft, draft.duties[duty.id], name)


def _nag(draft: Draft, stirred: Sequence[DutyId]) -> None:
    """Not done and past its limit: called again and again until it is."""
    for duty in draft.owed(stirred):
        if duty.nag_at is None or duty.nag_at > draft.now or duty.paused_at is not None:
            continue
        every = draft.plan_of(duty).nag
        assert every is not None
        missed = (draft.now - duty.nag_at) // every
        draft.put(duty, nag_at=duty.nag_at + (missed + 1) * every)
        person, post = bearer_of(draft, duty)
        draft.call(person, post, Purpose.AGAIN, Reason.STILL_NOT_DONE, duty)
        draft.on(
            duty,
            EffectKind.REMINDED,
            Reason.STILL_NOT_DONE,
            due_at=duty.due_at,
            rule=draft.plan_of(duty).limit,
        )


def _end_snoozes(draft: Draft, stirred: Sequence[DutyId]) -> None:
    for duty in draft.owed(stirred):
        if duty.snoozed_until is None or duty.snoozed_until > draft.now or duty.paused_at is not None:
            continue
        duty = draft.put(duty, snoozed_until=None)  # noqa: PLW2901
        call_again(draft, duty, Reason.SNOOZE_IS_OVER, chain=duty.chain)


def _end_pauses(draft: Draft) -> None:
    for duty in draft.owed():
        if duty.paused_at is not None and duty.paused_until is not None and duty.paused_until <= draft.now:
            resume(draft, duty, duty.paused_until, Reason.PAUSE_IS_OVER)


STEPS = (_end_snoozes, move_chains_on, _remind, _overdue, _nag)
"""In the order in which people would expect them."""


def next_moment(draft: Draft) -> tuple[datetime, DutyId | None] | None:
    """The earliest moment at which any duty has something to do, and which duty that is (None: one that is
    yet to open).
    """
    best: tuple[datetime, DutyId | None] | None = None
    for duty in draft.duties.values():
        if duty.state is not DutyState.OPEN and duty.state is not DutyState.LAPSED:
            continue
        at = next_clock(duty)
        if at is not None and (best is None or at < best[0]):
            best = (at, duty.id)
    out_at = release_at(draft)
    if out_at is not None and (best is None or out_at < best[0]):
        best = (out_at, None)
    for one in draft.openings:
        if best is None or one.at < best[0]:
            best = (one.at, None)
    return best


def next_clock(duty: Duty) -> datetime | None:
    """The one moment this duty next needs a look."""
    if duty.state is not DutyState.OPEN and duty.state is not DutyState.LAPSED:
        return None
    if duty.paused_at is not None:
        return duty.paused_until
    best = duty.nag_at
    if duty.state is DutyState.OPEN:
        best = duty.held_until or duty.due_at + JUST_AFTER
    if duty.state is not DutyState.OPEN and duty.overdue:
        best = _sooner(best, duty.overdue[0].at)
    if duty.reminders:
        best = _sooner(best, duty.reminders[0].at)
    if duty.next_link_at is not None:
        best = _sooner(best, duty.next_link_at)
    if duty.snoozed_until is not None:
        best = _sooner(best, duty.snoozed_until)
    return best


def _sooner(best: datetime | None, at: datetime) -> datetime:
    return at if best is None or at < best else best
