"""One fact in, one decision out.

Invariant: `decide` is a function of its arguments. `now` is the broker's time of the fact, so that a fact decided again after
a crash is decided the same; whatever the policy does not say does not happen; each effect names its reason and its line.
"""

from datetime import UTC, datetime
from typing import Any

from services.escalator import opening
from services.escalator.acts import ACTS, AFTER_THE_END, accountability, name_of, omission
from services.escalator.acts.ending import ENDED
from services.escalator.acts.merging import absorb
from services.escalator.acts.tasks import make_tasks
from services.escalator.clockwork import next_moment, strike
from services.escalator.draft import Draft, Event, Rules
from services.escalator.duties import answer, done_by, ended_by, lapse_if_past
from services.escalator.lighting import deliveries
from services.escalator.watching import establish, hear, open_standing
from shared.case import Applied, Case, Entry, Held, Matter
from shared.facts import (
    About,
    Absorbed,
    Acknowledgement,
    CaseAct,
    Clock,
    Decision,
    Deliveries,
    Due,
    EffectKind,
    Established,
    Fact,
    Heard,
    LapseCause,
    Matched,
    Referred,
    Report,
)
from shared.ids import CaseId
from shared.vocabulary import Kind, Level, ReportKind

LOG_LENGTH = 20
"""Acts the case itself remembers for the desk; the trail has them all."""
ROUNDS = 8
"""How many times events may bring forth events in one decision; `policy check` refuses a circle, this ends one all the same."""


class UndecidableError(ValueError):
    """A fact that can't be decided on: set aside with this reason, never dropped."""


def decide(case: Case | None, fact: Fact, sequence: int, now: datetime, rules: Rules) -> tuple[Case, Decision]:
    """The case as it stands after `fact` (stored at `sequence`, at the broker's time `now`), and what is to be done.

    Raises UndecidableError for a fact about a case that was never reported, or of a kind nobody decides on.
    """
    if not fact.subject:
        raise UndecidableError("the fact has no subject: it is about no case")
    kind = fact.kind
    if case is None:
        draft = _new(CaseId(fact.subject), fact, sequence, now, rules)
    else:
        draft = Draft(case, sequence, now, rules)
        if kind == Kind.REPORTED:
            draft.note(EffectKind.NOTED, "reported_again")
        else:
            _apply(draft, kind, fact)
    _follow_up(draft)
    return _settle(draft, fact)


def _apply(draft: Draft, kind: str, fact: Fact) -> None:
    match kind:
        case Kind.DUE:
            # What its moment asked for is done even if the broker's stamp is a hair before it.
            draft.now = max(draft.now, Due.model_validate(fact.data).at)
            strike(draft)
        case Kind.DELIVERED | Kind.FAILED:
            said = Deliveries.model_validate(fact.data)
            deliveries(draft, [(outcome.notice, outcome.channel) for outcome in said.deliveries], failed=kind == Kind.FAILED)
        case Kind.ACKNOWLEDGED:
            said = Acknowledgement.model_validate(fact.data)
            lapse_if_past(draft, draft.now, LapseCause.NOT_ACKNOWLEDGED)
            answer(draft, said.person, said.via.value, said.by.principal)
            _log(draft, Kind.ACKNOWLEDGED, said.person, said.note)
            draft.happened("acknowledged")
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
        case _ if kind in ACTS:
            _act(draft, Kind(kind), CaseAct.model_validate(fact.data))
        case _:
            raise UndecidableError(f"nobody decides on {kind}")


def _act(draft: Draft, kind: Kind, act: CaseAct) -> None:
    """First what the time that has passed has made of the duties, then the act itself, then what the policy makes of it."""
    lapse_if_past(draft, draft.now, LapseCause.NOT_ACKNOWLEDGED)
    _log(draft, kind, act.by.principal, act.text)
    if draft.case.status in ENDED and kind not in AFTER_THE_END:
        draft.refuse(f"case_is_{draft.case.status}")
        return
    ACTS[kind](draft, act)
    if draft.is_refused:
        return
    name = name_of(draft, kind, act)
    if not any(effect.kind not in (EffectKind.LAPSED, EffectKind.REFERRED, EffectKind.RAISED) for effect in draft.effects):
        draft.note(EffectKind.NOTED, name, note=act.text)
    # What was owed before the act is looked at before what the act itself has opened.
    draft.events.insert(0, Event(name, draft.now, act.task, act.by, act.due_at))


def _follow_up(draft: Draft) -> None:
    """What happened discharges, ends and opens duties; what that brings about may do so in turn."""
    for _ in range(ROUNDS):
        events, draft.events = draft.events, []
        if not events:
            return
        known = len(draft.duties)
        for event in events:
            if not event.follows:
                if event.name != Kind.ACKNOWLEDGED:  # which has discharged what it is an answer to already
                    done_by(draft, event)
                ended_by(draft, event)
            opening.open_on(draft, event)
        if len(draft.duties) > known:
            # A duty that opens with its limit behind it has lapsed already.
            lapse_if_past(draft, _handed_in(draft), LapseCause.REPORTED_LATE)


def _handed_in(draft: Draft) -> datetime:
    """For a new report the moment it was handed in, which decides in time or late; else now."""
    return draft.case.opened_at if draft.case.report_sequence == draft.sequence else draft.now


# A new case


def _new(case_id: CaseId, fact: Fact, sequence: int, now: datetime, rules: Rules) -> Draft:
    about = About(id=fact.id, kind=fact.kind, sequence=sequence, time=now)
    empty = Decision(case=case_id, about=about, policy=rules.policy.label)
    applied = Applied(id=fact.id, sequence=sequence, at=now)
    match fact.kind:
        case Kind.REPORTED:
            return _open(Report.model_validate(fact.data), case_id, sequence, now, rules, empty, applied)
        case Kind.ESTABLISHED:
            said = Established.model_validate(fact.data)
            draft = Draft(
                open_standing(case_id, said.watch, said.subject, said.unit, said.area, said.title, empty, applied), sequence, now, rules
            )
            establish(draft, said)
            return draft
        case Kind.REFERRED:
            lapse = Referred.model_validate(fact.data)
            area = rules.directory.units_by_id[lapse.unit].area if lapse.unit in rules.directory.units_by_id else ""
            opened = open_standing(case_id, "ledger", lapse.unit, lapse.unit, area, f"责任台账 ledger {lapse.unit}", empty, applied)
            draft = Draft(opened, sequence, now, rules)
            accountability.count_lapse(draft, lapse)
            return draft
        case kind:
            raise UndecidableError(f"{kind} about case {fact.subject}, which was never reported")


def _open(report: Report, case_id: CaseId, sequence: int, now: datetime, rules: Rules, empty: Decision, applied: Applied) -> Draft:
    handed_in = utc(min(report.handed_in_at or now, now))
    moments: dict[str, datetime] = {"learned_at": report.learned_at, "occurred_at": report.occurred_at, "received_at": handed_in}
    start = utc(report.starts_at or moments[rules.policy.document.clock.starts_at.value])
    case = Case(
        id=case_id,
        report=matter_of(report),
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
    draft = Draft(case, sequence, now, rules)
    draft.happened("reported", handed_in)
    if omission.is_witness(draft):
        omission.begin(draft)
    if report.tasks:
        make_tasks(draft, report.tasks, report.unit)
    if report.referred is not None:
        accountability.propose(draft, report.referred)
    _grade(draft, report)
    return draft


def matter_of(report: Report) -> Matter:
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
    )


def utc(at: datetime) -> datetime:
    """The same moment in the one zone object that all of a case's times share: comparing across two takes four times as long."""
    return at.astimezone(UTC)


def _grade(draft: Draft, report: Report) -> None:
    """Under-grading 轻报 is said at once: what the harm makes of it stands beside the level that was given."""
    rule = draft.policy.document.grading
    if rule is None or report.harm is None or report.kind is not ReportKind.INCIDENT:
        return
    found = rule.accident.level_of(report.harm.deaths, report.harm.injuries, report.harm.loss)
    order = list(Level)
    if report.level is None or order.index(found) < order.index(report.level):
        draft.note(EffectKind.NOTED, "under_graded", unit=report.unit, note=found.value, rule=draft.policy.rule("grading", "accident"))


# The whole


def _settle(draft: Draft, fact: Fact) -> tuple[Case, Decision]:
    """Set the clock anew and put case and decision together."""
    case = draft.case
    if case.report_sequence == draft.sequence and not draft.duties and not draft.openings and not draft.effects:
        draft.note(EffectKind.NOTED, f"no_duty_for_{case.report.kind}")
    moment = next_moment(draft)
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
    opening.prune(draft)
    decision = Decision(
        case=case.id,
        about=About(id=fact.id, kind=fact.kind, sequence=draft.sequence, time=draft.now),
        policy=case.policy,
        effects=tuple(draft.effects),
        notices=notices,
        clock=clock,
        sends=tuple(draft.sends),
    )
    return draft.settled(decision, applied=Applied(id=fact.id, sequence=draft.sequence, at=draft.now), **fields), decision


def _log(draft: Draft, kind: Kind, by: str, text: str | None) -> None:
    entry = Entry(sequence=draft.sequence, at=draft.now, kind=kind, by=by, text=text)
    draft.change(log=(*draft.case.log, entry)[-LOG_LENGTH:])
