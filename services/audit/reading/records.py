"""The records themselves: by index, by case, and one whole with its payload and its proof.

Invariant: what is given to a reader is told to the journal of reads (seen.py).
"""

import asyncio
from collections.abc import Sequence

from services.audit.reading.checkpoints import SignedCheckpoints
from services.audit.reading.keeper import Keeper
from services.audit.reading.proofs import GONE, Proofs
from services.audit.reading.seen import mark_seen
from services.audit.reading.views import Entry, NotInTrail, Record, entry_view
from services.audit.records.payload_check import missing_of, payload_faults
from services.audit.records.payloads import Payload
from services.audit.records.record import Rec
from services.audit.records.stored import StoredRecord
from services.audit.store.trail import Trail

_CASE_WINDOW = 500


class Records:
    def __init__(self, trail: Trail, checkpoints: SignedCheckpoints, proofs: Proofs, keeper: Keeper) -> None:
        self.keeper = keeper
        self._trail, self._checkpoints, self._proofs = trail, checkpoints, proofs

    async def between(self, start: int, end: int) -> list[StoredRecord]:
        entries = await self._trail.entries.between(start, end)
        mark_seen(entry.index for entry in entries)
        return entries

    async def listed_acts(self) -> list[int]:
        return await self._trail.acts.since(0)

    async def some(self, indexes: Sequence[int]) -> list[StoredRecord]:
        return await self._trail.entries.some(indexes)

    async def payloads(self, indexes: Sequence[int]) -> dict[int, Payload]:
        mark_seen(indexes)
        return await self._trail.payloads.at(indexes)

    async def behind(self, indexes: Sequence[int]) -> dict[int, Payload]:
        """Of records that are not shown themselves: what another record or a title is told by."""
        return await self._trail.payloads.at(indexes)

    async def case(self, case_id: str) -> list[Entry]:
        """All records of a case up to the last checkpoint, in order. Empty where there are none."""
        return await self.views(await self.of_case(case_id, (await self._checkpoints.newest()).size))

    async def part_of_case(self, case_id: str, start: int, end: int) -> list[StoredRecord]:
        """Records number `start` to `end` (exclusive) of a case, in order; above the checkpoint too: the
        caller knows what it shows.
        """
        return await self._trail.entries.of_case(case_id, start, end)

    async def of_case(self, case_id: str, size: int) -> list[StoredRecord]:
        entries: list[StoredRecord] = []
        while True:
            start = len(entries) + 1
            more = await self.part_of_case(case_id, start, start + _CASE_WINDOW)
            entries += [entry for entry in more if entry.index < size]
            if len(more) < _CASE_WINDOW:
                return entries

    async def views(self, entries: Sequence[StoredRecord]) -> list[Entry]:
        mark_seen(entry.index for entry in entries)
        payloads, sealed = await asyncio.gather(
            self._trail.payloads.of(entries), self._checkpoints.sealed_size()
        )
        return [entry_view(entry, payloads.get(entry.index), sealed) for entry in entries]

    async def record(self, index: int) -> Record:
        proof, entry = await asyncio.gather(self._proofs.inclusion(index), self._trail.entries.at(index))
        if entry is None:
            raise NotInTrail(GONE.format(index))
        mark_seen([index])
        rec = Rec.read(entry.rec)
        held, keeping, sealed = await asyncio.gather(
            self._trail.payloads.at([index]), self.keeper.refresh(proof.size), self._checkpoints.sealed_size()
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
