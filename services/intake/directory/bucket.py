"""The bucket DIRECTORY as intake reads and writes it.

Invariant: the head is written over exactly the head that was read, so that of several intakes that change the
directory at once each sees what the others did; what it takes to read the head lies there before it, and the
objects are written after it, before the next head. Where the broker is away, that is said (Unreachable).
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from nats.aio.client import Client

from services.intake.directory.facts import ChangeFact, fact_id
from services.intake.recording.record import Unreachable, connected
from shared.broker.exchange import ConflictError
from shared.broker.forever import AWAY
from shared.broker.many_writes import Write, write_many
from shared.broker.stored import asking, value_of
from shared.broker.write import PURGED, write
from shared.directory import Directory
from shared.directory.kept import CURRENT, PROPOSED, TOLD, KeptDirectory, KeptProposals, file_key
from shared.directory.keyed import FILE, HEAD, DirectoryHead, key_of, named_by, part_key
from shared.directory.live import LiveDirectory
from shared.facts import Fact
from shared.message import N_, said
from shared.problems import Problem
from shared.streams import DIRECTORY
from shared.subjects import fact_subject
from shared.vocabulary import Kind

TIMEOUT = 5.0
TRIES = 8
"""Compare-and-set against other intakes that change the directory at the same moment."""
BUSY = N_("Others are changing the directory at this moment: send it again.")
LIMIT = 900_000
"""Bytes of a value: the broker takes messages of 1 MB."""
CHUNK = 700_000
SMALL = 1_500
"""Objects of a directory that the version before this one may be able to read, from its single value."""


class DirectoryBucket:
    def __init__(self, connection: Callable[[], Client], live: LiveDirectory) -> None:
        self._connection, self._live = connection, live

    async def kept(self) -> tuple[KeptDirectory | None, int]:
        """The directory of now, and the sequence of its head in the bucket; (None, 0) before the first
        start.
        """
        try:
            await self._live.open()
        except AWAY as error:
            raise _away(error) from error
        live = self._live
        if live.single is not None:
            return live.single, live.head_sequence
        return (_kept(live.head, live.now), live.head_sequence) if live.head is not None else (None, 0)

    async def store(
        self,
        kept: KeptDirectory,
        last: int,
        facts: Sequence[ChangeFact],
        *,
        file_bytes: str | None,
        moved: bool = False,
    ) -> bool:
        """Whether it was put into force over exactly the head `last`. No `facts`: nothing has changed but
        what is known of the file.
        """
        before = self._live.head
        parts = (
            [part_key(kept.change, number) for number in range(1, len(facts) + 1)]
            if len(facts) > 1 or moved
            else []
        )
        for key, fact in zip(parts, facts, strict=False):
            await self._put(key, fact.raw)
        same = (
            {"fact": before.fact, "parts": before.parts, "moved": before.moved}
            if before is not None and not facts
            else None
        )
        new = {
            "fact": None if parts else facts[0].raw.decode() if facts else None,
            "parts": len(parts),
            "moved": moved,
        }
        head = DirectoryHead.model_validate(
            {name: getattr(kept, name) for name in ("revision", "at", "change", "subject", "file", "recent")}
            | {"version": kept.directory.version, "file_bytes": file_bytes}
            | (same or new)
        )
        if await self._update(HEAD, head.model_dump_json(exclude_none=True).encode(), last):
            return True
        await self._purge(parts)
        return False

    async def write_objects(self) -> None:
        """Those that the head's change puts, alters or takes away. Whoever has written one meanwhile has
        written the same.
        """
        try:
            await write_many(connected(self._connection), self._writes(), TIMEOUT * 2)
        except AWAY as error:
            raise _away(error) from error

    def _writes(self) -> Iterator[Write]:
        for what, name in named_by(self._live.changes_of_head()):
            raw, last = self._live.objects.raw(what, name)
            subject = f"$KV.{DIRECTORY}.{key_of(what, name)}"
            if raw is not None:
                yield Write(subject, raw, last)
            elif last:
                yield Write(subject, b"", last, {"KV-Operation": "DEL"})

    async def facts(self, head: DirectoryHead) -> list[ChangeFact]:
        """Of the head's change, as they are to be told."""
        if head.moved:
            return []
        if head.fact is not None:
            return [ChangeFact(head.change, head.subject, head.fact.encode())]
        facts: list[ChangeFact] = []
        for number in range(1, head.parts + 1):
            raw, _ = await self._entry(part_key(head.change, number))
            if raw:
                subject = head.subject if Fact.read(raw).subject else _subject_of_rest(head)
                facts.append(ChangeFact(fact_id(head.change, number), subject, raw))
        return facts

    async def proposals(self) -> tuple[KeptProposals, int]:
        value, last = await self._entry(PROPOSED)
        return (KeptProposals.model_validate_json(value), last) if value else (KeptProposals(), last)

    async def store_proposals(self, proposals: KeptProposals, last: int) -> bool:
        return await self._update(PROPOSED, proposals.model_dump_json(exclude_none=True).encode(), last)

    async def file(self, digest: str | None) -> Directory | None:
        """The directory of a file, as it was last taken in."""
        if digest is None:
            return None
        value, _ = await self._entry(file_key(digest))
        if value is not None:
            return Directory.model_validate_json(value)
        first, _ = await self._entry(_chunk_key(digest, 1))
        if not first:
            return None
        chunks = [first]
        for number in range(2, int.from_bytes(first[:2]) + 1):
            chunk, _ = await self._entry(_chunk_key(digest, number))
            if not chunk:
                return None
            chunks.append(chunk)
        return Directory.model_validate_json(zlib.decompress(b"".join(chunk[2:] for chunk in chunks)))

    async def put_file(self, digest: str, file: Directory) -> None:
        packed = zlib.compress(file.model_dump_json(exclude_none=True).encode())
        chunks = [packed[at : at + CHUNK] for at in range(0, len(packed), CHUNK)]
        for number, chunk in enumerate(chunks, 1):
            await self._put(_chunk_key(digest, number), len(chunks).to_bytes(2) + chunk)

    async def drop_file(self, digest: str) -> None:
        first, _ = await self._entry(_chunk_key(digest, 1))
        await self._purge(
            [_chunk_key(digest, number) for number in range(1, int.from_bytes(first[:2]) + 1)]
            if first
            else []
        )

    async def last_told(self) -> tuple[str | None, int]:
        """The id of the last change of which all is written and told, and the sequence of that word."""
        value, last = await self._entry(TOLD)
        return (value.decode() if value is not None else None), last

    async def put_told(self, head: DirectoryHead, kept: KeptDirectory) -> int:
        """All objects are written, all facts appended. Returns its sequence."""
        sequence = await self._put(TOLD, head.change.encode())
        await self._purge([part_key(head.change, number) for number in range(1, head.parts + 1)])
        directory = kept.directory
        if (
            len(directory.people) + len(directory.units) + len(directory.posts) < SMALL
            and len(raw := kept.write()) < LIMIT
        ):
            await self._put(CURRENT, raw)
        return sequence

    async def _entry(self, key: str) -> tuple[bytes | None, int]:
        try:
            stored = await value_of(asking(lambda: connected(self._connection), TIMEOUT), DIRECTORY, key)
        except AWAY as error:
            raise _away(error) from error
        if stored is None or stored.is_deletion:
            return None, stored.sequence if stored is not None else 0
        return stored.data, stored.sequence

    async def _update(self, key: str, raw: bytes, last: int) -> bool:
        if len(raw) > LIMIT:
            raise Problem(
                413,
                N_("Too large"),
                said(
                    N_("It would take %(count)s bytes, the broker's messages hold %(limit)s."),
                    count=len(raw),
                    limit=LIMIT,
                ),
            )
        try:
            await self._put(key, raw, over=last)
        except ConflictError:
            return False
        return True

    async def _put(self, key: str, value: bytes, *, over: int | None = None) -> int:
        try:
            return await write(connected(self._connection), DIRECTORY, key, value, over=over)
        except AWAY as error:
            raise _away(error) from error

    async def _purge(self, keys: Sequence[str]) -> None:
        """What stays when the broker is away does no harm."""
        with suppress(*AWAY):
            for key in keys:
                await write(connected(self._connection), DIRECTORY, key, b"", headers=PURGED)


def _kept(head: DirectoryHead, directory: Directory) -> KeptDirectory:
    named = {name: getattr(head, name) for name in ("revision", "at", "change", "subject", "file", "recent")}
    return KeptDirectory.model_construct(**named, fact=head.fact or "", directory=directory)


def _chunk_key(digest: str, number: int) -> str:
    return f"{FILE}{digest[:32]}.{number}"


def _subject_of_rest(head: DirectoryHead) -> str:
    """Of the parts that tell nobody."""
    return fact_subject(head.version, Kind.DIRECTORY_CHANGED)


def _away(error: BaseException) -> Unreachable:
    return Unreachable(
        said(
            N_(
                "The broker did not answer (%(error)s): look at the directory's revision, then send it again."
            ),
            error=type(error).__name__,
        )
    )
