"""What people may do to a clock: put a call off, stop it with a reason, give the duty to somebody else, jump
or repeat the chain.

Invariant: none of it moves a limit but a pause, which somebody entitled to it orders with a reason and which
is on record with its length; a snooze has a cap, and the limit runs on meanwhile.
"""

from collections.abc import Iterator
from datetime import datetime

from services.escalator.deciding.draft import Draft
from services.escalator.deciding.duties import lapse_if_past, resume
from services.escalator.deciding.lighting import call_again, light
from shared.case import Duty
from shared.facts import CaseAct, EffectKind, LapseCause, Purpose, Reason
from shared.ids import PersonId
from shared.vocabulary import Kind


def _meant(draft: Draft, act: CaseAct) -> Iterator[Duty]:
    """The duty the act names, or, without one, all that are owed; refused where none is."""
    found = [duty for duty in draft.owed() if act.duty in (None, duty.id) and act.task in (None, duty.task)]
    if not found:
        draft.refuse(Reason.NO_SUCH_DUTY_IS_OWED, note=act.duty)
    return iter(found)


def snooze(draft: Draft, act: CaseAct) -> None:
    """I know, remind me later: for those duties that whoever says it was called for."""
    rule = draft.policy.document.snooze
    if rule is None or act.span is None:
        draft.refuse(Reason.NO_SNOOZE_IN_THIS_POLICY if rule is None else Reason.SAY_FOR_HOW_LONG)
        return
    if act.span > rule.up_to:
        draft.refuse(
            Reason.SNOOZED_LONGER_THAN_ALLOWED,
            note=str(rule.up_to),
            rule=draft.policy.rule("snooze", "up_to"),
        )
        return
    who = act.to_person or PersonId(act.by.principal)
    theirs = [
        duty
        for duty in _meant(draft, act)
        if duty.bearer == who or any(lit.person == who for lit in duty.lit)
    ]
    if not theirs and not draft.is_refused:
        draft.refuse(Reason.WAS_NOT_CALLED, person=who)
    for duty in theirs:
        if duty.snoozes >= rule.times:
            draft.on(
                duty,
                EffectKind.NOTED,
                Reason.SNOOZED_TOO_OFTEN,
                person=who,
                rule=draft.policy.rule("snooze", "times"),
            )
            continue
        until = draft.now + act.span
        later = max(until, duty.next_link_at) if duty.next_link_at is not None else None
        draft.put(
            duty,
            snoozed_until=until,
            snoozes=duty.snoozes + 1,
            next_link_at=_after(draft, duty, until, later),
        )
        draft.on(
            duty,
            EffectKind.SNOOZED,
            Reason.KNOWS_AND_WILL_BE_REMINDED,
            person=who,
            due_at=until,
            rule=draft.policy.rule("snooze", "up_to"),
        )
    if theirs and not any(effect.kind is EffectKind.SNOOZED for effect in draft.effects):
        draft.refuse(Reason.SNOOZED_TOO_OFTEN, person=who)


def _after(draft: Draft, duty: Duty, until: datetime, later: datetime | None) -> datetime | None:
    """The chain waits for the end of the snooze, and then as long as it would have waited for an answer."""
    wait = draft.plan_of(duty).wait
    return until + wait if later is not None and wait is not None else later


def pause(draft: Draft, act: CaseAct) -> None:
    rule = draft.policy.document.pause
    if rule is None or act.by.role not in rule.by:
        draft.refuse(Reason.MAY_NOT_PAUSE_A_CLOCK)
        return
    if not act.text:
        draft.refuse(Reason.A_PAUSE_NEEDS_A_REASON)
        return
    longest = rule.up_to.after(draft.now, draft.policy.calendar)
    until = draft.now + act.span if act.span is not None else longest
    if until > longest:
        draft.refuse(
            Reason.PAUSED_LONGER_THAN_ALLOWED, due_at=longest, rule=draft.policy.rule("pause", "up_to")
        )
        return
    for duty in _meant(draft, act):
        if duty.paused_at is not None:
            draft.on(duty, EffectKind.NOTED, Reason.PAUSED_ALREADY, due_at=duty.paused_until)
            continue
        draft.put(duty, paused_at=draft.now, paused_until=until, paused_why=act.text)
        draft.on(
            duty,
            EffectKind.PAUSED,
            Kind.PAUSED,
            due_at=until,
            was=duty.due_at,
            note=act.text,
            rule=draft.policy.rule("pause"),
        )


def resume_clock(draft: Draft, act: CaseAct) -> None:
    paused = [duty for duty in _meant(draft, act) if duty.paused_at is not None]
    if not paused and not draft.is_refused:
        draft.refuse(Reason.NOTHING_IS_PAUSED)
    for duty in paused:
        resume(draft, duty, min(draft.now, duty.paused_until or draft.now), Kind.RESUMED)
    lapse_if_past(
        draft, draft.now, LapseCause.NOT_ACKNOWLEDGED
    )  # where regrading brought the limit forward meanwhile


def reassign(draft: Draft, act: CaseAct) -> None:
    """Somebody else has to move from now on; to whom it is owed, and by when, stays."""
    person = draft.directory.people_by_id.get(act.to_person) if act.to_person else None
    if person is None:
        draft.refuse(Reason.NO_SUCH_PERSON, note=act.to_person)
        return
    for duty in _meant(draft, act):
        plan = draft.plan_of(duty)
        if plan.by_recipient:
            draft.on(duty, EffectKind.NOTED, Reason.A_REPORT_IS_OWED_TO_ITS_RECIPIENT)
            continue
        before = duty.bearer
        duty = draft.put(duty, bearer=PersonId(person.id), snoozed_until=None)  # noqa: PLW2901 - the duty as it now is
        draft.on(
            duty, EffectKind.HOLDER, Reason.REASSIGNED, due_at=duty.due_at, note=f"{before} → {person.id}"
        )
        call_again(draft, duty, Reason.REASSIGNED, purpose=Purpose.DUTY)
    if not draft.is_refused and not any(effect.why == Reason.REASSIGNED for effect in draft.effects):
        draft.refuse(Reason.A_REPORT_IS_OWED_TO_ITS_RECIPIENT)


def escalate(draft: Draft, act: CaseAct) -> None:
    """Jump the chain to a post, or go on, or begin again, from a step: 0 is the person called first."""
    if act.post is not None and act.post not in draft.directory.posts_by_id:
        draft.refuse(Reason.NO_SUCH_POST, note=act.post)
        return
    if act.post is None and act.step is None:
        draft.refuse(Reason.SAY_WHICH_POST_OR_STEP)
        return
    moved = False
    for duty in _meant(draft, act):
        chain = draft.plan_of(duty).chain
        if act.post is not None:
            person = draft.directory.holder_of(act.post, draft.now)
            after = chain[chain.index(act.post) + 1 :] if act.post in chain else duty.chain
            still_lit = tuple(
                lit for lit in duty.lit if lit.person != person.id or lit.answered_at is not None
            )
            light(
                draft, draft.put(duty, chain=after, lit=still_lit), person, act.post, Reason.ESCALATED_BY_HAND
            )
            moved = True
        elif act.step == 0:
            call_again(draft, duty, Reason.REPEATED_BY_HAND, chain=chain)
            moved = True
        elif (
            act.step is not None
            and act.step <= len(chain)
            and chain[act.step - 1] in draft.directory.posts_by_id
        ):
            post = chain[act.step - 1]
            person = draft.directory.holder_of(post, draft.now)
            still_lit = tuple(
                lit for lit in duty.lit if lit.person != person.id or lit.answered_at is not None
            )
            light(
                draft,
                draft.put(duty, chain=chain[act.step :], lit=still_lit),
                person,
                post,
                Reason.ESCALATED_BY_HAND,
            )
            moved = True
    if not moved and not draft.is_refused:
        draft.refuse(Reason.NO_SUCH_STEP, note=str(act.step))
