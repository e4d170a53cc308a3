"""Who is called: the bearer first, the next on the chain when one stays dark, and again for as long as it is
not done.

Invariant: the next is lit when the wait for an answer is over or every channel has failed, whichever comes
first, and never while a duty is paused or put off by a snooze; nobody is rung twice for the same step. The
wait counts from when a call was handed over to a channel; where none ever is, the chain goes on after as long
a wait, and nobody is called dark for it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from services.escalator.deciding.briefing import channels_to
from services.escalator.deciding.draft import Draft, Why
from services.escalator.deciding.exercises import is_spared
from services.escalator.deciding.parties import Party, bearer_of, posts_of
from shared.case import Duty, DutyTerms, Lit
from shared.directory import Person
from shared.facts import Delivery, EffectKind, MessageState, Purpose, Reason
from shared.facts.effect import PolicyLine
from shared.ids import DutyId, PersonId, PostId

AT_ONCE = timedelta(seconds=2)
"""A hand-over within this time counts from the call."""


def light_first(draft: Draft, duty: Duty, plan: DutyTerms, party: Party) -> Duty:
    """The duty has just opened: its bearer is called; where one answers for all, everybody it is owed to
    is.
    """
    purpose = Purpose.REPORT if plan.by_recipient else Purpose.DUTY
    if plan.is_roll_call:
        purpose = Purpose.ROLL_CALL
    why = why_owed(plan)
    called: list[tuple[Person, PostId]] = [(party.bearer, party.post)]
    if plan.by_recipient and plan.any_answers:
        called = [(person, post) for post, person in posts_of(draft, party.posts)]
    lit: list[Lit] = []
    for person, post in called:
        notice = draft.call(person, post, purpose, why, duty)
        lit.append(
            Lit(
                person=person.id,
                post=post,
                notice=notice,
                at=draft.now,
                channels=(channels := channels_to(person, plan.channels)),
                spared=channels if is_spared(draft, person.id) else (),
            )
        )
        _say_called(draft, duty, why, person, post, plan.limit)
    wait = plan.wait
    if all(is_spared(draft, person.id) for person, _ in called):
        wait = wait and timedelta(0)  # nobody is waited for who was not called
    next_link_at = draft.now + wait if wait is not None and duty.chain else None
    return draft.put(duty, lit=tuple(lit), next_link_at=next_link_at)


def _say_called(
    draft: Draft, duty: Duty, why: Why, person: Person, post: PostId, rule: PolicyLine | None
) -> None:
    """That they are called; of an exercise that spares them, why they are not."""
    kind, why = (
        (EffectKind.NOTED, Reason.NOT_AGREED_TO_EXERCISES)
        if is_spared(draft, person.id)
        else (EffectKind.LIT, why)
    )
    draft.on(duty, kind, why, person=person.id, post=post, rule=rule)


def why_owed(plan: DutyTerms) -> Reason:
    if plan.is_roll_call:
        return Reason.ROLL_CALL
    return Reason.OWED_ON_REPORT if plan.by_recipient else Reason.OWED


def move_chains_on(draft: Draft, stirred: Sequence[DutyId]) -> None:
    """Where the wait for an answer is over, the contact is dark and the next on the chain is lit."""
    now = draft.now
    for duty in draft.owed(stirred):
        if duty.next_link_at is None or duty.next_link_at > now or duty.paused_at is not None:
            continue
        until = _may_answer_until(draft, duty)
        if until is not None and until > now:
            draft.put(duty, next_link_at=until)
        else:
            light_next(draft, duty, Reason.DARK_AFTER_WAIT)


def _may_answer_until(draft: Draft, duty: Duty) -> datetime | None:
    """Whoever was lit last has the whole wait from the hand-over; one that came at once counts from the call,
    so that those who were called together stay together.
    """
    last = duty.lit[-1] if duty.lit else None
    if last is None or last.handed_over_at is None or last.handed_over_at - last.at <= AT_ONCE:
        return None
    plan = draft.plan_of(duty)
    wait = plan.wait if last.person == duty.bearer else plan.step
    return last.handed_over_at + wait if wait is not None else None


def light_next(draft: Draft, duty: Duty, why: Why) -> None:
    """Whoever was lit last stayed dark, or no call reached them; the next who can be told is lit, or the
    chain has ended.
    """
    plan = draft.plan_of(duty)
    if duty.lit and duty.lit[-1].answered_at is None and duty.lit[-1].passed_at is None:
        last = duty.lit[-1]
        if not last.is_reached and why == Reason.DARK_AFTER_WAIT:
            why = Reason.NOT_HANDED_OVER
        if not is_spared(draft, last.person):
            duty = with_lit(draft, duty, replace(last, dark_at=last.dark_at or draft.now))
            kind = EffectKind.DARK if last.is_reached else EffectKind.UNREACHED
            draft.on(duty, kind, why, person=last.person, post=last.post, rule=plan.chain_rule)
    chain = duty.chain
    lit_already = {lit.person for lit in duty.lit}
    while chain:
        post, chain = chain[0], chain[1:]
        if post not in draft.directory.posts_by_id:
            draft.on(duty, EffectKind.NOTED, Reason.POST_IS_GONE, post=post, rule=plan.chain_rule)
            continue
        person = draft.directory.holder_of(post, draft.now)
        if person.id not in lit_already and is_spared(draft, person.id):
            _say_called(draft, duty, why, person, post, plan.chain_rule)
        elif person.id not in lit_already:
            light(draft, draft.put(duty, chain=chain), person, post, why)
            return
    draft.put(duty, chain=(), next_link_at=None)
    draft.on(duty, EffectKind.CHAIN_ENDED, Reason.NOBODY_LEFT_TO_LIGHT, rule=plan.chain_rule)


def light(draft: Draft, duty: Duty, person: Person, post: PostId, why: Why) -> None:
    """Call one contact of the chain, unless they know of this case already or are being rung about it at this
    moment.
    """
    plan = draft.plan_of(duty)
    who = person.id
    lit_before = _lit_in_case(draft, who)
    until = draft.now + plan.step if plan.step is not None else None
    if lit_before is not None and lit_before.answered_at is not None:
        duty = draft.put(duty, lit=(*duty.lit, replace(lit_before, at=draft.now, post=post)))
        record_taken(draft, duty, who, Reason.ANSWERED_IN_THIS_CASE_ALREADY)
        return
    is_ringing = (
        lit_before is not None
        and lit_before.dark_at is None
        and plan.step is not None
        and draft.now < lit_before.at + plan.step
    )
    if lit_before is not None and is_ringing and not draft.is_calling(person.id, Purpose.FALLBACK):
        # They are being rung about this very case at this moment; a second call would only keep the line
        # busy.
        lit, why = replace(lit_before, post=post), Reason.BEING_RUNG_ALREADY
    else:
        bearer = bearer_of(draft, duty)[0]
        is_unable = any(lit.person == bearer.id and lit.passed_at is not None for lit in duty.lit)
        notice = draft.call(
            person,
            post,
            Purpose.FALLBACK,
            why,
            duty,
            dark=None if is_unable or is_spared(draft, bearer.id) else bearer.name,
            unable=bearer.name if is_unable else None,
        )
        lit = Lit(
            person=who, post=post, notice=notice, at=draft.now, channels=channels_to(person, plan.channels)
        )
    draft.put(duty, lit=(*duty.lit, lit), next_link_at=until)
    draft.on(duty, EffectKind.LIT, why, person=who, post=post, rule=plan.chain_rule)


def call_again(
    draft: Draft,
    duty: Duty,
    why: Why,
    *,
    purpose: Purpose = Purpose.AGAIN,
    chain: tuple[PostId, ...] | None = None,
) -> Duty:
    """The bearer is called anew and, where `chain` is given, the chain begins again from there."""
    plan = draft.plan_of(duty)
    person, post = bearer_of(draft, duty)
    who = person.id
    notice = draft.call(person, post, purpose, why, duty)
    reached = next(
        (one.handed_over_at for one in duty.lit if one.person == who and one.handed_over_at is not None), None
    )
    lit = Lit(
        person=who,
        post=post,
        notice=notice,
        at=draft.now,
        handed_over_at=reached,
        channels=(channels := channels_to(person, plan.channels)),
        spared=channels if is_spared(draft, who) else (),
    )
    _say_called(draft, duty, why, person, post, plan.limit)
    fields: dict[str, object] = {
        "bearer": who,
        "bearer_post": post,
        "lit": (*(one for one in duty.lit if one.person != who), lit),
    }
    if chain is not None:
        fields |= {
            "chain": chain,
            "next_link_at": draft.now + plan.wait if plan.wait is not None and chain else None,
        }
    return draft.put(duty, **fields)


def tell(draft: Draft, duty: Duty, names: tuple[str, ...], purpose: Purpose, why: Why) -> None:
    """Tell an audience of the policy about a duty; they owe nothing by it."""
    plan = draft.plan_of(duty)
    for post, person in posts_of(draft, names, duty, draft.tasks.get(duty.task) if duty.task else None):
        draft.call(person, post, purpose, why, duty)
        if not is_spared(draft, person.id):
            draft.on(duty, EffectKind.TOLD, why, person=person.id, post=post, rule=plan.overdue_rule)


def record_taken(draft: Draft, duty: Duty, person: PersonId, why: Why) -> Duty:
    """The first answer counts and stops the chain; what it settles is the policy's (`stand_in`)."""
    plan = draft.plan_of(duty)
    if duty.taken_by is None:
        duty = draft.put(duty, next_link_at=None, taken_by=person, taken_at=draft.now)
    else:
        duty = draft.put(duty, next_link_at=None)
    draft.on(duty, EffectKind.TAKEN, why, person=person, rule=plan.chain_rule)
    return duty


def deliveries(draft: Draft, outcomes: Sequence[Delivery], *, failed: bool) -> None:
    """What became of messages, on one channel each. When all a notice's channels have failed, whether their
    gateways refused it or took it and said later that it did not arrive, the chain moves on at once.
    """
    of_notice: dict[str, list[Delivery]] = {}
    for outcome in outcomes:
        if outcome.state in (MessageState.BESIDE, MessageState.KEPT):
            continue  # nobody was reached, or could not be, by a way that nothing relies on
        of_notice.setdefault(outcome.notice, []).append(outcome)
    for duty in list(draft.duties.values()):
        for lit in duty.lit:
            if lit.notice in of_notice:
                _outcome(draft, draft.duties[duty.id], lit, of_notice[lit.notice], failed=failed)


def _outcome(draft: Draft, duty: Duty, lit: Lit, outcomes: list[Delivery], *, failed: bool) -> None:
    was_last = lit.notice == duty.lit[-1].notice and lit.person == duty.lit[-1].person
    for outcome in outcomes:
        lit = _not_through(lit, outcome) if failed else _further(lit, outcome, draft.now)
    changed = with_lit(draft, duty, lit)
    if not failed or lit.delivered or not set(lit.channels) <= set(lit.failed):
        return
    waited_for = changed.is_owed and changed.next_link_at is not None and was_last and lit.dark_at is None
    if waited_for and changed.paused_at is None and changed.snoozed_until is None:
        light_next(draft, changed, Reason.EVERY_CHANNEL_FAILED)


def _not_through(lit: Lit, outcome: Delivery) -> Lit:
    """Not handed over, or not arrived: a call that never arrived has reached nobody."""
    if outcome.state is MessageState.SPARED:
        return replace(lit, spared=_with(lit.spared, outcome.channel))
    lit = replace(lit, failed=_with(lit.failed, outcome.channel))
    if outcome.state is not MessageState.UNDELIVERED:
        return lit
    delivered = _without(lit.delivered, outcome.channel)
    return replace(
        lit,
        delivered=delivered,
        undelivered=_with(lit.undelivered, outcome.channel),
        arrived=_without(lit.arrived, outcome.channel),
        handed_over_at=lit.handed_over_at if delivered else None,
    )


def _further(lit: Lit, outcome: Delivery, now: datetime) -> Lit:
    """Handed over, arrived at the telephone, or opened."""
    if outcome.state is MessageState.OPENED:
        return replace(lit, opened_at=lit.opened_at or now)
    is_arrived = outcome.state is MessageState.ARRIVED
    if outcome.channel in lit.undelivered and not is_arrived:
        return lit  # the hand-over was told again after the gateway had taken back its word
    # Whoever could not be called before is called now: from here on they may answer.
    lit = replace(
        lit,
        delivered=_with(lit.delivered, outcome.channel),
        dark_at=lit.dark_at if lit.is_reached else None,
        handed_over_at=lit.handed_over_at if lit.delivered else now,
    )
    if not is_arrived:
        return lit
    return replace(
        lit,
        arrived=_with(lit.arrived, outcome.channel),
        arrived_at=lit.arrived_at or now,
        failed=_without(lit.failed, outcome.channel) if outcome.channel in lit.undelivered else lit.failed,
        undelivered=_without(lit.undelivered, outcome.channel),
    )


def _with(channels: tuple[str, ...], channel: str) -> tuple[str, ...]:
    return channels if channel in channels else (*channels, channel)


def _without(channels: tuple[str, ...], channel: str) -> tuple[str, ...]:
    return tuple([each for each in channels if each != channel])


def with_lit(draft: Draft, duty: Duty, changed: Lit) -> Duty:
    """The duty with the Lit of the same person and notice replaced."""
    lit = tuple(
        [
            changed if one.person == changed.person and one.notice == changed.notice else one
            for one in duty.lit
        ]
    )
    return draft.put(duty, lit=lit)


def _lit_in_case(draft: Draft, person: PersonId) -> Lit | None:
    """How this person was last lit for any duty of the case, answered or not."""
    best: Lit | None = None
    for duty in draft.duties.values():
        for lit in duty.lit:
            if lit.person == person and (best is None or _rank(lit) > _rank(best)):
                best = lit
    return best


def _rank(lit: Lit) -> tuple[bool, datetime, bool]:
    """Whoever answered knows; else the last call counts, and who stayed dark for one duty is dark for all it
    was about.
    """
    return lit.answered_at is not None, lit.at, lit.dark_at is not None


def people_lit(draft: Draft) -> list[tuple[Person, PostId, Duty]]:
    """Everybody who was lit in this case, once each, with the duty it was for."""
    people: dict[PersonId, tuple[Person, PostId, Duty]] = {}
    for duty in draft.duties.values():
        for lit in duty.lit:
            person = draft.directory.people_by_id.get(lit.person)
            if person is not None and lit.person not in people:
                people[lit.person] = (person, lit.post, duty)
    return list(people.values())
