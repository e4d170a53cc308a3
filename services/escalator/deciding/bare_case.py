"""Where a report can't be decided on at all, its case opens with nothing but the duty desk's call.

Invariant: every accepted report has a case that rings somebody, goes on along a chain and takes acts,
whatever a fault of ours makes of the rest. It is made of the fact alone: a report's words are cut, and what
may have been at fault is left away. Pure, so that a case that is made again from the record comes out the
same.
"""

from datetime import UTC, datetime

from services.escalator.deciding.decide import decide
from services.escalator.deciding.desk_call import call_the_desk
from services.escalator.deciding.draft import Draft, Rules
from services.escalator.deciding.leaving_out import failed
from services.escalator.deciding.new_case import begun
from services.escalator.deciding.report_reading import TEXT_LIMIT, read_report
from services.escalator.deciding.settling import settle
from shared.case import Case, HolderTerm, Matter
from shared.facts import Decision, EffectKind, Fact, Reason, Report
from shared.ids import CaseId
from shared.territory import MAY_OPEN
from shared.vocabulary import Kind, ReportKind


def decide_somehow(
    case: Case | None, fact: Fact, sequence: int, now: datetime, rules: Rules
) -> tuple[Case, Decision]:
    """`decide`, and of a report that it can't decide on a case with the desk's call. Raises for any other
    fact what `decide` raises.
    """
    try:
        return decide(case, fact, sequence, now, rules)
    except Exception as error:
        if case is not None or fact.kind != Kind.REPORTED:
            raise
        return bare_case(fact, sequence, now, rules, error)


def bare_case(
    fact: Fact, sequence: int, now: datetime, rules: Rules, error: Exception
) -> tuple[Case, Decision]:
    case_id = CaseId(fact.subject or "")
    empty, applied = begun(case_id, fact, sequence, now, rules)
    matter = _matter(read_report(fact, now)[0], now)
    case = Case(
        id=case_id,
        report=matter,
        report_sequence=sequence,
        opened_at=now,
        starts_at=now,
        level=matter.level,
        sensitive=matter.sensitive,
        holder=matter.unit,
        held=(HolderTerm(unit=matter.unit, since=now),),
        policy=rules.policy.label,
        applied=applied,
        decision=empty,
    )
    draft = Draft(case, sequence, now, rules, careful=True)
    draft.note(EffectKind.LEFT_OUT, Reason.REPORT_NOT_WORKED_OUT, note=failed(fact.kind, error))
    call_the_desk(draft)
    return settle(draft, fact)


def _matter(report: Report, now: datetime) -> Matter:
    """What somebody who sees to it by hand must know. A kind of case that nobody opens is none that is
    reported.
    """
    return Matter(
        kind=report.kind if report.kind in MAY_OPEN else ReportKind.INCIDENT,
        category=report.category,
        level=report.level,
        sensitive=report.sensitive,
        unit=report.unit,
        area=report.area,
        occurred_at=report.occurred_at.astimezone(UTC),
        learned_at=report.learned_at.astimezone(UTC),
        received_at=now,
        summary=report.summary[:TEXT_LIMIT],
        exercise=report.exercise,
        reported_by=report.reported_by,
        person=report.person,
    )
