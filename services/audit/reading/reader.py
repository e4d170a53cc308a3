"""Reading the trail: search, records, cases, proofs. Every answer is bounded in time and holds up to a named
checkpoint.

Invariant: nothing above the last signed checkpoint is ever shown, so that whatever is shown can be proven.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.audit.checking.search_index import Report, check_search
from services.audit.reading.keeper import Keeper
from services.audit.reading.search.plan import Below, none_below
from services.audit.reading.search.searching import Searcher
from services.audit.reading.seen import seen, up_to
from services.audit.reading.views import (
    CheckpointView,
    ConsistencyProof,
    Entry,
    Filter,
    InclusionProof,
    NotInTrail,
    Order,
    Page,
    Record,
    State,
    WitnessView,
)
from services.audit.records import record
from services.audit.records.fields import excused_in
from services.audit.records.payload_check import missing_of, payload_faults
from services.audit.records.payloads import Payload
from services.audit.records.record import Rec
from services.audit.records.search_terms import Macs
from services.audit.records.stored import Signed, Stored
from services.audit.records.timestamp import Stamp
from services.audit.store.cosignatures import Cosigned
from services.audit.store.trail import Trail
from services.audit.store.tree import StoredTree
from shared.tlog.cosignature import with_lines
from shared.tlog.layout import TileId
from shared.tlog.merkle import EMPTY_ROOT, ProofError, inclusion_ranges, range_nodes
from shared.tlog.proof import tlog_proof

_CASE_WINDOW = 500


class TrailReader:
    """What the API, the explorer and the reports ask. Raises NotInTrail where there is nothing to show."""

    def __init__(
        self,
        trail: Trail,
        *,
        vkey: str,
        stream_last: Callable[[], Awaitable[int | None]],
        sequencer: Callable[[], str],
        macs: Macs | None = None,
        below: Below = none_below,
        cosigned: Cosigned | None = None,
    ) -> None:
        """`macs`: the key words are looked for with. `below`: the units under a unit."""
        self._trail = trail
        self._tree = StoredTree(trail)
        self._searcher = Searcher(trail, macs=macs, below=below)
        self._vkey = vkey
        self._stream_last, self._sequencer = stream_last, sequencer
        self._count = 0
        self._newest: Signed | None = None
        self.keeper = Keeper(trail)
        self.cosigned = cosigned or Cosigned(trail.cosignatures, trail.checkpoints)

    # --- checkpoints and tiles
    # ------------------------------------------------------------------------------------------

    async def checkpoint(self) -> Signed:
        """The last signed checkpoint."""
        self._count = await self._trail.checkpoints.count(self._count)
        signed = self._newest
        if signed is None or signed.number != self._count - 1:
            # What is signed stays as it is: it is read once.
            signed = self._newest = await self._trail.checkpoints.at(self._count - 1) if self._count else None
        if signed is None:
            raise NotInTrail("no checkpoint has been signed yet: the audit has not begun its work")
        up_to(signed.size)
        return await self._with_cosignatures(signed)

    async def _with_cosignatures(self, signed: Signed) -> Signed:
        return replace(signed, note=with_lines(signed.note, await self.cosigned.lines(signed.number)))

    async def sealed_checkpoint(self, quorum: int | None = None) -> Signed | None:
        """The newest checkpoint that enough witnesses cosigned, with their lines; None where there is
        none.
        """
        seal = await self.cosigned.sealed(quorum)
        signed = await self._trail.checkpoints.at(seal.checkpoint) if seal else None
        return await self._with_cosignatures(signed) if signed else None

    async def sealed_size(self) -> int | None:
        """Records under it; None where no witness is configured."""
        if not self.cosigned.witnesses:
            return None
        seal = await self.cosigned.sealed()
        return seal.size if seal else 0

    async def checkpoints(self, start: int, end: int) -> list[Signed]:
        return await self._trail.checkpoints.between(start, end)

    async def tile(self, tile: TileId) -> list[bytes]:
        return await self._tree.tile(tile)

    async def stored(self, start: int, end: int) -> list[Stored]:
        entries = await self._trail.entries.between(start, end)
        seen(entry.index for entry in entries)
        return entries

    async def timestamps(self) -> list[Stamp]:
        """All of them, the oldest first."""
        return await self._trail.timestamps.between(0, (await self.checkpoint()).number + 1)

    async def listed_acts(self) -> list[int]:
        return await self._trail.acts.since(0)

    async def stored_at(self, indexes: Sequence[int]) -> list[Stored]:
        return await self._trail.entries.some(indexes)

    async def payloads(self, indexes: Sequence[int]) -> dict[int, Payload]:
        seen(indexes)
        return await self._trail.payloads.at(indexes)

    # --- search
    # ---------------------------------------------------------------------------------------------------------

    async def search(
        self, what: Filter, *, cursor: str | None = None, limit: int = 50, order: Order = Order.NEWEST
    ) -> Page:
        """Raises searching.BadCursor for a cursor that is none of this search."""
        signed = await self.checkpoint()
        found = await self._searcher.search(what, signed.size, cursor=cursor, limit=limit, order=order)
        return Page(
            entries=tuple(await self._views(found.entries)),
            here=found.here,
            next=found.next,
            searched_to=found.searched_to,
            cut=found.cut,
            checkpoint=checkpoint_view(signed),
        )

    async def check_search(self, size: int, report: Report, macs: Macs | None) -> int:
        """Every tile of the search index made again. Returns how many were compared."""
        return await check_search(self._trail, size, report, macs=macs)

    async def case(self, case_id: str) -> list[Entry]:
        """All records of a case up to the last checkpoint, in order. Empty where there are none."""
        return await self._views(await self.stored_case(case_id, (await self.checkpoint()).size))

    async def part_of_case(self, case_id: str, start: int, end: int) -> list[Stored]:
        """Records number `start` to `end` (exclusive) of a case, in order; above the checkpoint too: the
        caller knows what it shows.
        """
        return await self._trail.entries.of_case(case_id, start, end)

    async def stored_case(self, case_id: str, size: int) -> list[Stored]:
        entries: list[Stored] = []
        while True:
            start = len(entries) + 1
            more = await self.part_of_case(case_id, start, start + _CASE_WINDOW)
            entries += [entry for entry in more if entry.index < size]
            if len(more) < _CASE_WINDOW:
                return entries

    async def _views(self, entries: Sequence[Stored]) -> list[Entry]:
        seen(entry.index for entry in entries)
        payloads, sealed = await asyncio.gather(self._trail.payloads.of(entries), self.sealed_size())
        return [entry_view(entry, payloads.get(entry.index), sealed) for entry in entries]

    async def record(self, index: int) -> Record:
        proof, entry = await asyncio.gather(self.inclusion(index), self._trail.entries.at(index))
        if entry is None:
            raise NotInTrail(
                f"record {index} was signed and is no longer in the store: an alarm for whoever runs this trail"
            )
        seen([index])
        rec = Rec.read(entry.rec)
        held, keeping, sealed = await asyncio.gather(
            self._trail.payloads.at([index]), self.keeper.refresh(proof.size), self.sealed_size()
        )
        payload = held.get(index)
        missing = missing_of(rec, payload)
        raw = payload.raw if payload else None
        envelope = payload.envelope if payload else {}
        return Record(
            entry=entry_view(entry, payload, sealed),
            header=rec.header(),
            rec=entry.rec.decode(),
            leaf=entry.leaf.hex(),
            fact=None if rec.distrust else envelope or None,
            raw=raw.decode(errors="replace") if raw is not None else None,
            salt=payload.salt.hex() if payload else None,
            digest_holds=not payload_faults(rec, payload)
            and (not missing or keeping.excuses(index, rec.case, missing)),
            erased=tuple(erasure for erasure in keeping.erasures.get(index, ()) if erasure.case == rec.case),
            proof=proof,
        )

    # --- proofs
    # ---------------------------------------------------------------------------------------------------------

    async def inclusion(self, index: int, size: int | None = None) -> InclusionProof:
        signed = await self.checkpoint()
        size = signed.size if size is None else size
        if not 0 <= index < size <= signed.size:
            raise NotInTrail(
                f"record {index} in a tree of {size}: the last checkpoint covers {signed.size} records, 0 to {signed.size - 1}"
            )
        entry, sealed = await asyncio.gather(self._trail.entries.at(index), self.sealed_size())
        if entry is None:
            raise NotInTrail(
                f"record {index} was signed and is no longer in the store: an alarm for whoever runs this trail"
            )
        hashes = await self._tree.inclusion(index, size)
        current = size == signed.size
        return InclusionProof(
            index=index,
            size=size,
            leaf=entry.leaf.hex(),
            root=(signed.root if current else await self._tree.root(size)).hex(),
            hashes=tuple(one.hex() for one in hashes),
            checkpoint=checkpoint_view(signed) if current else None,
            sealed=None if sealed is None else index < sealed,
            tlog_proof=tlog_proof(index, hashes, signed.note) if current else None,
        )

    async def proof_file(self, index: int) -> str:
        """A `.tlog-proof` under the sealed checkpoint where it covers the record, else under the newest; with
        the record's bytes.
        """
        sealed, entry = await self.sealed_checkpoint(), await self._trail.entries.at(index)
        signed = sealed if sealed is not None and index < sealed.size else await self.checkpoint()
        if not 0 <= index < signed.size:
            raise NotInTrail(f"record {index}: the last checkpoint covers {signed.size} records")
        return tlog_proof(
            index, await self._tree.inclusion(index, signed.size), signed.note, entry.rec if entry else None
        )

    async def path(self, index: int, size: int) -> list[bytes]:
        """The bare hashes of an inclusion proof."""
        return await self._tree.inclusion(index, size)

    async def paths(self, indexes: Sequence[int], size: int) -> list[list[bytes]]:
        """The same for many records: what their proofs share is read and hashed once."""
        wanted = [inclusion_ranges(index, size) for index in indexes]
        ranges = list(dict.fromkeys(one for path in wanted for one in path))
        roots = dict(zip(ranges, await self._tree.ranges(ranges, size), strict=True))
        return [[roots[one] for one in path] for path in wanted]

    async def peaks(self, leaves: int, size: int) -> list[bytes]:
        """The roots of the perfect subtrees that make the first `leaves` records, the largest first."""
        return await self._tree.ranges(
            [(node.number << node.level, node.number + 1 << node.level) for node in range_nodes(0, leaves)],
            size,
        )

    async def consistency(self, first: int, second: int | None = None) -> ConsistencyProof:
        signed = await self.checkpoint()
        second = signed.size if second is None else second
        if not 0 <= first <= second <= signed.size:
            raise NotInTrail(f"from {first} to {second}: the last checkpoint covers {signed.size} records")
        try:
            hashes = await self._tree.consistency(first, second)
        except ProofError as error:
            raise NotInTrail(str(error)) from None
        return ConsistencyProof(
            first=first,
            second=second,
            first_root=(await self._root(first)).hex(),
            second_root=(await self._root(second)).hex(),
            hashes=tuple(one.hex() for one in hashes),
        )

    async def _root(self, size: int) -> bytes:
        return await self._tree.root(size) if size else EMPTY_ROOT

    async def state(self) -> State:
        try:
            signed: Signed | None = await self.checkpoint()
        except NotInTrail:
            signed = None
        server = await self._trail.server()
        last = await self._stream_last()
        size = signed.size if signed else 0
        return State(
            size=size,
            root=(signed.root if signed else EMPTY_ROOT).hex(),
            checkpoint=checkpoint_view(signed) if signed else None,
            origin=self._vkey.partition("+")[0],
            vkey=self._vkey,
            stream_last=last,
            behind=None if last is None else max(0, last - size),
            sequencer=self._sequencer(),
            sealed=await self.sealed_size(),
            witnesses=tuple(
                [await self._witness(one.name, one.id) for one in self.cosigned.witnesses.values()]
            ),
            store=server.name,
            retained=not server.embedded,
        )

    async def _witness(self, name: str, key: str) -> WitnessView:
        last = await self.cosigned.last_of(key)
        return WitnessView(
            name=name, size=last and last.size, time=datetime.fromtimestamp(last.time, UTC) if last else None
        )


def checkpoint_view(signed: Signed) -> CheckpointView:
    return CheckpointView(
        number=signed.number,
        size=signed.size,
        root=signed.root.hex(),
        time=record.utc(signed.time),
        note=signed.note,
    )


def entry_view(entry: Stored, payload: Payload | None, sealed: int | None = None) -> Entry:
    """`sealed`: records under the seal, None where there is no witness."""
    rec = Rec.read(entry.rec)
    field: dict[str, Any] = entry.fields
    weighed = excused_in(payload.envelope) if field["lapse"] and payload and not rec.distrust else {}
    return Entry(
        index=entry.index,
        sequence=rec.sequence,
        time=record.utc(rec.broker),
        claimed=record.utc(rec.claimed) if rec.claimed else None,
        kind=field["kind"],
        form=rec.form,
        distrust=rec.distrust or None,
        case=rec.case or None,
        number=rec.number,
        previous=rec.previous,
        unit=field["unit"],
        units=field["units"],
        persons=field["persons"],
        area=field["area"],
        level=field["level"],
        category=field["category"],
        channels=field["channels"],
        outcomes=field["outcomes"],
        lapse=field["lapse"],
        lapses=field["lapses"],
        excused=tuple(weighed),
        excuses=tuple(dict.fromkeys(excuse for excuses in weighed.values() for excuse in excuses)),
        text=payload.text if payload and not rec.distrust else None,
        sealed=None if sealed is None else entry.index < sealed,
    )
