"""The object stores FILES and UPLOADS: each content under its SHA-256, laid out as NATS lays out an object store, so
that `nats object get FILES <hash>` reads it too.

Invariant: an entry is written last, when all its pieces are stored; in FILES once, and only an erasure writes a
second one, which says why nothing is there any more. What is read is checked against its hash, and its last piece
is handed out only where that holds. Neither way holds more than a few pieces in memory.
"""

import asyncio
import base64
import hashlib
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from nats.aio.client import Client
from nats.js.errors import APIError
from ulid import ULID

from shared.broker.exchange import LAST, WRONG_LAST
from shared.broker.stored import asking, last_on
from shared.broker.walk import WalkError, walk
from shared.facts import rfc3339
from shared.files.kinds import FileType
from shared.files.subjects import file_brought, file_entry, file_named, file_pieces
from shared.streams import FILES, UPLOADS

PIECE = 128 * 1024
"""Bytes of one message."""
READ_AHEAD = 4
"""Pieces under way to us at most."""
TIMEOUT = 10.0
LOOK = 2.0
"""Seconds that a page waits to hear which of its files were erased."""
FRESH = timedelta(hours=1)
"""Brought again within it, a content is not stored again."""
_FULL = 10077
"""The broker's code for a stream that has no room left."""


class FilesFullError(RuntimeError):
    """The store has no room left."""


class FileDamagedError(RuntimeError):
    """What lies under a hash is not what it was."""


class _Options(msgspec.Struct):
    max_chunk_size: int = PIECE


class FileEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the store says of one content: an object's entry as NATS has it."""

    name: str
    """The SHA-256, hex."""
    bucket: str = FILES
    nuid: str
    """Its pieces lie under this name."""
    size: int
    chunks: int
    digest: str = ""
    mtime: str = ""
    options: _Options | None = None
    metadata: dict[str, str] = {}
    deleted: bool = False
    """Erased; `metadata` says when and on which basis, and so does the trail."""

    @property
    def type(self) -> FileType:
        """Plain text where this version does not know the type."""
        said = self.metadata.get("type", "")
        return FileType(said) if said in tuple(FileType) else FileType.TEXT

    @property
    def erasure(self) -> "FileErasure | None":
        """None while the content is there."""
        if not self.deleted:
            return None
        at = self.metadata.get(ERASED_AT, "")
        try:
            moment = datetime.fromisoformat(at)
        except ValueError:
            moment = None
        return FileErasure(moment, self.metadata.get(LEGAL_BASIS, ""))


class FileErasure(NamedTuple):
    """What pages say where the content was."""

    at: datetime | None
    legal_basis: str

    def day(self, zone: ZoneInfo) -> str:
        return self.at.astimezone(zone).date().isoformat() if self.at is not None else "?"


class StoredEntry(NamedTuple):
    entry: FileEntry
    sequence: int
    at: datetime


ERASED_AT, LEGAL_BASIS, ORDER = "erased_at", "legal_basis", "record"
"""In the metadata of an erased content's entry; `record` is the order's place in the trail."""
_decode = msgspec.json.Decoder(FileEntry)


class ObjectStore:
    """One of the two. `connection` gives the service's connection, or raises while there is none yet."""

    bucket: str

    def __init__(self, connection: Callable[[], Client]) -> None:
        self._connection = connection
        self._ask = asking(connection, TIMEOUT)

    @property
    def stream(self) -> str:
        return f"OBJ_{self.bucket}"

    async def entry(self, sha256: str) -> FileEntry | None:
        """None where no such content is stored. Raises NatsError or TimeoutError; FileDamagedError for
        an entry that can't be read.
        """
        stored = await self.stored(sha256)
        return stored.entry if stored is not None else None

    async def stored(self, sha256: str) -> StoredEntry | None:
        """As `entry`, with where and when it was written."""
        message = await last_on(self._ask, self.stream, file_entry(sha256, self.bucket))
        if message is None:
            return None
        try:
            return StoredEntry(_decode.decode(message.data), message.sequence, message.at)
        except msgspec.MsgspecError:
            raise FileDamagedError(f"the entry of file {sha256} can't be read") from None

    async def read(self, entry: FileEntry) -> AsyncGenerator[bytes]:
        """Piece by piece. Raises FileDamagedError before the last piece where the whole is not what its hash
        says; NatsError, TimeoutError.
        """
        digest, held_back = hashlib.sha256(), b""
        try:
            async for message in walk(
                self._connection, self.stream, file_pieces(entry.nuid, self.bucket), batch=READ_AHEAD
            ):
                if held_back:
                    yield held_back
                held_back = message.data
                digest.update(held_back)
        except WalkError as error:
            raise FileDamagedError(f"file {entry.name}: {error}") from error
        if digest.hexdigest() != entry.name:
            raise FileDamagedError(f"file {entry.name} is not what its hash says")
        yield held_back

    async def _put(self, entry: FileEntry, pieces: AsyncIterable[bytes], *, once: bool) -> bool:
        """The pieces, then the entry; False where somebody has stored the same content meanwhile."""
        async for piece in pieces:
            await self._publish(file_pieces(entry.nuid, self.bucket), piece)
        raw = msgspec.json.encode(entry)
        return await self._publish(file_entry(entry.name, self.bucket), raw, once=once)

    async def _publish(self, subject: str, raw: bytes, *, once: bool = False) -> bool:
        """Whether it is stored now; with `once` only where nothing lies there."""
        headers: dict[str, Any] | None = {LAST: "0"} if once else None
        try:
            await (
                self._connection()
                .jetstream()
                .publish(subject, raw, timeout=TIMEOUT, stream=self.stream, headers=headers)
            )
        except APIError as error:
            if once and error.err_code in WRONG_LAST:
                return False
            if error.err_code == _FULL:
                raise FilesFullError("the store of files is full") from None
            raise
        return True


class FileStore(ObjectStore):
    """The files that facts name."""

    bucket = FILES

    async def keep(self, entry: FileEntry, pieces: AsyncIterable[bytes], at: datetime) -> FileEntry:
        """Store the content unless it is there; what is there is returned. Raises NatsError, TimeoutError,
        FilesFullError, and what `pieces` raises.
        """
        known = await self.entry(entry.name)
        if known is not None:
            return known
        kept = new_entry(entry.name, entry.type, entry.size, at, self.bucket)
        if await self._put(kept, pieces, once=True):
            return kept
        # Somebody else has stored the same content meanwhile. Our pieces lie there unused.
        return await self.entry(entry.name) or kept

    async def erasures(self, hashes: Iterable[str]) -> dict[str, FileErasure]:
        """Those of these files whose content is gone, and why. What can't be read at the moment counts as there:
        whoever opens it is told.
        """
        erased: dict[str, FileErasure] = {}

        async def look(sha256: str) -> None:
            entry = await self.entry(sha256)
            if entry is not None and entry.erasure is not None:
                erased[sha256] = entry.erasure

        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK):
                await asyncio.gather(*map(look, hashes), return_exceptions=True)
        return erased

    async def note_case(self, sha256: str, case: str) -> None:
        """A fact of this case is about to name the content."""
        await self._publish(file_named(sha256, case), b"", once=True)

    async def cases_of(self, sha256: str) -> set[str]:
        """All whose facts name the content. Raises NatsError or TimeoutError."""
        notes = walk(self._connection, self.stream, file_named(sha256, "*"))
        return {note.subject.rpartition(".")[2] async for note in notes}


class Uploads(ObjectStore):
    """What was brought and no fact has named yet. Everything in it fades."""

    bucket = UPLOADS

    async def bring(self, entry: FileEntry, pieces: AsyncIterable[bytes], principal: str) -> None:
        """Store it, unless that was done a moment ago; this principal may name it from now on. Raises
        NatsError, TimeoutError, FilesFullError.
        """
        known = await self.stored(entry.name)
        began = datetime.fromisoformat(entry.mtime)
        if known is None or began - known.at > FRESH:
            await self._put(entry, pieces, once=False)
        await self.note_who(entry.name, principal)

    async def note_who(self, sha256: str, principal: str) -> None:
        await self._publish(file_brought(sha256, principal), b"")

    async def has_brought(self, sha256: str, principal: str) -> bool:
        return await last_on(self._ask, self.stream, file_brought(sha256, principal)) is not None


def new_entry(sha256: str, kind: FileType, size: int, at: datetime, bucket: str) -> FileEntry:
    """All pieces of one content lie under its hash, so that an erasure finds each."""
    return FileEntry(
        name=sha256,
        bucket=bucket,
        nuid=f"{sha256}.{ULID.from_datetime(at)}",
        size=size,
        chunks=-(-size // PIECE),
        digest=f"SHA-256={base64.urlsafe_b64encode(bytes.fromhex(sha256)).decode()}",
        mtime=rfc3339(at),
        options=_Options(),
        metadata={"type": kind.value},
    )
