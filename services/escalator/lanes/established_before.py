"""Whether a watch is established for the first time, by what is on record.

Invariant: it says yes only where it has read that very fact, and none about the same case before it. The facts
that establish are read once a lane, each time from where the last reading ended: a city has thousands of
watches, and to go through all of a lane's record for each of two thousand took the lanes 47 seconds on a new
installation, and would take hours on one with a million facts.
"""

from collections.abc import Callable

from nats.aio.client import Client

from services.escalator.lanes.overdue import case_about
from shared.broker.walk import walk
from shared.ids import CaseId
from shared.streams import FACTS
from shared.subjects import fact_subject
from shared.vocabulary import Kind


class EstablishedBefore:
    def __init__(self, connection: Callable[[], Client]) -> None:
        self._connection = connection
        self._first: dict[str, int] = {}
        """Of each case the first fact on record that establishes it, authentic or not."""
        self._read: dict[str, int] = {}
        """Of each lane the last fact that was read."""

    async def is_first(self, case: CaseId, sequence: int) -> bool:
        """Whether the fact at `sequence` is the first that establishes the case. Raises NatsError."""
        if case not in self._first:
            await self._read_on(fact_subject(case, Kind.ESTABLISHED))
        return self._first.get(case) == sequence

    async def _read_on(self, subject: str) -> None:
        async for stored in walk(self._connection, FACTS, subject, after=self._read.get(subject, 0)):
            if (about := case_about(stored)) is not None:
                self._first.setdefault(about, stored.sequence)
            self._read[subject] = stored.sequence
