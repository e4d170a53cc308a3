"""Signs of life of the sources: a source that falls silent is itself an incident, and its standing case knows
by these.

Invariant: whatever a source sends counts; of one that is watched at most one `heard` is stored in each
quarter of the time it may be silent, by whichever intake (the fact's id names the quarter); of one that
nobody watches, none.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from services.intake.recording.record import FactRecord
from shared.directory import Source
from shared.facts import Fact, Heard
from shared.logs import about_case
from shared.standing import standing_case
from shared.subjects import fact_subject
from shared.vocabulary import Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHARE = 4
"""A sign of life that is lost, or comes late, must not yet look like silence."""


class Heartbeats:
    def __init__(self, record: FactRecord, clock: Callable[[], datetime]) -> None:
        self._record, self._clock = record, clock
        self._last: dict[str, int] = {}

    async def hear(self, source: Source, at: datetime) -> bool:
        """The source spoke at `at`. True where that was worth a fact. Raises Unreachable."""
        every = interval(source)
        if every is None:
            return False
        quarter = (at - EPOCH) // every
        if self._last.get(source.id, -1) >= quarter:
            return False
        case = standing_case("source", source.id)
        identity = f"heard:{source.id}:{int(every.total_seconds())}:{quarter}"
        heartbeat = Heard(source=source.id, at=at)
        fact = Fact.of(
            Kind.HEARD,
            id=identity,
            source=f"/sources/{source.id}",
            subject=case,
            time=self._clock(),
            data=heartbeat,
        )
        stored = await self._record.append(fact_subject(case, Kind.HEARD), fact.write(), identity)
        self._last[source.id] = quarter
        with about_case(case):
            log.info("heard", source=source.id, sequence=stored.sequence, repeated=stored.repeated)
        return not stored.repeated


def interval(source: Source) -> timedelta | None:
    """How often a sign of life of it is worth a fact; None: nobody watches whether it speaks."""
    if source.silent_after is None:
        return None
    return max(source.silent_after / SHARE, timedelta(seconds=1))
