"""Where a trail is read from to be checked or exported: a running service, an exported folder, the store
itself.

Invariant: all three speak the published layout, so that one verifier checks them all.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from services.audit.records.history import HISTORY_LIMIT, join_notes, split_notes
from services.audit.records.line import Detail, ExportError, export_line, read_line
from services.audit.records.stored import StoredRecord
from services.audit.records.timestamp import Stamp
from shared.tlog import layout
from shared.tlog.layout import CHECKPOINT_PATH, ENTRIES, TILE_WIDTH, TileId

if TYPE_CHECKING:
    import httpx2

HISTORY_FILE = "checkpoints.txt"
VKEY_FILE = "vkey"
SEALED_FILE = "checkpoint.sealed"
"""The newest checkpoint that a witness cosigned, where there is one."""
STAMPS_FILE = "timestamps.jsonl"
_HTTP_OK, _TOO_FAST = 200, 429
_NO_ANSWER = (401, 403, 502, 503, 504)


class SourceError(RuntimeError):
    """The trail could not be read there. Says what and where."""


class TrailUnreachable(RuntimeError):
    """There is nobody to ask, or they may not answer us: nothing is known of the trail."""


class TrailSource(ABC):
    """A trail as it is published. All but the acts is public."""

    @abstractmethod
    async def checkpoint(self) -> bytes: ...

    @abstractmethod
    async def tile(self, tile: TileId) -> bytes:
        """Tiles and entry bundles."""

    @abstractmethod
    async def details(self, start: int, end: int) -> list[Detail]:
        """Fields and payloads of records [start, end), as far as they are there."""

    @abstractmethod
    async def history(self) -> list[bytes]:
        """Earlier checkpoints, if they are kept: they narrow down where a trail was changed."""

    @abstractmethod
    async def timestamps(self) -> list[Stamp]: ...

    @abstractmethod
    async def sealed_checkpoint(self, quorum: int, /) -> bytes | None:
        """The newest checkpoint that so many witnesses cosigned. To be asked for before the checkpoint that a
        check starts from: a trail that grows between the two must not look cut off.
        """

    async def acts(self) -> list[int] | None:
        """The holds and redactions the store lists, by which it is known what may be erased; None where no
        store is at hand.
        """
        return None


class ServiceSource(TrailSource):
    """A running audit, over HTTP."""

    def __init__(self, client: "httpx2.AsyncClient") -> None:
        self._client = client
        self._note: bytes | None = None

    async def _get(self, path: str, **params: int) -> "httpx2.Response":
        from httpx2 import HTTPError  # the service itself needs no client

        try:
            response = await self._client.get(path, params=params)
            while response.status_code == _TOO_FAST:
                await asyncio.sleep(float(response.headers.get("Retry-After", "1")))
                response = await self._client.get(path, params=params)
        except HTTPError as error:
            raise TrailUnreachable(
                f"{self._client.base_url} can't be reached ({error or type(error).__name__})"
            ) from None
        if response.status_code in _NO_ANSWER:
            raise TrailUnreachable(
                f"{self._client.base_url} does not answer: {response.status_code} {_detail(response)}"
            )
        if response.status_code != _HTTP_OK:
            raise SourceError(f"{path}: the service answers {response.status_code} {_detail(response)}")
        return response

    async def checkpoint(self) -> bytes:
        """The same one for the whole check, while the trail goes on growing."""
        if self._note is None:
            self._note = (await self._get(f"/{CHECKPOINT_PATH}")).content
        return self._note

    async def tile(self, tile: TileId) -> bytes:
        return (await self._get(f"/{layout.path_of(tile)}")).content

    async def details(self, start: int, end: int) -> list[Detail]:
        content = (await self._get("/api/v1/trail/export", start=start, end=end)).content
        return _details(content)

    async def history(self) -> list[bytes]:
        content = (await self._get("/api/v1/trail/checkpoints", limit=HISTORY_LIMIT)).content
        return split_notes(content)

    async def timestamps(self) -> list[Stamp]:
        return [Stamp.model_validate(stamp) for stamp in (await self._get("/api/v1/trail/timestamps")).json()]

    async def sealed_checkpoint(self, quorum: int, /) -> bytes | None:
        try:
            return (await self._get("/api/v1/trail/checkpoint/sealed", quorum=quorum)).content
        except SourceError:
            return None


class FolderSource(TrailSource):
    """A folder that `fenghuo trail export` wrote."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _read(self, path: str) -> bytes:
        try:
            return (self._folder / path).read_bytes()
        except OSError as error:
            raise SourceError(f"{path} is missing from {self._folder} ({error.strerror})") from None

    async def checkpoint(self) -> bytes:
        try:
            return self._read(CHECKPOINT_PATH)
        except SourceError as error:
            raise TrailUnreachable(str(error)) from None

    async def tile(self, tile: TileId) -> bytes:
        return self._read(layout.path_of(tile))

    async def details(self, start: int, end: int) -> list[Detail]:
        found = _details(self._read(layout.payload_path(start // TILE_WIDTH)))
        return [detail for detail in found if start <= detail.index < end]

    async def history(self) -> list[bytes]:
        try:
            return split_notes(self._read(HISTORY_FILE))
        except SourceError:
            return []

    async def timestamps(self) -> list[Stamp]:
        try:
            lines = self._read(STAMPS_FILE).splitlines()
        except SourceError:
            return []
        try:
            return [Stamp.model_validate_json(line) for line in lines]
        except ValueError:
            raise SourceError(f"{STAMPS_FILE} holds lines that are no time stamps: it was altered") from None

    async def sealed_checkpoint(self, _: int, /) -> bytes | None:
        try:
            return self._read(SEALED_FILE)
        except SourceError:
            return None


async def write_folder(
    source: TrailSource, size: int, folder: Path, vkey: str, progress: Callable[[int, int], None]
) -> int:
    """The whole trail up to its checkpoint as files. Returns how many."""
    written = 0

    def write(path: str, content: bytes) -> None:
        nonlocal written
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        written += 1

    write(CHECKPOINT_PATH, await source.checkpoint())
    write(VKEY_FILE, vkey.encode() + b"\n")
    write(HISTORY_FILE, join_notes(await source.history()))
    if (sealed := await source.sealed_checkpoint(1)) is not None:
        write(SEALED_FILE, sealed)
    if stamps := await source.timestamps():
        write(STAMPS_FILE, b"".join(stamp.model_dump_json().encode() + b"\n" for stamp in stamps))
    for tile in layout.tiles_of(size):
        write(layout.path_of(tile), await source.tile(tile))
        if tile.level == 0:
            write(
                layout.path_of(tile._replace(level=ENTRIES)), await source.tile(tile._replace(level=ENTRIES))
            )
            start = tile.number * TILE_WIDTH
            lines = [detail_line(detail) for detail in await source.details(start, start + tile.width)]
            write(layout.payload_path(tile.number), b"".join(lines))
            progress(start + tile.width, size)
    return written


def detail_line(detail: Detail) -> bytes:
    return export_line(StoredRecord(detail.index, detail.rec, b"", detail.fields), detail.payload)


def _details(content: bytes) -> list[Detail]:
    try:
        return [detail for line in content.splitlines() if (detail := read_line(line)) is not None]
    except ExportError as error:
        raise SourceError(str(error)) from None


def _detail(response: "httpx2.Response") -> str:
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return response.text[:200]
