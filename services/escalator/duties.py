"""What happens to a duty: it opens, its person is lit, stays dark, the next is lit, someone answers, the limit passes.

Invariant: on or before the limit is in time; a lapse is written once and never taken back; an answer discharges exactly the
duties owed to the person who answered, and an answer of a chain contact stops the chain and nothing else.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.escalator.draft import Draft
from services.escalator.policy.plan import Owed, channels_to
from shared.case import Duty, DutyState, Lapse, Lit
from shared.facts import EffectKind, LapseCause, Purpose
from shared.ids import PersonId, PostId

JUST_AFTER = timedelta(milliseconds=1)
"""The clock of a limit strikes this much after it: on the limit itself an act is still in time."""


def open_duty(draft: Draft, owed: Owed) -> None:
    """The duty is owed from now on, and the person it is owed to is told at once."""
    duty = Duty(
        id=owed.id,
        act="report",
        owed_by=draft.report.unit,
        owed_to=PersonId(owed.person.id),
        posts=owed.posts,
        starts_at=owed.starts_at,
        opened_at=draft.now,
        due_at=owed.due_at,
        state=DutyState.OPEN,
        plan=owed.plan.model_copy(update={"remind": tuple(at for at in owed.plan.remind if at > draft.now)}),
    )
    draft.duties[duty.id] = duty
    draft.note(EffectKind.OPENED, "owed_on_report", duty, post=owed.posts[0], due_at=owed.due_at, rule=owed.plan.limit)
    notice = draft.call(owed.person, owed.posts[0], Purpose.REPORT, "owed_on_report", duty)
    channels = channels_to(owed.person, owed.plan.channels)
    lit = Lit(person=duty.owed_to, post=owed.posts[0], notice=notice, at=draft.now, channels=channels)
    wait = owed.plan.wait
    draft.duties[duty.id] = duty.model_copy(update={"lit": (lit,), "next_link_at": draft.now + wait if wait else None})
    draft.note(EffectKind.LIT, "owed_on_report", duty, post=owed.posts[0], rule=owed.plan.limit)


def lapse_if_past(draft: Draft, acted_at: datetime, cause: LapseCause) -> None:
    """Every open duty whose limit lies before `acted_at` has lapsed, and stays owed."""
    for duty in list(draft.duties.values()):
        if duty.state is DutyState.OPEN and acted_at > duty.due_at:
            lapse = Lapse(at=duty.due_at, found_at=draft.now, cause=cause, stood_in=duty.taken_by)
            draft.duties[duty.id] = duty.model_copy(update={"state": DutyState.LAPSED, "lapse": lapse})
            draft.note(
                EffectKind.LAPSED,
                "limit_passed",
                duty,
                due_at=duty.due_at,
                late_by_seconds=round((acted_at - duty.due_at).total_seconds(), 3),
                cause=cause,
                stood_in=duty.taken_by,
                rule=duty.plan.limit,
            )


def remind(draft: Draft) -> None:
    """Reminders that are due go out, several that are due at once as one."""
    for duty in list(draft.duties.values()):
        due = [at for at in duty.plan.remind if at <= draft.now]
        if not (due and duty.is_owed):
            continue
        later = tuple(at for at in duty.plan.remind if at > draft.now)
        draft.duties[duty.id] = duty.model_copy(update={"plan": duty.plan.model_copy(update={"remind": later})})
        holder = draft.rules.directory.people_by_id[duty.owed_to]
        draft.call(holder, duty.posts[0], Purpose.REMINDER, "not_acknowledged_yet", duty)
        draft.note(EffectKind.REMINDED, "not_acknowledged_yet", duty, due_at=duty.due_at, rule=duty.plan.remind_rule)


def move_chains_on(draft: Draft) -> None:
    """Where the wait for an answer is over, the contact is dark and the next on the chain is lit."""
    for duty in list(draft.duties.values()):
        if duty.is_owed and duty.next_link_at is not None and duty.next_link_at <= draft.now:
            light_next(draft, duty, why="dark_after_wait")


def light_next(draft: Draft, duty: Duty, why: str) -> None:
    """The last lit stayed dark for the reason `why`; the next who can be told is lit, or the chain has ended."""
    last = duty.lit[-1]
    duty = _with_lit(duty, last.model_copy(update={"dark_at": draft.now}))
    draft.note(EffectKind.DARK, why, duty, person=last.person, post=last.post, rule=duty.plan.chain_rule)
    chain = duty.plan.chain
    while chain:
        post, chain = chain[0], chain[1:]
        if PersonId(draft.rules.directory.holder_of(post).id) not in {lit.person for lit in duty.lit}:
            _light(draft, _with_chain(duty, chain), post, why)
            return
    draft.duties[duty.id] = _with_chain(duty, ()).model_copy(update={"next_link_at": None})
    draft.note(EffectKind.CHAIN_ENDED, "nobody_left_to_light", duty, rule=duty.plan.chain_rule)


def _light(draft: Draft, duty: Duty, post: PostId, why: str) -> None:
    person = draft.rules.directory.holder_of(post)
    known = _lit_in_case(draft, PersonId(person.id))
    if known is not None and known.answered_at is not None:
        lit = known.model_copy(update={"at": draft.now, "post": post})
        _taken(draft, duty.model_copy(update={"lit": (*duty.lit, lit)}), PersonId(person.id), "answered_in_this_case_already")
        return
    until = draft.now + duty.plan.step if duty.plan.step else None
    if known is not None and known.dark_at is None and not draft.is_calling(person, Purpose.FALLBACK):
        # They are being rung about this very case at this moment; a second call would only keep the line busy.
        lit, why = known.model_copy(update={"post": post}), "being_rung_already"
    else:
        dark = draft.rules.directory.people_by_id[duty.owed_to].name
        notice = draft.call(person, post, Purpose.FALLBACK, why, duty, dark)
        lit = Lit(person=PersonId(person.id), post=post, notice=notice, at=draft.now, channels=channels_to(person, duty.plan.channels))
    draft.duties[duty.id] = duty.model_copy(update={"lit": (*duty.lit, lit), "next_link_at": until})
    draft.note(EffectKind.LIT, why, duty, person=lit.person, post=post, rule=duty.plan.chain_rule)


def _lit_in_case(draft: Draft, person: PersonId) -> Lit | None:
    """How this person was last lit for any duty of the case, answered or not."""
    found = [lit for duty in draft.duties.values() for lit in duty.lit if lit.person == person]
    return max(found, key=lambda lit: (lit.answered_at is not None, lit.at), default=None)


def answer(draft: Draft, person: PersonId, via: str) -> None:
    """`person` knows: their own duties are discharged; where they were lit for somebody else, the chain stops."""
    discharged = False
    for duty in list(draft.duties.values()):
        lit = next((lit for lit in duty.lit if lit.person == person and lit.answered_at is None), None)
        if lit is not None:
            duty = _with_lit(duty, lit.model_copy(update={"answered_at": draft.now}))  # noqa: PLW2901 - the duty as it now is
            draft.duties[duty.id] = duty
        if not duty.is_owed:
            continue
        if duty.owed_to == person:
            discharged = _discharge(draft, duty, via) or discharged
        elif lit is not None:
            _taken(draft, duty, person, "answered_for_the_one_who_is_dark")
    if not discharged and not any(effect.kind is EffectKind.TAKEN for effect in draft.effects):
        known = any(duty.owed_to == person for duty in draft.duties.values())
        draft.note(EffectKind.NOTED, "already_acknowledged" if known else "owed_nothing", person=person)


def _discharge(draft: Draft, duty: Duty, via: str) -> bool:
    means = "logged_call" if via == "logged_call" else "acknowledged"
    if means not in duty.plan.discharged_by:
        draft.note(EffectKind.NOTED, f"{means}_discharges_nothing_by_this_policy", duty, rule=duty.plan.limit)
        return False
    late = duty.state is DutyState.LAPSED
    done = {
        "state": DutyState.LAPSED_DISCHARGED if late else DutyState.DISCHARGED,
        "discharged_at": draft.now,
        "discharged_via": via,
        "next_link_at": None,
    }
    draft.duties[duty.id] = duty.model_copy(update=done)
    late_by = round((draft.now - duty.due_at).total_seconds(), 3) if late else None
    draft.note(
        EffectKind.DISCHARGED, "acknowledged_late" if late else "acknowledged_in_time", duty, due_at=duty.due_at, late_by_seconds=late_by
    )
    return True


def _taken(draft: Draft, duty: Duty, person: PersonId, why: str) -> None:
    """The first answer counts; the duty stays open and visible until its own person answers."""
    taken = {"next_link_at": None}
    if duty.taken_by is None:
        taken |= {"taken_by": person, "taken_at": draft.now}
    draft.duties[duty.id] = duty.model_copy(update=taken)
    draft.note(EffectKind.TAKEN, why, duty, person=person, rule=duty.plan.chain_rule)


def delivery(draft: Draft, notice: str, channel: str, *, failed: bool) -> None:
    """A channel worked or failed for good. When all a notice's channels have failed, the chain moves on at once."""
    for duty in list(draft.duties.values()):
        lit = next((lit for lit in duty.lit if lit.notice == notice), None)
        if lit is None:
            continue
        name = "failed" if failed else "delivered"
        outcomes: tuple[str, ...] = getattr(lit, name)
        if channel in outcomes:
            continue
        lit = lit.model_copy(update={name: (*outcomes, channel)})
        draft.duties[duty.id] = duty = _with_lit(duty, lit)  # noqa: PLW2901 - the duty as it now is
        unreachable = set(lit.channels) <= set(lit.failed) and not lit.delivered
        waited_for = duty.is_owed and duty.next_link_at is not None and lit is duty.lit[-1] and lit.dark_at is None
        if failed and unreachable and waited_for:
            light_next(draft, duty, why="every_channel_failed")


def cancel_owed(draft: Draft, why: str) -> None:
    """What is still owed ends with a reason; a lapse that is on record stays there."""
    for duty in list(draft.duties.values()):
        if duty.is_owed:
            draft.duties[duty.id] = duty.model_copy(update={"state": DutyState.CANCELLED, "cancelled_why": why, "next_link_at": None})
            draft.note(EffectKind.CANCELLED, why, duty)


def next_clock(duty: Duty) -> datetime | None:
    """The one moment this duty next needs a look: a reminder, the end of a wait, or just after its limit."""
    if not duty.is_owed:
        return None
    moments: Iterable[datetime | None] = (
        *duty.plan.remind,
        duty.next_link_at,
        duty.due_at + JUST_AFTER if duty.state is DutyState.OPEN else None,
    )
    return min((at for at in moments if at is not None), default=None)


def _with_lit(duty: Duty, changed: Lit) -> Duty:
    """The duty with the Lit of the same person and notice replaced."""
    lit = tuple(changed if (one.person, one.notice) == (changed.person, changed.notice) else one for one in duty.lit)
    return duty.model_copy(update={"lit": lit})


def _with_chain(duty: Duty, chain: tuple[PostId, ...]) -> Duty:
    return duty.model_copy(update={"plan": duty.plan.model_copy(update={"chain": chain})})
