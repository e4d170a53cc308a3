"""A suspected omission 疑似漏报 begins and ends: what an outside source knew, and no unit has told of.

Invariant: it is raised only after the witness was matched with what is on record; the unit hears at once what is
said, and by whom; one that is disproved is withdrawn on record and leaves no lapse behind. Only a person's
judgement makes a lapse of it.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from services.escalator.deciding.briefing import unit_name
from services.escalator.deciding.draft import Draft
from services.escalator.deciding.excuses import weigh_for
from services.escalator.deciding.parties import bearer_of, head_of
from services.escalator.deciding.referral import take_back
from shared.case import Duty, Suspicion
from shared.directory import Person
from shared.facts import (
    EffectKind,
    Excuse,
    LapseCause,
    Name,
    Purpose,
    Reason,
    SuspicionNews,
    SuspicionState,
)
from shared.ids import CaseId, PostId

LOOKED_AGAIN = timedelta(seconds=5)
"""So long, or as long again as it has taken already, a limit waits for the matching to come so far."""


def is_checked(draft: Draft, duty: Duty) -> bool:
    """Whether the limit of this duty raises a suspicion, where another's would lapse."""
    return draft.plan_of(duty).cause is LapseCause.OMITTED and draft.case.suspicion is not None


def suspect(draft: Draft, duty: Duty) -> bool:
    """The limit of the cross-check has passed and no unit has reported. False: not yet, it is still being
    matched.
    """
    if draft.rules.is_match_awaited:
        wait = max(LOOKED_AGAIN, draft.now - duty.due_at)
        draft.put(duty, held_until=draft.now + wait)
        draft.on(duty, EffectKind.NOTED, Reason.STILL_BEING_MATCHED, due_at=duty.due_at)
        return False
    suspicion = draft.case.suspicion
    if suspicion is not None and suspicion.suspected_at is None:
        excuses, outage = weigh_for(draft, duty, LapseCause.OMITTED)
        suspicion = replace(suspicion, suspected_at=draft.now, excuses=excuses, outage=outage)
        draft.change(suspicion=suspicion)
        draft.on(
            duty,
            EffectKind.SUSPECTED,
            Reason.NO_UNIT_HAS_REPORTED,
            excuses=excuses,
            outage=outage,
            ground=suspicion.why,
        )
        draft.happened("suspected")
        tell_the_unit(draft, duty, suspicion, SuspicionState.RAISED)
    return True


def withdraw(draft: Draft, duty: Duty, report: CaseId) -> None:
    """A report that was in time has been found: the suspicion is withdrawn, and the unit hears of it."""
    suspicion = draft.case.suspicion
    if suspicion is None or not suspicion.is_to_judge:
        return
    suspicion = replace(suspicion, withdrawn_at=draft.now)
    draft.change(suspicion=suspicion)
    draft.note(EffectKind.SUSPECTED, Reason.SUSPICION_WITHDRAWN, unit=suspicion.unit, case=report)
    draft.happened("suspicion_withdrawn")
    tell_the_unit(draft, duty, suspicion, SuspicionState.WITHDRAWN)


def clear(draft: Draft, duty: Duty, report: CaseId) -> Duty:
    """A person had confirmed the omission, and a report that was in time has turned up: nothing is left against the
    unit, neither on its ledger nor in a case. What was written stays written.
    """
    suspicion, lapse = draft.case.suspicion, duty.lapse
    if suspicion is None or suspicion.withdrawn_at is not None or lapse is None:
        return duty
    suspicion = replace(suspicion, withdrawn_at=draft.now)
    draft.change(suspicion=suspicion)
    duty = draft.put(duty, lapse=replace(lapse, found=report))
    draft.on(
        duty,
        EffectKind.SUSPECTED,
        Reason.SUSPICION_WITHDRAWN,
        unit=suspicion.unit,
        case=report,
        excuses=(Excuse.REPORT_FOUND,),
    )
    draft.happened("suspicion_withdrawn")
    tell_the_unit(draft, duty, suspicion, SuspicionState.WITHDRAWN)
    take_back(draft, duty, report)
    return duty


def tell_the_unit(
    draft: Draft, duty: Duty, suspicion: Suspicion, state: SuspicionState, why: str | None = None
) -> None:
    """Its head, and its duty post where it has one."""
    news = SuspicionNews(
        state=state,
        unit=unit_name(draft.directory, suspicion.unit),
        witness=_witness(draft, suspicion),
        told_at=draft.case.opened_at,
        limit=duty.due_at,
        judge_by=_judge_by(draft) if state is SuspicionState.RAISED else None,
        why=why,
    )
    for person, post in _people_of(draft, duty, suspicion):
        draft.call(person, post, Purpose.INFORM, Reason(f"suspicion_{state}"), duty, suspicion=news)


def _judge_by(draft: Draft) -> datetime | None:
    rule = draft.policy.document.cross_check
    term = rule.judged_within if rule is not None else None
    return term.after(draft.now, draft.policy.calendar) if term is not None else None


def _witness(draft: Draft, suspicion: Suspicion) -> Name:
    """The system, or the unit of whoever told of it: that may be in the name of the unit that is suspected."""
    directory, report = draft.directory, draft.case.report
    source = directory.sources_by_id.get(suspicion.source) if suspicion.source is not None else None
    if source is not None:
        return source.name
    person = directory.people_by_id.get(report.person) if report.person is not None else None
    return unit_name(directory, person.unit if person is not None else report.unit)


def _people_of(draft: Draft, duty: Duty, suspicion: Suspicion) -> list[tuple[Person, PostId]]:
    directory = draft.directory
    people = [head_of(draft, suspicion.unit) or bearer_of(draft, duty)]
    unit = directory.units_by_id.get(suspicion.unit)
    if unit is not None and unit.duty_post is not None and unit.duty_post in directory.posts_by_id:
        people.append((directory.holder_of(unit.duty_post, draft.now), unit.duty_post))
    return people
