"""An emergency ends early, or is graded down, by two people: who asks for it, and somebody of the competent
superior who agrees.

Invariant: until the second person has agreed nothing of the case changes by the act: its clocks run, its
chain goes on, its limits pass and lapse. Once every leader has answered for themself, one person is enough. A
call that was logged by whoever asks is no answer here.
"""

from collections.abc import Callable

from msgspec.structs import replace

from services.escalator.deciding.acts.ending import close, withdraw
from services.escalator.deciding.acts.merging import merge
from services.escalator.deciding.acts.regrading import regrade
from services.escalator.deciding.draft import Draft, Event
from services.escalator.deciding.early_end import EarlyEnds, decider_of
from services.escalator.deciding.gravity import lessens
from services.escalator.policy.rule import Gravity
from shared.case import ENDED, Duty, Ending
from shared.facts import Actor, CaseAct, EffectKind, Purpose, Reason, Via
from shared.vocabulary import Kind, Role

Handler = Callable[[Draft, CaseAct], None]
ENDINGS: dict[Kind, Handler] = {
    Kind.WITHDRAWN: withdraw,
    Kind.CLOSED: close,
    Kind.MERGED: merge,
    Kind.REGRADED: regrade,
}


def by_two(kind: Kind) -> Handler:
    """The act `kind`: done at once where one person is enough, else kept until a second one agrees."""

    def done_or_kept(draft: Draft, act: CaseAct) -> None:
        if _needs_second(draft, kind, act) and not _would_be_refused(draft, kind, act):
            _keep(draft, kind, act)
        else:
            ENDINGS[kind](draft, act)

    return done_or_kept


def second(draft: Draft, act: CaseAct) -> None:
    """The second person agrees, or does not."""
    ending = draft.case.ending
    if ending is None:
        draft.refuse(Reason.NOTHING_WAITS_FOR_A_SECOND_PERSON)
    elif act.by.who == ending.by:
        draft.refuse(Reason.NOBODY_SECONDS_THEIR_OWN_ACT)
    elif act.approve is False:
        draft.change(ending=None)
        draft.note(EffectKind.STATUS, Reason.SECOND_PERSON_REFUSED, note=act.text)
    else:
        _carry_out(draft, ending, act.by)


def let_go(draft: Draft) -> None:
    """What waits for a second person waits no longer where the case has become another one, or everybody has
    answered meanwhile.
    """
    ending = draft.case.ending
    if ending is None or ending.sequence == draft.sequence:
        return
    case = draft.case
    if case.status in ENDED:
        why = Reason.CASE_HAS_ENDED_MEANWHILE
    elif (case.level, case.sensitive) != (ending.was_level, ending.was_sensitive):
        why = Reason.GRADED_ANEW_MEANWHILE
    elif not _needs_second(draft, ending.kind, _act_of(ending)):
        why = Reason.EVERYBODY_HAS_ANSWERED_MEANWHILE
    else:
        return
    draft.change(ending=None)
    draft.note(EffectKind.NOTED, why, note=ending.text)


def _needs_second(draft: Draft, kind: Kind, act: CaseAct) -> bool:
    case = draft.case
    if case.report.exercise or draft.sort.gravity is not Gravity.GRAVE:
        return False
    if kind is Kind.REGRADED:
        after = act.level or case.level, case.sensitive if act.sensitive is None else act.sensitive
        if not lessens((case.level, case.sensitive), after):
            return False
    return any(
        draft.plan_of(duty).by_recipient and _is_unanswered(duty, act.by) for duty in draft.duties.values()
    )


def _is_unanswered(duty: Duty, by: Actor) -> bool:
    """A stand-in's answer settles the unit's duty; of a grave case the leaders themselves must know before one
    person alone may end it.
    """
    if duty.is_owed or duty.is_stood_in:
        return True
    return duty.discharged_via == Via.LOGGED_CALL and duty.discharged_by == by.who


def _would_be_refused(draft: Draft, kind: Kind, act: CaseAct) -> bool:
    trial = Draft(draft.settled(draft.case.decision), draft.sequence, draft.now, draft.rules)
    ENDINGS[kind](trial, act)
    return trial.is_refused


def _keep(draft: Draft, kind: Kind, act: CaseAct) -> None:
    """On record, shown, and asked of the competent superior; a later one takes its place."""
    case = draft.case
    ending = Ending(
        kind=kind,
        by=act.by.who,
        role=act.by.role,
        unit=act.by.unit,
        at=draft.now,
        sequence=draft.sequence,
        text=act.text,
        into=act.into,
        level=act.level,
        sensitive=act.sensitive,
        was_level=case.level,
        was_sensitive=case.sensitive,
    )
    known = case.ending
    if known is not None and replace(ending, at=known.at, sequence=known.sequence) == known:
        draft.refuse(Reason.WAITS_FOR_A_SECOND_PERSON_ALREADY)
        return
    draft.change(ending=ending)
    person, post, unit = decider_of(draft, ending.by)
    draft.note(
        EffectKind.WAITS,
        Reason.NEEDS_SECOND_PERSON,
        person=person.id,
        post=post,
        unit=unit,
        note=act.text,
    )
    words = EarlyEnds(draft, ending)
    about = next(
        duty
        for duty in draft.duties.values()
        if draft.plan_of(duty).by_recipient and _is_unanswered(duty, act.by)
    )
    draft.call(person, post, Purpose.SECOND, Reason.NEEDS_SECOND_PERSON, about, ending=words.asked())
    if act.by.role is Role.PUBLISHER:
        words.tell_everybody(Purpose.INFORM, Reason.THE_SOURCE_WITHDRAWS_IT)


def _carry_out(draft: Draft, ending: Ending, agreed: Actor) -> None:
    act = _act_of(ending)
    if not _would_be_refused(draft, ending.kind, act):
        draft.change(ending=None)
    draft.is_agreed = True
    ENDINGS[ending.kind](draft, act)
    if draft.is_refused:
        return
    draft.note(
        EffectKind.NOTED, Reason.SECONDED, unit=agreed.unit, note=f"{ending.kind}: {ending.text or ''}"
    )
    draft.events.insert(0, Event(ending.kind, draft.now, None, act.by, text=ending.text))
    purpose = Purpose.WITHDRAWN if ending.kind is Kind.WITHDRAWN else Purpose.ENDED
    EarlyEnds(draft, ending, agreed).tell_everybody(purpose, Reason.ENDED_BY_TWO)


def _act_of(ending: Ending) -> CaseAct:
    by = Actor(principal=ending.by, role=ending.role, unit=ending.unit)
    return CaseAct(by=by, text=ending.text, into=ending.into, level=ending.level, sensitive=ending.sensitive)
