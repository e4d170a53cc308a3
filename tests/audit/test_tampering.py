"""What is done to the store by hand is found out, and said at which record."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
from pymongo import MongoClient

from services.audit import merkle
from services.audit.checkpoint import Checkpoint
from services.audit.checkpoint import read as read_checkpoint
from services.audit.merkle import leaf_hash
from services.audit.note import Signer
from services.audit.signer import CheckpointSigner, RefusedError, StateFile
from services.audit.trail import Trail
from services.audit.tree import StoredTree
from services.audit.verify import verify
from shared.secrets import SecretFile
from shared.vocabulary import Role
from tests.audit.by_hand import delete_payload, edit_payload, payload_of
from tests.audit.given import acknowledged, new_case, publish, reported
from tests.audit.reading import key_of, store_of, verdict_of
from tests.lab import Lab, lab_in, until

SIZE = 600
Doc = dict[str, Any]
Database = Any


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def trail(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """A trail of 600 records, nobody writing any more."""
    import httpx

    async with lab_in(tmp_path_factory.mktemp("tampering")) as lab:
        audit = await lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.2S")
        async with lab.connection("admin") as connection:
            for _ in range(SIZE // 6):
                case = new_case()
                await publish(connection, reported(case), *(acknowledged(case) for _ in range(5)))

        def sealed() -> bool:
            return bool(httpx.get(f"{audit.url}/api/v1/trail/state", headers=lab.bearer(Role.AUDITOR)).json()["size"] == SIZE)

        await until(sealed, seconds=60)
        audit.stop()
        yield lab


@pytest.fixture
def store(trail: Lab) -> Any:
    """The two databases, as they were again after the test."""
    client: MongoClient[Doc] = MongoClient(trail.mongo_url)
    names = [
        ("fenghuo_trail", "entries"),
        ("fenghuo_trail", "tiles"),
        ("fenghuo_trail", "checkpoints"),
        ("fenghuo_payloads", "payloads"),
        ("fenghuo_payloads", "actors"),
    ]
    before = {name: {doc["_id"]: doc for doc in client[name[0]][name[1]].find()} for name in names}
    yield client
    for name, docs in before.items():
        collection = client[name[0]][name[1]]
        now = {doc["_id"]: doc for doc in collection.find()}
        changed = [key for key in now if now[key] != docs.get(key)]
        for key in changed:
            collection.delete_one({"_id": key})
        if lost := [docs[key] for key in docs if key not in now or key in changed]:
            collection.insert_many(lost)
    client.close()


def put(collection: Any, index: int, **fields: Any) -> None:
    """As someone with the database's password can."""
    doc = collection.find_one({"_id": index})
    collection.delete_one({"_id": index})
    collection.insert_one({**doc, **fields})


def rec_with(collection: Any, index: int, **fields: Any) -> bytes:
    rec = orjson.loads(collection.find_one({"_id": index})["rec"])
    return orjson.dumps({**rec, **fields}, option=orjson.OPT_SORT_KEYS)


async def test_an_untouched_trail_holds(trail: Lab) -> None:
    verdict = await verdict_of(trail)
    assert (verdict.faults, verdict.size, verdict.checked) == ([], SIZE, SIZE)


def edited_rec(db: Database) -> int:
    put(db.fenghuo_trail.entries, 300, rec=rec_with(db.fenghuo_trail.entries, 300, subject="fact.1.delivered"))
    return 300


def edited_rec_and_its_hash(db: Database) -> int:
    rec = rec_with(db.fenghuo_trail.entries, 70, ingested="2020-01-01T00:00:00.000000Z")
    put(db.fenghuo_trail.entries, 70, rec=rec, leaf=leaf_hash(rec))
    return 70


def edited_rec_at_the_ragged_edge(db: Database) -> int:
    rec = rec_with(db.fenghuo_trail.entries, 599, actor="0" * 32)
    put(db.fenghuo_trail.entries, 599, rec=rec, leaf=leaf_hash(rec))
    return 599


def edited_search_field(db: Database) -> int:
    put(db.fenghuo_trail.entries, 12, units=["somebody_else"])
    return 12


def edited_case_field(db: Database) -> int:
    put(db.fenghuo_trail.entries, 13, case="01HIDDEN", number=77)
    return 13


def edited_payload(db: Database) -> int:
    raw = payload_of(db.fenghuo_payloads.payloads, 402).raw
    assert raw
    edit_payload(db.fenghuo_payloads.payloads, 402, raw=raw.replace(b"Embankment", b"Nothing at"))
    return 402


def edited_author(db: Database) -> int:
    put(db.fenghuo_payloads.actors, "p_reporter", salt=b"0" * 32)
    return 0


def scrambled_chunk(db: Database) -> int:
    doc = db.fenghuo_payloads.payloads.find_one({"_id": {"$in": list(range(353, 400))}})
    put(db.fenghuo_payloads.payloads, doc["_id"], data=b"nothing")
    return int(doc["_id"])


def deleted_payload(db: Database) -> int:
    delete_payload(db.fenghuo_payloads.payloads, 500)
    return 500


def deleted_entry(db: Database) -> int:
    db.fenghuo_trail.entries.delete_one({"_id": 255})
    return 255


def deleted_entry_at_the_ragged_edge(db: Database) -> int:
    db.fenghuo_trail.entries.delete_one({"_id": 550})
    return 550


def cut_tail(db: Database) -> int:
    db.fenghuo_trail.entries.delete_many({"_id": {"$gte": 590}})
    return 590


def swapped_entries(db: Database) -> int:
    entries = db.fenghuo_trail.entries
    a, b = entries.find_one({"_id": 100}), entries.find_one({"_id": 101})
    put(entries, 100, rec=b["rec"], leaf=b["leaf"])
    put(entries, 101, rec=a["rec"], leaf=a["leaf"])
    return 100


def edited_tile(db: Database) -> int:
    hashes = bytearray(db.fenghuo_trail.tiles.find_one({"_id": 1})["hashes"])
    hashes[5 * 32] ^= 1
    put(db.fenghuo_trail.tiles, 1, hashes=bytes(hashes))
    return 261


def deleted_checkpoints(db: Database) -> int:
    db.fenghuo_trail.checkpoints.delete_many({"_id": {"$gt": 0}})
    return 0


DEEDS: list[Callable[[Database], int]] = [
    edited_rec,
    edited_rec_and_its_hash,
    edited_rec_at_the_ragged_edge,
    edited_search_field,
    edited_case_field,
    edited_payload,
    edited_author,
    scrambled_chunk,
    deleted_payload,
    deleted_entry,
    deleted_entry_at_the_ragged_edge,
    cut_tail,
    swapped_entries,
    edited_tile,
]


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
async def test_a_deed_done_to_the_store_is_found_at_its_record(trail: Lab, store: Database, deed: Callable[[Database], int]) -> None:
    index = deed(store)
    verdict = await verdict_of(trail)
    assert not verdict.holds
    located = [fault.index for fault in verdict.faults if fault.index is not None]
    if deed is edited_rec_at_the_ragged_edge:
        # Both record and its hash lie with whoever edits; earlier checkpoints narrow it down.
        assert any("somewhere in records" in fault.words for fault in verdict.faults) or index in located
    else:
        assert min(located) == index, verdict.faults


async def test_a_checkpoint_for_a_smaller_trail_is_found_by_an_earlier_one(trail: Lab, store: Database) -> None:
    """The store replaced by an older copy of itself, signature and all."""
    async with store_of(trail) as source:
        earlier = read_checkpoint(await source.checkpoint(), key_of(trail))
    trail_db = store.fenghuo_trail
    older = trail_db.checkpoints.find_one({"size": {"$lt": SIZE, "$gt": 0}})
    trail_db.checkpoints.delete_many({"_id": {"$gt": older["_id"]}})
    trail_db.entries.delete_many({"_id": {"$gte": older["size"]}})
    async with store_of(trail) as source:
        alone = await verify(source, key_of(trail))
        beside = await verify(source, key_of(trail), since=earlier)
    assert alone.holds, "an older copy is whole in itself"
    assert "older copy" in beside.faults[0].words


async def test_a_forged_trail_signed_with_the_stolen_key_is_found_by_an_earlier_checkpoint(trail: Lab, store: Database) -> None:
    async with store_of(trail) as source:
        earlier = read_checkpoint(await source.checkpoint(), key_of(trail))
    entries, tiles, checkpoints = store.fenghuo_trail.entries, store.fenghuo_trail.tiles, store.fenghuo_trail.checkpoints
    rec = rec_with(entries, 3, ingested="2026-11-01T00:00:00.000000Z")
    put(entries, 3, rec=rec, leaf=leaf_hash(rec))
    edge = merkle.Edge()
    for doc in sorted(entries.find({}, {"leaf": 1}), key=lambda doc: doc["_id"]):
        for tile in edge.append(bytes(doc["leaf"])):
            put(tiles, tile.level << 40 | tile.number, hashes=b"".join(tile.hashes), root=merkle.fold(tile.hashes))
    stolen = Signer.read((trail.secrets / SecretFile.TRAIL_SIGNING).read_text())
    last = max(checkpoints.find({}, {"_id": 1}), key=lambda doc: doc["_id"])["_id"]
    forged = Checkpoint(stolen.name, SIZE, edge.root(), earlier.time)
    checkpoints.delete_many({"_id": {"$lt": last}})
    checkpoints.insert_many(
        [{"_id": i, "size": SIZE, "root": edge.root(), "time": "", "note": forged.sign(stolen).write()} for i in range(last)]
    )
    put(checkpoints, last, root=edge.root(), note=forged.sign(stolen).write())
    async with store_of(trail) as source:
        assert (await verify(source, key_of(trail))).holds, "self-consistent: only what was kept elsewhere shows it"
        verdict = await verify(source, key_of(trail), since=earlier)
    assert "earlier checkpoint" in verdict.faults[0].words


@pytest.mark.parametrize("only_new", [False, True])
async def test_what_came_since_a_checkpoint_is_checked_against_it(trail: Lab, store: Database, only_new: bool) -> None:
    notes = [doc["note"] for doc in store.fenghuo_trail.checkpoints.find({"size": {"$gt": 0, "$lt": SIZE}})]
    assert notes
    for note in notes:
        since = read_checkpoint(note.encode(), key_of(trail))
        async with store_of(trail) as source:
            verdict = await verify(source, key_of(trail), since=since, only_new=only_new)
        assert (verdict.faults, verdict.checked) == ([], SIZE - since.size if only_new else SIZE)


async def begin(lab: Lab, state: Path, *, adopt: bool = False) -> int:
    """As the signer begins after a restart."""

    async def nobody(_: str) -> None:
        pass

    store = Trail(lab.mongo_url)
    try:
        key = Signer.read((lab.secrets / SecretFile.TRAIL_SIGNING).read_text())
        return await CheckpointSigner(key, StateFile(state), store, nobody, adopt=adopt).begin(StoredTree(store))
    finally:
        store.close()


@pytest.mark.parametrize("deed", [cut_tail, edited_rec_at_the_ragged_edge, deleted_checkpoints], ids=lambda deed: deed.__name__)
async def test_the_signer_does_not_go_on_from_a_changed_store(trail: Lab, store: Database, deed: Callable[[Database], int]) -> None:
    state = trail.folder / "audit" / "signer.json"
    assert await begin(trail, state) == SIZE
    deed(store)
    with pytest.raises(RefusedError, match="nothing is signed until"):
        await begin(trail, state)


async def test_a_trail_whose_signer_state_is_gone_is_signed_on_only_when_someone_says_so(trail: Lab, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="is missing"):
        await begin(trail, tmp_path / "signer.json")
    assert await begin(trail, tmp_path / "signer.json", adopt=True) == SIZE
    assert await begin(trail, tmp_path / "signer.json") == SIZE
