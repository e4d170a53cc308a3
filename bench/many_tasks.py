"""A case of ten thousand tasks: laid as many at a time as one act takes, over HTTP, then looked at, acted on,
and all of it past its limits.
"""

import time
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from uuid import uuid4

import httpx2
import msgspec

from bench.rig import rig
from shared.case_parts import parted_decision, stow
from shared.facts import Actor, CaseAct, TaskForm
from shared.facts.report import MOST_TASKS
from shared.ids import UnitId
from shared.vocabulary import Kind, Role
from tests.escalator.builders import Story

MANY = 10_000
LOOKS = 5
CLOCKS = 12
TERM = timedelta(days=7)


async def run() -> dict[str, str]:
    async with rig() as installation:
        lab, services = installation.lab, installation.services
        units = [unit.id for unit in installation.directory.units]
        office = lab.bearer(Role.SUPERVISOR, unit="emergency_office")
        async with httpx2.AsyncClient(base_url=services["intake"].url, timeout=120) as http:

            async def post(
                path: str, form: dict[str, Any], headers: dict[str, str]
            ) -> tuple[float, dict[str, Any]]:
                started = time.perf_counter()
                answer = await http.post(
                    path, json=form, headers={**headers, "Idempotency-Key": str(uuid4())}
                )
                assert answer.status_code in (200, 201, 202), answer.text[:500]
                return time.perf_counter() - started, answer.json()

            async def look(path: str, headers: dict[str, str]) -> tuple[float, int]:
                taken: list[float] = []
                size = 0
                for _ in range(LOOKS):
                    started = time.perf_counter()
                    answer = await http.get(path, headers=headers)
                    taken.append(time.perf_counter() - started)
                    assert answer.status_code == 200, answer.text[:500]
                    size = len(answer.content)
                return median(taken), size

            before = installation.memory()
            now = datetime.now(UTC).isoformat()
            report = {
                "kind": "campaign",
                "unit": "emergency_office",
                "area": "620600",
                "occurred_at": now,
                "learned_at": now,
                "summary": "矛盾纠纷和安全隐患大排查",
            }
            _, reported = await post("/api/v1/reports", report, office)
            case = reported["case"]
            assigned: list[float] = []
            for start in range(0, MANY, MOST_TASKS):
                tasks = [
                    {
                        "title": f"第{start + number + 1}项：排查整改并报送结果",
                        "unit": units[number % len(units)],
                        "within": "P7D",
                    }
                    for number in range(MOST_TASKS)
                ]
                took, acted = await post(f"/api/v1/cases/{case}/assign", {"tasks": tasks}, office)
                assert acted["outcome"] in ("applied", "recorded"), acted["outcome"]
                assigned.append(took)
            theirs = lab.bearer(Role.DUTY_OFFICER, unit=units[5])
            accepted, acted = await post(f"/api/v1/cases/{case}/accept", {"task": "t6"}, theirs)
            assert acted["outcome"] == "applied", acted
            figures = {
                f"{MOST_TASKS} more tasks laid on a case, first and last, over HTTP to the decision": _ms(
                    assigned[0], assigned[-1]
                ),
                "one of ten thousand accepted, over HTTP to the decision": _ms(accepted),
            }
            for name, path, headers in (
                ("the case over HTTP", f"/api/v1/cases/{case}", office),
                ("the desk's page of the case, supervisor", f"/cases/{case}", office),
                ("the same, duty officer of one unit", f"/cases/{case}", theirs),
                ("the desk's first page", "/", office),
                ("the page of all tasks", "/tasks", office),
                ("the list of tasks over HTTP", "/api/v1/tasks?limit=1000", office),
                ("the list of cases over HTTP", "/api/v1/cases", office),
            ):
                took, size = await look(path, headers)
                figures[name] = f"{_ms(took)}, {size / 1000:.0f} kB"
            for name, (_, pss) in installation.memory().items():
                figures[f"memory of the {name}, before and after"] = f"{before[name][1]:.0f} → {pss:.0f} MB"
            return figures | _past_its_limits()


def _past_its_limits() -> dict[str, str]:
    """All of them due at one moment, and nobody does anything: the processor's time of each clock, and what
    it writes.
    """
    story = Story(tells=False)
    story.reported(kind="campaign", category=None, level=None, unit="emergency_office", area="620600")
    units = [unit.id for unit in story.rules.directory.units]
    by = Actor(principal="office", role=Role.SUPERVISOR, unit=UnitId("emergency_office"))
    for start in range(0, MANY, MOST_TASKS):
        tasks = tuple(
            TaskForm(
                title=f"第{start + number + 1}项：排查整改并报送结果",
                unit=UnitId(units[number % len(units)]),
                within=TERM,
            )
            for number in range(MOST_TASKS)
        )
        story.happens(Kind.ASSIGNED, CaseAct(by=by, tasks=tasks), 1)
    runs = stow(story.now).runs
    deciding, stowing, written, facts, largest = list[float](), list[float](), list[int](), list[int](), 0
    while story.now.clock_at is not None and len(deciding) < CLOCKS:
        started = time.process_time()
        story.clock_strikes()
        deciding.append((time.process_time() - started) / 2)  # a story decides each fact twice
        started = time.process_time()
        stowed = stow(story.now, runs)
        stowing.append(time.process_time() - started)
        runs = stowed.runs
        parts = [len(msgspec.json.encode(part)) for part in parted_decision(story.decisions[-1])]
        written.append(len(stowed.raw) + sum(map(len, stowed.parts.values())))
        facts.append(len(parts))
        largest = max(largest, *parts)
    return {
        "all of them at their limits: the slowest clock decided, put into bytes (CPU)": f"{_ms(max(deciding))}, {_ms(max(stowing))}",
        "written of the case then, facts of the decision, the largest": (
            f"{max(written) / 1e6:.0f} MB, {max(facts)}, {largest / 1000:.0f} kB"
        ),
    }


def _ms(*seconds: float) -> str:
    return " → ".join(f"{one * 1000:.0f} ms" for one in seconds)
