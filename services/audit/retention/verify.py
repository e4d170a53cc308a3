"""What a trail says it has moved to sealed files must stand in the trail itself, or it was cut.

Invariant: the store's word for it counts for nothing: the fact `sealed_range` that names range and manifest must be in the signed tree,
by a proof worked out here from the published tiles.
"""

from collections.abc import Callable

from services.audit.checking.sources import SourceError, TrailSource, dropped_of
from services.audit.log import layout, merkle
from services.audit.log.checkpoint import Checkpoint
from services.audit.log.layout import LayoutError, TileId
from services.audit.log.merkle import ProofError
from services.audit.records import fields, record
from services.audit.records.record import Rec, RecordError
from services.audit.retention.store import Dropped
from shared.vocabulary import Kind

Report = Callable[[int | None, str], None]


async def check_dropped(source: TrailSource, signed: Checkpoint, report: Report) -> int:
    """The first record that is (still) to be checked here: what lies before it has left for sealed files, rightly or not."""
    ranges = await dropped_of(source)
    end = 0
    for one in sorted(ranges, key=lambda one: one.start):
        end = max(end, one.end)
        try:
            await _on_record(source, signed, one)
        except (SourceError, LayoutError, ProofError, RecordError) as error:
            report(one.start, f"records {one.start} to {one.end - 1} are missing, said to lie in a sealed file; {error}")
    return min(end, signed.size)


async def _on_record(source: TrailSource, signed: Checkpoint, one: Dropped) -> None:
    if one.fact >= signed.size:
        raise SourceError(f"the record that is said to say so ({one.fact}) is covered by no checkpoint")
    details = await source.details(one.fact, one.fact + 1)
    if not details or details[0].payload is None:
        raise SourceError(f"the record that is said to say so ({one.fact}) is not there")
    (detail,) = details
    await _in_tree(source, signed, one.fact, detail.rec)
    rec, payload = Rec.read(detail.rec), detail.payload
    assert payload is not None
    if fields.kind_of(rec) != Kind.SEALED_RANGE or rec.digest != record.digest_of(payload.salt, payload.raw or b""):
        raise SourceError(f"record {one.fact} says no such thing")
    data = payload.envelope.get("data", {})
    if (data.get("start"), data.get("end"), data.get("manifest")) != (one.start, one.end, one.manifest):
        raise SourceError(f"record {one.fact} names another range or another file: {data.get('start')} to {data.get('end')}")


async def _in_tree(source: TrailSource, signed: Checkpoint, index: int, raw: bytes) -> None:
    hashes: list[bytes] = []
    for low, high in merkle.inclusion_ranges(index, signed.size):
        parts: list[bytes] = []
        for node in merkle.range_nodes(low, high):
            level, number = layout.tile_of(node)
            width = layout.width_in(level, number, signed.size)
            parts.append(layout.node_in(node, layout.tile_hashes(await source.tile(TileId(level, number, width)), width)))
        hashes.append(merkle.join(parts))
    merkle.verify_inclusion(index, signed.size, merkle.leaf_hash(raw), hashes, signed.root)
