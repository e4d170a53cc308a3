"""The payloads in the store: chunks of sixteen, what erasures left of some, and the salts of the authors. It
inserts and finds.

Invariant: it has no way to change or delete. A payload is found wherever it lies; where two cover one record
(a crash, a lost race) both are given, and the record says which one counts.
"""

from collections.abc import Iterable, Sequence

from motor.motor_asyncio import AsyncIOMotorCollection, AsyncIOMotorDatabase

from services.audit.records import payloads
from services.audit.records.actors import Pseudonym, fresh_salts
from services.audit.records.payloads import Payload, PayloadError
from services.audit.records.record import Rec, RecordError, bounded, digest_of
from services.audit.records.stored import StoredRecord
from services.audit.store.calls import LONG_SECONDS, Doc, answer_of, find_among, insert
from services.audit.store.entries import Entries
from services.audit.store.schemas import REST_INDEX, VALIDATORS

CHUNKS, REST, ACTORS = "payloads", "rest", "actors"
_AUTHORS = 50_000
"""Authors kept in memory; all begin anew where there are more."""
REVISION_BITS = 16


class Payloads:
    def __init__(self, database: AsyncIOMotorDatabase[Doc], entries: Entries) -> None:
        """`entries`: where two payloads cover one record, its entry says which one counts."""
        self._entries = entries
        self._chunks, self._rest, self._actors = database[CHUNKS], database[REST], database[ACTORS]
        self._authors: dict[str, Pseudonym] = {}

    @property
    def collections(self) -> tuple[AsyncIOMotorCollection[Doc], ...]:
        return self._chunks, self._rest, self._actors

    async def prepare(self) -> None:
        """The index of what erasures left, and chunks let in where the collection is of the trail's first
        version.
        """
        index_info = await answer_of(self._rest.index_information())
        if not any(list(index["key"]) == [(REST_INDEX, 1)] for index in index_info.values()):
            await answer_of(self._rest.create_index(REST_INDEX), LONG_SECONDS)
        options = await answer_of(self._chunks.options())
        if "raw" in options.get("validator", {}).get("$jsonSchema", {}).get("properties", {}):
            await answer_of(
                self._chunks.database.command(
                    "collMod", CHUNKS, validator={"$jsonSchema": VALIDATORS[CHUNKS]}
                ),
                LONG_SECONDS,
            )

    async def insert(self, batch: Sequence[Payload]) -> list[int]:
        """Sorted by index. Returns the indexes that were not stored, because a chunk that starts where theirs
        does is there.
        """
        made = list(payloads.chunks(batch))
        docs: list[Doc] = [{"_id": start, "count": count, "data": data} for start, count, data in made]
        taken = set(await insert(self._chunks, docs, ordered=False))
        return [index for start, count, _ in made if start in taken for index in range(start, start + count)]

    async def at(self, indexes: Sequence[int]) -> dict[int, Payload]:
        """Those that are there, whole or what an erasure left, with their authors' salts."""
        return await self._with_authors(await self._chosen(indexes))

    async def _with_authors(self, by_index: dict[int, Payload]) -> dict[int, Payload]:
        authors = await self.authors(
            payload.actor for payload in by_index.values() if payload.actor is not None
        )
        return {
            index: payload.by(authors[payload.actor].salt)
            if payload.actor in authors and payload.actor_salt is None
            else payload
            for index, payload in by_index.items()
        }

    async def of(self, entries: Sequence[StoredRecord]) -> dict[int, Payload]:
        """What is there of these records' payloads, each the one its record speaks of where that is there.
        Without authors' salts.
        """
        likely = await self._at_whole_chunks(entry.index for entry in entries)
        own = {
            entry.index: held
            for entry in entries
            if (held := likely.get(entry.index)) is not None and _fits(entry, held)
        }
        if others := [entry.index for entry in entries if entry.index not in own]:
            own |= await self._chosen(others)
        return own

    async def _chosen(self, indexes: Sequence[int]) -> dict[int, Payload]:
        """Where a crash or a lost race left two, the record says which is its own."""
        chosen: dict[int, Payload] = {}
        for index, candidates in (await self.find(indexes)).items():
            chosen[index] = candidates[0]
            if len(candidates) > 1 and (entry := await self._entries.at(index)) is not None:
                digest = Rec.read(entry.rec).digest
                fit = (
                    candidate
                    for candidate in candidates
                    if candidate.raw is not None and digest_of(candidate.salt, candidate.raw) == digest
                )
                chosen[index] = next(fit, candidates[0])
        return chosen

    async def find(self, indexes: Iterable[int]) -> dict[int, list[Payload]]:
        keys = dict.fromkeys(indexes)
        starts = payloads.starts_of(keys)
        by_index: dict[int, list[Payload]] = {}
        _merge(by_index, await find_among(self._chunks, "_id", starts), keys)
        if missing := [index for index in keys if index not in by_index]:
            left = await find_among(self._rest, "index", missing)
            _merge(by_index, [{**doc, "_id": doc["index"], "count": 1} for doc in left], keys)
        return by_index

    async def _at_whole_chunks(self, indexes: Iterable[int]) -> dict[int, Payload]:
        """Those in chunks that begin at a multiple of sixteen, as nearly all do: a sixteenth of the keys.
        Whether it is the record's own (a lost race, an erasure) is for the caller to look at.
        """
        wanted = dict.fromkeys(indexes)
        by_index: dict[int, list[Payload]] = {}
        _merge(by_index, await find_among(self._chunks, "_id", payloads.multiples_of(wanted)), wanted)
        return {index: versions[0] for index, versions in by_index.items()}

    async def authors(self, principals: Iterable[str]) -> dict[str, Pseudonym]:
        """Those that have a salt."""
        names = set(principals)
        unknown = {bounded(principal): principal for principal in names if principal not in self._authors}
        if unknown:
            salted = await find_among(self._actors, "_id", list(unknown))
            self._learn({unknown[doc["_id"]]: bytes(doc["salt"]) for doc in salted})
        return {
            principal: author for principal in names if (author := self._authors.get(principal)) is not None
        }

    async def make_authors(self, principals: Iterable[str]) -> dict[str, Pseudonym]:
        """All of them: who has no salt yet is given one. Two who do so at once end with the same."""
        names = set(principals)
        authors = await self.authors(names)
        if new := names - authors.keys():
            await insert(
                self._actors,
                [
                    {"_id": bounded(name), "salt": salt}
                    for name, salt in zip(new, fresh_salts(len(new)), strict=True)
                ],
                ordered=False,
            )
            authors = await self.authors(names)
        return authors

    def _learn(self, salts: dict[str, bytes]) -> None:
        if len(self._authors) > _AUTHORS:
            self._authors = {}
        self._authors |= {principal: Pseudonym.of(principal, salt) for principal, salt in salts.items()}


def payloads_in(doc: Doc) -> list[Payload]:
    """The payloads of a chunk. An altered one makes no record's digest, and is found out by that."""
    try:
        return payloads.unpack(doc["_id"], bytes(doc["data"])) if "data" in doc else [_v1(doc)]
    except (PayloadError, KeyError, TypeError):
        return [Payload(index, b"", b"") for index in range(doc["_id"], doc["_id"] + payloads.CHUNK)]


def _merge(by_index: dict[int, list[Payload]], docs: Iterable[Doc], keys: dict[int, None]) -> None:
    for doc in docs:
        for payload in payloads_in(doc):
            if payload.index in keys:
                by_index.setdefault(payload.index, []).append(payload)


def _v1(doc: Doc) -> Payload:
    """One document for each payload, as the trail's first version kept them."""
    return Payload(doc["_id"], doc["raw"], bytes(doc["salt"]), doc.get("actor_salt"))


def _fits(entry: StoredRecord, payload: Payload) -> bool:
    try:
        digest = Rec.read(entry.rec).digest
    except RecordError:
        return False
    return digest is None if payload.raw is None else digest_of(payload.salt, payload.raw) == digest
