"""The header of a record is canonical whatever a fact holds, and its fields can always be derived again."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from services.audit.records import builder, fields, record
from services.audit.records.actors import Pseudonym
from services.audit.records.builder import Built, CaseHead, WriterStream, build_all, opened
from services.audit.records.fields import NOTHING, CaseTopic
from services.audit.records.payload_check import payload_faults
from services.audit.records.record import BrokerMessage, Rec, RecordError
from shared.facts.distrust import Distrust
from shared.subjects import fact_subject
from shared.vocabulary import Kind

AT = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)
EARLY, LATE = datetime(2020, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone
SOURCE = WriterStream("FACTS", "2026-11-01T00:00:00.000000Z", 1)
SALT = b"s" * 32
NOW = "2026-11-01T03:00:00.000000Z"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
field_names = st.sampled_from(
    [
        "by",
        "unit",
        "person",
        "effects",
        "notices",
        "channel",
        "summary",
        "text",
        "to_unit",
        "reported_by",
        "kind",
        "duty",
    ]
)
envelopes = st.fixed_dictionaries(
    {}, optional={"subject": st.text(max_size=70) | json_values, "time": st.text(max_size=40) | json_values, "source": json_values,
                  "data": st.dictionaries(field_names, json_values) | json_values},
)  # fmt: skip


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # lone surrogates, integers beyond 64 bits
        return b"{}"


raws = st.binary(max_size=60) | envelopes.map(_json)
messages = st.builds(
    BrokerMessage,
    sequence=st.integers(1, 2**40),
    subject=st.sampled_from(["fact.3.reported", "fact.15.decided", "fact.0.failed", "fact.1.acknowledged"])
    | st.text(max_size=300),
    message_id=st.text(max_size=400),
    time=st.datetimes(timezones=st.just(UTC), min_value=EARLY, max_value=LATE),
    raw=raws,
)


def build(message: BrokerMessage, head: CaseHead | None, salt: bytes = SALT) -> Built:
    one = opened(message)
    return builder.build(one, head, SOURCE, authors([message]), salt, NOW)


def authors(given: list[BrokerMessage]) -> dict[str, Pseudonym]:
    return {
        name: Pseudonym.of(name, b"a" * 32) for one in given if (name := opened(one).principal) is not None
    }


@given(messages)
def test_a_header_is_canonical_json_by_the_oracle_and_reads_back(message: BrokerMessage) -> None:
    built = build(message, None)
    assert rfc8785.dumps(orjson.loads(built.entry.rec)) == built.entry.rec
    assert Rec.read(built.entry.rec).write() == built.entry.rec
    assert len(built.entry.rec) <= 65_535


@given(messages)
def test_the_same_message_makes_the_same_record_again(message: BrokerMessage) -> None:
    head = CaseHead(3, 17, CaseTopic(unit="u"))
    first, again = build(message, head), build(message, head)
    assert first == again


@given(messages)
def test_personal_data_stays_out_of_what_is_published(message: BrokerMessage) -> None:
    name = "Zhang San of Anywhere"
    raw = orjson.dumps({"subject": "C1", "data": {"by": {"principal": name}, "summary": name}})
    built = build(BrokerMessage(message.sequence, "fact.1.followed_up", "id", AT, raw), None)
    assert name.encode() not in built.entry.rec
    assert built.payload.actor == built.payload.text == name


def test_a_case_is_numbered_and_carries_what_its_report_says() -> None:
    def message(sequence: int, kind: str, case: str | None, **data: Any) -> BrokerMessage:
        return BrokerMessage(
            sequence, f"fact.1.{kind}", str(sequence), AT, orjson.dumps({"subject": case, "data": data})
        )

    all_of_them = [
        message(1, "reported", "A", unit="water", level="II", area="620622", category="accident"),
        message(2, "reported", "B", unit="fire"),
        message(3, "acknowledged", "A", person="mayor", via="link"),
        message(4, "rejected", None, reason="no XML"),
        message(
            5,
            "decided",
            "A",
            effects=[{"kind": "lapsed", "duty": "report-mayor", "person": "mayor", "unit": "water"}],
        ),
        message(6, "rejected", None, reason="no XML either"),
    ]
    built = build_all(all_of_them, {}, SOURCE, authors(all_of_them), AT)
    recs = [Rec.read(one.entry.rec) for one in built]
    assert [(rec.case, rec.number, rec.previous) for rec in recs] == [
        ("A", 1, None), ("B", 1, None), ("A", 2, 0), ("", 1, None), ("A", 3, 2), ("", 2, 3),
    ]  # fmt: skip
    assert [one.entry.fields["unit"] for one in built] == ["water", "fire", "water", None, "water", None]
    assert built[4].entry.fields["lapses"] == ["report-mayor"]
    assert built[4].entry.fields["level"] == "II"
    assert built[3].payload.text == "no XML"


def test_a_fact_the_broker_lost_is_a_gap() -> None:
    built = build(BrokerMessage(9, "", "", AT, None), None)
    rec = Rec.read(built.entry.rec)
    assert (rec.form, rec.digest, rec.actor, rec.index, built.entry.fields["kind"]) == (
        "gap",
        None,
        None,
        8,
        "gap",
    )


@given(envelopes, st.text(max_size=40))
def test_fields_can_be_derived_from_anything(envelope: dict[str, Any], subject: str) -> None:
    derived = fields.derive(subject, envelope, NOTHING)
    assert all(isinstance(value, (str, list, bool, type(None))) for value in derived.stored().values())


@pytest.mark.parametrize(
    "change",
    [
        {"index": "1"}, {"index": True}, {"index": 1.0}, {"extra": 1}, {"case": None}, {"number": None}, {"digest": 3},
    ],
)  # fmt: skip
def test_what_is_no_header_is_refused(change: dict[str, Any]) -> None:
    good = orjson.loads(build(BrokerMessage(1, "fact.1.due", "", AT, b"{}"), None).entry.rec)
    with pytest.raises(RecordError):
        Rec.read(orjson.dumps({**good, **change}, option=orjson.OPT_SORT_KEYS))


@pytest.mark.parametrize(
    ("old", "new"), [(b"}", b"} "), (b",", b", "), (b"}", b""), (b"{", b"["), (b"FACTS", b"\xff")]
)
def test_a_header_in_another_spelling_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(RecordError):
        Rec.read(build(BrokerMessage(1, "fact.1.due", "", AT, b"{}"), None).entry.rec.replace(old, new, 1))


def test_the_case_of_an_unreadable_fact_is_none() -> None:
    for subject in (None, 3, "", "a b", "x" * 65, "../..", {"a": 1}):
        assert record.case_of({"subject": subject}) == ""


def test_a_message_that_is_no_authentic_fact_is_recorded_as_nobodys() -> None:
    data = {"via": "link", "person": "mayor", "by": {"principal": "mayor"}, "unit": "water"}
    raw = orjson.dumps(
        {
            "id": "f1",
            "type": "cn.fenghuo.acknowledged.v1",
            "source": "/services/notifier",
            "subject": "A",
            "data": data,
        }
    )
    stored = BrokerMessage(
        7,
        fact_subject("A", Kind.ACKNOWLEDGED),
        "f1",
        AT,
        raw,
        {"Nats-Msg-Id": "f1", "Nats-Expected-Stream": "FACTS"},
    )
    trusted, forged = (
        build(stored, None),
        build(stored._replace(headers={**(stored.headers or {}), "Nats-Stream": "KV_TRAIL"}), None),
    )
    assert (rec := Rec.read(trusted.entry.rec)).v == 2
    assert (rec.distrust, b"distrust" in trusted.entry.rec) == (msgspec.UNSET, False)
    rec, fields_ = Rec.read(forged.entry.rec), forged.entry.fields
    assert (rec.v, rec.distrust, rec.actor, rec.case) == (3, Distrust.HEADERS, None, "A")
    assert (fields_["kind"], fields_["persons"], fields_["units"]) == ("untrusted", [], [])
    assert payload_faults(rec, forged.payload) == []
    assert list(rec.personal) == ["data"]
    for old, new in ((b'"v":3', b'"v":2'), (b'"distrust":"headers",', b""), (b'"headers"', b'"unheard"')):
        with pytest.raises(RecordError):
            Rec.read(forged.entry.rec.replace(old, new))
