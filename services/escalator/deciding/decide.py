"""One fact in, one decision out.

Invariant: `decide` is a function of its arguments. `now` is the broker's time of the fact, so that a fact
decided again after a crash is decided the same; whatever the policy does not say does not happen; each effect
names its reason and its line.

A fact that fails is decided once more, carefully: what fails is left out with an effect that says so, and
everything beside it is decided as ever. So a report always opens its case, and an act that can't be done is
answered as set aside.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from services.escalator.deciding import opening, repeats
from services.escalator.deciding.acts import (
    ACTS,
    AFTER_THE_END,
    accountability,
    calls,
    name_of,
    omission,
    seconding,
)
from services.escalator.deciding.acts.ending import ENDED
from services.escalator.deciding.acts.merging import absorb
from services.escalator.deciding.acts.tasks import make_tasks
from services.escalator.deciding.clockwork import next_moment, note_lateness, strike
from services.escalator.deciding.desk_call import call_the_desk
from services.escalator.deciding.directory_told import open_directory, tell_touched
from services.escalator.deciding.draft import NOTE_LIMIT, Draft, Event, LeavingOut, Rules, failed
from services.escalator.deciding.duties import answer, done_by, ended_by, lapse_if_past
from services.escalator.deciding.lighting import deliveries
from services.escalator.deciding.report_reading import read_report
from services.escalator.deciding.watching import establish, hear, open_standing
from shared import territory
from shared.case import Applied, Case, Entry, Held, LeftOut, Matter
from shared.directory import Directory
from shared.facts import (
    ACT_SET_ASIDE,
    About,
    Absorbed,
    Acknowledgement,
    Actor,
    CaseAct,
    Clock,
    Decision,
    Deliveries,
    Due,
    Effect,
    EffectKind,
    Established,
    Fact,
    Heard,
    LapseCause,
    Matched,
    Referred,
    Report,
)
from shared.ids import CaseId, TaskId
from shared.territory import Refusal
from shared.vocabulary import Kind, Level, ReportKind

LOG_LENGTH = 20
"""Acts the case itself remembers for the desk; the trail has them all."""
ROUNDS = 8
"""How many times events may bring forth events in one decision; `policy check` refuses a circle, this ends
one all the same.
"""
LEFT_OUT_KEPT = 20
"""What the case itself remembers of what was left out of it; the trail has it all."""
TRIED_AGAIN = timedelta(minutes=1)
"""What a clock could not do is tried again then; a case whose clock is always due would strike without
end.
"""
OWED_A_CALL = (ReportKind.INCIDENT, ReportKind.OPINION)


class UndecidableError(ValueError):
    """A fact that can't be decided on: set aside with this reason, never dropped."""


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
        return repeats.taken_before(case, fact, sequence, now)
    if case is None:
        draft = _new(CaseId(fact.subject), fact, sequence, now, rules, careful=careful)
    else:
        draft = Draft(case, sequence, now, rules, careful=careful)
        if kind == Kind.REPORTED:
            draft.note(EffectKind.NOTED, "reported_again")
        elif careful:
            _apply_or_refuse(draft, kind, fact)
        else:
            _apply(draft, kind, fact)
    _follow_up(draft)
    with LeavingOut(draft, "fault_of_ours", "ending"):
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
        by = fact.data.get("by")
        who = by.get("principal") if isinstance(by, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        _log(draft, Kind(kind), str(who or fact.source), None)  # pyright: ignore[reportUnknownArgumentType]
        draft.refuse(ACT_SET_ASIDE, note=failed(kind, error))
    else:
        draft.note(EffectKind.LEFT_OUT, "fact_not_understood", note=failed(kind, error))


def _apply(draft: Draft, kind: str, fact: Fact) -> None:
    match kind:
        case Kind.DUE:
            due = Due.model_validate(fact.data)
            note_lateness(draft, due.at)
            # What its moment asked for is done even if the broker's stamp is a hair before it.
            draft.now = max(draft.now, due.at)
            strike(draft)
        case Kind.DELIVERED | Kind.FAILED:
            said = Deliveries.model_validate(fact.data)
            deliveries(
                draft,
                [(outcome.notice, outcome.channel) for outcome in said.deliveries],
                failed=kind == Kind.FAILED,
            )
        case Kind.ACKNOWLEDGED:
            said = Acknowledgement.model_validate(fact.data)
            _acknowledge(draft, said)
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
        case Kind.DIRECTORY_CHANGED | Kind.DIRECTORY_PROPOSED:
            tell_touched(draft, Kind(kind), fact.data)
        case _ if kind in ACTS:
            _act(draft, Kind(kind), CaseAct.model_validate(fact.data))
        case _:
            raise UndecidableError(f"nobody decides on {kind}")


def _acknowledge(draft: Draft, said: Acknowledgement) -> None:
    _lapse_what_is_past(draft)
    _log(draft, Kind.ACKNOWLEDGED, said.person, said.note)
    if _is_refused(draft, territory.may_acknowledge(said, draft.as_it_is, draft.directory, draft.now)):
        return
    answered = answer(draft, said.person, said.via.value, said.by.who)
    calls.note_call(draft, said, answered)
    draft.happened("acknowledged")


def _lapse_what_is_past(draft: Draft) -> None:
    """A limit that can't lapse is no reason to refuse what somebody does now."""
    with LeavingOut(draft, "fault_of_ours", "lapse"):
        lapse_if_past(draft, draft.now, LapseCause.NOT_ACKNOWLEDGED)


def _is_refused(draft: Draft, refusal: Refusal | None, task: TaskId | None = None) -> bool:
    """The role or the standing is missing: intake let it pass, or somebody wrote it past intake."""
    if refusal is None:
        return False
    draft.refuse(refusal.why.value, task=task, unit=refusal.unit, note=", ".join(refusal.roles) or None)
    return True


def _act(draft: Draft, kind: Kind, act: CaseAct) -> None:
    """First what the time that has passed has made of the duties, then the act itself, then what the policy
    makes of it.
    """
    _lapse_what_is_past(draft)
    _log(draft, kind, act.by.principal, act.text)
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
    if draft.case.status in ENDED and kind not in AFTER_THE_END:
        draft.refuse(f"case_is_{draft.case.status}")
        return
    ACTS[kind](draft, act)
    if draft.is_refused or draft.is_waiting:
        return
    _taken_up(draft, act.by)
    name = name_of(draft, kind, act)
    if not any(
        effect.kind not in (EffectKind.LAPSED, EffectKind.REFERRED, EffectKind.RAISED)
        for effect in draft.effects
    ):
        draft.note(EffectKind.NOTED, name, note=act.text)
    # What was owed before the act is looked at before what the act itself has opened.
    draft.events.insert(0, Event(name, draft.now, act.task, act.by, act.due_at))


def _taken_up(draft: Draft, by: Actor) -> None:
    """The unit that a witness named has itself said something of the matter: from now on it answers for it as
    for its own report.
    """
    report, unit = draft.case.report, territory.unit_of(by, draft.directory)
    if report.witness and unit is not None and territory.speaks_for(draft.directory, report.unit, unit):
        draft.change(report=replace(report, witness=False))
        draft.note(EffectKind.NOTED, "taken_up_by_the_unit", unit=report.unit)
        omission.settle(draft, by)


def _follow_up(draft: Draft) -> None:
    """What happened discharges, ends and opens duties; what that brings about may do so in turn."""
    for _ in range(ROUNDS):
        events, draft.events = draft.events, []
        if not events:
            return
        known = len(draft.duties)
        for event in events:
            if not event.follows:
                with LeavingOut(draft, "fault_of_ours", event.name):
                    if (
                        event.name != Kind.ACKNOWLEDGED
                    ):  # which has discharged what it is an answer to already
                        done_by(draft, event)
                    ended_by(draft, event)
            opening.open_on(draft, event)
        if len(draft.duties) > known:
            # A duty that opens with its limit behind it has lapsed already.
            with LeavingOut(draft, "fault_of_ours", "lapse"):
                lapse_if_past(draft, _handed_in(draft), LapseCause.REPORTED_LATE)


def _handed_in(draft: Draft) -> datetime:
    """For a new report the moment it was handed in, which decides in time or late; else now."""
    return draft.case.opened_at if draft.case.report_sequence == draft.sequence else draft.now


# A new case


def begun(
    case_id: CaseId, fact: Fact, sequence: int, now: datetime, rules: Rules
) -> tuple[Decision, Applied]:
    """What a case begins with: nothing decided yet, and the fact that opens it."""
    about = About(id=fact.id, kind=fact.kind, sequence=sequence, time=now)
    empty = Decision(case=case_id, about=about, policy=rules.policy.label, directory=rules.revision)
    return empty, Applied(id=fact.id, sequence=sequence, at=now)


def _new(case_id: CaseId, fact: Fact, sequence: int, now: datetime, rules: Rules, *, careful: bool) -> Draft:
    empty, applied = begun(case_id, fact, sequence, now, rules)
    match fact.kind:
        case Kind.REPORTED:
            return _open(fact, case_id, sequence, now, rules, empty, applied, careful=careful)
        case Kind.ESTABLISHED:
            said = Established.model_validate(fact.data)
            draft = Draft(
                open_standing(
                    case_id, said.watch, said.subject, said.unit, said.area, said.title, empty, applied
                ),
                sequence,
                now,
                rules,
            )
            establish(draft, said)
            return draft
        case Kind.REFERRED:
            lapse = Referred.model_validate(fact.data)
            area = (
                rules.directory.units_by_id[lapse.unit].area
                if lapse.unit in rules.directory.units_by_id
                else ""
            )
            opened = open_standing(
                case_id,
                "ledger",
                lapse.unit,
                lapse.unit,
                area,
                f"责任台账 ledger {lapse.unit}",
                empty,
                applied,
            )
            draft = Draft(opened, sequence, now, rules)
            accountability.count_lapse(draft, lapse)
            return draft
        case Kind.DIRECTORY_CHANGED | Kind.DIRECTORY_PROPOSED:
            draft = Draft(open_directory(case_id, rules.directory, empty, applied), sequence, now, rules)
            tell_touched(draft, Kind(fact.kind), fact.data)
            return draft
        case kind:
            raise UndecidableError(f"{kind} about case {fact.subject}, which was never reported")


def _open(
    fact: Fact,
    case_id: CaseId,
    sequence: int,
    now: datetime,
    rules: Rules,
    empty: Decision,
    applied: Applied,
    *,
    careful: bool,
) -> Draft:
    report, unread = read_report(fact, now) if careful else (Report.model_validate(fact.data), [])
    report, barred = _as_it_may_be(report, rules.directory)
    handed_in = utc(min(report.handed_in_at or now, now))
    moments: dict[str, datetime] = {
        "learned_at": report.learned_at,
        "occurred_at": report.occurred_at,
        "received_at": handed_in,
    }
    matter = matter_of(report, rules.directory)
    start = (
        utc(report.starts_at or moments[rules.policy.document.clock.starts_at.value])
        if matter.is_first_hand
        else handed_in
    )
    case = Case(
        id=case_id,
        report=matter,
        report_sequence=sequence,
        opened_at=handed_in,
        starts_at=start,
        level=report.level,
        sensitive=report.sensitive,
        holder=report.unit,
        held=(Held(unit=report.unit, since=handed_in),),
        policy=rules.policy.label,
        split_from=report.parent if report.starts_at is not None else None,
        applied=applied,
        decision=empty,
    )
    draft = Draft(case, sequence, now, rules, careful=careful)
    _say_what_is_left_out(draft, report, unread, barred)
    draft.happened("reported", handed_in)
    with LeavingOut(draft, "fault_of_ours", "cross-check"):
        if omission.is_witness(draft):
            omission.begin(draft)
    if report.tasks:
        with LeavingOut(draft, "tasks_not_laid", f"{len(report.tasks)}"):
            make_tasks(draft, report.tasks, report.unit)
    if report.referred is not None:
        with LeavingOut(draft, "fault_of_ours", "measure"):
            accountability.propose(draft, report.referred)
    with LeavingOut(draft, "fault_of_ours", "grading"):
        _grade(draft, report)
    return draft


def _as_it_may_be(report: Report, directory: Directory) -> tuple[Report, list[tuple[str, Refusal]]]:
    """The report without what its reporter may not say. Intake refuses that; here it has come past intake, or
    the directory has changed since. What lays work on people falls away, the matter itself is taken up all
    the same.

    Raises UndecidableError for a kind of case that nobody in that role may open: intake has never accepted
    that.
    """
    by = territory.reporter_of(report, directory)
    if by is None or report.starts_at is not None:
        return report, []
    barred: list[tuple[str, Refusal]] = []
    for field, refusal in territory.report_faults(by, report, directory):
        if field == "kind":
            raise UndecidableError(f"{by.principal} may not report it so: {field}: {refusal.why}")
        if field == "unit" and report.kind in territory.WITNESSED:
            continue  # an emergency is never dropped for whom it names: who reports it is a witness
        barred.append((field, refusal))
    fields = {field.partition(".")[0] for field, _ in barred}
    if "tasks" in fields or "unit" in fields:
        report = report.model_copy(update={"tasks": ()})
    if "by_telephone" in fields:
        report = report.model_copy(update={"by_telephone": None})
    return report, barred


def _say_what_is_left_out(
    draft: Draft, report: Report, unread: list[tuple[str, str]], barred: list[tuple[str, Refusal]]
) -> None:
    directory = draft.directory
    for field, why in unread:
        draft.note(EffectKind.LEFT_OUT, "field_not_understood", note=f"{field}: {why}"[:NOTE_LIMIT])
    for field, refusal in barred:
        draft.note(EffectKind.LEFT_OUT, "may_not_be_said_so", unit=refusal.unit, note=field)
    if report.unit not in directory.units_by_id:
        draft.note(EffectKind.LEFT_OUT, "no_such_unit", note=report.unit)
    if report.area and report.area not in directory.areas_by_code:
        draft.note(EffectKind.LEFT_OUT, "no_such_area", note=report.area)


def matter_of(report: Report, directory: Directory) -> Matter:
    """What the case keeps of its report."""
    harm, place, original = report.harm, report.place, report.original
    return Matter(
        kind=report.kind,
        category=report.category,
        topic=report.topic,
        level=report.level,
        sensitive=report.sensitive,
        unit=report.unit,
        area=report.area,
        occurred_at=utc(report.occurred_at),
        learned_at=utc(report.learned_at),
        received_at=utc(report.received_at),
        handed_in_at=utc(report.handed_in_at) if report.handed_in_at else None,
        summary=report.summary,
        tried_at=tuple(utc(at) for at in report.tried_at),
        details=report.details,
        exercise=report.exercise,
        deaths=harm.deaths if harm else 0,
        injuries=harm.injuries if harm else 0,
        loss=harm.loss if harm else 0,
        parent=report.parent,
        reported_by=report.reported_by,
        person=report.person,
        source=original.source if original else None,
        latitude=place.latitude if place else None,
        longitude=place.longitude if place else None,
        witness=territory.is_witness(report, directory),
        by_telephone=bool(report.by_telephone),
    )


def utc(at: datetime) -> datetime:
    """The same moment in the one zone object that all of a case's times share: comparing across two takes
    four times as long.
    """
    return at.astimezone(UTC)


def _grade(draft: Draft, report: Report) -> None:
    """Under-grading 轻报 is said at once: what the harm makes of it stands beside the level that was
    given.
    """
    rule = draft.policy.document.grading
    if rule is None or report.harm is None or report.kind is not ReportKind.INCIDENT:
        return
    found = rule.accident.level_of(report.harm.deaths, report.harm.injuries, report.harm.loss)
    order = list(Level)
    if report.level is None or order.index(found) < order.index(report.level):
        draft.note(
            EffectKind.NOTED,
            "under_graded",
            unit=report.unit,
            note=found.value,
            rule=draft.policy.rule("grading", "accident"),
        )


# The whole


def settle(draft: Draft, fact: Fact) -> tuple[Case, Decision]:
    """Set the clock anew and put case and decision together."""
    case = draft.case
    if (
        case.report_sequence == draft.sequence
        and not draft.duties
        and not draft.openings
        and not draft.effects
    ):
        draft.note(EffectKind.NOTED, f"no_duty_for_{case.report.kind}")
    if draft.is_careful:
        _call_the_desk_for_want_of_others(draft)
    moment = next_moment(draft)
    if moment is not None and draft.is_careful and fact.kind == Kind.DUE and moment[0] <= draft.now:
        moment = draft.now + TRIED_AGAIN, moment[1]
    clock = None
    fields: dict[str, Any] = {}
    if moment is None:
        if case.clock_at is not None:
            struck = fact.kind == Kind.DUE and case.clock_at <= draft.now
            clock = None if struck else Clock()
            fields = {"clock_at": None, "clock_duty": None}
    elif moment[0] != case.clock_at:
        clock = Clock(at=moment[0], duty=moment[1])
        fields = {"clock_at": moment[0], "clock_duty": moment[1]}
    notices = draft.notices()
    with LeavingOut(draft, "fault_of_ours", "prune"):
        opening.prune(draft)
    left_out = [
        effect
        for effect in draft.effects
        if effect.kind is EffectKind.LEFT_OUT or effect.why == ACT_SET_ASIDE
    ]
    if left_out:
        fields["left_out"] = (*case.left_out, *[_left_out(draft, fact, effect) for effect in left_out])[
            -LEFT_OUT_KEPT:
        ]
    decision = Decision(
        case=case.id,
        about=About(id=fact.id, kind=fact.kind, sequence=draft.sequence, time=draft.now),
        policy=case.policy,
        directory=draft.rules.revision,
        effects=tuple(draft.effects),
        notices=notices,
        clock=clock,
        sends=tuple(draft.sends),
        late_since=draft.late_since,
    )
    applied = Applied(id=fact.id, sequence=draft.sequence, at=draft.now)
    return draft.settled(decision, applied=applied, taken=repeats.with_it(case, fact), **fields), decision


def _left_out(draft: Draft, fact: Fact, effect: Effect) -> LeftOut:
    return LeftOut(sequence=draft.sequence, at=draft.now, kind=fact.kind, why=effect.why, note=effect.note)


def _call_the_desk_for_want_of_others(draft: Draft) -> None:
    """A report that owes a call to the leaders, and of which nobody is called: the duty desk is."""
    case = draft.case
    if case.report_sequence != draft.sequence or case.report.kind not in OWED_A_CALL or draft.calls:
        return
    draft.note(EffectKind.NOTED, "nobody_was_called")
    call_the_desk(draft)


def _log(draft: Draft, kind: Kind, by: str, text: str | None) -> None:
    entry = Entry(sequence=draft.sequence, at=draft.now, kind=kind, by=by, text=text)
    draft.change(log=(*draft.case.log, entry)[-LOG_LENGTH:])
