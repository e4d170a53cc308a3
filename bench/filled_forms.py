"""What a form adds to a report at intake's door, with the form `outage` and without, in turns: until the answer with
its duties, in CPU of intake, and in CPU of all that take part (intake, escalator, broker). Goal: less than 5 %.
"""

import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import orjson
import psutil

from bench.rig import UNPACED
from services.notifier.posting import Poster
from shared.vocabulary import Role
from tests.lab import Lab

ROUNDS, EACH, WARM_UP = 20, 100, 200
UNIT = "wangshan_info_centre"
FORM = {
    "id": "outage",
    "fields": {
        "firm": "heating_company",
        "service": "heating",
        "area": "620602",
        "households": 3200,
        "since": "2026-11-23T10:00:00+08:00",
        "approved": True,
        "approval": "望建〔2026〕3号",
        "cause": "一次网主管爆裂，正在抢修",
    },
}
"""Approved: one that is not lays duties of its own."""


class Turns:
    """All rounds of one sort."""

    def __init__(self) -> None:
        self.answered: list[float] = []
        self.cpu: dict[str, float] = {}

    def add(self, answered: list[float], cpu: Mapping[str, float]) -> None:
        self.answered += answered
        self.cpu = {name: self.cpu.get(name, 0.0) + spent for name, spent in cpu.items()}

    def each(self, *names: str) -> float:
        """CPU a report, in µs."""
        return sum(self.cpu[name] for name in names) / len(self.answered) * 1e6


async def run() -> dict[str, str]:
    with tempfile.TemporaryDirectory(prefix="fenghuo-bench-") as folder:
        lab = Lab(Path(folder), forged=False)
        try:
            await lab.start(mongo=False)
            services = [
                await lab.start_service(name, command=None, wait=True, **UNPACED)
                for name in ("escalator", "intake")
            ]
            poster = Poster(f"{services[1].url}/api/v1/reports", at_once=1, private=True)
            headers = lab.bearer(Role.REPORTER, subject="bench", unit=UNIT)
            assert lab.nats
            processes = {one.name: psutil.Process(one.process.pid) for one in services}
            processes["broker"] = psutil.Process(lab.nats.pid)
            without, with_form = Turns(), Turns()
            await _round(poster, headers, processes, Turns(), WARM_UP, FORM)
            for number in range(ROUNDS):
                # In turns, and not always the same first: the host is never the same for long.
                turns = ((without, None), (with_form, FORM))
                for figures, form in turns if number % 2 else reversed(turns):
                    await _round(poster, headers, processes, figures, EACH, form)
            await poster.close()
        finally:
            lab.close()

    def said(one: float, other: float, unit: str) -> str:
        return f"{one:,.0f} {unit}, with the form {other:,.0f} {unit}: {other / one - 1:+.1%}"

    every = ("intake", "escalator", "broker")
    return {
        "answered after (p50)": said(median(without.answered) * 1e6, median(with_form.answered) * 1e6, "µs"),
        "CPU of intake a report": said(without.each("intake"), with_form.each("intake"), "µs"),
        "CPU of intake, escalator and broker": said(without.each(*every), with_form.each(*every), "µs"),
    }


async def _round(
    poster: Poster,
    headers: dict[str, str],
    processes: Mapping[str, psutil.Process],
    figures: Turns,
    count: int,
    form: dict[str, Any] | None,
) -> None:
    before, answered = _spent(processes), list[float]()
    for _ in range(count):
        at = time.perf_counter()
        answer = await poster.post(orjson.dumps(_report(form)), headers, timeout=60)
        assert answer.status == 201, answer.body
        answered.append(time.perf_counter() - at)
    after = _spent(processes)
    figures.add(answered, {name: after[name] - before[name] for name in processes})


def _spent(processes: Mapping[str, psutil.Process]) -> dict[str, float]:
    return {name: sum(process.cpu_times()[:2]) for name, process in processes.items()}


def _report(form: dict[str, Any] | None) -> dict[str, Any]:
    at = datetime.now(UTC).isoformat()
    report: dict[str, Any] = {
        "kind": "incident",
        "category": "accident",
        "level": "II",
        "unit": UNIT,
        "area": "620602",
        "topic": "heating",
        "summary": "压测：热力主管停暖 heat is off (bench)",
        "occurred_at": at,
        "learned_at": at,
    }
    return report if form is None else {**report, "form": form}
