"""Valid things in one call, and the escalator's part where a test needs a decision and no escalator runs."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.case import Applied, Case, CaseStatus, Duty, DutyState, Plan
from shared.facts import About, Decision, Effect, EffectKind, Fact, Report, Rule, rfc3339
from shared.ids import CaseId, DutyId, PersonId, PostId, UnitId
from tests.lab import Lab

RULE = Rule(path="half_hour.within", line=12)


def ago(**since: float) -> datetime:
    return datetime.now(UTC) - timedelta(**since)


def form(**changes: Any) -> dict[str, Any]:
    """A report as a unit sends it; a change to None leaves the field out."""
    fields: dict[str, Any] = {
        "category": "accident",
        "level": "II",
        "unit": "county_info",
        "area": "620622",
        "occurred_at": rfc3339(ago(minutes=20)),
        "learned_at": rfc3339(ago(minutes=10)),
        "summary": "望山县一煤矿透水，3人被困",
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def duty(owed_to: str, due_at: datetime, state: DutyState = DutyState.OPEN) -> Duty:
    return Duty(
        id=DutyId(f"report-{owed_to}"),
        act="report",
        owed_by=UnitId("county_info"),
        owed_to=PersonId(owed_to),
        posts=(PostId("party_main"),),
        starts_at=due_at - timedelta(minutes=30),
        opened_at=due_at - timedelta(minutes=20),
        due_at=due_at,
        state=state,
        plan=Plan(limit=RULE),
    )


def case(case_id: str, *, sequence: int = 1, effects: tuple[Effect, ...] = (), due_in: float = 20, **changes: Any) -> Case:
    """The case as the escalator would leave it after the fact at `sequence`."""
    at = ago(minutes=0)
    report = Report.model_validate({**form(), "received_at": at, "reported_by": "test", **changes.pop("report", {})})
    about = About(id="x", kind="reported", sequence=sequence, time=at)
    whole: dict[str, Any] = {
        "id": CaseId(case_id),
        "status": CaseStatus.OPEN,
        "report": report,
        "report_sequence": sequence,
        "opened_at": at,
        "holder": report.unit,
        "policy": "test",
        "duties": (duty("leader_a", at + timedelta(minutes=due_in)), duty("officer", at + timedelta(minutes=due_in))),
        "applied": Applied(id="x", sequence=sequence, at=at),
        "decision": Decision(case=CaseId(case_id), about=about, policy="test", effects=effects),
        **changes,
    }
    return Case(**whole)


def refusal(why: str) -> Effect:
    return Effect(kind=EffectKind.REFUSED, why=why)


async def post_case(lab: Lab, one: Case) -> None:
    """Write a case into KV CASES as the escalator does."""
    async with lab.connection("escalator") as client:
        await client.jetstream().publish(f"$KV.CASES.{one.id}", one.model_dump_json(exclude_none=True).encode())


async def facts_of(lab: Lab, case_id: str, kind: str = "*") -> list[Fact]:
    """Every fact of a case on record, in order."""
    found: list[Fact] = []
    async with lab.connection("admin") as client:
        js = client.jetstream()
        last = (await js.stream_info("FACTS")).state.last_seq
        for sequence in range(1, last + 1):
            raw = await js.get_msg("FACTS", sequence)
            fact = Fact.read(raw.data or b"")
            if fact.subject == case_id and kind in ("*", fact.kind):
                found.append(fact)
    return found
