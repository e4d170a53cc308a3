"""The object store FILES: each content once, under its SHA-256, laid out as NATS lays out an object store, so that
`nats object get FILES <hash>` reads it too.

Invariant: an entry is written once and last, when all its pieces are stored, and nobody writes over it: the
stream takes no rollup. What is read is checked against its hash, and its last piece is handed out only where
that holds. Neither way holds more than a few pieces in memory.
"""

import base64
import hashlib
from collections.abc import AsyncGenerator, Callable
from datetime import datetime
from typing import Any, BinaryIO

import msgspec
from nats.aio.client import Client
from nats.js.errors import APIError
from ulid import ULID

from shared.broker.exchange import LAST, WRONG_LAST
from shared.broker.stored import asking, last_on
from shared.broker.walk import WalkError, walk
from shared.facts import rfc3339
from shared.files.kinds import FileType
from shared.streams import FILES, FILES_STREAM, WHO_BROUGHT, file_entry, file_pieces

PIECE = 128 * 1024
"""Bytes of one message."""
READ_AHEAD = 4
"""Pieces under way to us at most."""
TIMEOUT = 10.0
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
    """Erased. Why stands in the trail."""

    @property
    def type(self) -> FileType:
        """Plain text where this version does not know the type."""
        said = self.metadata.get("type", "")
        return FileType(said) if said in tuple(FileType) else FileType.TEXT


_decode = msgspec.json.Decoder(FileEntry)


class FileStore:
    """`connection` gives the service's connection, or raises while there is none yet."""

    def __init__(self, connection: Callable[[], Client]) -> None:
        self._connection = connection
        self._ask = asking(connection, TIMEOUT)

    async def entry(self, sha256: str) -> FileEntry | None:
        """None where no such content was ever stored. Raises NatsError or TimeoutError; FileDamagedError for
        an entry that can't be read.
        """
        stored = await last_on(self._ask, FILES_STREAM, file_entry(sha256))
        if stored is None:
            return None
        try:
            return _decode.decode(stored.data)
        except msgspec.MsgspecError:
            raise FileDamagedError(f"the entry of file {sha256} can't be read") from None

    async def keep(self, sha256: str, kind: FileType, size: int, file: BinaryIO, at: datetime) -> FileEntry:
        """Store the content unless it is there; what is there is returned. Raises NatsError, TimeoutError,
        FilesFullError.
        """
        known = await self.entry(sha256)
        if known is not None:
            return known
        entry = FileEntry(
            name=sha256,
            nuid=str(ULID.from_datetime(at)),
            size=size,
            chunks=-(-size // PIECE),
            digest=f"SHA-256={base64.urlsafe_b64encode(bytes.fromhex(sha256)).decode()}",
            mtime=rfc3339(at),
            options=_Options(),
            metadata={"type": kind.value},
        )
        file.seek(0)
        while piece := file.read(PIECE):
            await self._publish(file_pieces(entry.nuid), piece)
        if await self._publish(file_entry(sha256), msgspec.json.encode(entry), once=True):
            return entry
        # Somebody else has stored the same content meanwhile. Our pieces lie there unused.
        return await self.entry(sha256) or entry

    async def note_who(self, sha256: str, principal: str) -> None:
        """This principal has brought the content: they may name it in a report or an act."""
        await self._publish(_brought(sha256, principal), b"", once=True)

    async def has_brought(self, sha256: str, principal: str) -> bool:
        return await last_on(self._ask, FILES_STREAM, _brought(sha256, principal)) is not None

    async def read(self, entry: FileEntry) -> AsyncGenerator[bytes]:
        """Piece by piece. Raises FileDamagedError before the last piece where the whole is not what its hash
        says; NatsError, TimeoutError.
        """
        digest, held_back = hashlib.sha256(), b""
        try:
            async for message in walk(
                self._connection, FILES_STREAM, file_pieces(entry.nuid), batch=READ_AHEAD
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

    async def _publish(self, subject: str, raw: bytes, *, once: bool = False) -> bool:
        """Whether it is stored now; with `once` only where nothing lies there."""
        headers: dict[str, Any] | None = {LAST: "0"} if once else None
        try:
            await (
                self._connection()
                .jetstream()
                .publish(subject, raw, timeout=TIMEOUT, stream=FILES_STREAM, headers=headers)
            )
        except APIError as error:
            if once and error.err_code in WRONG_LAST:
                return False
            if error.err_code == _FULL:
                raise FilesFullError("the store of files is full") from None
            raise
        return True


def _brought(sha256: str, principal: str) -> str:
    return f"{WHO_BROUGHT}.{sha256}.{hashlib.sha256(principal.encode()).hexdigest()[:32]}"
