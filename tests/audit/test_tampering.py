"""What is done to the store by hand is found out, and said at which record."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pymongo import MongoClient

from fenghuo.bootstrap import note_key
from services.audit.checking.verify import verify
from services.audit.store.trail import Trail
from services.audit.store.tree import StoredTree
from services.audit.writing.against_stream import stream_faults
from services.audit.writing.feed import Feed
from services.audit.writing.signer import CheckpointSigner, RefusedError, StateFile
from shared.secrets import SecretFile
from shared.tlog import merkle
from shared.tlog.checkpoint import Checkpoint
from shared.tlog.checkpoint import read as read_checkpoint
from shared.tlog.merkle import leaf_hash
from shared.tlog.note import Signer
from shared.vocabulary import Role
from tests.audit.deeds import (
    DEEDS,
    cut_tail,
    edited_record_after_the_last_full_tile,
    forge,
    put,
    rec_with,
    rewrite,
    sign_again,
    tree_again,
)
from tests.audit.given import AT, acknowledged, new_case, publish, reported
from tests.audit.reading import key_of, store_of, verdict_of
from tests.lab import Lab, lab_in, until

SIZE = 600
Doc = dict[str, Any]
Database = Any


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def trail(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """A trail of 600 records, nobody writing any more."""
    import httpx2

    async with lab_in(tmp_path_factory.mktemp("tampering")) as lab:
        audit = await lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.2S")
        async with lab.connection("admin") as connection:
            for _ in range(SIZE // 6):
                case = new_case()
                await publish(connection, reported(case), *(acknowledged(case) for _ in range(5)))

        def sealed() -> bool:
            return bool(
                httpx2.get(f"{audit.url}/api/v1/trail/state", headers=lab.bearer(Role.AUDITOR)).json()["size"]
                == SIZE
            )

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


async def test_an_untouched_trail_holds(trail: Lab) -> None:
    verdict = await verdict_of(trail)
    assert (verdict.faults, verdict.size, verdict.checked) == ([], SIZE, SIZE)


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
async def test_a_deed_done_to_the_store_is_found_at_its_record_and_said_in_words(
    trail: Lab, store: Database, deed: Callable[[Database], tuple[int, str]]
) -> None:
    """Each row of what the verifier must catch, done by hand."""
    index, words = deed(store)
    verdict = await verdict_of(trail)
    assert not verdict.holds
    if index < 0:
        assert any(words in fault.words for fault in verdict.faults), verdict.faults
        return
    assert min(fault.index for fault in verdict.faults if fault.index is not None) == index, verdict.faults
    said = [fault for fault in verdict.faults if fault.index == index and words in fault.words]
    assert said, verdict.faults
    if "missing" not in words or "payload" in words:
        assert all((fault.case, fault.time) for fault in said), "who looks it up needs case and time"


def deleted_checkpoints(db: Database) -> None:
    db.fenghuo_trail.checkpoints.delete_many({"_id": {"$gt": 0}})


async def forged_and_looked_at(
    lab: Lab, store: Database, changes: dict[int, Doc], since: Checkpoint | None = None
) -> list[str]:
    """What is said of a trail that whoever holds store and key made say something else, whole in itself."""
    stolen = Signer.read((lab.secrets / SecretFile.TRAIL_SIGNING).read_text())
    forge(store, stolen, changes)
    async with store_of(lab) as source:
        verdict = await verify(source, key_of(lab), since=since)
    return [("" if fault.index is None else f"{fault.index}: ") + fault.words for fault in verdict.faults]


async def test_time_that_runs_backwards_is_found_though_all_else_is_consistent(
    trail: Lab, store: Database
) -> None:
    said = await forged_and_looked_at(
        trail, store, {300: {"broker": "2020-01-01T00:00:00.000000Z", "offset": -1}}
    )
    assert any(
        words.startswith("300: time runs backwards: it says it was stored at 2020-01-01") for words in said
    ), said


async def test_a_record_that_is_numbered_past_another_of_its_case_is_found(
    trail: Lab, store: Database
) -> None:
    said = await forged_and_looked_at(trail, store, {302: {"number": 77}})
    assert any(
        "302: it is number 77 of case" in words and "was left out or added" in words for words in said
    ), said


async def test_another_key_is_not_taken_for_the_pinned_one(trail: Lab, store: Database) -> None:
    stranger = Signer.read(note_key("fenghuo.trail")[0])
    sign_again(store, stranger, tree_again(store))
    verdict = await verdict_of(trail)
    assert "not signed by the pinned key" in verdict.faults[0].words


async def test_two_checkpoints_of_one_size_show_that_two_trails_were_shown(
    trail: Lab, store: Database
) -> None:
    """A split view: whoever was shown the other one kept its checkpoint."""
    stolen = Signer.read((trail.secrets / SecretFile.TRAIL_SIGNING).read_text())
    shown_elsewhere = Checkpoint(stolen.name, SIZE, bytes(32), AT)
    kept = read_checkpoint(shown_elsewhere.sign(stolen).write().encode(), key_of(trail))
    async with store_of(trail) as source:
        verdict = await verify(source, key_of(trail), since=kept)
    assert "are not those the earlier checkpoint" in verdict.faults[0].words
    last = store.fenghuo_trail.checkpoints.count_documents({})
    note = shown_elsewhere.sign(stolen).write()
    doc = store.fenghuo_trail.checkpoints.find_one({"_id": last - 1})
    store.fenghuo_trail.checkpoints.delete_one({"_id": last - 1})
    store.fenghuo_trail.checkpoints.insert_many([{**doc, "note": note}, {**doc, "_id": last}])
    verdict = await verdict_of(trail)
    assert any("two trails were shown" in fault.words for fault in verdict.faults)


async def test_a_fact_of_the_stream_that_is_not_in_the_trail_is_found(trail: Lab, store: Database) -> None:
    """The last ten never recorded, one recorded as lost, one under another subject; all signed with the
    key.
    """
    stolen = Signer.read((trail.secrets / SecretFile.TRAIL_SIGNING).read_text())
    store.fenghuo_trail.entries.delete_many({"_id": {"$gte": 590}})
    now = datetime.now(UTC) + timedelta(hours=1)
    rewrite(store, {40: {"form": "gap"}, 41: {"subject": "fact.1.delivered"}})
    sign_again(store, stolen, tree_again(store), at=now)
    async with store_of(trail) as source, trail.connection("audit") as connection:
        faults = await stream_faults(source, key_of(trail), Feed(lambda: connection))
    said = {fault.index: fault.words for fault in faults}
    assert "recorded as lost, and the broker has it" in said[40]
    assert "fact.1.delivered" in said[41]
    assert "acknowledged" in said[41]
    assert [index for index in said if index is not None and index >= 590] == list(range(590, 600))
    assert "is in the stream and not in the trail" in said[590]


async def test_a_checkpoint_for_a_smaller_trail_is_found_by_an_earlier_one(
    trail: Lab, store: Database
) -> None:
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


async def test_a_forged_trail_signed_with_the_stolen_key_is_found_by_an_earlier_checkpoint(
    trail: Lab, store: Database
) -> None:
    async with store_of(trail) as source:
        earlier = read_checkpoint(await source.checkpoint(), key_of(trail))
    entries, tiles, checkpoints = (
        store.fenghuo_trail.entries,
        store.fenghuo_trail.tiles,
        store.fenghuo_trail.checkpoints,
    )
    rec = rec_with(entries, 3, ingested="2026-11-01T00:00:00.000000Z")
    put(entries, 3, rec=rec, leaf=leaf_hash(rec))
    edge = merkle.Edge()
    for doc in sorted(entries.find({}, {"leaf": 1}), key=lambda doc: doc["_id"]):
        for tile in edge.append(bytes(doc["leaf"])):
            put(
                tiles,
                tile.level << 40 | tile.number,
                hashes=b"".join(tile.hashes),
                root=merkle.fold(tile.hashes),
            )
    stolen = Signer.read((trail.secrets / SecretFile.TRAIL_SIGNING).read_text())
    last = max(checkpoints.find({}, {"_id": 1}), key=lambda doc: doc["_id"])["_id"]
    forged = Checkpoint(stolen.name, SIZE, edge.root(), earlier.time)
    checkpoints.delete_many({"_id": {"$lt": last}})
    checkpoints.insert_many(
        [
            {"_id": i, "size": SIZE, "root": edge.root(), "time": "", "note": forged.sign(stolen).write()}
            for i in range(last)
        ]
    )
    put(checkpoints, last, root=edge.root(), note=forged.sign(stolen).write())
    async with store_of(trail) as source:
        assert (await verify(source, key_of(trail))).holds, (
            "self-consistent: only what was kept elsewhere shows it"
        )
        verdict = await verify(source, key_of(trail), since=earlier)
    assert "earlier checkpoint" in verdict.faults[0].words


@pytest.mark.parametrize("only_new", [False, True])
async def test_what_came_since_a_checkpoint_is_checked_against_it(
    trail: Lab, store: Database, only_new: bool
) -> None:
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
        return await CheckpointSigner(key, StateFile(state), store, nobody, adopt=adopt).begin(
            StoredTree(store)
        )
    finally:
        store.close()


@pytest.mark.parametrize(
    "deed",
    [cut_tail, edited_record_after_the_last_full_tile, deleted_checkpoints],
    ids=lambda deed: deed.__name__,
)
async def test_the_signer_does_not_go_on_from_a_changed_store(
    trail: Lab, store: Database, deed: Callable[[Database], object]
) -> None:
    state = trail.folder / "audit" / "signer.json"
    assert await begin(trail, state) == SIZE
    deed(store)
    with pytest.raises(RefusedError, match="nothing is signed until"):
        await begin(trail, state)


async def test_a_trail_whose_signer_state_is_gone_is_signed_on_only_when_someone_says_so(
    trail: Lab, tmp_path: Path
) -> None:
    with pytest.raises(RefusedError, match="is missing"):
        await begin(trail, tmp_path / "signer.json")
    assert await begin(trail, tmp_path / "signer.json", adopt=True) == SIZE
    assert await begin(trail, tmp_path / "signer.json") == SIZE
