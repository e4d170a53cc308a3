"""A run of whole bundles checked by itself: each record against its hash in the published tile, against the
one before it, and beside its payload. Pure but for what it reads; what it finds fits in a few kilobytes, so
that another process may do it.

Invariant: nothing of a run is believed because another run is good; what must fit across runs stands in the
`CheckedPart`.
"""

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256

from services.audit.checking.examine import Examiner, Run
from services.audit.checking.sources import SourceError, TrailSource
from services.audit.records.line import Detail
from services.audit.records.record import Rec, RecordError
from shared.tlog import layout, merkle
from shared.tlog.layout import ENTRIES, LayoutError, TileId
from shared.tlog.merkle import HASH_SIZE, TILE_WIDTH

FAULTS = 50
"""Then it stops looking: more of them say nothing new."""
BUNDLES_IN_RUN = 16
_OBJECTS = 200_000
"""Containers made before their cycles are looked for."""
Roots = tuple[tuple[int, bytes], ...]
"""Perfect subtrees side by side: (height, root), the largest first."""


@dataclass(frozen=True)
class TrailFault:
    """`index`: the record it is about, None where it is about the whole. `case` and `time` as the record
    itself says them.
    """

    index: int | None
    words: str
    case: str = ""
    time: str = ""


@dataclass
class CheckTask:
    """Bundles [first, last) of a trail of `size`; `looked_at`: the first record that counts; `sizes`: trees
    whose root is wanted.
    """

    first: int
    last: int
    size: int
    looked_at: int = 0
    sizes: tuple[int, ...] = ()
    payloads: bool = True
    case: str | None = None
    """Fields and payloads of this case alone; the headers of all."""


@dataclass
class CheckedPart:
    first: int
    run: Run = field(default_factory=Run)
    faults: list[TrailFault] = field(default_factory=list[TrailFault])
    by_record: list[Roots] = field(default_factory=list[Roots])
    """For each bundle, the tree over its records."""
    by_tile: list[Roots] = field(default_factory=list[Roots])
    """The same over the hashes that are published."""
    within: dict[int, Roots] = field(default_factory=dict[int, Roots])
    """For each size asked for, the tree over the records of its bundle before it."""
    differ: list[TrailFault] = field(default_factory=list[TrailFault])
    """Records whose hash is not the published one; which of the two was signed is known at the end."""
    records: int = 0
    payloads: int = 0
    of_case: int = 0
    """Records of the case that was asked for."""
    ends: str = ""
    """Why nothing behind it can be checked: records are gone, and their hashes with them."""


async def check_run(source: TrailSource, task: CheckTask) -> CheckedPart:
    with _seldom_collected():
        return await _Check(source, task).finding()


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """A run makes millions of objects and hardly a cycle: looking for cycles among them took a quarter of the
    time.
    """
    usual = gc.get_threshold()
    gc.set_threshold(_OBJECTS, 10, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def roots_of(leaves: Sequence[bytes]) -> Roots:
    """The perfect subtrees over a beginning of a bundle."""
    return tuple(
        (length.bit_length() - 1, _root(leaves[start : start + length]))
        for start, length in merkle.perfect_parts(len(leaves))
    )


def _root(leaves: Sequence[bytes]) -> bytes:
    """`merkle.fold` over one row of bytes: nothing of a run is hashed more often than these."""
    row = b"".join(leaves)
    while len(row) > HASH_SIZE:
        row = b"".join(
            [
                sha256(b"\x01" + row[at : at + 2 * HASH_SIZE]).digest()
                for at in range(0, len(row), 2 * HASH_SIZE)
            ]
        )
    return row


class _Check:
    def __init__(self, source: TrailSource, task: CheckTask) -> None:
        self._source, self._task = source, task
        self._part = CheckedPart(task.first)
        self._raw: dict[int, bytes] = {}
        self._case_records: set[int] = set()
        self._examiner = Examiner(self._fault)
        self._part.run = self._examiner.run

    async def finding(self) -> CheckedPart:
        for number in range(self._task.first, self._task.last):
            await self._bundle(number, layout.width_in(0, number, self._task.size))
            if self._part.ends or len(self._part.faults) >= FAULTS:
                break
        return self._part

    def _fault(self, index: int | None, words: str) -> None:
        if len(self._part.faults) < FAULTS:
            self._part.faults.append(_about(index, words, self._raw))

    async def _bundle(self, number: int, width: int) -> None:
        start, task = number * TILE_WIDTH, self._task
        published = await self._published(number, width)
        self._raw = records = await self._records(number, width)
        details = await self._details(max(start, task.looked_at), start + width, records)
        leaves = [sha256(b"\x00" + raw).digest() for raw in records.values()]
        if len(leaves) == width and b"".join(leaves) == published:
            # In this order they are what is published: record by record nothing is left to compare.
            self._examine(enumerate(records.values(), start), details)
            self._stored_leaves(details, dict(enumerate(leaves, start)))
            self._roots(start, leaves, leaves)
        else:
            self._in_part(
                start, width, records, layout.tile_hashes(published, width) if published else [], details
            )

    def _in_part(
        self,
        start: int,
        width: int,
        records: dict[int, bytes],
        published: list[bytes],
        details: dict[int, Detail],
    ) -> None:
        """Where records are missing or not what is published."""
        self._missing([index for index in range(start, start + width) if index not in records], start + width)
        leaves: dict[int, bytes] = {}
        for index in range(start, start + width):
            if index in records:
                leaves[index] = sha256(b"\x00" + records[index]).digest()
            elif published:
                leaves[index] = published[index - start]
            else:
                self._part.ends = f"neither record {index} nor its hash is there: what comes after can't be laid against the signed root"
                break
        self._examine([(index, records[index]) for index in leaves if index in records], details)
        self._stored_leaves(details, leaves)
        if not self._part.ends:
            self._roots(start, list(leaves.values()), published or list(leaves.values()))

    def _examine(self, records: Iterable[tuple[int, bytes]], details: dict[int, Detail]) -> None:
        task, examine = self._task, self._examiner.examine
        beside, all_of_them = task.payloads, task.case is None
        for index, raw in records:
            if index >= task.looked_at:
                examine(
                    index,
                    raw,
                    details.get(index),
                    beside=beside and (all_of_them or index in self._case_records),
                )
                self._part.records += 1

    async def _details(self, first: int, end: int, records: dict[int, bytes]) -> dict[int, Detail]:
        task = self._task
        details: list[Detail] = []
        if task.case is not None:
            self._case_records = {
                index for index, raw in records.items() if index >= task.looked_at and _is_of(task.case, raw)
            }
            self._part.of_case += len(self._case_records)
            if task.payloads:
                details = [
                    detail
                    for index in sorted(self._case_records)
                    for detail in await self._source.details(index, index + 1)
                ]
        elif task.payloads and first < end:
            details = await self._source.details(first, end)
        self._part.payloads += sum(detail.payload is not None for detail in details)
        return {detail.index: detail for detail in details}

    def _missing(self, indexes: list[int], end: int) -> None:
        if len(indexes) > 1 and indexes == list(range(indexes[0], end)):
            self._fault(
                indexes[0],
                f"records {indexes[0]} to {end - 1} were signed and are missing: the trail was cut there",
            )
            return
        for index in indexes:
            self._fault(
                index, "the record was signed and is missing: it was deleted, or the trail was cut there"
            )

    def _stored_leaves(self, details: dict[int, Detail], leaves: dict[int, bytes]) -> None:
        for index, detail in details.items():
            if (
                detail.leaf is not None
                and index in leaves
                and index in self._raw
                and detail.leaf != leaves[index]
            ):
                self._fault(
                    index, "the hash stored beside the record is not the record's: proofs for it would fail"
                )

    def _roots(self, start: int, leaves: list[bytes], published: list[bytes]) -> None:
        roots = roots_of(leaves)
        self._part.by_record.append(roots)
        self._part.by_tile.append(roots if published == leaves else roots_of(published))
        if published != leaves:
            differ = (
                start + at
                for at, pair in enumerate(zip(leaves, published, strict=True))
                if pair[0] != pair[1]
            )
            self._part.differ += [_about(index, "", self._raw) for index in differ]
        for size in self._task.sizes:
            if start < size <= start + len(leaves):
                self._part.within[size] = roots_of(leaves[: size - start])

    async def _published(self, number: int, width: int) -> bytes:
        """The published hashes of a bundle, one after the other; none of them where they can't be told
        apart.
        """
        tile = TileId(0, number, width)
        try:
            content = await self._source.tile(tile)
        except SourceError as error:
            self._fault(None, str(error))
            return b""
        if len(content) != width * HASH_SIZE:
            self._fault(
                None, f"{layout.path_of(tile)} has {len(content)} bytes, {width * HASH_SIZE} were signed"
            )
            return b""
        return content

    async def _records(self, number: int, width: int) -> dict[int, bytes]:
        """The records of a bundle by their place; where some are missing, by the place they name
        themselves.
        """
        start, tile = number * TILE_WIDTH, TileId(ENTRIES, number, width)
        content = b""
        try:
            content = await self._source.tile(tile)
            return dict(enumerate(layout.bundle_records(content, width), start))
        except (SourceError, LayoutError) as error:
            self._fault(None, f"{layout.path_of(tile)}: {error}")
        records: dict[int, bytes] = {}
        for raw in layout.readable_records(content):
            try:
                records[Rec.read(raw).index] = raw
            except RecordError:
                continue
        return records


def _is_of(case: str, raw: bytes) -> bool:
    if f'"case":"{case}"'.encode() not in raw:
        return False
    try:
        return Rec.read(raw).case == case
    except RecordError:
        return False


def _about(index: int | None, words: str, records: dict[int, bytes]) -> TrailFault:
    try:
        rec = Rec.read(records[index]) if index is not None else None
    except (KeyError, RecordError):
        rec = None
    return TrailFault(index, words, rec.case, rec.broker) if rec else TrailFault(index, words)
