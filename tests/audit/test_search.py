"""The search over a real store: what it finds is what a look at every record finds, whatever the index knows
and wherever it died.
"""

import random
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pymongo
import pytest
import pytest_asyncio

from bench.trail_facts import BEGIN, RARE, SPAN
from bench.trail_store import Store, make_store
from fenghuo import embedded
from services.audit.checking import search_index as search_check
from services.audit.checking.search_index import check_search
from services.audit.reading.search import searching
from services.audit.reading.search.searching import BadCursor
from services.audit.reading.views import Filter, Order, Page
from services.audit.records import payloads, search_tiles
from services.audit.records.fields import searched_words
from services.audit.records.payloads import Payload
from services.audit.records.record import Rec
from services.audit.records.search_terms import Macs, normal, root_of
from services.audit.records.search_tiles import Block
from services.audit.records.stored import StoredRecord
from services.audit.store.erasure import ErasureStore
from services.audit.store.trail import PAYLOAD_DATABASE, Trail
from services.audit.writing import indexer as search_indexer
from services.audit.writing.indexer import SearchIndexer
from tests.servers import start_mongo

SIZE = 1_100
SMALL, FEW, FEW_BITS = 32, 4, 2
"""Records of a block, and blocks that make one of the level above: here a few records fill blocks of every
level.
"""


class Made:
    """A store of SIZE records without an index yet, and all of them in memory."""

    def __init__(self, store: Store, trail: Trail) -> None:
        self.store, self.trail = store, trail
        self.reader = store.reader(trail)
        self.entries: list[StoredRecord] = []
        self.payloads: dict[int, Payload] = {}
        self.texts: dict[int, str] = {}
        self.client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(store.url)
        self.fields, self.words = (
            self.client["fenghuo_trail"]["search"],
            self.client["fenghuo_payloads"]["search_texts"],
        )

    def indexer(self, **options: Any) -> SearchIndexer:
        async def covered() -> int:
            return SIZE

        return SearchIndexer(
            self.trail, options.pop("macs", self.store.macs), covered, rests=False, **options
        )

    def forget(self) -> None:
        self.fields.delete_many({})
        self.words.delete_many({})

    def naive(self, what: Filter) -> list[int]:
        return [entry.index for entry in self.entries if self._fits(entry, what)]

    def _fits(self, entry: StoredRecord, what: Filter) -> bool:
        held, rec = entry.fields, Rec.read(entry.rec)
        units = {what.unit, *(self.store.directory.below(what.unit) if what.under and what.unit else ())}
        time, claimed = datetime.fromisoformat(rec.broker), datetime.fromisoformat(rec.claimed or "")
        return (
            all(
                getattr(what, name) in (None, held[name])
                for name in ("case", "kind", "level", "category", "lapse")
            )
            and all(value is None or value in held[name] for name, value in self._among(what))
            and (what.unit is None or bool(units & set(held["units"])))
            and (what.area is None or (held["area"] or "").startswith(root_of(what.area)))
            and (what.since is None or time >= what.since)
            and (what.until is None or time <= what.until)
            and (what.claimed_since is None or claimed >= what.claimed_since)
            and (what.claimed_until is None or claimed <= what.claimed_until)
            and (what.text is None or normal(what.text) in self.texts[entry.index])
        )

    @staticmethod
    def _among(what: Filter) -> tuple[tuple[str, str | None], ...]:
        return (
            ("persons", what.person),
            ("channels", what.channel),
            ("outcomes", what.outcome),
            ("lapses", what.lapse_of),
        )

    async def all_pages(self, what: Filter, order: Order, limit: int) -> list[int]:
        found: list[int] = []
        cursor: str | None = None
        while True:
            page: Page = await self.reader.search(what, cursor=cursor, limit=limit, order=order)
            found += [entry.index for entry in page.entries]
            if page.next is None:
                return found
            cursor = page.next


@pytest.fixture(scope="module", autouse=True)
def small_blocks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (search_tiles, searching, search_indexer, search_check):
            for name, value in (("BLOCK", SMALL), ("FAN", FEW), ("_FAN_BITS", FEW_BITS)):
                if hasattr(module, name):
                    patch.setattr(module, name, value)
        for name, value in (("_PLACES_BITS", 2), ("_PLACES_FAN", 2), ("_FIRST_WINDOW", 8)):
            patch.setattr(searching, name, value)
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def made(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Made]:
    folder: Path = tmp_path_factory.mktemp("search")
    port = embedded.free_port()
    process = start_mongo(folder / "mongo", port=port, log=folder / "mongo.log")
    try:
        store = await make_store(
            f"mongodb://127.0.0.1:{port}/?directConnection=true", SIZE, seed=7, index=False
        )
        trail = Trail(store.url)
        held = Made(store, trail)
        for start in range(0, SIZE, 500):
            held.entries += await trail.entries.between(start, min(SIZE, start + 500))
            held.payloads |= await trail.payloads.at(range(start, min(SIZE, start + 500)))
        held.texts = {
            index: normal(searched_words(payload.envelope)) for index, payload in held.payloads.items()
        }
        yield held
        held.client.close()
        trail.close()
    finally:
        process.kill()
        process.wait()


def questions(made: Made, seed: int, count: int) -> Iterator[Filter]:
    """Combinations of what some record says, so that most have an answer, and of what none says."""
    chosen = random.Random(seed)
    for _ in range(count):
        entry = chosen.choice(made.entries)
        held, rec = entry.fields, Rec.read(entry.rec)
        at, text = datetime.fromisoformat(rec.broker), searched_words(made.payloads[entry.index].envelope)
        piece = chosen.randrange(max(1, len(text) - 4))
        span = timedelta(days=chosen.choice((1, 30, 400)))
        parts: list[dict[str, Any]] = [
            {"kind": held["kind"]},
            {"unit": held["unit"]},
            {"unit": "government", "under": True},
            {"person": chosen.choice(held["persons"]) if held["persons"] else "nobody"},
            {"level": held["level"]},
            {"area": chosen.choice((held["area"], held["area"][:4], "620600", "629900"))},
            {"category": held["category"]},
            {"lapse": chosen.random() < 0.5},
            {"lapse_of": held["lapses"][0] if held["lapses"] else "written"},
            {"channel": chosen.choice((*held["channels"], "voice"))},
            {"outcome": chosen.choice((*held["outcomes"], "opened"))},
            {"text": text[piece : piece + chosen.choice((1, 2, 4, 8))].strip() or RARE},
            {"since": at - span, "until": at + span},
            {"claimed_since": at - span, "claimed_until": at},
            {"claimed_since": at - timedelta(days=2)},
            {"case": held["case"]},
        ]
        asked: dict[str, Any] = {}
        for part in chosen.sample(parts, chosen.choice((1, 1, 2, 3))):
            asked |= part
        yield Filter(**asked)


async def finds_what_is_there(made: Made, seed: int, count: int) -> None:
    for number, what in enumerate(questions(made, seed, count)):
        order, limit = (Order.NEWEST, Order.OLDEST)[number % 2], (3, 50, 500)[number % 3]
        wanted = made.naive(what)
        if len(wanted) > 12 * limit:
            limit = 500
        found = await made.all_pages(what, order, limit)
        assert found == (wanted[::-1] if order is Order.NEWEST else wanted), f"{what!r} {order}"


async def test_without_an_index_all_is_found(made: Made) -> None:
    made.forget()
    await finds_what_is_there(made, seed=1, count=4)


async def test_killed_after_any_step_the_index_is_finished_and_finds_all(made: Made) -> None:
    class Killed(BaseException):
        pass

    made.forget()
    chosen = random.Random(3)
    written = 0
    for number in range(4):
        left = chosen.randrange(1, 45)

        def step(_: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed

        with pytest.raises(Killed):
            await made.indexer(step=step).catch_up()
        now = made.fields.count_documents({})
        assert now >= written
        written = now
        if number == 1:
            await finds_what_is_there(made, seed=10 + number, count=4)
    await made.indexer().catch_up()
    assert made.fields.count_documents({}) == sum(block.buckets for block in search_tiles.blocks_below(SIZE))
    await finds_what_is_there(made, seed=4, count=20)
    faults: list[str] = []
    assert (
        await check_search(made.trail, SIZE, lambda _, words: faults.append(words), macs=made.store.macs)
        > 100
    )
    assert faults == []


async def test_an_edited_or_removed_tile_is_named_with_the_record_it_hides(made: Made) -> None:
    await made.indexer().catch_up()
    entry = next(entry for entry in made.entries if entry.fields["lapses"])
    number = entry.index // SMALL
    block, person = Block(0, number), f"person:{entry.fields['persons'][0]}".encode()
    tile = search_tiles.read(bytes(made.fields.find_one({"_id": search_tiles.key_of(block, 0)})["tile"]))  # type: ignore[index]
    del tile[person]
    tile[b"unit:party_office_x"] = 1
    made.fields.update_one(
        {"_id": search_tiles.key_of(block, 0)}, {"$set": {"tile": search_tiles.write(tile)}}
    )
    removed = search_tiles.keys_of(Block(1, 2))[3]
    made.fields.delete_one({"_id": removed})
    broken = search_tiles.key_of(Block(0, 10), 0)
    kept = made.fields.find_one({"_id": broken})
    made.fields.update_one({"_id": broken}, {"$set": {"tile": b"\xc1"}})
    faults: dict[int | None, list[str]] = {}
    await check_search(
        made.trail,
        SIZE,
        lambda index, words: faults.setdefault(index, []).append(words),
        macs=made.store.macs,
    )
    assert any(person.decode() in words and "does not name" in words for words in faults[entry.index])
    assert any("unit:party_office_x" in words and "it names" in words for words in faults[block.start])
    assert any("lacks a tile (fields of records 256 to 383)" in words for words in faults[None])
    assert any(
        f"records {10 * SMALL} to {10 * SMALL + SMALL - 1}) was altered" in words for words in faults[None]
    )
    # A tile that is gone or broken is done without: nothing is hidden by it.
    lost = next(one for one in made.entries if one.index // SMALL == 10)
    assert lost.index in await made.all_pages(Filter(person=lost.fields["persons"][0]), Order.NEWEST, 50)
    assert kept
    made.fields.replace_one({"_id": broken}, kept)
    made.fields.delete_one({"_id": search_tiles.key_of(block, 0)})
    await made.indexer().catch_up()


async def test_words_removed_by_an_erasure_are_built_again_and_the_rest_is_found_meanwhile(
    made: Made,
) -> None:
    await made.indexer().catch_up()
    (first, *_) = made.naive(Filter(text=RARE))
    before = made.words.count_documents({})
    made.words.delete_many({"_id": {"$in": search_tiles.keys_over(first, made.store.macs.name)}})
    assert made.words.count_documents({}) < before
    await finds_what_is_there(made, seed=5, count=6)
    assert await made.all_pages(Filter(text=RARE), Order.OLDEST, 2) == made.naive(Filter(text=RARE))
    await made.indexer().catch_up()
    assert made.words.count_documents({}) == before


async def test_words_of_an_earlier_version_are_written_anew_and_meanwhile_nobody_says_that_they_were_removed(
    made: Made,
) -> None:
    await made.indexer().catch_up()
    (first, *_) = made.naive(Filter(text=RARE))
    macs = made.store.macs
    (earlier,) = macs.earlier_names
    by_name = {key: search_tiles.keys_of(Block(0, first // SMALL), key) for key in (macs.name, earlier)}
    before = made.words.count_documents({})
    made.words.delete_many({"_id": {"$in": by_name[macs.name]}})
    faults: list[str] = []
    await check_search(made.trail, SIZE, lambda _, words: faults.append(words), macs=macs)
    assert any("lacks a tile (words" in words for words in faults)
    made.words.insert_many([{"_id": key, "tile": search_tiles.write({})} for key in by_name[earlier]])
    faults.clear()
    await check_search(made.trail, SIZE, lambda _, words: faults.append(words), macs=macs)
    assert faults == []
    assert await made.all_pages(Filter(text=RARE), Order.OLDEST, 2) == made.naive(Filter(text=RARE))
    eraser = ErasureStore(made.store.url, PAYLOAD_DATABASE)
    await eraser.forget_words([first], earlier)
    eraser.close()
    assert made.words.count_documents({"_id": {"$in": by_name[earlier]}}) == 0
    await made.indexer().catch_up()
    assert made.words.count_documents({}) == before


async def test_a_damaged_record_stops_neither_the_index_nor_its_check(made: Made) -> None:
    made.forget()
    entries = made.client["fenghuo_trail"]["entries"]
    kept = entries.find_one({"_id": 40})
    assert kept
    entries.update_one({"_id": 40}, {"$set": {"rec": b"{}"}})
    try:
        await made.indexer().catch_up()
        faults: list[str] = []
        await check_search(made.trail, SIZE, lambda _, words: faults.append(words), macs=made.store.macs)
        assert faults == []
    finally:
        entries.replace_one({"_id": 40}, kept)
        made.forget()


async def test_the_store_alone_tells_no_words(made: Made) -> None:
    await made.indexer().catch_up()
    content = b"".join(bytes(doc["tile"]) for doc in made.words.find())
    for word in (RARE[:2], "北门", "fire", "化工"):
        assert word.encode() not in content
    strangers = made.store.reader(made.trail)
    strangers._searcher._index._macs = Macs(b"another key" * 2)  # pyright: ignore[reportPrivateUsage]
    found = await strangers.search(Filter(text=RARE, kind="reported"), limit=500)
    assert [entry.index for entry in found.entries] == made.naive(Filter(text=RARE))[::-1]


async def test_of_two_payloads_that_cover_a_record_its_own_is_shown(made: Made) -> None:
    """A lost race: the record's own lies in the chunk at the multiple of sixteen, or behind it."""
    chunks, entry = made.client["fenghuo_payloads"]["payloads"], made.entries[35]
    kept = chunks.find_one({"_id": 32})
    assert kept
    of_another = Payload(35, made.payloads[36].raw, made.payloads[36].salt)
    try:
        chunks.insert_one({"_id": 35, "count": 1, "data": payloads.pack([of_another])})
        assert (await made.trail.payloads.of([entry]))[35].raw == made.payloads[35].raw
        swapped = [made.payloads[index] if index != 35 else of_another for index in range(32, 48)]
        chunks.replace_one({"_id": 32}, {**kept, "data": payloads.pack(swapped)})
        chunks.replace_one({"_id": 35}, {"_id": 35, "count": 1, "data": payloads.pack([made.payloads[35]])})
        assert (await made.trail.payloads.of([entry]))[35].raw == made.payloads[35].raw
    finally:
        chunks.delete_one({"_id": 35})
        chunks.replace_one({"_id": 32}, kept)


def test_a_time_among_records_that_have_left_is_found_without_passing_one_over() -> None:
    """The unknown lies between what is known: before it begins, behind it ends."""
    times = ["", "b", "", "", "d", "e"]
    assert [searching._last_before(times, time) for time in "acdf"] == [0, 2, 2, 6]  # pyright: ignore[reportPrivateUsage]
    assert [searching._first_after(times, time) for time in "acdf"] == [1, 4, 4, 6]  # pyright: ignore[reportPrivateUsage]


async def test_a_page_asked_again_is_the_same_page_whatever_came_in_since(made: Made) -> None:
    what = Filter(kind="decided")
    first = await made.reader.search(what, limit=10)
    second = await made.reader.search(what, limit=10, cursor=first.next)
    assert await made.reader.search(what, limit=10, cursor=first.here) == first
    assert await made.reader.search(what, limit=10, cursor=second.here) == second
    assert second.here == first.next
    earlier = await made.reader._searcher.search(  # pyright: ignore[reportPrivateUsage]
        what, SIZE - 300, cursor=None, limit=10, order=Order.NEWEST
    )
    later = await made.reader.search(what, limit=10, cursor=earlier.here)
    assert [entry.index for entry in later.entries] == [entry.index for entry in earlier.entries]


async def test_a_cursor_of_another_question_is_refused_with_what_to_do(made: Made) -> None:
    page = await made.reader.search(Filter(kind="decided"), limit=10)
    for what, order, cursor, words in (
        (Filter(kind="due"), Order.NEWEST, page.next, "another question"),
        (Filter(kind="decided"), Order.OLDEST, page.next, "other order"),
        (Filter(kind="decided"), Order.NEWEST, "n5", "take `next`"),
    ):
        with pytest.raises(BadCursor, match=words):
            await made.reader.search(what, limit=10, order=order, cursor=cursor)


async def test_a_search_cut_by_its_time_says_to_where_it_got_and_goes_on_from_there(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "_BUDGET", 0.0)
    page = await made.reader.search(Filter(text="q"), limit=10)
    assert page.cut
    assert page.searched_to is not None
    assert 0 < page.searched_to < SIZE
    following = await made.reader.search(Filter(text="q"), limit=10, cursor=page.next)
    assert following.searched_to is not None
    assert following.searched_to < page.searched_to


async def test_time_is_bounded_by_a_few_reads_and_a_span_that_holds_nothing_is_empty(made: Made) -> None:
    for since, until in ((BEGIN - SPAN, BEGIN - timedelta(days=1)), (BEGIN + SPAN * 2, BEGIN + SPAN * 3)):
        page = await made.reader.search(Filter(since=since, until=until))
        assert (page.entries, page.next, page.cut) == ((), None, False)
