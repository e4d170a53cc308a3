"""One fact in, one decision out.

Invariant: `decide` is a function of its arguments. `now` is the broker's time of the fact, so that a fact decided again after
a crash is decided the same; whatever the policy does not say does not happen; each effect names its reason and its line.
"""

from datetime import datetime

from services.escalator import duties
from services.escalator.acts import apply_act
from services.escalator.draft import Draft, Rules, draft_on
from services.escalator.policy.plan import duties_of
from shared.case import Applied, Case, CaseStatus, Duty, Entry
from shared.facts import About, Acknowledgement, CaseAct, Clock, Decision, Deliveries, Due, EffectKind, Fact, LapseCause, Report
from shared.ids import CaseId, DutyId
from shared.vocabulary import CASE_ACTS, Kind

LOG_LENGTH = 20
"""Acts the case itself remembers for the desk; the trail has them all."""


class UndecidableError(ValueError):
    """A fact that can't be decided on: set aside with this reason, never dropped."""


def decide(case: Case | None, fact: Fact, sequence: int, now: datetime, rules: Rules) -> tuple[Case, Decision]:
    """The case as it stands after `fact` (stored at `sequence`, at the broker's time `now`), and what is to be done.

    Raises UndecidableError for a fact about a case that was never reported, or of a kind nobody decides on.
    """
    if not fact.subject:
        raise UndecidableError("the fact has no subject: it is about no case")
    if case is None:
        if fact.kind != Kind.REPORTED:
            raise UndecidableError(f"{fact.kind} about case {fact.subject}, which was never reported")
        return _open(CaseId(fact.subject), fact, sequence, now, rules)
    draft = draft_on(case, sequence, now, rules)
    changes: dict[str, object] = {}
    match fact.kind:
        case Kind.REPORTED:
            draft.note(EffectKind.NOTED, "reported_again")
        case Kind.DUE:
            _strike(draft, Due.model_validate(fact.data))
        case Kind.ACKNOWLEDGED:
            duties.lapse_if_past(draft, now, LapseCause.NOT_ACKNOWLEDGED)
            said = Acknowledgement.model_validate(fact.data)
            duties.answer(draft, said.person, said.via)
            changes["log"] = _logged(case, sequence, now, Kind.ACKNOWLEDGED, said.person, said.note)
        case Kind.DELIVERED | Kind.FAILED:
            for outcome in Deliveries.model_validate(fact.data).deliveries:
                duties.delivery(draft, outcome.notice, outcome.channel, failed=fact.kind == Kind.FAILED)
        case kind if kind in CASE_ACTS:
            duties.lapse_if_past(draft, now, LapseCause.NOT_ACKNOWLEDGED)
            act = CaseAct.model_validate(fact.data)
            changes |= apply_act(draft, case, Kind(kind), act)
            changes["log"] = _logged(case, sequence, now, Kind(kind), act.by.principal, act.text)
        case kind:
            raise UndecidableError(f"nobody decides on {kind}")
    return _settle(draft, case, fact, changes)


def _open(case_id: CaseId, fact: Fact, sequence: int, now: datetime, rules: Rules) -> tuple[Case, Decision]:
    report = Report.model_validate(fact.data)
    handed_in = min(report.handed_in_at or now, now)
    draft = Draft(case_id, report, handed_in, sequence, now, rules, duties={})
    owed = duties_of(report, handed_in, rules.policy, rules.directory)
    for one in owed:
        duties.open_duty(draft, one)
    if not owed:
        draft.note(EffectKind.NOTED, f"no_duty_for_{report.kind}")
    duties.lapse_if_past(draft, handed_in, LapseCause.REPORTED_LATE)
    opened = Case(
        id=case_id,
        status=CaseStatus.OPEN,
        report=report,
        report_sequence=sequence,
        opened_at=handed_in,
        holder=report.unit,
        policy=rules.policy.label,
        applied=Applied(id=fact.id, sequence=sequence, at=now),
        decision=Decision(case=case_id, about=_about(fact, sequence, now), policy=rules.policy.label),
    )
    return _settle(draft, opened, fact, {})


def _strike(draft: Draft, due: Due) -> None:
    """A clock has struck. What its moment asked for is done even if the broker's stamp is a hair before it."""
    draft.now = max(draft.now, due.at)
    duties.lapse_if_past(draft, draft.now, LapseCause.NOT_ACKNOWLEDGED)
    duties.move_chains_on(draft)
    duties.remind(draft)


def _settle(draft: Draft, case: Case, fact: Fact, changes: dict[str, object]) -> tuple[Case, Decision]:
    """Set the clocks anew and put case and decision together."""
    struck = DutyId(str(fact.data.get("duty"))) if fact.kind == Kind.DUE else None
    clocks: list[Clock] = []
    settled: list[Duty] = []
    for duty in draft.duties.values():
        at = duties.next_clock(duty)
        gone = struck == duty.id and duty.clock_at is not None and duty.clock_at <= draft.now
        if at != duty.clock_at and not (at is None and gone):
            clocks.append(Clock(duty=duty.id, at=at))
        settled.append(duty.model_copy(update={"clock_at": at}))
    about = _about(fact, draft.sequence, draft.now)
    decision = Decision(
        case=case.id, about=about, policy=case.policy, effects=tuple(draft.effects), notices=draft.notices(), clocks=tuple(clocks)
    )
    applied = Applied(id=fact.id, sequence=draft.sequence, at=draft.now)
    return case.model_copy(update={**changes, "duties": tuple(settled), "applied": applied, "decision": decision}), decision


def _about(fact: Fact, sequence: int, now: datetime) -> About:
    return About(id=fact.id, kind=fact.kind, sequence=sequence, time=now)


def _logged(case: Case, sequence: int, now: datetime, kind: Kind, by: str, text: str | None) -> tuple[Entry, ...]:
    return (*case.log, Entry(sequence=sequence, at=now, kind=kind, by=by, text=text))[-LOG_LENGTH:]
