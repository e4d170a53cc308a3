"""Checks a whole trail against its signed checkpoint, offline, in bounded memory, and says at which record what is wrong.

Invariant: it believes nothing but the pinned key. It shares no code path with the sequencer beyond the formats (layout, note,
merkle, record, fields); tree, numbering and order are worked out anew from the records themselves.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from services.audit import checkpoint, layout, merkle
from services.audit.checkpoint import Checkpoint, CheckpointError
from services.audit.examine import Examiner
from services.audit.export import ExportError
from services.audit.layout import ENTRIES, LayoutError, TileId
from services.audit.merkle import TILE_WIDTH, Node, leaf_hash, node_hash
from services.audit.note import Verifier
from services.audit.record import Rec, RecordError
from services.audit.sources import SourceError, TrailSource
from services.audit.verify_tiles import UpperTiles

_FAULTS = 50
"""Then it stops looking: more of them say nothing new."""


@dataclass(frozen=True)
class Fault:
    """`index`: the record it is about, None where it is about the whole."""

    index: int | None
    words: str


@dataclass
class Verdict:
    size: int = 0
    root: str = ""
    time: str = ""
    checked: int = 0
    since: int = 0
    note: str = ""
    faults: list[Fault] = field(default_factory=list[Fault])

    @property
    def holds(self) -> bool:
        return not self.faults


class Peaks:
    """The roots of the perfect subtrees so far: the tree in a few hashes. Written for this check alone."""

    def __init__(self, peaks: list[tuple[int, bytes]] | None = None) -> None:
        self._peaks = peaks or []

    def copy(self) -> "Peaks":
        return Peaks(list(self._peaks))

    def add(self, leaf: bytes) -> None:
        height, top = 0, leaf
        while self._peaks and self._peaks[-1][0] == height:
            top = node_hash(self._peaks.pop()[1], top)
            height += 1
        self._peaks.append((height, top))

    def root(self) -> bytes:
        if not self._peaks:
            return merkle.EMPTY_ROOT
        root = self._peaks[-1][1]
        for _, left in reversed(self._peaks[:-1]):
            root = node_hash(left, root)
        return root


async def verify(
    source: TrailSource,
    key: Verifier,
    *,
    since: Checkpoint | None = None,
    only_new: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Verdict:
    """`since`: an earlier checkpoint the trail must begin with. `only_new`: take the records it covers as checked."""
    verdict = Verdict()
    try:
        note = await source.checkpoint()
        signed = checkpoint.read(note, key)
    except CheckpointError as error:
        verdict.faults.append(Fault(None, f"{error}"))
        return verdict
    verdict.size, verdict.root, verdict.time, verdict.note = signed.size, signed.root.hex(), signed.time.isoformat(), note.decode()
    if since is not None and signed.size < since.size:
        words = f"the trail has {signed.size} records, the earlier checkpoint {since.size}: it was cut or replaced by an older copy"
        verdict.faults.append(Fault(None, words))
        return verdict
    try:
        await _Walk(source, key, signed, since, only_new, verdict, progress).run()
    except (SourceError, LayoutError, ExportError) as error:
        verdict.faults.append(Fault(None, str(error)))
    return verdict


class _Walk:
    """One pass over the records, a bundle of 256 at a time."""

    def __init__(
        self,
        source: TrailSource,
        key: Verifier,
        signed: Checkpoint,
        since: Checkpoint | None,
        only_new: bool,
        verdict: Verdict,
        progress: Callable[[int, int], None],
    ) -> None:
        self._source, self._key, self._signed, self._since, self._verdict, self._progress = source, key, signed, since, verdict, progress
        self._first = since.size if since is not None and only_new else 0
        self._examiner = Examiner(starts_at=self._first, report=self._fault)
        self._own = Peaks()
        self._published: Peaks | None = None
        """The tree by the published tiles, once a record differed from its tile."""
        self._differ: list[int] = []
        self._history: dict[int, bytes] = {}
        self._roots: dict[int, bytes] = {}
        self._upper = UpperTiles(source, signed.size, self._fault)

    def _fault(self, index: int | None, words: str) -> None:
        if len(self._verdict.faults) < _FAULTS:
            self._verdict.faults.append(Fault(index, words))

    async def run(self) -> None:
        size, start = self._signed.size, self._first // TILE_WIDTH
        self._verdict.since = self._first
        for note in await self._source.history():
            self._note_history(note)
        await self._seed(start * TILE_WIDTH)
        self._compare_since(start * TILE_WIDTH)
        for number in range(start, -(-size // TILE_WIDTH)):
            width = layout.width_in(0, number, size)
            leaves = await self._bundle(number, width)
            if width == TILE_WIDTH:
                await self._upper.add(merkle.fold(leaves))
            self._progress(number * TILE_WIDTH + width, size)
            if len(self._verdict.faults) >= _FAULTS:
                return
        await self._upper.finish()
        self._conclude()

    async def _seed(self, leaves: int) -> None:
        """What lies left of the first record looked at, from tiles; the earlier checkpoint's root shows whether they are true."""
        if not leaves:
            return
        peaks: list[tuple[int, bytes]] = []
        for node in merkle.range_nodes(0, leaves):
            peaks.append((node.level, await self._node(node)))
        self._own = Peaks(peaks)
        await self._upper.seed(leaves // TILE_WIDTH)

    async def _node(self, node: Node) -> bytes:
        level, number = layout.tile_of(node)
        width = layout.width_in(level, number, self._signed.size)
        return layout.node_in(node, layout.tile_hashes(await self._source.tile(TileId(level, number, width)), width))

    # --- one bundle -----------------------------------------------------------------------------------------------------

    async def _bundle(self, number: int, width: int) -> list[bytes]:
        """Check one bundle. Returns its leaves as they are published."""
        start = number * TILE_WIDTH
        published = await self._published_leaves(number, width)
        records = await self._records(number, width)
        details = {detail.index: detail for detail in await self._source.details(max(start, self._first), start + width)}
        leaves: list[bytes] = []
        for index in range(start, start + width):
            raw, expected = records.get(index), published.get(index)
            if raw is None:
                self._fault(index, "the record was signed and is missing: it was deleted, or the trail was cut there")
            leaf = leaf_hash(raw) if raw is not None else expected
            if leaf is None:
                raise SourceError(f"neither record {index} nor its hash is there: the trail was cut from there on")
            leaves.append(expected or leaf)
            self._add(index, leaf, leaves[-1])
            if raw is not None and index >= self._first:
                self._examiner.examine(index, raw, details.get(index))
                self._verdict.checked += 1
        return leaves

    async def _published_leaves(self, number: int, width: int) -> dict[int, bytes]:
        try:
            content = await self._source.tile(TileId(0, number, width))
        except SourceError as error:
            self._fault(None, str(error))
            return {}
        if len(content) != width * merkle.HASH_SIZE:
            self._fault(
                None, f"{layout.path_of(TileId(0, number, width))} has {len(content)} bytes, {width * merkle.HASH_SIZE} were signed"
            )
            return {}
        return dict(enumerate(layout.tile_hashes(content, width), number * TILE_WIDTH))

    async def _records(self, number: int, width: int) -> dict[int, bytes]:
        """The records of a bundle by their place; where some are missing, by the place they name themselves."""
        start = number * TILE_WIDTH
        try:
            content = await self._source.tile(TileId(ENTRIES, number, width))
            return dict(enumerate(layout.bundle_records(content, width), start))
        except (SourceError, LayoutError) as error:
            self._fault(None, f"{layout.path_of(TileId(ENTRIES, number, width))}: {error}")
            content = b"" if isinstance(error, SourceError) else content  # pyright: ignore[reportPossiblyUnboundVariable]
        found: dict[int, bytes] = {}
        for raw in layout.readable_records(content):
            try:
                found[Rec.read(raw).index] = raw
            except RecordError:
                continue
        return found

    def _add(self, index: int, leaf: bytes, published: bytes) -> None:
        if leaf != published:
            self._differ.append(index)
            self._published = self._published or self._own.copy()
        self._own.add(leaf)
        if self._published is not None:
            self._published.add(published)
        if index + 1 in self._history:
            self._roots[index + 1] = self._own.root()
        self._compare_since(index + 1)

    def _compare_since(self, size: int) -> None:
        if self._since is not None and size == self._since.size and self._own.root() != self._since.root:
            self._fault(None, f"the first {size} records are not those the earlier checkpoint was signed for: the trail was changed since")

    def _note_history(self, note: bytes) -> None:
        """Only what the pinned key signed counts; what it did not is a fault of its own."""
        try:
            earlier = checkpoint.read(note, self._key)
        except CheckpointError as error:
            self._fault(None, f"an earlier checkpoint is not what was signed: {error}")
            return
        if earlier.size <= self._signed.size:
            self._history[earlier.size] = earlier.root

    def _conclude(self) -> None:
        """Who is right where record and tile differ: the one that makes the signed root."""
        by_record = self._own.root() == self._signed.root
        by_tile = self._published is not None and self._published.root() == self._signed.root
        for index in self._differ:
            if by_record:
                words = "the published tile has another hash for it than was signed: the tile was altered"
            elif by_tile:
                words = "the record is not the one that was signed: it was altered"
            else:
                words = "record and tile do not belong together, and neither makes the signed root"
            self._fault(index, words)
        if not by_record and not by_tile:
            self._fault(None, f"the records do not make the root that was signed: the trail was changed {self._where()}")
        elif by_record and any(root != self._roots.get(size, root) for size, root in self._history.items()):
            self._fault(None, "an earlier checkpoint was signed for another trail than this one: two trails were shown")

    def _where(self) -> str:
        good = max((size for size, root in self._roots.items() if self._history[size] == root), default=self._first)
        bad = min((size for size, root in self._roots.items() if self._history[size] != root), default=self._signed.size)
        return f"somewhere in records {good} to {bad - 1}" if good < bad else "in more than one place"
