"""A trail of any size in a store, made by the trail's own builder and signed: what the benches of queries,
proofs and checks ask.

`make_store` fills a store once and finds it again; `kept_store` also runs it, in a folder that stays:
.fenghuo/bench/trail-….
"""

import asyncio
import base64
import time
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pymongo import IndexModel, MongoClient

from bench.trail_facts import BEGIN, SPAN, Year
from fenghuo import embedded
from services.audit.reading.reader import TrailReader
from services.audit.records import builder
from services.audit.records import search_tiles as tiles
from services.audit.records.actors import RecentIds
from services.audit.records.builder import Built, CaseHead, WriterStream
from services.audit.records.fields import searched_words
from services.audit.records.search_terms import Macs, terms_of_entry
from services.audit.records.search_tiles import BLOCK, Block
from services.audit.records.stored import SignedCheckpoint
from services.audit.store.calls import Doc
from services.audit.store.entries import STREAM
from services.audit.store.schemas import ENTRY_INDEXES, VALIDATORS
from services.audit.store.trail import PAYLOAD_DATABASE, TRAIL_DATABASE, Trail
from services.audit.writing.indexer import SearchIndexer
from shared.directory import Directory, load_directory
from shared.facts import rfc3339
from shared.tlog import merkle
from shared.tlog.checkpoint import Checkpoint
from shared.tlog.merkle import Edge, Tile
from shared.tlog.note import Signer, key_hash, public_bytes
from tests.servers import start_mongo

ORIGIN = "bench.fenghuo.invalid/trail"
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
        return TrailReader(trail, macs=self.macs, below=self.directory.below)


def signer_of(seed: int) -> Signer:
    key = Ed25519PrivateKey.from_private_bytes(seed.to_bytes(32))
    return Signer(ORIGIN, key_hash(ORIGIN, public_bytes(key)), key)


def vkey_of(signer: Signer) -> str:
    coded = base64.b64encode(b"\x01" + public_bytes(signer.key)).decode()
    return f"{signer.name}+{signer.hash.hex()}+{coded}"


async def make_store(
    url: str, records: int, seed: int = 1, *, index: bool = True, bare: bool = False
) -> Store:
    """The same `records` and `seed` make the same facts. What is there is taken as it is. `bare`: without
    validators and indexes.
    """
    directory, signer, macs = (
        load_directory(embedded.ROOT / "config" / "directory.yaml"),
        signer_of(seed),
        Macs(seed.to_bytes(32)),
    )
    trail = Trail(url)
    try:
        if not bare:
            await trail.prepare()
        began, before = time.perf_counter(), await trail.entries.size()
        if before < records:
            await _fill(trail, records, seed, directory, signer, macs if bare else None)
        rate = (records - before) / (time.perf_counter() - began) if before < records else None
        index_rate = await _index(trail, records, macs) if index else None
    finally:
        trail.close()
    vkey = vkey_of(signer)
    return Store(url, records, signer, vkey, macs, directory, rate, index_rate)


async def _fill(
    trail: Trail, records: int, seed: int, directory: Directory, signer: Signer, macs: Macs | None
) -> None:
    """A batch is a block of the search index, whose tiles are made with it given `macs`; while one is
    inserted the next is built.
    """
    if await trail.entries.size():
        raise RuntimeError(
            f"the store has {await trail.entries.size()} records of another trail, or of one half made: take an empty one"
        )
    messages = Year(directory, records, seed).messages()
    heads: dict[str, CaseHead] = {}
    source, seen, edge, signed = WriterStream(STREAM, rfc3339(BEGIN), 1), RecentIds(), Edge(), 0
    inserted: Awaitable[None] = asyncio.sleep(0)
    while batch := list(islice(messages, BLOCK)):
        opened = [builder.opened(message) for message in batch]
        actors = await trail.payloads.make_authors(
            {one.principal for one in opened if one.principal is not None}
        )
        built = builder.build_all(
            batch,
            heads,
            source,
            actors,
            batch[-1].time + timedelta(milliseconds=200),
            recent_ids=seen,
            already=opened,
        )
        filled = [tile for one in built for tile in edge.append(one.entry.leaf)]
        await inserted
        inserted = asyncio.create_task(_insert(trail, built, filled, macs))
        if edge.size % _CHECKPOINT_EVERY < BLOCK or edge.size == records:
            await inserted
            at = batch[-1].time + timedelta(seconds=1)
            note = Checkpoint(signer.name, edge.size, edge.root(), at).sign(signer).write()
            await trail.checkpoints.insert(
                SignedCheckpoint(signed, edge.size, edge.root(), rfc3339(at), note)
            )
            signed += 1
        await asyncio.sleep(0)
    await inserted


async def _insert(trail: Trail, built: Sequence[Built], filled: Sequence[Tile], macs: Macs | None) -> None:
    await asyncio.gather(
        trail.payloads.insert([one.payload for one in built]),
        trail.entries.insert([one.entry for one in built]),
        trail.tiles.insert([(tile, merkle.fold(tile.hashes)) for tile in filled]),
        _insert_search_tiles(trail, built, macs),
    )


async def _insert_search_tiles(trail: Trail, built: Sequence[Built], macs: Macs | None) -> None:
    """As the indexer makes them, which then has no record to read again; it rolls them up."""
    if macs is None or len(built) < BLOCK:
        return
    block = Block(0, built[0].entry.index // BLOCK)
    fields: tiles.Tile = {}
    words: tiles.Tile = {}
    for offset, one in enumerate(built):
        tiles.mark(fields, offset, terms_of_entry(one.entry))
        tiles.mark(words, offset, macs.of_text(searched_words(one.payload.envelope)))
    await trail.search.insert({tiles.key_of(block, 0): tiles.write(fields)}, words=False)
    await trail.search.insert({tiles.key_of(block, 0, macs.name): tiles.write(words)}, words=True)


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
    made = folder / "made"
    rate = None if made.exists() else await _made_at_once(folder, records, seed)
    made.touch()
    port = embedded.free_port()
    process = start_mongo(folder / "mongo", port=port, log=folder / "mongo.log")
    try:
        store = await make_store(_url(port), records, seed)
        yield replace(store, rate=store.rate or rate)
    finally:
        embedded.stop(process)


async def _made_at_once(folder: Path, records: int, seed: int) -> float | None:
    """Records/s, None where they were there. What keeps each write safe is left out until all are there: the
    oplog, the sync, the validators, the indexes.
    """
    port, began = embedded.free_port(), time.perf_counter()
    command = [
        part for part in embedded.mongo_command(folder / "mongo", port=port) if part != "--sync-on-commit"
    ]
    process = embedded.start([*command, "--standalone"], log=folder / "mongo.log", cwd=folder)
    try:
        await asyncio.to_thread(_until_it_answers, port)
        store = await make_store(_url(port), records, seed, index=False, bare=True)
        await asyncio.to_thread(_finish, _url(port))
    finally:
        embedded.stop(process, patience=60)
    return records / (time.perf_counter() - began) if store.rate is not None else None


def _until_it_answers(port: int, patience: float = 30) -> None:
    ends_at = time.monotonic() + patience
    while not embedded.mongo_answers(port):
        if time.monotonic() > ends_at:
            raise RuntimeError("the store does not come up")
        time.sleep(0.05)


def _finish(url: str) -> None:
    with MongoClient[Doc](url) as client:
        trail, payloads = client[TRAIL_DATABASE], client[PAYLOAD_DATABASE]
        trail["entries"].create_indexes(
            [IndexModel(list(keys), unique=unique) for keys, unique in ENTRY_INDEXES]
        )
        for database in (trail, payloads):
            for name in database.list_collection_names():
                database.command("collMod", name, validator={"$jsonSchema": VALIDATORS[name]})


def _url(port: int) -> str:
    return f"mongodb://127.0.0.1:{port}/?directConnection=true"


LAST = BEGIN + SPAN
