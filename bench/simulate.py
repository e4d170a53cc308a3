"""Ten years of a city's matters, ten a day, played under the default policy on the virtual clock: decisions,
clocks and all.

The mix of an ordinary city (six in ten are citizens' complaints, one in ten is an incident, mostly of the
lowest level) and one of incidents alone, a thousand of them, for the cost of the worst case.
"""

import random
import resource
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from fenghuo.side_by_side import simulate_at_once
from services.escalator.playing.outcome import Stored, play
from services.escalator.policy.load import load_policy, parse_policy
from shared.directory import Directory, load_directory
from shared.facts import Acknowledgement, Actor, CaseAct, Fact, Report, Via
from shared.ids import CaseId, PersonId, PostId, UnitId, case_id_for
from shared.vocabulary import Category, Document, Kind, Level, ReportKind, Role

CONFIG = Path(__file__).resolve().parents[1] / "config"
SINCE = datetime(2016, 1, 1, tzinfo=UTC)
YEARS, A_DAY, SEED = 10, 10, 20260101
BY = Actor(principal="officer", role=Role.DUTY_OFFICER)
MIX = (
    (ReportKind.COMPLAINT, 60),
    (ReportKind.PETITION, 10),
    (ReportKind.HAZARD, 5),
    (ReportKind.DISPUTE, 5),
    (ReportKind.OPINION, 10),
    (ReportKind.INCIDENT, 10),
)
LEVELS = ((Level.I, 1), (Level.II, 4), (Level.III, 15), (Level.IV, 80))
OWED = ("party_main", "gov_main", "party_in_charge", "gov_in_charge", "emergency_office")

Act = tuple[Kind, float, dict[str, Any]]
"""What, how many minutes after the report, with what."""
COURSES: dict[ReportKind, tuple[Act, ...]] = {
    ReportKind.COMPLAINT: (
        (Kind.PROGRESSED, 600, {}),
        (Kind.FILED, 4000, {"document": Document.FEEDBACK}),
        (Kind.CLOSED, 5000, {}),
    ),
    ReportKind.PETITION: (
        (Kind.PROGRESSED, 9000, {}),
        (Kind.FILED, 50_000, {"document": Document.SETTLEMENT}),
        (Kind.CLOSED, 60_000, {}),
    ),
    ReportKind.HAZARD: ((Kind.PROGRESSED, 2000, {}), (Kind.RESOLVED, 6000, {}), (Kind.CLOSED, 8000, {})),
    ReportKind.DISPUTE: (
        (Kind.PROGRESSED, 2000, {}),
        (Kind.FILED, 8000, {"document": Document.SETTLEMENT}),
        (Kind.CLOSED, 9000, {}),
    ),
    ReportKind.OPINION: (
        (Kind.FILED, 90, {"document": Document.VERIFICATION_REPORT}),
        (Kind.FILED, 900, {"document": Document.FEEDBACK}),
        (Kind.CLOSED, 2000, {}),
    ),
    ReportKind.INCIDENT: (
        (Kind.PROGRESSED, 20, {}),
        (Kind.FILED, 50, {"document": Document.WRITTEN_REPORT}),
        (Kind.FOLLOWED_UP, 100, {}),
        (Kind.FILED, 180, {"document": Document.PLAN}),
        (Kind.FOLLOWED_UP, 300, {}),
        (Kind.RESOLVED, 600, {}),
        (Kind.FILED, 1500, {"document": Document.FINAL_REPORT}),
        (Kind.FILED, 30_000, {"document": Document.REVIEW}),
        (Kind.CLOSED, 31_000, {}),
    ),
}


def history(cases: int, directory: Directory, mix: tuple[tuple[ReportKind, int], ...] = MIX) -> list[Stored]:
    """Seeded: the same facts at each run."""
    rng = random.Random(SEED)
    kinds, weights = zip(*mix, strict=True)
    units = [unit.id for unit in directory.units]
    facts: list[Stored] = []
    for number in range(cases):
        at = SINCE + timedelta(days=rng.random() * cases / A_DAY)
        facts += _case(
            case_id_for(f"bench-{number}", at),
            rng.choices(kinds, weights)[0],
            at,
            rng.choice(units),
            directory,
            rng,
        )
    facts.sort(key=lambda one: one[1])
    return facts


def _case(
    case: CaseId, kind: ReportKind, at: datetime, unit: str, directory: Directory, rng: random.Random
) -> Iterator[Stored]:
    def fact(name: Kind, when: datetime, data: Any) -> Stored:
        said = Fact.of(
            name,
            id=f"{case}-{when.timestamp()}",
            source="/services/intake",
            subject=case,
            time=when,
            data=data,
        )
        return said, when

    level = (
        rng.choices([level for level, _ in LEVELS], [weight for _, weight in LEVELS])[0]
        if kind is ReportKind.INCIDENT
        else None
    )
    report = {
        "kind": kind, "category": rng.choice(list(Category)), "level": level,
        "unit": unit, "area": directory.units_by_id[UnitId(unit)].area, "occurred_at": at - timedelta(minutes=5), "learned_at": at,
        "summary": "望烽市某处", "received_at": at, "reported_by": "officer", "topic": "normal" if kind is ReportKind.COMPLAINT else None,
    }  # fmt: skip
    yield fact(Kind.REPORTED, at, Report.model_validate(report))
    if kind in (ReportKind.INCIDENT, ReportKind.OPINION):
        for post in OWED:
            when = at + timedelta(minutes=rng.expovariate(1 / 6))
            person = PersonId(directory.holder_of(PostId(post), when).id)
            yield fact(Kind.ACKNOWLEDGED, when, Acknowledgement(person=person, via=Via.LINK, by=BY))
    for name, minutes, more in COURSES[kind]:
        yield fact(
            name, at + timedelta(minutes=minutes * rng.uniform(0.5, 1.5)), CaseAct(by=BY, text="…", **more)
        )


async def run() -> dict[str, Any]:
    policy, directory = load_policy(CONFIG / "policy.yaml"), load_directory(CONFIG / "directory.yaml")
    results: dict[str, Any] = {}
    for name, facts in (
        (f"{YEARS} years", history(YEARS * 3650, directory)),
        ("1,000 incidents", history(1_000, directory, ((ReportKind.INCIDENT, 1),))),
    ):
        started = perf_counter()
        outcome = play(facts, [(SINCE, policy)], directory)
        took = perf_counter() - started
        results |= {
            f"{name}: seconds": f"{took:.1f}",
            f"{name}: cases, acts, decisions": f"{len(outcome.cases)}, {outcome.facts}, {outcome.decisions}",
            f"{name}: duties, lapses, notices": f"{outcome.duties}, {outcome.lapses}, {outcome.notices}",
            f"{name}: decisions/s": f"{outcome.decisions / took:,.0f}",
            f"{name}: ms a case": f"{took * 1000 / len(outcome.cases):.2f}",
        }
    facts = history(YEARS * 3650, directory)
    other = parse_policy(policy.text.replace("IV: { report: PT2H", "IV: { report: PT1H"))
    started = perf_counter()
    found = simulate_at_once(facts, other, directory, [(SINCE, policy)])
    results[f"{YEARS} years against another policy, both sides at once"] = f"{perf_counter() - started:.1f} s"
    results["of these cases would have gone differently"] = found.cases_changed
    results["memory of the process"] = f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB"
    return results
