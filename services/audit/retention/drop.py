"""Takes records that lie in a sealed file out of the store, as its administrator: no service has the right to.

Invariant: what says where they went is in the store before the first of them goes, and what must stay is kept before what holds it is
removed: the last record of each case (its numbering goes on) and what was done with the record itself. Safe to repeat.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from services.audit.keeping.rules import KEEPING_KINDS, Keeping
from services.audit.log.merkle import TILE_WIDTH
from services.audit.records import payloads
from services.audit.records.fields import kind_of
from services.audit.records.record import Rec, utc
from services.audit.retention.sealed_range import Manifest, told
from services.audit.retention.sealed_read import SealedFolder
from services.audit.retention.store import SEALED_RANGES, Dropped
from services.audit.store.calls import LONG_SECONDS, Doc, asked, client, find_among, insert
from services.audit.store.payload_store import CHUNKS, REST, REVISION_BITS
from services.audit.store.trail import PAYLOAD_DATABASE, STREAM, TRAIL_DATABASE, Trail
from shared.facts import rfc3339
from shared.vocabulary import Kind

SIX_MONTHS = timedelta(days=183)
"""Cybersecurity law of the PRC, article 21 (3): logs are kept no less than six months. At least that long they stay at hand."""
STAYS = KEEPING_KINDS | {str(Kind.SEALED_RANGE)}


class RefusedDrop(RuntimeError):
    """These records may not leave the store. Says why."""


def too_young(manifest: Manifest, now: datetime, keep: timedelta) -> str | None:
    """In words, where the last record is younger than what must be kept at hand."""
    ends = utc(manifest.last_at)
    if now - ends >= keep:
        return None
    return f"its last record is of {manifest.last_at}: it may leave the store on {rfc3339(ends + keep)} ({keep.days} days) at the earliest"


def held(keeping: Keeping, cases: Iterable[tuple[int, str]]) -> str | None:
    """In words, the first hold that covers one of these (record, case)."""
    for index, case in cases:
        for hold in keeping.holds.values():
            if hold.covers(index, case):
                return f"record {index} is under legal hold ({hold.words()}): it stays at hand until the hold is released"
    return None


class RangeDropper:
    """With an administrator's address. Raises StoreError."""

    def __init__(self, url: str, trail: Trail) -> None:
        self._client = client(url, "fenghuo-drop-range", connections=2, answer_ms=60_000)
        entries, held_here = self._client[TRAIL_DATABASE], self._client[PAYLOAD_DATABASE]
        self._entries, self._ranges = entries["entries"], entries[SEALED_RANGES]
        self._chunks, self._rest = held_here[CHUNKS], held_here[REST]
        self._trail = trail

    def close(self) -> None:
        self._client.close()

    async def refuse(self, sealed: SealedFolder, fact: int, covered: int, keeping: Keeping, now: datetime, keep: timedelta) -> None:
        """Raises RefusedDrop unless all that must be so is. `covered`: how many records a checkpoint signs."""
        manifest = sealed.manifest
        end = await self._trail.sealed.end()
        again = any(one.start == manifest.start and one.manifest == sealed.digest for one in await self._trail.sealed.all())
        if manifest.start != end and not again:
            raise RefusedDrop(f"records leave the store from the beginning, without a hole: the next range begins at {end}")
        if words := too_young(manifest, now, keep):
            raise RefusedDrop(words)
        await self._on_record(sealed, fact, covered)
        if words := held(keeping, self._cases(sealed)):
            raise RefusedDrop(words)
        await self._same(sealed, again=again)

    def _cases(self, sealed: SealedFolder) -> Iterable[tuple[int, str]]:
        for number in range(sealed.manifest.start // TILE_WIDTH, sealed.manifest.end // TILE_WIDTH):
            for index, raw in enumerate(sealed.records(number), number * TILE_WIDTH):
                yield index, Rec.read(raw).case

    async def _on_record(self, sealed: SealedFolder, fact: int, covered: int) -> None:
        entry = await self._trail.entry(fact)
        payload = (await self._trail.payloads([fact])).get(fact)
        data: dict[str, Any] = payload.envelope.get("data", {}) if payload is not None else {}
        if entry is None or fact >= covered or entry.fields["kind"] != Kind.SEALED_RANGE or not told(data, sealed.manifest, sealed.digest):
            raise RefusedDrop(
                f"record {fact} does not say that records {sealed.manifest.start} to {sealed.manifest.end - 1} were sealed in this file, "
                "or no checkpoint covers it yet: `fenghuo trail seal-range` puts it on record"
            )

    async def _same(self, sealed: SealedFolder, *, again: bool) -> None:
        """What is removed is what lies in the file."""
        for number in range(sealed.manifest.start // TILE_WIDTH, sealed.manifest.end // TILE_WIDTH):
            start = number * TILE_WIDTH
            own = dict(enumerate(sealed.records(number), start))
            here = {entry.index: entry.rec for entry in await self._trail.entries(start, start + TILE_WIDTH)}
            wrong = [index for index, rec in here.items() if own[index] != rec]
            if wrong or (len(here) < TILE_WIDTH and not again):
                raise RefusedDrop(
                    f"bundle {number} of the store is not that of the file (record {wrong[0] if wrong else start}): verify first"
                )

    async def drop(self, sealed: SealedFolder, fact: int, now: datetime, progress: Callable[[int, int], None]) -> int:
        """Returns how many records stay."""
        start, end = sealed.manifest.start, sealed.manifest.end
        stays, nobody = await self._to_stay(sealed)
        await self._keep_payloads(stays)
        gone = Dropped(
            start=start, end=end, manifest=sealed.digest, fact=fact, nobody=nobody, last_at=sealed.manifest.last_at, at=rfc3339(now)
        )
        doc = {"_id": start, **gone.model_dump(exclude={"start"})}
        await insert(self._ranges, [doc], ordered=True)
        for at in range(start, end, TILE_WIDTH):
            window = {"$gte": at, "$lt": at + TILE_WIDTH}
            await asked(self._chunks.delete_many({"_id": window}), LONG_SECONDS)
            sequences = {"$gte": at + 1, "$lt": at + TILE_WIDTH + 1}
            left = [index for index in stays if at <= index < at + TILE_WIDTH]
            await asked(self._entries.delete_many({"stream": STREAM, "sequence": sequences, "_id": {"$nin": left}}), LONG_SECONDS)
            progress(at + TILE_WIDTH - start, end - start)
        return len(stays)

    async def _to_stay(self, sealed: SealedFolder) -> tuple[list[int], int]:
        """(records that stay, the number of the last record about no case)."""
        lasts: dict[str, tuple[int, int]] = {}
        acts: list[int] = []
        for number in range(sealed.manifest.start // TILE_WIDTH, sealed.manifest.end // TILE_WIDTH):
            for index, raw in enumerate(sealed.records(number), number * TILE_WIDTH):
                rec = Rec.read(raw)
                lasts[rec.case] = rec.number, index
                if kind_of(rec) in STAYS:
                    acts.append(index)
        nobody = lasts.get("", (0, 0))[0]
        ended = [index for case, (number, index) in lasts.items() if await self._trail.in_case(case, number + 1) is None]
        return sorted({*acts, *ended}), max(nobody, await self._trail.sealed.numbered_so_far())

    async def _keep_payloads(self, stays: list[int]) -> None:
        """As documents of their own, as what erasures leave: their chunks go."""
        for at in range(0, len(stays), TILE_WIDTH):
            part = stays[at : at + TILE_WIDTH]
            there = {doc["index"] for doc in await find_among(self._rest, "index", part, {"index": 1})}
            docs: list[Doc] = [
                {"_id": index << REVISION_BITS, "index": index, "data": payloads.pack([payload])}
                for index, payload in (await self._trail.payloads(part)).items()
                if index not in there
            ]
            await insert(self._rest, docs, ordered=False)
