"""Reads sealed files, checks them, and lays them before a trail that no longer has their records.

Invariant: nothing is read out of a sealed file before its digest in the manifest was compared.
"""

from collections.abc import Sequence
from pathlib import Path

from services.audit.checking.examine import Chain, Examiner, Report
from services.audit.checking.sources import SourceError, TrailSource, dropped_of, stamps_of
from services.audit.export.line import Detail, ExportError, read_line
from services.audit.log import checkpoint, layout, merkle
from services.audit.log.checkpoint import CheckpointError
from services.audit.log.layout import ENTRIES, LayoutError, TileId
from services.audit.log.merkle import TILE_WIDTH
from services.audit.log.note import Verifier
from services.audit.retention.sealed_range import (
    CHECKPOINT,
    MANIFEST,
    VKEY,
    Manifest,
    Progress,
    SealedRangeError,
    digest_of,
    paths_of,
    payload_path,
    root_with,
    unpack,
)
from services.audit.retention.store import Dropped
from services.audit.stamps.stamp import Stamp


class SealedFolder:
    """A folder that `fenghuo trail seal-range` wrote. Raises SealedRangeError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        raw = self._bytes(MANIFEST)
        self.manifest, self.digest = Manifest.read(raw), digest_of(raw)

    def covers(self, index: int) -> bool:
        return self.manifest.start <= index < self.manifest.end

    def read(self, path: str) -> bytes:
        content = self._bytes(path)
        if self.manifest.files.get(path) != digest_of(content):
            raise SealedRangeError(f"{self.folder / path} is not the file its manifest names: it was altered")
        return content

    def _bytes(self, path: str) -> bytes:
        try:
            return (self.folder / path).read_bytes()
        except OSError as error:
            raise SealedRangeError(f"{self.folder / path} is missing ({error.strerror})") from None

    def records(self, number: int) -> list[bytes]:
        return layout.bundle_records(self.read(layout.path_of(TileId(ENTRIES, number))), TILE_WIDTH)

    def details(self, number: int) -> list[Detail]:
        lines = unpack(self.read(payload_path(number))).splitlines()
        return [detail for line in lines if (detail := read_line(line)) is not None]


def check(sealed: SealedFolder, key: Verifier, progress: Progress = lambda _, __: None) -> None:
    """All of it, alone: files, signature, root, each record beside its payload. Raises SealedRangeError with every fault in words."""
    manifest = sealed.manifest
    expected = {CHECKPOINT, VKEY, *paths_of(manifest.start, manifest.end)}
    if set(manifest.files) != expected:
        wrong = sorted(set(manifest.files) ^ expected)
        raise SealedRangeError(
            f"the manifest does not name the files of records {manifest.start} to {manifest.end}: {', '.join(wrong[:3])}"
        )
    try:
        signed = checkpoint.read(sealed.read(CHECKPOINT), key)
    except CheckpointError as error:
        raise SealedRangeError(str(error)) from None
    if (signed.origin, signed.size, signed.root.hex()) != (manifest.origin, manifest.size, manifest.root):
        raise SealedRangeError("manifest and checkpoint are not of the same tree")
    faults: list[str] = []

    def fault(index: int | None, words: str) -> None:
        faults.append(words if index is None else f"record {index}: {words}")

    chain, leaves = Chain(starts_at=manifest.start, report=fault), list[bytes]()
    for number in range(manifest.start // TILE_WIDTH, manifest.end // TILE_WIDTH):
        try:
            _bundle(sealed, number, leaves, chain, fault)
        except (LayoutError, ExportError) as error:
            raise SealedRangeError(f"bundle {number} of the sealed file: {error}") from None
        progress(len(leaves), manifest.end - manifest.start)
    if root_with(leaves, manifest.start, manifest.size, [bytes.fromhex(one) for one in manifest.proof]) != signed.root:
        fault(None, f"the records of the sealed file do not make the root that was signed for {manifest.size} records")
    if faults:
        raise SealedRangeError("; ".join(faults[:10]))


def _bundle(sealed: SealedFolder, number: int, leaves: list[bytes], chain: Chain, fault: Report) -> None:
    records = sealed.records(number)
    details = {detail.index: detail for detail in sealed.details(number)}
    fresh = [merkle.leaf_hash(raw) for raw in records]
    if layout.tile_bytes(fresh) != sealed.read(layout.path_of(TileId(0, number))):
        fault(None, f"tile and records of bundle {number} do not belong together")
    examiner = Examiner(fault)
    for index, raw in enumerate(records, number * TILE_WIDTH):
        examiner.examine(index, raw, details.get(index), beside=True)
    chain.add(number * TILE_WIDTH, examiner.run)
    leaves += fresh


class SealedSource:
    """A trail together with the sealed files of what it no longer has: one trail again."""

    def __init__(self, base: TrailSource, folders: Sequence[SealedFolder]) -> None:
        self._base, self._folders = base, folders

    def _of(self, index: int) -> SealedFolder | None:
        return next((folder for folder in self._folders if folder.covers(index)), None)

    async def checkpoint(self) -> bytes:
        return await self._base.checkpoint()

    async def history(self) -> list[bytes]:
        return await self._base.history()

    async def timestamps(self) -> list[Stamp]:
        return await stamps_of(self._base)

    async def sealed_ranges(self) -> list[Dropped]:
        """Those whose records are nowhere here."""
        known = {(folder.manifest.start, folder.manifest.end, folder.digest) for folder in self._folders}
        return [one for one in await dropped_of(self._base) if (one.start, one.end, one.manifest) not in known]

    async def tile(self, tile: TileId) -> bytes:
        folder = self._of(tile.number * TILE_WIDTH) if tile.level == ENTRIES else None
        if folder is None:
            return await self._base.tile(tile)
        try:
            return folder.read(layout.path_of(tile))
        except SealedRangeError as error:
            raise SourceError(str(error)) from None

    async def details(self, start: int, end: int) -> list[Detail]:
        """Records of one bundle. What the store still has of it must be the same record."""
        folder = self._of(start)
        if folder is None:
            return await self._base.details(start, end)
        try:
            held = folder.details(start // TILE_WIDTH)
        except (SealedRangeError, ExportError) as error:
            raise SourceError(str(error)) from None
        return [detail for detail in held if start <= detail.index < end]
