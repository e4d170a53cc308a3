"""A trail in memory, made by the real builder and signed by a real key: what a bundle or an export is asked
of, without a store.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fenghuo.bootstrap import TRAIL_ORIGIN
from services.audit.reading.reader import TrailReader
from services.audit.reading.views import CheckpointView, Filter, InclusionProof, Order, Page, entry_view
from services.audit.records.actors import Pseudonym
from services.audit.records.builder import CaseHead, WriterStream, build_all
from services.audit.records.payloads import Payload
from services.audit.records.record import BrokerMessage
from services.audit.records.stored import SignedCheckpoint, StoredRecord
from shared.facts import Fact, rfc3339
from shared.subjects import fact_subject
from shared.tlog import merkle
from shared.tlog.checkpoint import Checkpoint
from shared.tlog.note import Signer, key_hash

BEGIN = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def signer(seed: int = 1, name: str = TRAIL_ORIGIN) -> Signer:
    key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    return Signer(name, key_hash(name, key.public_key().public_bytes_raw()), key)


class _Authors(dict[str, Pseudonym]):
    def __missing__(self, principal: str) -> Pseudonym:
        return Pseudonym.of(principal, sha256(principal.encode()).digest())


@dataclass
class MadeTrail:
    """Answers what a TrailReader answers. `facts`: in their order, each with the broker's time."""

    facts: Sequence[tuple[Fact, datetime]]
    key: Signer = field(default_factory=signer)

    def __post_init__(self) -> None:
        messages = [
            BrokerMessage(number, fact_subject(fact.subject or "", fact.kind), fact.id, at, fact.write())
            for number, (fact, at) in enumerate(self.facts, 1)
        ]
        heads: dict[str, CaseHead] = {}
        built = build_all(
            messages, heads, WriterStream("FACTS", rfc3339(BEGIN), 1), _Authors(), BEGIN + timedelta(days=1)
        )
        self.entries: list[StoredRecord] = [one.entry for one in built]
        self.held: dict[int, Payload] = {one.entry.index: one.payload for one in built}
        self.leaves = [entry.leaf for entry in self.entries]
        self.signed = self.sign_at(len(self.entries))
        self.cosigned: SignedCheckpoint | None = None

    @property
    def reader(self) -> TrailReader:
        return cast(TrailReader, self)

    @property
    def checkpoints(self) -> "MadeTrail":
        return self

    proofs = records = checkpoints

    def sign_at(self, size: int) -> SignedCheckpoint:
        root = self.root(0, size)
        time = BEGIN + timedelta(days=1)
        note = Checkpoint(self.key.name, size, root, time).sign(self.key).write()
        return SignedCheckpoint(0, size, root, rfc3339(time), note)

    def root(self, start: int, end: int) -> bytes:
        def of(low: int, high: int) -> bytes:
            if high - low == 1:
                return self.leaves[low]
            middle = low + (1 << (high - low - 1).bit_length() - 1)
            return merkle.node_hash(of(low, middle), of(middle, high))

        return of(start, end) if end > start else merkle.EMPTY_ROOT

    async def newest(self) -> SignedCheckpoint:
        return self.signed

    async def sealed(self) -> SignedCheckpoint | None:
        return self.cosigned

    async def between(self, start: int, end: int) -> list[StoredRecord]:
        return self.entries[start:end]

    async def some(self, indexes: Sequence[int]) -> list[StoredRecord]:
        return [self.entries[index] for index in indexes]

    async def of_case(self, case: str, size: int) -> list[StoredRecord]:
        return [entry for entry in self.entries[:size] if entry.fields["case"] == case]

    async def payloads(self, indexes: Sequence[int]) -> dict[int, Payload]:
        return {index: self.held[index] for index in indexes if index in self.held}

    async def path(self, index: int, size: int) -> list[bytes]:
        return [self.root(start, end) for start, end in merkle.inclusion_ranges(index, size)]

    async def paths(self, indexes: Sequence[int], size: int) -> list[list[bytes]]:
        return [await self.path(index, size) for index in indexes]

    async def inclusion(self, index: int, size: int | None = None) -> InclusionProof:
        hashes = await self.path(index, size or self.signed.size)
        leaf, root = self.leaves[index].hex(), self.signed.root.hex()
        return InclusionProof(
            index=index,
            size=self.signed.size,
            leaf=leaf,
            root=root,
            hashes=tuple(one.hex() for one in hashes),
        )

    async def peaks(self, leaves: int, size: int) -> list[bytes]:
        return [
            self.root(n.number << n.level, n.number + 1 << n.level) for n in merkle.range_nodes(0, leaves)
        ]

    async def search(
        self, what: Filter, *, cursor: str | None = None, limit: int = 50, order: Order = Order.NEWEST
    ) -> Page:
        found = [entry for entry in self.entries[: self.signed.size] if _matches(entry.fields, what)]
        start = int(cursor or 0)
        page = found[start : start + limit]
        return Page(
            entries=tuple(entry_view(entry, self.held.get(entry.index)) for entry in page),
            next=str(start + limit) if start + limit < len(found) else None,
            searched_to=None,
            checkpoint=CheckpointView(
                number=0,
                size=self.signed.size,
                root=self.signed.root.hex(),
                time=datetime.fromisoformat(self.signed.time),
                note=self.signed.note,
            ),
        )


def _matches(fields: dict[str, Any], what: Filter) -> bool:
    return what.kind in (None, fields["kind"]) and what.case in (None, fields["case"])


def vkey_of(key: Signer) -> str:
    coded = base64.b64encode(b"\x01" + key.key.public_key().public_bytes_raw()).decode()
    return f"{key.name}+{key.hash.hex()}+{coded}"
