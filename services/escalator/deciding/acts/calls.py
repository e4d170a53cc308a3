"""Calls that somebody has written down: the person called hears of it, and may say that it is not so.

Invariant: a logged call names who rang, which number, when, and what was said. Where the person says that
there was no such call, what it had answered is owed again as if it had never been: its first limit holds, the
chain goes on, and the lapse that follows names the call.
"""

from datetime import datetime

from msgspec.structs import replace

from services.escalator.deciding import states
from services.escalator.deciding.briefing import unit_name
from services.escalator.deciding.draft import Draft
from services.escalator.deciding.duties import STOOD_IN, lapse_if_past
from services.escalator.deciding.early_end import name_of
from services.escalator.deciding.opening import overdue_of, reminders_of
from shared.case import ENDED, Duty, DutyState, Lit, LoggedCall
from shared.facts import Acknowledgement, CallMade, CaseAct, EffectKind, LapseCause, Purpose, Reason, Via
from shared.ids import DutyId

KEPT = 50
"""Calls that a case remembers; the trail has them all."""


def note_call(draft: Draft, acknowledgement: Acknowledgement, answered: tuple[DutyId, ...]) -> None:
    """Who was told by telephone hears that it was written down; who has answered for themself can't contest
    it any more.
    """
    calls = draft.case.calls
    if acknowledgement.via is not Via.LOGGED_CALL:
        if any(call.person == acknowledgement.person and call.answered_at is None for call in calls):
            draft.change(
                calls=tuple(
                    replace(one, answered_at=draft.now) if one.person == acknowledgement.person else one
                    for one in calls
                )
            )
        return
    call = LoggedCall(
        sequence=draft.sequence,
        person=acknowledgement.person,
        by=acknowledgement.by.who,
        at=draft.now,
        called_at=acknowledgement.called_at or draft.now,
        number=acknowledgement.number,
        listed=bool(acknowledgement.listed),
        said=acknowledgement.note,
        duties=answered,
    )
    draft.change(calls=(*calls, call)[-KEPT:])
    if acknowledgement.by.who != acknowledgement.person:
        _tell(draft, call, acknowledgement)


def _tell(draft: Draft, call: LoggedCall, acknowledgement: Acknowledgement) -> None:
    person = draft.directory.people_by_id.get(call.person)
    if person is None:
        return
    call_made = CallMade(
        by=name_of(draft, call.by),
        by_unit=unit_name(draft.directory, acknowledgement.by.unit)
        if acknowledgement.by.unit is not None
        else None,
        at=call.called_at,
        number=call.number,
        listed=call.listed,
        said=call.said,
    )
    for duty in (draft.duties[duty] for duty in call.duties):
        post = next((lit.post for lit in duty.lit if lit.person == call.person), duty.bearer_post)
        draft.call(person, post, Purpose.CALLED, Reason.CALL_LOGGED, duty, called=call_made)


def contest(draft: Draft, act: CaseAct) -> None:
    """The person who is said to have been told says: not so. Of every call logged to them that they have not
    answered since.
    """
    who = act.to_person or act.by.principal
    theirs = [call for call in draft.case.calls if call.person == who and call.contested_at is None]
    contested = [call for call in theirs if call.answered_at is None]
    if not contested:
        draft.refuse(Reason.HAS_ANSWERED_SINCE if theirs else Reason.NO_CALL_TO_THEM_IS_ON_RECORD, person=who)
        return
    changed = {
        call.sequence: replace(call, contested_at=draft.now, contested_why=act.text) for call in contested
    }
    draft.change(calls=tuple(changed.get(call.sequence, call) for call in draft.case.calls))
    draft.note(EffectKind.NOTED, Reason.CALL_CONTESTED, person=who, note=act.text)
    if draft.case.status in ENDED:
        return
    for call in contested:
        for duty in [duty for duty in draft.duties.values() if _answered_by(duty, call)]:
            by_call = duty.discharged_via == Via.LOGGED_CALL and duty.discharged_at == call.at
            if by_call or (duty.discharged_via == STOOD_IN and duty.taken_by == who):
                _owed_again(draft, duty, call)
            elif duty.is_owed and duty.taken_by == who:
                _not_taken(draft, duty, call)
    lapse_if_past(draft, draft.now, LapseCause.NOT_ACKNOWLEDGED)


def _answered_by(duty: Duty, call: LoggedCall) -> bool:
    """By this call, not by what the person said themself at another time."""
    return duty.id in call.duties or any(
        lit.person == call.person and lit.answered_at == call.at for lit in duty.lit
    )


def _owed_again(draft: Draft, duty: Duty, call: LoggedCall) -> None:
    plan, rule = draft.plan_of(duty), draft.policy.rule_named(duty.rule, draft.sort)
    calendar = draft.policy.calendar
    before, state = duty.state, states.move(states.DUTY, duty.state, "contest")
    ahead = overdue_of(rule, duty.due_at, calendar) if rule is not None else ()
    duty = draft.put(
        duty,
        state=state,
        discharged_at=None,
        discharged_via=None,
        discharged_by=None,
        lit=_unanswered(duty, call),
        taken_by=None if duty.taken_by == call.person else duty.taken_by,
        taken_at=None if duty.taken_by == call.person else duty.taken_at,
        next_link_at=_resumed(draft, duty),
        reminders=reminders_of(rule, duty.starts_at, duty.due_at, draft.now, calendar)
        if rule is not None
        else (),
        overdue=tuple(one for one in ahead if one.at > call.at),
        nag_at=draft.now + plan.nag if state is DutyState.LAPSED and plan.nag is not None else None,
    )
    draft.on(
        duty,
        EffectKind.OWED_AGAIN,
        Reason.CALL_CONTESTED,
        due_at=duty.due_at,
        rule=plan.limit,
        was_state=before.value,
        note=before.value,
    )


def _not_taken(draft: Draft, duty: Duty, call: LoggedCall) -> None:
    """A contact of the chain: nobody stands in, and the next is lit."""
    duty = draft.put(
        duty, lit=_unanswered(duty, call), taken_by=None, taken_at=None, next_link_at=_resumed(draft, duty)
    )
    draft.on(
        duty,
        EffectKind.OWED_AGAIN,
        Reason.CALL_CONTESTED,
        person=call.person,
        due_at=duty.due_at,
        rule=draft.plan_of(duty).chain_rule,
    )


def _unanswered(duty: Duty, call: LoggedCall) -> tuple[Lit, ...]:
    return tuple(
        replace(lit, answered_at=None) if lit.person == call.person and lit.answered_at == call.at else lit
        for lit in duty.lit
    )


def _resumed(draft: Draft, duty: Duty) -> datetime | None:
    """The chain waits as long as for any first call."""
    wait = draft.plan_of(duty).wait
    return draft.now + wait if wait is not None and duty.chain else None
