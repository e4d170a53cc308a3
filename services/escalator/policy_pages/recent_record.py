"""What the record of the last weeks holds of meetings, and of cases that another policy may be tried on.

Invariant: what is read is bounded, and pauses on the way: whoever tries a policy holds up nobody who decides
by one.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta

from nats.aio.client import Client

from services.escalator.playing.outcome import Stored, is_replayed
from services.escalator.policy_store.resolutions import MEETING
from shared.broker.walk import walk
from shared.facts import Fact, FactError
from shared.facts.authenticity import distrust
from shared.facts.body import FactBody
from shared.ids import CaseId
from shared.streams import FACTS
from shared.vocabulary import Kind, ReportKind

MOST_READ = 60_000
"""The latest facts of the stream that are looked at."""
PART = 250
"""Messages read between two pauses."""
MEETINGS_SINCE = timedelta(days=90)
MOST_MEETINGS = 30
BEGINS = frozenset({Kind.REPORTED, Kind.ESTABLISHED})


@dataclass(frozen=True)
class ReportedMeeting:
    case: CaseId
    name: str
    at: datetime


@dataclass(frozen=True)
class RecordedHistory:
    facts: Sequence[Stored]
    """In the order of the record."""
    cases: int
    left_out: int
    """Cases of that time that there was no room for: the older ones."""


class RecentRecord:
    def __init__(self, connection: Callable[[], Client], clock: Callable[[], datetime]) -> None:
        self._connection, self._clock = connection, clock

    async def meetings(self) -> list[ReportedMeeting]:
        """Those called lately, the newest first."""
        found: list[ReportedMeeting] = []
        async for fact, _ in self._facts(f"fact.*.{Kind.REPORTED}", self._clock() - MEETINGS_SINCE):
            if fact.data.get("kind") == ReportKind.TASK and fact.data.get("topic") == MEETING:
                found.append(_meeting(fact))
        return found[: -MOST_MEETINGS - 1 : -1]

    async def history(self, since: datetime, most: int) -> RecordedHistory:
        """What people and systems did in the cases that began since then; of too many facts those of the
        newest cases.
        """
        by_case: dict[str, list[int]] = {}
        facts: list[Stored] = []
        async for fact, at in self._facts("fact.*.*", since):
            case = fact.subject
            if case is None or not is_replayed(fact):
                continue
            if case not in by_case and fact.kind not in BEGINS:
                continue  # it began earlier
            by_case.setdefault(case, []).append(len(facts))
            facts.append((fact, at))
        taken: list[int] = []
        cases = 0
        for numbers in reversed(by_case.values()):
            if len(taken) + len(numbers) > most:
                break
            taken += numbers
            cases += 1
        return RecordedHistory([facts[number] for number in sorted(taken)], cases, len(by_case) - cases)

    async def _facts(self, subject: str, since: datetime) -> AsyncIterator[Stored]:
        """Authentic facts, in order."""
        done = 0
        async for stored in walk(self._connection, FACTS, subject, after=await self._before(subject, since)):
            done += 1
            if done % PART == 0:
                await asyncio.sleep(0)
            try:
                fact = Fact.read(stored.data)
            except FactError:
                continue
            if distrust(stored.subject, stored.headers, fact) is None:
                yield fact, stored.at

    async def _before(self, subject: str, since: datetime) -> int:
        """After which sequence to read on."""
        last = (await self._connection().jetstream(timeout=5).stream_info(FACTS)).state.last_seq
        async with aclosing(walk(self._connection, FACTS, subject, since=since, batch=1)) as stored:
            first = await anext(stored, None)
        return last if first is None else max(last - MOST_READ, first.sequence - 1)


def _meeting(fact: Fact) -> ReportedMeeting:
    data = FactBody(fact.data)
    fields = data.part("form").part("fields")
    name = fields.text("name") or data.text("summary") or ""
    return ReportedMeeting(CaseId(fact.subject or ""), name, fields.at("at") or fact.time)
