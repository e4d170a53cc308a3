"""One fact in, one decision out.

Invariant: `decide` is a function of its arguments. `now` is the broker's time of the fact, so that a fact
decided again after a crash is decided the same; whatever the policy does not say does not happen; each effect
names its reason and its line.

A fact that fails is decided once more, carefully: what fails is left out with an effect that says so, and
everything beside it is decided as ever. So a report always opens its case, and an act that can't be done is
answered as set aside.
"""

from datetime import datetime

from msgspec.structs import replace

from services.escalator.deciding import opening, repeats
from services.escalator.deciding.acts import (
    HANDLERS,
    accountability,
    calls,
    name_of,
    omission,
    petitions,
    releasing,
    seconding,
    tasks,
)
from services.escalator.deciding.acts.merging import absorb
from services.escalator.deciding.case_files import keep_files
from services.escalator.deciding.clockwork import note_lateness, strike
from services.escalator.deciding.directory_told import tell_touched
from services.escalator.deciding.draft import Draft, Event, Rules, UndecidableError
from services.escalator.deciding.duties import answer, done_by, ended_by, lapse_if_past, settle_taken
from services.escalator.deciding.forms import take_form
from services.escalator.deciding.harm import note_harm
from services.escalator.deciding.leaving_out import LeavingOut, failed
from services.escalator.deciding.lighting import deliveries
from services.escalator.deciding.new_case import new_case
from services.escalator.deciding.settling import settle
from services.escalator.deciding.stray_reply import see_to
from services.escalator.deciding.watching import establish, hear
from shared import territory
from shared.acts import ACTS
from shared.case import ENDED, Case
from shared.facts import (
    Absorbed,
    Acknowledgement,
    Actor,
    CaseAct,
    Decision,
    Deliveries,
    Due,
    EffectKind,
    Established,
    Fact,
    Heard,
    LapseCause,
    Matched,
    Reason,
    Referred,
    Spelled,
    StrayReply,
)
from shared.ids import CaseId, TaskId
from shared.territory import Refusal
from shared.vocabulary import Kind

ROUNDS = 8
"""How many times events may bring forth events in one decision; `policy check` refuses a circle, this ends
one all the same.
"""


def decide(
    case: Case | None, fact: Fact, sequence: int, now: datetime, rules: Rules
) -> tuple[Case, Decision]:
    """The case as it stands after `fact` (stored at `sequence`, at the broker's time `now`), and what is to
    be done.

    Raises UndecidableError for a fact about a case that was never reported, or of a kind nobody decides on.
    """
    try:
        return _decided(case, fact, sequence, now, rules, careful=False)
    except UndecidableError:
        raise
    except Exception:  # whatever it was: what comes of it carefully names each thing that fails
        return _decided(case, fact, sequence, now, rules, careful=True)


def _decided(
    case: Case | None, fact: Fact, sequence: int, now: datetime, rules: Rules, *, careful: bool
) -> tuple[Case, Decision]:
    if not fact.subject:
        raise UndecidableError("the fact has no subject: it is about no case")
    kind = fact.kind
    if case is not None and repeats.is_repeat(case, fact):
        return repeats.passed_over(case, fact, sequence, now)
    if case is None:
        draft = new_case(CaseId(fact.subject), fact, sequence, now, rules, careful=careful)
    else:
        draft = Draft(case, sequence, now, rules, careful=careful)
        if kind == Kind.REPORTED:
            draft.note(EffectKind.NOTED, Reason.REPORTED_AGAIN)
        elif careful:
            _apply_or_refuse(draft, kind, fact)
        else:
            _apply(draft, kind, fact)
    _follow_up(draft)
    with LeavingOut(draft, Reason.FAULT_OF_OURS, "ending"):
        seconding.let_go(draft)
    return settle(draft, fact)


def _apply_or_refuse(draft: Draft, kind: str, fact: Fact) -> None:
    """Done whole or not at all; what a clock or a delivery could not do is no act that anybody waits for an
    answer to.
    """
    before = draft.kept()
    try:
        _apply(draft, kind, fact)
    except UndecidableError:
        raise
    except Exception as error:  # the boundary of an act: it is answered as set aside
        draft.restore(before)
        _leave_undone(draft, fact, error)


def set_aside(
    case: Case, fact: Fact, sequence: int, now: datetime, rules: Rules, error: Exception
) -> tuple[Case, Decision]:
    """The case with nothing changed by the fact, and the decision that says so."""
    draft = Draft(case, sequence, now, rules, careful=True)
    _leave_undone(draft, fact, error)
    return settle(draft, fact)


def _leave_undone(draft: Draft, fact: Fact, error: Exception) -> None:
    kind = fact.kind
    if kind in ACTS or kind == Kind.ACKNOWLEDGED:
        draft.refuse(Reason.ACT_SET_ASIDE, note=failed(kind, error))
    else:
        draft.note(EffectKind.LEFT_OUT, Reason.FACT_NOT_UNDERSTOOD, note=failed(kind, error))


def _apply(draft: Draft, kind: str, fact: Fact) -> None:
    match kind:
        case Kind.DUE:
            due = Due.model_validate(fact.data)
            note_lateness(draft, due.at)
            # What its moment asked for is done even if the broker's stamp is a hair before it.
            draft.now = max(draft.now, due.at)
            strike(draft)
        case Kind.DELIVERED | Kind.FAILED:
            outcomes = Deliveries.model_validate(fact.data).deliveries
            deliveries(draft, outcomes, failed=kind == Kind.FAILED)
        case Kind.ACKNOWLEDGED:
            _acknowledge(draft, Acknowledgement.model_validate(fact.data))
        case Kind.MATCHED:
            omission.match(draft, Matched.model_validate(fact.data))
        case Kind.ABSORBED:
            lapse_if_past(draft, draft.now, LapseCause.NOT_ACKNOWLEDGED)
            absorb(draft, Absorbed.model_validate(fact.data))
        case Kind.HEARD:
            lapse_if_past(draft, draft.now)
            hear(draft, Heard.model_validate(fact.data))
        case Kind.ESTABLISHED:
            establish(draft, Established.model_validate(fact.data))
        case Kind.REFERRED:
            accountability.count_lapse(draft, Referred.model_validate(fact.data))
        case Kind.STRAY_REPLY:
            see_to(draft, StrayReply.model_validate(fact.data))
        case Kind.DIRECTORY_CHANGED | Kind.DIRECTORY_PROPOSED:
            tell_touched(draft, Kind(kind), fact.data)
        case _ if kind in ACTS:
            _act(draft, Kind(kind), CaseAct.model_validate(fact.data))
        case _:
            raise UndecidableError(f"nobody decides on {kind}")


def _acknowledge(draft: Draft, acknowledgement: Acknowledgement) -> None:
    _lapse_what_is_past(draft)
    if _is_refused(
        draft, territory.may_acknowledge(acknowledgement, draft.as_it_is, draft.directory, draft.now)
    ):
        return
    answered = answer(draft, acknowledgement.person, acknowledgement.via.value, acknowledgement.by.who)
    calls.note_call(draft, acknowledgement, answered)
    draft.happened("acknowledged")


def _lapse_what_is_past(draft: Draft) -> None:
    """A limit that can't lapse is no reason to refuse what somebody does now."""
    with LeavingOut(draft, Reason.FAULT_OF_OURS, "lapse"):
        lapse_if_past(draft, draft.now, LapseCause.NOT_ACKNOWLEDGED)


def _is_refused(draft: Draft, refusal: Refusal | None, task: TaskId | None = None) -> bool:
    """The role or the standing is missing: intake let it pass, or somebody wrote it past intake."""
    if refusal is None:
        return False
    draft.refuse(refusal.why, task=task, unit=refusal.unit, note=", ".join(refusal.roles) or None)
    return True


def _act(draft: Draft, kind: Kind, act: CaseAct) -> None:
    """First what the time that has passed has made of the duties, then the act itself, then what the policy
    makes of it. A note is noted, and nothing else.
    """
    declared = ACTS[kind]
    if not declared.is_a_note:
        _lapse_what_is_past(draft)
    refusal = territory.may(
        act.by,
        kind,
        draft.as_it_is,
        draft.directory,
        draft.now,
        task=act.task,
        duty=act.duty,
        person=act.to_person,
    )
    if _is_refused(draft, refusal, act.task):
        return
    if draft.case.status in ENDED and not declared.may_follow_the_end:
        draft.refuse(Reason(f"case_is_{draft.case.status}"))
        return
    keep_files(draft, act.files, kind, act.by.principal)
    if declared.is_a_note:
        draft.note(EffectKind.NOTED, kind, note=act.text)
        return
    done, act = tasks.as_answer(draft, kind, act)
    if done in HANDLERS and not draft.is_refused:
        HANDLERS[done](draft, act)
    if draft.is_refused or draft.is_waiting:
        return
    petitions.keep_answer(draft, kind, act)
    note_harm(draft, act)
    _make_own_report(draft, act.by)
    name = name_of(draft, done, act)
    if not any(
        effect.kind not in (EffectKind.LAPSED, EffectKind.REFERRED, EffectKind.RAISED)
        for effect in draft.effects
    ):
        said = kind.value if kind in (Kind.CONFIRMED, Kind.REFUTED) else name
        draft.note(EffectKind.NOTED, Spelled(said), note=act.text)
    # What was owed before the act is looked at before what the act itself has opened.
    draft.events.insert(0, Event(name, draft.now, act.task, act.by, act.due_at, text=act.text))
    take_form(draft, act.form, kind, act.by.principal, act.by)
    releasing.follow_form(draft)


def _make_own_report(draft: Draft, by: Actor) -> None:
    """The unit that a witness named has itself said something of the matter: from now on it answers for it as
    for its own report.
    """
    report, unit = draft.case.report, territory.unit_of(by, draft.directory)
    if report.witness and unit is not None and territory.speaks_for(draft.directory, report.unit, unit):
        draft.change(report=replace(report, witness=False))
        draft.note(EffectKind.NOTED, Reason.TAKEN_UP_BY_THE_UNIT, unit=report.unit)
        omission.settle(draft, by)


def _follow_up(draft: Draft) -> None:
    """What happened discharges, ends and opens duties; what that brings about may do so in turn."""
    settle_taken(draft)
    for _ in range(ROUNDS):
        events, draft.events = draft.events, []
        if not events:
            return
        draft.past += events
        duties_before = len(draft.duties)
        for event in events:
            if not event.follows:
                with LeavingOut(draft, Reason.FAULT_OF_OURS, event.name):
                    if (
                        event.name != Kind.ACKNOWLEDGED
                    ):  # which has discharged what it is an answer to already
                        done_by(draft, event)
                    ended_by(draft, event)
            opening.open_on(draft, event)
        if len(draft.duties) > duties_before:
            # A duty that opens with its limit behind it has lapsed already.
            with LeavingOut(draft, Reason.FAULT_OF_OURS, "lapse"):
                lapse_if_past(draft, _handed_in(draft), LapseCause.REPORTED_LATE)


def _handed_in(draft: Draft) -> datetime:
    """For a new report the moment it was handed in, which decides in time or late; else now."""
    return draft.case.opened_at if draft.case.report_sequence == draft.sequence else draft.now
