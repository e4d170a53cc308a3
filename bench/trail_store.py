"""A trail of any size in a store, made by the trail's own builder and signed: what the benches of queries, proofs and checks ask.

`make_store` fills a store once and finds it again; `kept_store` also runs it, in a folder that stays: .fenghuo/bench/trail-….
"""

import asyncio
import base64
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.trail_facts import BEGIN, SPAN, Year
from fenghuo import embedded
from services.audit.log import merkle
from services.audit.log.checkpoint import Checkpoint
from services.audit.log.merkle import Edge
from services.audit.log.note import Signer, key_hash, public_bytes
from services.audit.reading.reader import TrailReader
from services.audit.records import builder
from services.audit.records.actors import Seen
from services.audit.records.builder import CaseHead, Source
from services.audit.search.indexer import SearchIndexer
from services.audit.search.terms import Macs
from services.audit.store.trail import STREAM, Signed, Trail
from shared.directory import Directory, load_directory
from shared.facts import rfc3339

ORIGIN = "bench.fenghuo.invalid/trail"
BATCH = 1_000
_CHECKPOINT_EVERY = 50_000


@dataclass(frozen=True)
class Store:
    """`rate`: records/s while it was made; None where it was there already."""

    url: str
    records: int
    signer: Signer
    vkey: str
    macs: Macs
    directory: Directory
    rate: float | None
    index_rate: float | None

    def reader(self, trail: Trail) -> TrailReader:
        async def nobody() -> None:
            return None

        return TrailReader(
            trail, vkey=self.vkey, stream_last=nobody, sequencer=lambda: "not asked", macs=self.macs, below=self.directory.below
        )


def signer_of(seed: int) -> Signer:
    key = Ed25519PrivateKey.from_private_bytes(seed.to_bytes(32))
    return Signer(ORIGIN, key_hash(ORIGIN, public_bytes(key)), key)


def vkey_of(signer: Signer) -> str:
    coded = base64.b64encode(b"\x01" + public_bytes(signer.key)).decode()
    return f"{signer.name}+{signer.hash.hex()}+{coded}"


async def make_store(url: str, records: int, seed: int = 1, *, index: bool = True) -> Store:
    """The same `records` and `seed` make the same facts. What is there is taken as it is; a part of it is finished."""
    directory, signer, macs = load_directory(embedded.ROOT / "config" / "directory.yaml"), signer_of(seed), Macs(seed.to_bytes(32))
    trail = Trail(url)
    try:
        await trail.prepare()
        began, before = time.perf_counter(), await trail.size()
        if before < records:
            await _fill(trail, records, seed, directory, signer)
        rate = (records - before) / (time.perf_counter() - began) if before < records else None
        index_rate = await _index(trail, records, macs) if index else None
    finally:
        trail.close()
    vkey = vkey_of(signer)
    return Store(url, records, signer, vkey, macs, directory, rate, index_rate)


async def _fill(trail: Trail, records: int, seed: int, directory: Directory, signer: Signer) -> None:
    if await trail.size():
        raise RuntimeError(f"the store has {await trail.size()} records of another trail, or of one half made: take an empty one")
    messages = Year(directory, records, seed).messages()
    heads: dict[str, CaseHead] = {}
    source, seen, edge, signed = Source(STREAM, rfc3339(BEGIN), 1), Seen(), Edge(), 0
    while batch := list(islice(messages, BATCH)):
        opened = [builder.opened(message) for message in batch]
        actors = await trail.make_authors({one.principal for one in opened if one.principal is not None})
        built = builder.build_all(batch, heads, source, actors, batch[-1].time + timedelta(milliseconds=200), seen=seen, already=opened)
        filled = [tile for one in built for tile in edge.append(one.entry.leaf)]
        await asyncio.gather(
            trail.insert_payloads([one.payload for one in built]),
            trail.insert_entries([one.entry for one in built]),
            trail.insert_tiles([(tile, merkle.fold(tile.hashes)) for tile in filled]),
        )
        if edge.size % _CHECKPOINT_EVERY < BATCH or edge.size == records:
            at = batch[-1].time + timedelta(seconds=1)
            note = Checkpoint(signer.name, edge.size, edge.root(), at).sign(signer).write()
            await trail.insert_checkpoint(Signed(signed, edge.size, edge.root(), rfc3339(at), note))
            signed += 1


async def _index(trail: Trail, records: int, macs: Macs) -> float:
    async def covered() -> int:
        return records

    began = time.perf_counter()
    await SearchIndexer(trail, macs, covered, rests=False).catch_up()
    return records / (time.perf_counter() - began)


@asynccontextmanager
async def kept_store(records: int, seed: int = 1) -> AsyncGenerator[Store]:
    """The embedded store with such a trail, made the first time and kept."""
    folder = embedded.ROOT / ".fenghuo" / "bench" / f"trail-{records}-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    port = embedded.free_port()
    process = embedded.start_mongo(folder / "mongo", port=port, log=folder / "mongo.log")
    try:
        yield await make_store(f"mongodb://127.0.0.1:{port}/?directConnection=true", records, seed)
    finally:
        embedded.stop(process)


LAST = BEGIN + SPAN
