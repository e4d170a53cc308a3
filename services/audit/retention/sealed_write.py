"""Writes old records into a sealed file, from wherever a trail can be read.

Invariant: what is written has been checked: each record makes its published hash, and all of them the root that was signed. Nothing is
written over, and a folder without a manifest is no sealed file: it comes last.
"""

from collections.abc import Callable
from pathlib import Path

from services.audit.checking.sources import SourceError, TrailSource, detail_line
from services.audit.log import checkpoint, layout, merkle
from services.audit.log.layout import ENTRIES, TileId
from services.audit.log.merkle import TILE_WIDTH
from services.audit.log.note import Verifier
from services.audit.records.record import Rec, utc
from services.audit.retention.sealed_range import (
    CHECKPOINT,
    MANIFEST,
    VKEY,
    Manifest,
    Progress,
    SealedRangeError,
    digest_of,
    is_range,
    outside,
    pack,
    payload_path,
    root_with,
)
from shared.facts import rfc3339


async def seal(
    source: TrailSource, start: int, end: int, folder: Path, key: Verifier, vkey: str, progress: Progress
) -> tuple[Manifest, str]:
    """(the manifest, its digest). Raises SealedRangeError, SourceError, CheckpointError."""
    note = await source.checkpoint()
    signed = checkpoint.read(note, key)
    if not is_range(start, end) or end > signed.size:
        raise SealedRangeError(f"records {start} to {end} are no whole bundles of {TILE_WIDTH} below the checkpoint of {signed.size}")
    files: dict[str, str] = {}

    def write(path: str, content: bytes) -> None:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        files[path] = digest_of(content)

    leaves: list[bytes] = []
    times: list[str] = []
    for number in range(start // TILE_WIDTH, end // TILE_WIDTH):
        records = await _bundle(source, number, write)
        leaves += [merkle.leaf_hash(raw) for raw in records]
        times += [Rec.read(records[0]).broker, Rec.read(records[-1]).broker]
        progress(len(leaves), end - start)
    proof = [await _range_root(source, low, high, signed.size) for low, high in outside(start, end, signed.size)]
    if root_with(leaves, start, signed.size, proof) != signed.root:
        raise SealedRangeError("the records do not make the root that was signed: `fenghuo trail verify` says what was done to them")
    write(CHECKPOINT, note)
    write(VKEY, vkey.encode() + b"\n")
    manifest = Manifest(
        origin=signed.origin,
        start=start,
        end=end,
        first_at=rfc3339(utc(times[0])),
        last_at=rfc3339(utc(times[-1])),
        size=signed.size,
        root=signed.root.hex(),
        proof=tuple(one.hex() for one in proof),
        files=dict(sorted(files.items())),
    )
    content = manifest.write()
    (folder / MANIFEST).write_bytes(content)
    return manifest, digest_of(content)


async def _bundle(source: TrailSource, number: int, write: Callable[[str, bytes], None]) -> list[bytes]:
    """The records of a bundle, written."""
    start = number * TILE_WIDTH
    tile, bundle = await source.tile(TileId(0, number)), await source.tile(TileId(ENTRIES, number))
    records = layout.bundle_records(bundle, TILE_WIDTH)
    if layout.tile_bytes(merkle.leaf_hash(raw) for raw in records) != tile:
        raise SealedRangeError(f"records and tile of bundle {number} do not belong together: `fenghuo trail verify` says which was altered")
    details = await source.details(start, start + TILE_WIDTH)
    if [(one.index, one.rec) for one in details] != list(enumerate(records, start)):
        raise SealedRangeError(f"the records of bundle {number} stand twice, and differently")
    write(layout.path_of(TileId(0, number)), tile)
    write(layout.path_of(TileId(ENTRIES, number)), bundle)
    write(payload_path(number), pack(b"".join(detail_line(one) for one in details)))
    return records


async def _range_root(source: TrailSource, low: int, high: int, size: int) -> bytes:
    parts: list[bytes] = []
    for node in merkle.range_nodes(low, high):
        level, number = layout.tile_of(node)
        width = layout.width_in(level, number, size)
        parts.append(layout.node_in(node, layout.tile_hashes(await source.tile(TileId(level, number, width)), width)))
    return merkle.join(parts)


async def first_at_or_after(source: TrailSource, low: int, high: int, time: str) -> int:
    """The first of the records [low, high) the broker stored at `time` or later, else `high`. By bisection: a read for each bit."""
    while low < high:
        middle = (low + high) // 2
        found = await source.details(middle, middle + 1)
        if not found:
            raise SourceError(f"record {middle} is not there")
        if Rec.read(found[0].rec).broker < time:
            low = middle + 1
        else:
            high = middle
    return low


def whole_bundles(start: int, end: int) -> tuple[int, int]:
    """The whole bundles within [start, end)."""
    return -(-start // TILE_WIDTH) * TILE_WIDTH, end // TILE_WIDTH * TILE_WIDTH
