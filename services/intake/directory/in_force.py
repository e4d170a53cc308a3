"""The directory that is in force: read, replaced by compare-and-set, then told as a fact.

Invariant: the head of the bucket is written first, with the fact's bytes inside: from then on the change is
in force. Then the objects it changes are written, the fact is appended under its own id, and it is noted that
this was done. A crash between any two leaves work for the next start or the next change, which does it from
the bytes that lie in the bucket before anything else.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from nats.aio.client import Client

from services.intake.directory.bucket import BUSY, TRIES, DirectoryBucket
from services.intake.directory.facts import ChangeFact, facts_of
from services.intake.directory.laying import SettledDirectory, remembered
from services.intake.recording.record import FactRecord, Unreachable
from shared.broker.forever import attempts
from shared.directory.change_facts import DirectoryChange, Remove
from shared.directory.changes import difference
from shared.directory.kept import KeptDirectory
from shared.directory.live import LiveDirectory
from shared.facts import Actor
from shared.message import N_
from shared.problems import Problem
from shared.vocabulary import Role

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

OPERATOR_ACTOR = Actor(principal="operator", role=Role.OPERATOR)


class DirectoryInForce:
    def __init__(
        self,
        live: LiveDirectory,
        record: FactRecord,
        connection: Callable[[], Client],
        clock: Callable[[], datetime],
    ) -> None:
        self._live, self._record, self._clock = live, record, clock
        self.bucket = DirectoryBucket(connection, live)

    @property
    def file_bytes(self) -> str | None:
        """The digest of the operator's file as it was last taken in, byte by byte."""
        return self._live.head.file_bytes if self._live.head is not None else None

    async def kept(self) -> tuple[KeptDirectory | None, int]:
        """The directory of now, and the sequence of its head; (None, 0) before the first start. Raises
        Unreachable.
        """
        async for _ in attempts(TRIES):
            kept, head_sequence = await self.bucket.kept()
            if self._live.single is None:
                return kept, head_sequence
            await self._move_over(self._live.single, head_sequence)
        raise Unreachable(BUSY)

    async def current(self) -> KeptDirectory:
        """The directory of now. Problem 503 before the first start."""
        return _begun((await self.kept())[0])

    async def settled(self) -> SettledDirectory:
        """The directory of now, after what its change left to do is done. Problem 503 before the first
        start.
        """
        kept, head_sequence = await self.kept()
        begun = _begun(kept)
        return SettledDirectory(begun, head_sequence, await self.settle(begun))

    async def replace(
        self, kept: KeptDirectory, head_sequence: int, facts: Sequence[ChangeFact], file_bytes: str | None
    ) -> bool:
        """Whether `kept` is in force now; False where somebody else was faster. No `facts`: nothing has
        changed but what is known of the file.
        """
        if not await self.bucket.store(kept, head_sequence, facts, file_bytes=file_bytes):
            return False
        stored, _ = await self.bucket.kept()
        if stored is not None and self._live.single is None:
            await self.settle(stored)
        return True

    async def settle(self, kept: KeptDirectory) -> int:
        """Write the objects of the change and append its facts, unless it is known that this was done. `kept`
        is of the head that was read last. Returns the sequence in the bucket of the word that it was done.
        Raises Unreachable.
        """
        head = self._live.head
        change, sequence = await self.bucket.last_told()
        if change == kept.change or head is None:
            return sequence
        await self.bucket.write_objects()
        for fact in await self.bucket.facts(head):
            stored = await self._record.append(fact.subject, fact.raw, fact.id)
            log.info(
                "directory_changed",
                revision=kept.revision,
                version=kept.directory.version,
                sequence=stored.sequence,
            )
        return await self.bucket.put_told(head, kept)

    async def _move_over(self, single: KeptDirectory, head_sequence: int) -> None:
        """The version before this one kept the directory in one value: it becomes objects and a head, of the
        same revision.
        """
        change, _ = await self.bucket.last_told()
        if change != single.change and single.fact:
            await self._record.append(single.subject, single.fact.encode(), single.change)
        # Also what the head had and the single value has no more.
        removals = [
            Remove.model_validate({"what": what, "id": name}) for what, name in self._live.objects.gone
        ]
        changes = (*difference(None, single.directory), *removals)
        moving = DirectoryChange(
            by=OPERATOR_ACTOR,
            why="moved over",
            version=single.directory.version,
            base=single.revision - 1,
            file=single.file,
            changes=changes,
        )
        moved = single.model_copy(
            update={
                "change": f"moved-{single.revision}",
                "recent": remembered(single.recent, single.change),
            }
        )
        facts = facts_of(moving, moved.change, self._clock())
        if await self.bucket.store(moved, head_sequence, facts, file_bytes=None, moved=True):
            log.info("directory_moved_over", revision=single.revision, objects=len(changes))


def _begun(kept: KeptDirectory | None) -> KeptDirectory:
    if kept is None:
        raise Problem(
            503,
            N_("No directory yet"),
            N_("This intake has just started and has not stored it yet: send it again in a moment."),
        )
    return kept
