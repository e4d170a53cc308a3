"""Somebody whose requests are refused on and on leaves a fact: the record shows who tried what, after the log
has gone.

Invariant: one fact for each principal and hour, however many requests; the door never waits for it.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

import structlog

from services.intake.recording.record import FactRecord, Unreachable, id_of
from shared.broker.forever import until_done
from shared.facts import Fact, Rejection
from shared.subjects import fact_subject
from shared.vocabulary import Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

WAITING = 100
"""Facts not stored yet; while the broker is away so long, further ones are in the log alone."""
_DOOR = "door"
_NOTHING = hashlib.sha256(b"").hexdigest()


class RefusedOften:
    def __init__(self, record: FactRecord, clock: Callable[[], datetime]) -> None:
        self._record, self._clock = record, clock
        self._waiting: asyncio.Queue[Fact] = asyncio.Queue(WAITING)

    def note(self, principal: str, since: datetime, counts: Mapping[tuple[str, int], int]) -> None:
        """What the door tells: (route, status) → how often, since then."""
        try:
            self._waiting.put_nowait(refused_often(principal, since, counts, self._clock()))
        except asyncio.QueueFull:
            log.error("refusals_not_on_record", who=principal, since=since.isoformat())

    async def run(self) -> None:
        while True:
            fact = await self._waiting.get()
            append = partial(self._record.append, fact_subject(_DOOR, Kind.REJECTED), fact.write(), fact.id)
            await until_done(append, "refusals_wait", trouble=(Unreachable,))


def refused_often(
    principal: str, since: datetime, counts: Mapping[tuple[str, int], int], now: datetime
) -> Fact:
    """The fact; the same for the same principal and beginning."""
    rejection = Rejection(
        subject="http",
        reason=f"{sum(counts.values())} requests of {principal} were refused within an hour",
        errors=tuple(
            (route, f"{status}, {times} times") for (route, status), times in sorted(counts.items())
        ),
        headers={"principal": principal},
        body="",
        digest=_NOTHING,
    )
    identity = id_of("refused", principal, since.isoformat())
    return Fact.of(
        Kind.REJECTED, id=identity, source="/services/intake", subject=None, time=now, data=rejection
    )
