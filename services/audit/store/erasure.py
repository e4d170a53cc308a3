"""The one hand that removes something: payloads, with the redactor's own credentials. It can't reach the
trail.

Invariant: what stays is in the store before what goes is removed. Killed in between, the next try finds both
and finishes; nothing is lost but what was named.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.audit.records import payloads, record
from services.audit.records.payload_check import WHOLE
from services.audit.records.payloads import Payload
from services.audit.records.search_tiles import keys_over
from services.audit.store.calls import (
    KEYS_AT_ONCE,
    LONG_SECONDS,
    Doc,
    StoreError,
    answer_of,
    client,
    find_among,
    insert,
)
from services.audit.store.payloads import CHUNKS, REST, REVISION_BITS, payloads_in
from services.audit.store.search_index import WORD_TILES


@dataclass(frozen=True)
class RecordErasure:
    """What is to go of one record. `digest`: its header's, by which its own payload is told from a
    leftover.
    """

    kind: str
    fields: frozenset[str]
    digest: str | None

    def left_of(self, payload: Payload) -> Payload:
        return payloads.without(payload, self.kind, None if WHOLE in self.fields else self.fields)

    def is_own(self, payload: Payload) -> bool:
        return payload.raw is None or record.digest_of(payload.salt, payload.raw) == self.digest


class ErasureStore:
    def __init__(self, url: str, database: str, step: Callable[[str], None] = lambda _: None) -> None:
        """`step` is told once what stays is written and nothing removed yet; a test may die there."""
        self._step = step
        self._client = client(url, "fenghuo-redactor", connections=2)
        held = self._client[database]
        self._chunks, self._rest, self._words = held[CHUNKS], held[REST], held[WORD_TILES]

    @classmethod
    def of(cls, url: str | None, database: str, step: Callable[[str], None]) -> "ErasureStore | None":
        """None where nobody has given it credentials."""
        return cls(url, database, step) if url else None

    def close(self) -> None:
        self._client.close()

    async def erase(self, erasures: Mapping[int, RecordErasure]) -> None:
        """Safe to repeat. Raises StoreError."""
        chunks = await self._docs_with(erasures)
        own = {payload.index for _, chunk in chunks for payload in chunk if _is_own(payload, erasures)}
        for doc, chunk in chunks:
            await self._keep(
                [left for payload in chunk if (left := _left(payload, erasures, own)) is not None]
            )
            self._step("kept")
            await answer_of(
                self._chunks.delete_one(
                    {"_id": doc["_id"], "data": doc["data"]} if "data" in doc else {"_id": doc["_id"]}
                ),
                LONG_SECONDS,
            )
        for doc, payload in await self._rests(list(erasures)):
            left = erasures[payload.index].left_of(payload)
            if left != payload:
                await self._keep([left])
                await answer_of(self._rest.delete_one({"_id": doc["_id"]}), LONG_SECONDS)

    async def forget_words(self, indexes: Iterable[int], key_name: int) -> None:
        """The tiles of the search index that may name these records' words; they are built again from what is
        left.
        """
        keys = sorted({key for index in indexes for key in keys_over(index, key_name)})
        for at in range(0, len(keys), KEYS_AT_ONCE):
            await answer_of(
                self._words.delete_many({"_id": {"$in": keys[at : at + KEYS_AT_ONCE]}}), LONG_SECONDS
            )

    async def _docs_with(self, erasures: Mapping[int, RecordErasure]) -> list[tuple[Doc, list[Payload]]]:
        """The chunks that hold any of these."""
        read = [
            (doc, payloads_in(doc))
            for doc in await find_among(self._chunks, "_id", payloads.starts_of(erasures))
        ]
        return [(doc, chunk) for doc, chunk in read if any(payload.index in erasures for payload in chunk)]

    async def _rests(self, indexes: Sequence[int]) -> list[tuple[Doc, Payload]]:
        docs = await find_among(self._rest, "index", indexes)
        return [(doc, payload) for doc in docs for payload in payloads_in({**doc, "_id": doc["index"]})]

    async def _keep(self, left: Sequence[Payload]) -> None:
        """As documents of their own, but for those that lie there already."""
        there = await self._rests([payload.index for payload in left])
        present = {(payload.index, payloads.pack([payload])) for _, payload in there}
        revision: dict[int, int] = {}
        for doc, payload in there:
            revision[payload.index] = max(
                revision.get(payload.index, 0), doc["_id"] % (1 << REVISION_BITS) + 1
            )
        docs: list[Doc] = []
        for payload in left:
            data = payloads.pack([payload])
            if (payload.index, data) not in present:
                docs.append(
                    {
                        "_id": payload.index << REVISION_BITS | revision.get(payload.index, 0),
                        "index": payload.index,
                        "data": data,
                    }
                )
        if taken := await insert(self._rest, docs, ordered=False):
            raise StoreError(
                f"somebody else is erasing: what stays of record {taken[0] >> REVISION_BITS} could not be kept, nothing was removed"
            )


def _is_own(payload: Payload, erasures: Mapping[int, RecordErasure]) -> bool:
    want = erasures.get(payload.index)
    return want is not None and want.is_own(payload)


def _left(payload: Payload, erasures: Mapping[int, RecordErasure], own: set[int]) -> Payload | None:
    """What is to stay of it; None for a leftover beside the record's own. What is nobody's own goes as a
    whole: part of it would prove nothing, and all of it may be what had to go.
    """
    want = erasures.get(payload.index)
    if want is None:
        return payload
    if want.is_own(payload):
        return want.left_of(payload)
    return None if payload.index in own else payloads.without(payload, want.kind, None)
