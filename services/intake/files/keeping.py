"""Files that came in wait among the uploads until a fact is to name them; then they are stored for good.

Invariant: what is stored is of a type that is taken, told from its content; its hash is that of the bytes as
they are stored. A fact names a file only once the file is stored for good, and where whoever says so has brought
it or the case has it already: a hash that somebody has read elsewhere opens nothing. What no fact names fades
with the uploads, so nothing on record can be taken for an orphan.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

import structlog
from nats.aio.client import Client
from nats.js.errors import APIError

from services.intake.files.room import Room
from services.intake.files.spool import NO_ROOM, SEND_WITHOUT, Spool
from services.intake.files.stripping import STRIPPED, OddPictureError, stripped
from services.intake.recording.record import Unreachable, connected
from shared.broker.forever import AWAY
from shared.case import Case
from shared.facts import FileRef
from shared.facts.file import MOST_FILES_OF_A_CASE
from shared.fault_texts import Fault
from shared.files.kinds import TAKEN, FileType, type_of
from shared.files.names import clean_name
from shared.files.store import (
    PIECE,
    FileDamagedError,
    FileEntry,
    FilesFullError,
    FileStore,
    Uploads,
    new_entry,
)
from shared.ids import CaseId
from shared.message import N_, said
from shared.problems import Problem
from shared.streams import UPLOADS

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

NOT_TAKEN = N_("This type of file is not taken")
TAKEN_ARE = N_(
    "Its content is none of %(types)s (an ending in the name counts for nothing): save it as one of them."
)
EMPTY = N_("The file is empty: choose it again.")
NOT_STRIPPED = N_("This can't be cleaned")
STRIP_PICTURES = N_(
    "Only whole JPEG, PNG and WebP pictures can be cleaned of what they say besides the picture: save it as one, or send it as it is."
)
UNKNOWN_FILE = N_(
    "no such file was uploaded by you within the last day: send it to POST /api/v1/files first, and give the hash it answers"
)
ERASED_FILE = N_("this content was erased on a legal basis, and is not taken again")
OURS_TO_SAY = N_("is ours to say, from the file itself: leave it out")
OTHER_TYPE = N_("is not what is stored (%(stored)s): leave it out")
TWICE = N_("names the same file twice: name it once")
FULL = N_("the case has %(there)s files, and takes %(most)s at most: open another case for more")
NO_ANSWER = N_("The broker did not confirm that the file is stored. Send it again: it is never stored twice.")
_READS, _LAG = 3, 0.3
"""So often, and with so many seconds between, an upload is read before it counts as gone."""


@dataclass(frozen=True)
class AttachedOriginal:
    """What another system sent, to be kept as it came. Nobody's upload: its type is its format's."""

    raw: bytes
    type: FileType
    name: str


class IncomingFiles:
    def __init__(self, connection: Callable[[], Client], clock: Callable[[], datetime], folder: Path) -> None:
        self._connection, self._clock, self.folder = connection, clock, folder
        self.store = FileStore(lambda: connected(connection))
        self.uploads = Uploads(lambda: connected(connection))
        self._room = Room()

    def place(self, principal: str) -> AbstractContextManager[None]:
        """For as long as a body with files comes in. Raises Problem 429, 503."""
        return self._room.place(principal)

    @contextmanager
    def spool(self) -> Iterator[Spool]:
        spool = Spool(self.folder)
        try:
            yield spool
        finally:
            spool.close()

    async def keep(self, spool: Spool, name: str | None, principal: str, *, strip: bool) -> FileRef:
        """Store what has come in. Raises Problem 415, 422, 503, 507."""
        if not spool.size:
            raise Problem(422, NOT_TAKEN, EMPTY, errors=[("file", EMPTY)])
        kind = await asyncio.to_thread(type_of, spool.file)
        if kind is None:
            raise Problem(415, NOT_TAKEN, said(TAKEN_ARE, types=TAKEN))
        if not strip:
            return await self._stored(spool, kind, name, principal)
        with self.spool() as clean:
            await asyncio.to_thread(_strip, spool, kind, clean)
            return await self._stored(clean, kind, name, principal)

    async def _stored(self, spool: Spool, kind: FileType, name: str | None, principal: str) -> FileRef:
        sha256 = spool.sha256
        with _told():
            there = await self.store.entry(sha256)
            if there is not None and there.deleted:
                raise Problem(409, NOT_TAKEN, ERASED_FILE)
            if there is not None:
                await self.uploads.note_who(sha256, principal)
            else:
                entry = new_entry(sha256, kind, spool.size, self._clock(), UPLOADS)
                await self.uploads.bring(entry, _pieces_of(spool), principal)
        log.info("file_stored", sha256=sha256, type=kind.value, size=spool.size, by=principal)
        return FileRef(sha256=sha256, name=clean_name(name, kind), type=kind.value, bytes=spool.size)

    async def named(
        self, files: tuple[FileRef, ...], principal: str, case: Case | None = None
    ) -> tuple[tuple[FileRef, ...], list[Fault]]:
        """What is stored of the files that a form names, and what is wrong with them. Raises Unreachable."""
        there = {} if case is None else {file.sha256: file for file in case.files}
        new = {file.sha256 for file in files} - set(there)
        if case is not None and new and len(there) + len(new) > MOST_FILES_OF_A_CASE:
            return files, [("files", said(FULL, there=len(there), most=MOST_FILES_OF_A_CASE))]
        known: list[FileRef] = []
        faults: list[Fault] = []
        for place, file in enumerate(files):
            with _told():
                entry = await self.store.entry(file.sha256) or await self.uploads.entry(file.sha256)
                may_name = entry is not None and (
                    file.sha256 in there or await self.uploads.has_brought(file.sha256, principal)
                )
            if any(file.sha256 == one.sha256 for one in known):
                faults.append((f"files.{place}.sha256", TWICE))
            elif entry is None or not may_name:
                faults.append((f"files.{place}.sha256", UNKNOWN_FILE))
            elif entry.deleted:
                faults.append((f"files.{place}.sha256", ERASED_FILE))
            else:
                faults += _untrue(file, entry, f"files.{place}")
                known.append(_filled_in(file, entry))
        return tuple(known), faults

    async def content(self, sha256: str) -> bytes:
        """Of a file that was named just now. Raises Problem 503, Unreachable."""
        with _told():
            if (entry := await self.store.entry(sha256)) is not None:
                return b"".join([piece async for piece in self.store.read(entry)])
            entry = await self.uploads.entry(sha256)
            return b"".join([piece async for piece in self.uploads.read(entry)]) if entry is not None else b""

    async def settle(self, files: tuple[FileRef, ...], case: CaseId) -> None:
        """Store for good what a fact of this case names in the next moment. Raises Problem 422 where an upload has
        faded meanwhile, 503, 507.
        """
        for place, file in enumerate(files):
            with _told():
                await self.store.note_case(file.sha256, case)
                kept = await self.store.entry(file.sha256) or await self._copied(file.sha256)
            if kept is None or kept.deleted:
                words = UNKNOWN_FILE if kept is None else ERASED_FILE
                raise Problem(422, NOT_TAKEN, words, errors=[(f"files.{place}.sha256", words)])

    async def _copied(self, sha256: str) -> FileEntry | None:
        """From the uploads; None where it is not there whole any more. It is read to its end before the first piece
        is stored: what is stored for good, intake can't take away again.
        """
        for _ in range(_READS):
            entry = await self.uploads.entry(sha256)
            if entry is None:
                return None
            with self.spool() as spool:
                if await self._is_whole(entry, spool):
                    return await self.store.keep(entry, _pieces_of(spool), self._clock())
            await asyncio.sleep(_LAG)
        return None

    async def _is_whole(self, entry: FileEntry, spool: Spool) -> bool:
        """Whether the upload could be read into the spool as it was brought."""
        try:
            async for piece in self.uploads.read(entry):
                spool.write(piece)
        except FileDamagedError as error:
            # A copy of the stream may lag behind; or the oldest uploads were making room.
            log.warning("upload_incomplete", sha256=entry.name, error=str(error))
            return False
        return True

    async def keep_original(self, original: AttachedOriginal | None, case: CaseId) -> tuple[FileRef, ...]:
        """A message of another system, as it came, with the case it is about. Nothing where there is no room for
        it, or where it was erased: that holds no report up. Raises Unreachable.
        """
        if original is None:
            return ()
        raw, sha256 = original.raw, hashlib.sha256(original.raw).hexdigest()
        entry = new_entry(sha256, original.type, len(raw), self._clock(), UPLOADS)
        try:
            with _told():
                await self.store.note_case(sha256, case)
                kept = await self.store.keep(entry, _pieces_in(raw), self._clock())
        except Problem as problem:
            if problem.status != HTTPStatus.INSUFFICIENT_STORAGE:
                raise
            log.critical("original_not_kept", sha256=sha256, next="give the store of files more room")
            return ()
        if kept.deleted:
            return ()
        name = clean_name(original.name, kept.type)
        return (FileRef(sha256=sha256, name=name, type=kept.type.value, bytes=len(raw)),)


async def _pieces_of(spool: Spool) -> AsyncIterator[bytes]:
    spool.file.seek(0)
    while piece := spool.file.read(PIECE):
        yield piece


async def _pieces_in(raw: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(raw), PIECE):
        yield raw[at : at + PIECE]


def _untrue(file: FileRef, entry: FileEntry, where: str) -> list[Fault]:
    faults: list[Fault] = []
    if file.type not in (None, entry.type.value):
        faults.append((f"{where}.type", said(OTHER_TYPE, stored=entry.type.value)))
    if file.from_record is not None:
        faults.append((f"{where}.from_record", OURS_TO_SAY))
    if file.bytes not in (None, entry.size):
        faults.append((f"{where}.bytes", said(OTHER_TYPE, stored=entry.size)))
    return faults


def _filled_in(file: FileRef, entry: FileEntry) -> FileRef:
    return FileRef(
        sha256=file.sha256,
        name=clean_name(file.name, entry.type),
        type=entry.type.value,
        bytes=entry.size,
    )


def _strip(spool: Spool, kind: FileType, clean: Spool) -> None:
    if kind not in STRIPPED:
        raise Problem(422, NOT_STRIPPED, STRIP_PICTURES, errors=[("strip", STRIP_PICTURES)])
    try:
        for piece in stripped(spool.file, kind):
            clean.write(piece)
    except OddPictureError:
        raise Problem(422, NOT_STRIPPED, STRIP_PICTURES, errors=[("strip", STRIP_PICTURES)]) from None


@contextmanager
def _told() -> Iterator[None]:
    """What the broker does not do, in words."""
    try:
        yield
    except FilesFullError:
        raise Problem(507, NO_ROOM, SEND_WITHOUT) from None
    except FileDamagedError as error:
        raise Problem(
            503, N_("The store of files is damaged"), said(N_("%(error)s: tell the operator."), error=error)
        ) from None
    except Unreachable:
        raise
    except (APIError, *AWAY) as error:
        raise Unreachable(NO_ANSWER) from error
