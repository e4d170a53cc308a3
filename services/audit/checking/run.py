"""A run of whole bundles checked by itself: each record against its hash in the published tile, against the one before it, and
beside its payload. Pure but for what it reads; what it finds fits in a few kilobytes, so that another process may do it.

Invariant: nothing of a run is believed because another run is good; what must fit across runs stands in the `Finding`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from services.audit.checking.examine import Examiner, Run
from services.audit.checking.sources import SourceError, TrailSource
from services.audit.export.line import Detail
from services.audit.log import layout, merkle
from services.audit.log.layout import ENTRIES, LayoutError, TileId
from services.audit.log.merkle import HASH_SIZE, TILE_WIDTH
from services.audit.records.record import Rec, RecordError

FAULTS = 50
"""Then it stops looking: more of them say nothing new."""
BUNDLES_IN_RUN = 16
Roots = tuple[tuple[int, bytes], ...]
"""Perfect subtrees side by side: (height, root), the largest first."""


@dataclass(frozen=True)
class Fault:
    """`index`: the record it is about, None where it is about the whole. `case` and `time` as the record itself says them."""

    index: int | None
    words: str
    case: str = ""
    time: str = ""


@dataclass
class Asked:
    """Bundles [first, last) of a trail of `size`; `looked_at`: the first record that counts; `sizes`: trees whose root is wanted."""

    first: int
    last: int
    size: int
    looked_at: int = 0
    sizes: tuple[int, ...] = ()
    payloads: bool = True


@dataclass
class Finding:
    first: int
    run: Run = field(default_factory=Run)
    faults: list[Fault] = field(default_factory=list[Fault])
    by_record: list[Roots] = field(default_factory=list[Roots])
    """For each bundle, the tree over its records."""
    by_tile: list[Roots] = field(default_factory=list[Roots])
    """The same over the hashes that are published."""
    within: dict[int, Roots] = field(default_factory=dict[int, Roots])
    """For each size asked for, the tree over the records of its bundle before it."""
    differ: list[Fault] = field(default_factory=list[Fault])
    """Records whose hash is not the published one; which of the two was signed is known at the end."""
    records: int = 0
    payloads: int = 0
    ends: str = ""
    """Why nothing behind it can be checked: records are gone, and their hashes with them."""


async def check_run(source: TrailSource, asked: Asked) -> Finding:
    return await _Check(source, asked).finding()


def roots_of(leaves: Sequence[bytes]) -> Roots:
    """The perfect subtrees over a beginning of a bundle."""
    return tuple(
        (length.bit_length() - 1, merkle.fold(leaves[start : start + length])) for start, length in merkle.perfect_parts(len(leaves))
    )


class _Check:
    def __init__(self, source: TrailSource, asked: Asked) -> None:
        self._source, self._asked = source, asked
        self._found = Finding(asked.first)
        self._raw: dict[int, bytes] = {}
        self._examiner = Examiner(self._fault)
        self._found.run = self._examiner.run

    async def finding(self) -> Finding:
        for number in range(self._asked.first, self._asked.last):
            await self._bundle(number, layout.width_in(0, number, self._asked.size))
            if self._found.ends or len(self._found.faults) >= FAULTS:
                break
        return self._found

    def _fault(self, index: int | None, words: str) -> None:
        if len(self._found.faults) < FAULTS:
            self._found.faults.append(_about(index, words, self._raw))

    async def _bundle(self, number: int, width: int) -> None:
        start, asked = number * TILE_WIDTH, self._asked
        published = await self._published(number, width)
        self._raw = records = await self._records(number, width)
        held: list[Detail] = []
        if asked.payloads and (first := max(start, asked.looked_at)) < start + width:
            held = await self._source.details(first, start + width)
        details = {detail.index: detail for detail in held}
        self._missing([index for index in range(start, start + width) if index not in records], start + width)
        leaves: list[bytes] = []
        for index in range(start, start + width):
            raw, expected = records.get(index), published.get(index)
            if raw is None:
                if expected is None:
                    self._found.ends = (
                        f"neither record {index} nor its hash is there: what comes after can't be laid against the signed root"
                    )
                    return
                leaves.append(expected)
                continue
            leaves.append(sha256(b"\x00" + raw).digest())
            if index >= asked.looked_at:
                self._examiner.examine(index, raw, details.get(index), beside=asked.payloads)
                self._stored_leaf(details.get(index), leaves[-1])
                self._found.records += 1
        self._found.payloads += sum(detail.payload is not None for detail in held)
        self._compare(start, leaves, published)

    def _missing(self, indexes: list[int], end: int) -> None:
        if len(indexes) > 1 and indexes == list(range(indexes[0], end)):
            self._fault(indexes[0], f"records {indexes[0]} to {end - 1} were signed and are missing: the trail was cut there")
            return
        for index in indexes:
            self._fault(index, "the record was signed and is missing: it was deleted, or the trail was cut there")

    def _stored_leaf(self, detail: Detail | None, leaf: bytes) -> None:
        if detail is not None and detail.leaf is not None and detail.leaf != leaf:
            self._fault(detail.index, "the hash stored beside the record is not the record's: proofs for it would fail")

    def _compare(self, start: int, leaves: list[bytes], published: dict[int, bytes]) -> None:
        expected = [published.get(index, leaf) for index, leaf in enumerate(leaves, start)]
        roots = roots_of(leaves)
        self._found.by_record.append(roots)
        self._found.by_tile.append(roots if expected == leaves else roots_of(expected))
        if expected != leaves:
            differ = (start + at for at, pair in enumerate(zip(leaves, expected, strict=True)) if pair[0] != pair[1])
            self._found.differ += [_about(index, "", self._raw) for index in differ]
        for size in self._asked.sizes:
            if start < size <= start + len(leaves):
                self._found.within[size] = roots_of(leaves[: size - start])

    async def _published(self, number: int, width: int) -> dict[int, bytes]:
        tile = TileId(0, number, width)
        try:
            content = await self._source.tile(tile)
        except SourceError as error:
            self._fault(None, str(error))
            return {}
        if len(content) != width * HASH_SIZE:
            self._fault(None, f"{layout.path_of(tile)} has {len(content)} bytes, {width * HASH_SIZE} were signed")
            return {}
        return dict(enumerate(layout.tile_hashes(content, width), number * TILE_WIDTH))

    async def _records(self, number: int, width: int) -> dict[int, bytes]:
        """The records of a bundle by their place; where some are missing, by the place they name themselves."""
        start, tile = number * TILE_WIDTH, TileId(ENTRIES, number, width)
        content = b""
        try:
            content = await self._source.tile(tile)
            return dict(enumerate(layout.bundle_records(content, width), start))
        except (SourceError, LayoutError) as error:
            self._fault(None, f"{layout.path_of(tile)}: {error}")
        found: dict[int, bytes] = {}
        for raw in layout.readable_records(content):
            try:
                found[Rec.read(raw).index] = raw
            except RecordError:
                continue
        return found


def _about(index: int | None, words: str, records: dict[int, bytes]) -> Fault:
    try:
        rec = Rec.read(records[index]) if index is not None else None
    except (KeyError, RecordError):
        rec = None
    return Fault(index, words, rec.case, rec.broker) if rec else Fault(index, words)
