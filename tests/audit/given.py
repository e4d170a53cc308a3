"""Facts for the trail, as intake, escalator and notifier write them: valid in one call, showing only what
matters to a test.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from nats.aio.client import Client
from pydantic import BaseModel

from shared.broker.append import append
from shared.facts import (
    About,
    Acknowledgement,
    Actor,
    Decision,
    Effect,
    EffectKind,
    Fact,
    LapseCause,
    Report,
    Value,
    Via,
)
from shared.ids import AreaCode, CaseId, DutyId, PersonId, UnitId, case_id_at
from shared.subjects import fact_subject
from shared.vocabulary import Category, Kind, Level, ReportKind, Role

AT = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)
_counter = iter(range(10**9))


def new_case() -> CaseId:
    return case_id_at(datetime.now(UTC))


def reported(
    case: CaseId,
    *,
    unit: str = "water_office",
    summary: str = "Embankment leaking at the north sluice",
    **more: Any,
) -> Fact:
    report = Report(
        kind=ReportKind.INCIDENT,
        category=Category.ACCIDENT,
        level=Level.II,
        unit=UnitId(unit),
        area=AreaCode("620622"),
        occurred_at=AT,
        learned_at=AT,
        summary=summary,
        received_at=AT,
        reported_by="p_reporter",
        **more,
    )
    return _fact(Kind.REPORTED, case, "/services/intake", report)


def acknowledged(case: CaseId, person: str = "mayor") -> Fact:
    by = Actor(principal=person, role=Role.LEADER)
    return _fact(
        Kind.ACKNOWLEDGED,
        case,
        "/services/notifier",
        Acknowledgement(person=PersonId(person), via=Via.LINK, by=by),
    )


def lapsed(case: CaseId, *, duty: str = "report-gov_main", person: str = "mayor") -> Fact:
    effect = Effect(
        kind=EffectKind.LAPSED,
        why="limit_passed",
        duty=DutyId(duty),
        person=PersonId(person),
        due_at=AT + timedelta(minutes=30),
        cause=LapseCause.NOT_ACKNOWLEDGED,
    )
    return decided(case, effect)


def decided(case: CaseId, *effects: Effect) -> Fact:
    about = About(id="x", kind="due", sequence=1, time=AT)
    return _fact(
        Kind.DECIDED,
        case,
        "/services/escalator",
        Decision(case=case, about=about, policy="test", effects=effects),
    )


def _fact(kind: Kind, case: CaseId, source: str, data: BaseModel | Value) -> Fact:
    return Fact.of(kind, id=f"{case}:{next(_counter)}", source=source, subject=case, time=AT, data=data)


async def publish(connection: Client, *facts: Fact) -> int:
    """Returns the sequence of the last one."""
    last = 0
    for fact in facts:
        assert fact.subject
        last = (await append(connection, fact_subject(fact.subject, fact.kind), fact.write(), fact.id)).seq
    return last
