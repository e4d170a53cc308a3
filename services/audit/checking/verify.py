"""Checks a whole trail against its signed checkpoint, offline, in bounded memory, and says at which record
what is wrong.

What each kind of check looks at. Headers: canonical form, index and sequence, the stream, the broker's time,
the numbering and linking of each case, every hash in every published tile, the signed root, the roots of
earlier checkpoints and time stamps. With payloads besides: message, author, plain and personal digests beside
each payload, clock offset, case and claimed time, every search field derived anew, the hash beside the record
in the store, and for what is missing the redaction that excuses it. One case: the headers of all, the rest
for its records. The store itself (fenghuo trail verify --mongo) besides: the list of holds and the search
index.

Invariant: it believes nothing but the pinned key. It shares no code path with the sequencer beyond the
formats (layout, note, merkle, record, fields); tree, numbering and order are worked out anew from the records
themselves, run by run, in this process or in several, and laid together in order.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from services.audit.checking.examine import Chain
from services.audit.checking.pool import Opener, findings
from services.audit.checking.run import FAULTS, CheckedPart, CheckTask, TrailFault
from services.audit.checking.sources import SourceError, TrailSource
from services.audit.checking.tree import Peaks, UpperTiles
from services.audit.records import timestamp as timestamps
from services.audit.records.line import ExportError
from shared.facts.distrust import Distrust
from shared.tlog import checkpoint, layout, merkle
from shared.tlog.checkpoint import Checkpoint, CheckpointError
from shared.tlog.ended import Ended, followed
from shared.tlog.layout import LayoutError, TileId
from shared.tlog.merkle import TILE_WIDTH, Node
from shared.tlog.note import NoteError, Verifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.x509 import Certificate

__all__ = ["Peaks", "TrailFault", "Verdict", "verify"]

_TOLD = 20


@dataclass
class Verdict:
    size: int = 0
    root: str = ""
    time: str = ""
    checked: int = 0
    payloads: int = 0
    """Records whose payload was there and was checked."""
    of_case: int = 0
    """Records of the case that was asked for."""
    since: int = 0
    stamps: int = 0
    """Time stamps that were checked."""
    erased: int = 0
    """Records of which something was erased, by a redaction on record that counts."""
    erasures: list[str] = field(default_factory=list[str])
    """The first of them in words: what, when, by whom, on what basis."""
    lost: int = 0
    """Records that say the broker had lost their fact before the trail got it: no fault of the trail."""
    losses: list[str] = field(default_factory=list[str])
    """The first of them in words."""
    distrusted: list[tuple[int, str, Distrust]] = field(default_factory=list[tuple[int, str, Distrust]])
    """(record, case, why): messages that are no authentic facts, as the trail itself says. The trail holds;
    somebody wrote into FACTS.
    """
    note: str = ""
    follows: Ended | None = None
    """The trail that this one follows, as its first record says; signed by that trail's key where that was
    given.
    """
    faults: list[TrailFault] = field(default_factory=list[TrailFault])

    @property
    def holds(self) -> bool:
        return not self.faults


async def verify(
    source: TrailSource,
    key: Verifier,
    *,
    since: Checkpoint | None = None,
    only_new: bool = False,
    payloads: bool = True,
    case: str | None = None,
    opener: Opener | None = None,
    processes: int | None = None,
    tsa: "Sequence[Certificate]" = (),
    before: Verifier | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Verdict:
    """`since`: an earlier checkpoint the trail must begin with. `only_new`: take the records it covers as
    checked.

    `payloads` False: headers, order, hashes and signatures alone. `case`: payloads and fields of this case
    alone; every header is looked at all the same, for only so is it known that no record of the case was left
    out. `opener`: how another process opens the same source; with it a long trail is checked on all cores, or
    by so many `processes`. `tsa`: the authorities whose time stamps are trusted; without them only what they
    are of is checked. `before`: the key of the ended trail that this one must follow.
    """
    verdict = Verdict()
    try:
        note = await source.checkpoint()
        signed = checkpoint.read(note, key)
    except CheckpointError as error:
        verdict.faults.append(TrailFault(None, f"{error}"))
        return verdict
    verdict.size, verdict.root, verdict.time, verdict.note = (
        signed.size,
        signed.root.hex(),
        signed.time.isoformat(),
        note.decode(),
    )
    if since is not None and signed.size < since.size:
        words = (
            f"the trail has {signed.size} records, signed {signed.time.isoformat()}; the earlier checkpoint of {since.time.isoformat()} "
            f"has {since.size}: records {signed.size} to {since.size - 1} were cut off, or it was replaced by an older copy"
        )
        verdict.faults.append(TrailFault(None, words))
        return verdict
    try:
        stamps = await source.timestamps()
        verdict.stamps = len(stamps)
        verdict.faults += [TrailFault(None, words) for words in timestamps.faults(stamps, key, tsa)]
        first = since.size if since is not None and only_new else 0
        walk = _Walk(
            source,
            key,
            signed,
            since,
            verdict,
            first=first,
            before=before,
            stamped=[stamp.note.encode() for stamp in stamps],
        )
        await walk.run(
            lambda asked: findings(source, asked, opener, processes),
            payloads=payloads,
            case=case,
            progress=progress,
        )
    except (SourceError, LayoutError, ExportError) as error:
        verdict.faults.append(TrailFault(None, str(error)))
    return verdict


class _Walk:
    """One pass over the records, a run of bundles at a time, in order."""

    def __init__(
        self,
        source: TrailSource,
        key: Verifier,
        signed: Checkpoint,
        since: Checkpoint | None,
        verdict: Verdict,
        *,
        first: int,
        before: Verifier | None = None,
        stamped: "Sequence[bytes]" = (),
    ) -> None:
        """`stamped`: earlier checkpoints as an authority has seen them."""
        self._source, self._key, self._signed, self._since, self._verdict, self._first = (
            source,
            key,
            signed,
            since,
            verdict,
            first,
        )
        self._before = before
        self._chain = Chain(starts_at=first, report=self._fault)
        self._own = Peaks()
        self._published: Peaks | None = None
        """The tree over the published hashes, from where it is another."""
        self._upper = UpperTiles(source, signed.size, self._fault)
        self._stamped = stamped
        self._differ: list[TrailFault] = []
        self._history: dict[int, Checkpoint] = {}
        self._roots: dict[int, bytes] = {}

    def _fault(self, index: int | None, words: str) -> None:
        self._add_fault(TrailFault(index, words))

    def _add_fault(self, fault: TrailFault) -> None:
        if len(self._verdict.faults) < FAULTS:
            self._verdict.faults.append(fault)

    async def run(
        self,
        findings_of: Callable[[CheckTask], AsyncGenerator[CheckedPart]],
        *,
        payloads: bool,
        case: str | None,
        progress: Callable[[int, int], None],
    ) -> None:
        size, start = self._signed.size, self._first // TILE_WIDTH
        self._verdict.since = self._first
        for note in dict.fromkeys([*await self._source.history(), *self._stamped]):
            self._note_history(note)
        await self._seed(start * TILE_WIDTH)
        sizes = {*self._history, *([self._since.size] if self._since is not None else [])}
        asked = CheckTask(
            start, -(-size // TILE_WIDTH), size, self._first, tuple(sorted(sizes)), payloads, case
        )
        async with aclosing(findings_of(asked)) as found:
            async for finding in found:
                await self._lay(finding)
                progress(min((finding.first + len(finding.by_record)) * TILE_WIDTH, size), size)
                if finding.ends:
                    self._fault(None, finding.ends)
                    return
                if len(self._verdict.faults) >= FAULTS:
                    return
        await self._upper.finish()
        self._verdict.erased, self._verdict.erasures = self._chain.conclude()
        self._verdict.distrusted = self._chain.distrusted
        self._verdict.lost = len(self._chain.lost)
        self._verdict.losses = [
            f"record {index}: the broker lost this fact before it was recorded"
            for index in self._chain.lost[:_TOLD]
        ]
        if (listed := await self._source.acts()) is not None:
            self._chain.compare_acts(listed)
        if size and not self._first:
            self._follow()
        self._conclude()
        if case is not None and not self._verdict.of_case:
            self._fault(
                None,
                f"no record of {size} is about case {case!r}: it is not in this trail, or its id is another",
            )

    def _follow(self) -> None:
        """The trail before, whose end the first record holds."""
        try:
            self._verdict.follows = followed(self._chain.follows, self._key, self._before)
        except NoteError as error:
            self._fault(0, f"{error}: this is not the trail that follows the one that was ended")

    async def _lay(self, finding: CheckedPart) -> None:
        """Put the next run behind those before it."""
        for fault in finding.faults:
            self._add_fault(fault)
        self._differ += finding.differ
        self._verdict.checked += finding.records
        self._verdict.payloads += finding.payloads
        self._verdict.of_case += finding.of_case
        self._chain.add(finding.first * TILE_WIDTH, finding.run)
        for at, (own, published) in enumerate(zip(finding.by_record, finding.by_tile, strict=True)):
            number = finding.first + at
            self._at_sizes(number, finding)
            if own != published and self._published is None:
                self._published = self._own.copy()
            self._own.add(own)
            if self._published is not None:
                self._published.add(published)
            if layout.width_in(0, number, self._signed.size) == TILE_WIDTH:
                await self._upper.add(published[0][1])

    def _at_sizes(self, number: int, finding: CheckedPart) -> None:
        start = number * TILE_WIDTH
        for size in [size for size in finding.within if start < size <= start + TILE_WIDTH]:
            root = self._roots[size] = self._own.with_roots(finding.within[size])
            self._compare_since(size, root)

    async def _seed(self, leaves: int) -> None:
        """What lies left of the first record looked at, from tiles; the earlier checkpoint's root shows
        whether they are true.
        """
        if not leaves:
            return
        self._own = Peaks([(node.level, await self._node(node)) for node in merkle.range_nodes(0, leaves)])
        await self._upper.seed(leaves // TILE_WIDTH)
        self._compare_since(leaves, self._own.root())

    async def _node(self, node: Node) -> bytes:
        level, number = layout.tile_of(node)
        width = layout.width_in(level, number, self._signed.size)
        return layout.node_in(
            node, layout.tile_hashes(await self._source.tile(TileId(level, number, width)), width)
        )

    def _compare_since(self, size: int, root: bytes) -> None:
        since = self._since
        if since is not None and size == since.size and root != since.root:
            self._fault(
                None,
                f"the first {size} records are not those the earlier checkpoint of {since.time.isoformat()} was signed for: the trail was "
                "changed since, and signed anew by whoever holds the key",
            )

    def _note_history(self, note: bytes) -> None:
        """Only what the pinned key signed counts; what it did not is a fault of its own."""
        try:
            earlier = checkpoint.read(note, self._key)
        except CheckpointError as error:
            self._fault(None, f"an earlier checkpoint is not what was signed: {error}")
            return
        if earlier.size <= self._signed.size:
            if earlier.time > self._signed.time:
                self._fault(
                    None,
                    f"time runs backwards: the checkpoint of {earlier.size} records was signed at {earlier.time.isoformat()}, the later "
                    f"one of {self._signed.size} at {self._signed.time.isoformat()}",
                )
            self._history[earlier.size] = earlier

    def _conclude(self) -> None:
        """Who is right where record and tile differ: the one that makes the signed root."""
        own = self._own.root()
        by_record = own == self._signed.root
        by_tile = self._published is not None and self._published.root() == self._signed.root
        for fault in self._differ:
            if by_record:
                words = "the published tile has another hash for it than was signed: the tile was altered"
            elif by_tile:
                words = "the record is not the one that was signed: it was altered"
            else:
                words = "record and tile do not belong together, and neither makes the signed root"
            self._add_fault(replace(fault, words=words))
        if not by_record and not by_tile:
            self._fault(
                None,
                f"the records do not make the root that was signed: the trail was changed {self._where()}",
            )
        elif by_record:
            self._two_trails()

    def _two_trails(self) -> None:
        for size, earlier in sorted(self._history.items()):
            if earlier.root != self._roots.get(size, earlier.root):
                self._fault(
                    None,
                    f"the checkpoint of {earlier.time.isoformat()} was signed for {size} other records than these: two trails were shown",
                )
                return

    def _where(self) -> str:
        good = max(
            (size for size, root in self._roots.items() if self._signed_for(size) == root),
            default=self._first,
        )
        bad = min(
            (size for size, root in self._roots.items() if self._signed_for(size) != root),
            default=self._signed.size,
        )
        return f"somewhere in records {good} to {bad - 1}" if good < bad else "in more than one place"

    def _signed_for(self, size: int) -> bytes | None:
        earlier = self._history.get(size) or self._since
        return earlier.root if earlier is not None else None
