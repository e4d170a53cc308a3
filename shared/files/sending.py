"""A stored file as an answer over HTTP.

Invariant: it is sent in bounded memory, with the type that its content has, and with headers under which no
browser runs anything in it or guesses another type. Only pictures and clips are shown in the page's place; all
else is saved. Whoever calls this has asked before whether the reader may see the case.
"""

from collections.abc import AsyncGenerator
from urllib.parse import quote
from zoneinfo import ZoneInfo

import structlog
from fastapi.responses import Response, StreamingResponse

from shared.broker.forever import AWAY
from shared.facts.file import SHA256
from shared.files.kinds import ENDINGS, SHOWN, FileType
from shared.files.names import clean_name
from shared.files.store import FileDamagedError, FileEntry, FileStore
from shared.message import N_, said
from shared.problems import Problem

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

FILE_PATH = SHA256.strip("^$")
GONE = N_("Erased")
ERASED = N_(
    "This file was erased on %(at)s on the basis of %(basis)s. Its hash stays on record, and the trail says by whom."
)
NOT_HERE = N_("No such file")
LOOK_AGAIN = N_("This case has no file of this hash: take one that the case names.")
DAMAGED = N_("The file is damaged")
TELL = N_("What is stored is not what its hash says: tell the operator (`fenghuo trail files`).")
NO_ANSWER = N_("The file can't be read at the moment: try again.")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}


def no_such_file() -> Problem:
    return Problem(404, NOT_HERE, LOOK_AGAIN)


async def send_file(store: FileStore, sha256: str, name: str | None, zone: ZoneInfo) -> Response:
    """Raises Problem 404, 410, 500, 503."""
    entry = await _entry(store, sha256, zone)
    pieces = store.read(entry)
    try:
        first = await anext(pieces)
    except FileDamagedError as error:
        raise _damaged(error) from None
    except AWAY as error:
        raise Problem(503, NOT_HERE, NO_ANSWER) from error
    kind = entry.type
    clean = clean_name(name, kind)
    headers = {
        **_HEADERS,
        "Content-Length": str(entry.size),
        "Content-Disposition": f"{_disposition(kind)}; filename=\"{_ascii(clean, kind)}\"; filename*=UTF-8''{quote(clean, safe='')}",
    }
    media = f"{kind.value}; charset=utf-8" if kind is FileType.TEXT else kind.value
    return StreamingResponse(_all(first, pieces), headers=headers, media_type=media)


async def _entry(store: FileStore, sha256: str, zone: ZoneInfo) -> FileEntry:
    try:
        entry = await store.entry(sha256)
    except FileDamagedError as error:
        raise _damaged(error) from None
    except AWAY as error:
        raise Problem(503, NOT_HERE, NO_ANSWER) from error
    if entry is None:
        raise _damaged(FileDamagedError(f"file {sha256} is gone"))
    if (erasure := entry.erasure) is not None:
        raise Problem(410, GONE, said(ERASED, at=erasure.day(zone), basis=erasure.legal_basis))
    return entry


async def _all(first: bytes, pieces: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    yield first
    try:
        async for piece in pieces:
            yield piece
    except FileDamagedError as error:
        _damaged(error)
        raise  # the answer breaks off: less came than was announced
    finally:
        await pieces.aclose()


def _damaged(error: FileDamagedError) -> Problem:
    log.critical(
        "file_damaged", error=str(error), next="`fenghuo trail files` names all that are; restore them"
    )
    return Problem(500, DAMAGED, TELL)


def _disposition(kind: FileType) -> str:
    return "inline" if kind in SHOWN else "attachment"


def _ascii(name: str, kind: FileType) -> str:
    plain = name.encode("ascii", "ignore").decode().strip(". ")
    return plain if plain.rpartition(".")[0] else f"file.{ENDINGS[kind][0]}"
