"""A record of version 1 holds for ever; one of version 2 can be shown in part, and every part is proven by
itself.
"""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from services.audit.checking.sources import FolderSource
from services.audit.checking.verify import verify
from services.audit.records import builder, personal
from services.audit.records.actors import Pseudonym, RecentIds
from services.audit.records.builder import Built, WriterStream, build_all, opened
from services.audit.records.payload_check import WHOLE, header_faults, missing_of, payload_faults
from services.audit.records.payloads import Payload, chunks, starts_of, unpack, without
from services.audit.records.record import BrokerMessage, Rec
from services.audit.web.masking import MASK, masked
from shared.tlog import layout
from shared.tlog.layout import ENTRIES, TileId
from shared.tlog.merkle import TILE_WIDTH
from shared.tlog.note import Verifier
from shared.vocabulary import Kind

GOLDEN = Path(__file__).parents[1] / "data" / "trail_v1"
AT = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)
SOURCE = WriterStream("FACTS", "2026-11-01T00:00:00.000000Z", 1)


def made(kind: str, data: dict[str, Any], *, time: str | None = None, sequence: int = 1) -> Built:
    raw = orjson.dumps(
        {"subject": "C1", "source": "/services/test", "data": data, **({"time": time} if time else {})}
    )
    return built([BrokerMessage(sequence, f"fact.3.{kind}", f"m{sequence}", AT, raw)])[0]


def built(messages: list[BrokerMessage], seen: RecentIds | None = None) -> list[Built]:
    authors = {
        name: Pseudonym.of(name, b"a" * 32) for one in messages if (name := opened(one).principal) is not None
    }
    return build_all(messages, {}, SOURCE, authors, AT, recent_ids=seen)


def rec_of(one: Built) -> Rec:
    return Rec.read(one.entry.rec)


async def test_the_golden_trail_of_version_1_verifies() -> None:
    verdict = await verify(FolderSource(GOLDEN), Verifier.read((GOLDEN / "vkey").read_text()))
    assert (verdict.faults, verdict.size, verdict.checked) == ([], 300, 300)


async def test_headers_of_version_1_are_written_back_as_they_were() -> None:
    source = FolderSource(GOLDEN)
    content = [*layout.bundle_records(await source.tile(TileId(ENTRIES, 0)), TILE_WIDTH)]
    assert [Rec.read(raw).write() for raw in content] == content
    assert {Rec.read(raw).v for raw in content} == {1}
    changed = orjson.loads(content[3])
    changes: list[dict[str, Any]] = [{"offset": None}, {"personal": {}}, {"v": 2}, {"v": 3}]
    for more in changes:
        with pytest.raises(ValueError, match="header"):
            Rec.read(orjson.dumps({**changed, **more}, option=orjson.OPT_SORT_KEYS))


numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53) + 1, 2**53 - 1)
keys = st.text(st.characters(max_codepoint=0xD7FF), max_size=6)
documents = st.recursive(
    numbers | st.text() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=10,
)


@given(documents)
def test_what_is_digested_is_canonical_by_the_oracle(document: Any) -> None:
    assert personal.canonical([document]) == rfc8785.dumps([document])


@pytest.mark.parametrize(
    "value", [0.0, -0.0, 60.0, 1e-7, 1.5e-7, 123e-6, 1e20, 1e21, 1.5e300, 5e-324, 0.1 + 0.2, 2.0**53, math.pi]
)
def test_numbers_are_written_as_ecmascript_does(value: float) -> None:
    for document in ([value], {"a": value}, [1, value], {"a": [{"b": -value}]}):
        assert personal.canonical(document) == rfc8785.dumps(document)


def test_the_clock_offset_is_in_the_header() -> None:
    late = made("due", {}, time="2026-11-01T10:59:58.250500+08:00")
    assert (rec_of(late).claimed, rec_of(late).offset) == ("2026-11-01T02:59:58.250500Z", 1_749)
    ahead = made("due", {}, time=(AT + timedelta(milliseconds=1, microseconds=500)).isoformat())
    assert rec_of(ahead).offset == -2, "rounded down"
    assert rec_of(made("due", {}, time="yesterday")).offset is None
    forged = Rec.read(late.entry.rec.replace(b'"offset":1749', b'"offset":1750'))
    assert header_faults(rec_of(late)) == []
    assert len(header_faults(forged)) == 1


def test_a_message_id_that_came_before_is_named() -> None:
    seen = RecentIds()
    messages = [
        BrokerMessage(n, "fact.1.due", message_id, AT, b"{}")
        for n, message_id in enumerate(("a", "b", "a", "", ""), 1)
    ]
    assert [rec_of(one).repeats for one in built(messages, seen)] == [None, None, 0, None, None]
    again = [rec_of(one).repeats for one in built(messages, seen)]
    assert again == [None, None, 0, None, None], "a batch built again repeats nothing but what it did"


REPORT = {
    "summary": "Zhang San's house floods",
    "unit": "water",
    "tasks": [{"title": "Ring Li Si"}, {"unit": "fire"}, {"title": None}, {"title": "Pump"}],
}


def test_each_personal_field_has_a_digest_of_its_own() -> None:
    one = made("reported", REPORT)
    rec = rec_of(one)
    assert sorted(rec.personal) == ["data.summary", "data.tasks.title"]
    assert payload_faults(rec, one.payload) == []
    assert missing_of(rec, one.payload) == frozenset()
    assert len({rec.digest, rec.plain, *rec.personal.values()}) == 4


def test_what_is_not_erased_stays_provable_and_is_shown_in_its_place() -> None:
    one = made("reported", REPORT)
    rec = rec_of(one)
    left = without(one.payload, "reported", ["data.summary"])
    assert (left.raw, left.salt) == (None, b"")
    assert payload_faults(rec, left) == []
    assert missing_of(rec, left) == {"data.summary"}
    assert left.envelope["data"] == {**REPORT, "summary": None}
    nothing = without(left, "reported", ["data.tasks.title", "data.summary"])
    assert payload_faults(rec, nothing) == []
    assert missing_of(rec, nothing) == {"data.summary", "data.tasks.title"}
    assert b"Zhang" not in orjson.dumps(nothing.envelope)
    assert b"Li Si" not in orjson.dumps(nothing.envelope)
    assert missing_of(rec, without(nothing, "reported", None)) == {WHOLE, *rec.personal}
    assert missing_of(rec, None) == {WHOLE, *rec.personal}


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"unit":"water"', b'"unit":"aater"'), (b"Pump", b"Bump")],
)
def test_what_is_left_can_not_be_altered(old: bytes, new: bytes) -> None:
    one = made("reported", REPORT)
    left = without(one.payload, "reported", ["data.summary"])
    (_, _, data), *_ = chunks([left])
    (altered,) = unpack(0, data.replace(old, new))
    assert len(payload_faults(rec_of(one), altered)) == 1


def test_digests_that_a_signer_made_up_do_not_hold() -> None:
    one, other = made("reported", REPORT), made("reported", {**REPORT, "summary": "nothing happened"})
    for field in ("plain", "personal"):
        header = {**rec_of(one).header(), field: rec_of(other).header()[field]}
        assert payload_faults(Rec.read(orjson.dumps(header, option=orjson.OPT_SORT_KEYS)), one.payload)


@pytest.mark.parametrize(
    "raw", [b"\x00", b"[1]", b"null", b"{}", b'"text"', b'{"data":[' + b"[" * 400 + b"]" * 400 + b"]}"]
)
def test_a_message_that_cannot_be_taken_apart_is_erased_whole_or_not_at_all(raw: bytes) -> None:
    (one,) = built([BrokerMessage(1, "fact.1.reported", "m", AT, raw)])
    rec = rec_of(one)
    assert (rec.plain, rec.personal, payload_faults(rec, one.payload)) == (None, {}, [])
    left = without(one.payload, "reported", ["data.summary"])
    assert (missing_of(rec, left), payload_faults(rec, left), left.envelope) == ({WHOLE}, [], {})


def test_of_an_unknown_kind_all_data_is_personal() -> None:
    rec = rec_of(made("something_new", {"who": "Zhang San"}))
    assert list(rec.personal) == ["data"]


def test_every_kind_says_which_of_its_fields_are_personal() -> None:
    assert set(personal.PERSONAL) == {str(kind) for kind in Kind}
    for kind in Kind:
        paths = personal.paths_of(kind)
        # The record carries a digest of some 70 bytes for each, under its path: all of them fit it many times
        # over.
        assert sum(len(path) + 70 for path in paths) <= 3_000
        assert all(path.isascii() for path in paths)


values = st.recursive(st.text(max_size=4) | st.none() | st.integers(0, 99), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.sampled_from(["effects", "note", "notices", "brief", "summary", "owes", "sends", "data", "tasks", "title", "x"]), inner, max_size=4
), max_leaves=14)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["effects", "notices", "sends", "case"]), values, max_size=4))
def test_what_was_taken_out_is_put_back_where_it_was(data: dict[str, Any]) -> None:
    envelope = {"data": data}
    whole = orjson.dumps(envelope)
    taken = personal.take_out(envelope, "decided")
    personal.put_back(envelope, "decided", taken)
    assert orjson.dumps(envelope) == whole


@given(
    st.lists(
        st.tuples(st.integers(0, 200), st.binary(max_size=40)), max_size=60, unique_by=lambda one: one[0]
    )
)
def test_every_payload_is_found_in_the_chunks_that_may_hold_it(given: list[tuple[int, bytes]]) -> None:
    held = [Payload(index, raw, b"s" * 32) for index, raw in sorted(given)]
    stored = {start: (count, data) for start, count, data in chunks(held)}
    for payload in held:
        near = [
            one
            for start in starts_of([payload.index])
            if start in stored
            for one in unpack(start, stored[start][1])
        ]
        assert [one for one in near if one.index == payload.index] == [payload]
    assert sum(count for count, _ in stored.values()) == len(held)
    assert all(start // 16 == (start + count - 1) // 16 for start, (count, _) in stored.items())


def test_a_chunk_does_not_outgrow_a_document() -> None:
    held = [Payload(index, b"x" * 900_000, b"s" * 32) for index in range(16)]
    assert max(len(data) for _, _, data in chunks(held)) < 2_100_000


def test_the_salts_of_two_messages_are_never_alike() -> None:
    same = [BrokerMessage(n, "fact.1.due", "m", AT, b"{}") for n in (1, 2)]
    first, second = built(same)
    assert first.payload.salt != second.payload.salt
    assert (
        builder.build_all(same, {}, SOURCE, {}, AT, {0: first.payload})[0].payload.salt == first.payload.salt
    )


def test_a_masked_fact_shows_its_shape_and_nobody() -> None:
    data = {
        "by": {"principal": "p1", "role": "leader"},
        "summary": "Zhang San",
        "effects": [{"kind": "lit", "person": "p2", "note": "Li Si"}, {"kind": "lit"}],
        "changes": [{"person": {"id": "p3", "name": {"zh": "王五"}}}, {"holder": "p4", "deputies": ["p5"]}],
    }
    envelope: dict[str, Any] = {"id": "1", "data": data}
    before = orjson.dumps(envelope)
    shown = masked(envelope, "directory_changed", lambda person: person.upper())["data"]
    assert orjson.dumps(envelope) == before
    assert shown["by"] == {"principal": "P1", "role": "leader"}
    assert shown["changes"] == [{"person": {"id": "P3", "name": MASK}}, {"holder": "P4", "deputies": ["P5"]}]
    decided = masked(envelope, "decided", lambda _: "?")["data"]
    assert decided["effects"] == [{"kind": "lit", "person": "?", "note": MASK}, {"kind": "lit"}]
    assert masked(envelope, "never_heard_of", lambda _: "?")["data"] == MASK
