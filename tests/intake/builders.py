"""Valid things in one call, and the escalator's part where a test needs a decision and no escalator runs."""

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from shared.case import Applied, Case, Duty, DutyState, DutyTerms, Matter, Task, write_case
from shared.facts import About, Decision, Effect, EffectKind, Fact, FactError, Name, PolicyLine, rfc3339
from shared.ids import AreaCode, CaseId, DutyId, PersonId, PostId, TaskId, UnitId
from shared.vocabulary import Category, Level, ReportKind
from tests.lab import Lab

RULE = PolicyLine(path="half_hour.within", line=12)


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


PLAN = DutyTerms(
    rule="first_report",
    title=Name(zh="初报", en="first report"),
    limit=RULE,
    by_recipient=True,
    discharged_by=("acknowledged",),
)


def duty(owed_to: str, due_at: datetime, state: DutyState = DutyState.OPEN, **changes: Any) -> Duty:
    one = Duty(
        id=DutyId(f"first_report-{owed_to}"),
        rule="first_report",
        act="first_report",
        owed_by=UnitId("county_info"),
        owed_to=PersonId(owed_to),
        posts=(PostId("party_main"),),
        bearer=PersonId(owed_to),
        bearer_post=PostId("party_main"),
        starts_at=due_at - timedelta(minutes=30),
        opened_at=due_at - timedelta(minutes=20),
        due_at=due_at,
        state=state,
    )
    return replace(one, **changes)


def task(number: int = 1, **changes: Any) -> Task:
    one = Task(
        id=TaskId(f"t{number}"),
        title="排查管网",
        unit=UnitId("heating"),
        assigner=UnitId("city"),
        assigned_at=ago(hours=1),
        due_at=ago(hours=-2),
    )
    return replace(one, **changes)


def matter(**changes: Any) -> Matter:
    at = ago()
    fields: dict[str, Any] = {
        "kind": ReportKind.INCIDENT,
        "category": Category.ACCIDENT,
        "level": Level.II,
        "unit": UnitId("county_info"),
        "area": AreaCode("620622"),
        "occurred_at": at - timedelta(minutes=20),
        "learned_at": at - timedelta(minutes=10),
        "received_at": at,
        "summary": "望山县一煤矿透水，3人被困",
        "reported_by": "test",
    }
    return Matter(**{**fields, **changes})


def case(
    case_id: str, *, sequence: int = 1, effects: tuple[Effect, ...] = (), due_in: float = 20, **changes: Any
) -> Case:
    """The case as the escalator would leave it after the fact at `sequence`."""
    at = ago()
    report = matter(**changes.pop("report", {}))
    about = About(id="x", kind="reported", sequence=sequence, time=at)
    whole: dict[str, Any] = {
        "id": CaseId(case_id),
        "report": report,
        "report_sequence": sequence,
        "opened_at": at,
        "starts_at": report.learned_at,
        "level": report.level,
        "holder": report.unit,
        "policy": "test",
        "plans": {PLAN.rule: PLAN},
        "duties": (
            duty("leader_a", at + timedelta(minutes=due_in)),
            duty("officer", at + timedelta(minutes=due_in)),
        ),
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
        await client.jetstream().publish(f"$KV.CASES.{one.id}", write_case(one))


async def facts_of(lab: Lab, case_id: str, kind: str = "*") -> list[Fact]:
    """Every fact of a case on record, in order; what is no fact belongs to none."""
    found: list[Fact] = []
    async with lab.connection("admin") as client:
        js = client.jetstream()
        last = (await js.stream_info("FACTS")).state.last_seq
        for sequence in range(1, last + 1):
            raw = await js.get_msg("FACTS", sequence)
            try:
                fact = Fact.read(raw.data or b"")
            except FactError:
                continue
            if fact.subject == case_id and kind in ("*", fact.kind):
                found.append(fact)
    return found
