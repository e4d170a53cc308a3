"""A message is a fact only where subject, headers and envelope agree; each thing that can be wrong has its
reason.
"""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.evidence.bundle import verify
from shared.facts import Fact
from shared.facts.aside import LARGEST_BODY, Odd, aside, is_of_a_lane, may_be_set_aside
from shared.facts.authenticity import as_stored, distrust, distrust_envelope
from shared.facts.authors import ABOUT_NO_CASE, AUTHORS, SOURCES, Author
from shared.facts.cause import Cause
from shared.facts.distrust import WORDS, Distrust
from shared.ids import CaseId
from shared.language.labels import LABELS
from shared.subjects import LANES, armed_subject, fact_subject, lane_of
from shared.vocabulary import ESCALATOR_KINDS, Kind

CASE = CaseId("01M8MMWNZRM4QFCJGNCMVE7MAN")
AT = datetime(2026, 11, 29, 8, tzinfo=UTC)
Json = dict[str, Any]


def data_of(kind: Kind, author: Author) -> Json:
    via = "link" if author is Author.NOTIFIER else "api"
    return (
        {"person": "zhao_jia", "via": via, "by": {"principal": "zhao_jia"}}
        if kind is Kind.ACKNOWLEDGED
        else {}
    )


def genuine(kind: Kind, author: Author, source: str) -> tuple[str, dict[str, str], Json]:
    """Subject, headers and envelope as the author writes them."""
    case = None if kind in ABOUT_NO_CASE else CASE
    envelope: Json = {
        "specversion": "1.0",
        "id": "f1",
        "source": source,
        "type": f"cn.fenghuo.{kind}.v1",
        "time": AT.isoformat(),
    }
    envelope |= {"data": data_of(kind, author)} | ({"subject": case} if case else {})
    if kind is Kind.DUE:
        headers = {
            "Content-Type": "application/cloudevents+json",
            "Nats-Scheduler": armed_subject(CASE),
            "Nats-Schedule-Next": "purge",
            "Nats-TTL": "24h",
            "Nats-Stream-Source": f"CLOCKS 20 clock.due.*.* fact.{{{{wildcard(1)}}}}.due clock.due.3.{CASE} x",
        }
        return fact_subject(CASE, kind), headers, envelope
    return fact_subject(case or "f1", kind), {"Nats-Msg-Id": "f1", "Nats-Expected-Stream": "FACTS"}, envelope


EVERY = [
    (kind, author, source)
    for kind, authors in AUTHORS.items()
    for author in authors
    for source in SOURCES[author]
]


def test_every_kind_has_its_authors_and_every_reason_its_words() -> None:
    assert set(AUTHORS) == set(Kind)
    for words in (WORDS, LABELS["distrust"], verify.DISTRUST):
        assert set(words) == set(Distrust)


@pytest.mark.parametrize(("kind", "author", "source"), EVERY)
def test_what_each_author_writes_is_trusted(kind: Kind, author: Author, source: str) -> None:
    subject, headers, envelope = genuine(kind, author, source)
    assert distrust_envelope(subject, headers, envelope) is None
    assert distrust(subject, headers, Fact.read(orjson.dumps(envelope))) is None


@pytest.mark.parametrize(("kind", "author", "source"), EVERY)
def test_on_no_other_subject_and_by_no_other_author_it_is(kind: Kind, author: Author, source: str) -> None:
    _, headers, envelope = genuine(kind, author, source)
    for other in Kind:
        if other is not kind:
            assert distrust_envelope(fact_subject(CASE, other), headers, envelope) is Distrust.KIND
    for stranger in (*SOURCES, "nobody"):
        named = SOURCES[stranger][0] if isinstance(stranger, Author) else "/services/nobody"
        if named not in {one for each in AUTHORS[kind] for one in SOURCES[each]}:
            assert (
                distrust_envelope(_subject(kind, envelope), headers, envelope | {"source": named})
                is Distrust.AUTHOR
            )


def _subject(kind: Kind, envelope: Json) -> str:
    return fact_subject(envelope.get("subject") or "f1", kind)


ACK = genuine(Kind.ACKNOWLEDGED, Author.NOTIFIER, "/services/notifier")


@pytest.mark.parametrize(
    ("subject", "headers", "envelope", "why"),
    [
        ("fact.16.acknowledged", {}, {}, Distrust.SUBJECT),
        ("fact.3.acknowledged.more", {}, {}, Distrust.SUBJECT),
        ("fact.3.unheard_of", {}, {}, Distrust.SUBJECT),
        (f"fact.{(lane_of(CASE) + 1) % LANES}.acknowledged", {}, {}, Distrust.LANE),
        (None, {}, {"subject": None}, Distrust.CASE),
        (None, {}, {"subject": ""}, Distrust.CASE),
        (None, {}, {"data": []}, Distrust.ENVELOPE),
        (None, {}, {"source": "/services/intake"}, Distrust.ACTOR),
        (None, {}, {"data": ACK[2]["data"] | {"via": "api"}}, Distrust.ACTOR),
        (None, {}, {"data": ACK[2]["data"] | {"person": "qian_yi"}}, Distrust.ACTOR),
        (None, {"Nats-Stream": "KV_TRAIL"}, {}, Distrust.HEADERS),
        (None, {"nats-sequence": "1"}, {}, Distrust.HEADERS),
        (None, {"Nats-Expected-Stream": "KV_TRAIL"}, {}, Distrust.HEADERS),
        (None, {"Nats-Msg-Id": "f2"}, {}, Distrust.MESSAGE_ID),
    ],
)
def test_each_thing_that_is_wrong_has_its_reason(
    subject: str | None, headers: Json, envelope: Json, why: Distrust
) -> None:
    assert distrust_envelope(subject or ACK[0], ACK[1] | headers, ACK[2] | envelope) is why


def test_what_a_source_says_is_said_by_nobody_else() -> None:
    subject, headers, envelope = genuine(Kind.REPORTED, Author.INTAKE, "/sources/met")
    assert distrust_envelope(subject, headers, envelope | {"data": {"reported_by": "source:met"}}) is None
    assert (
        distrust_envelope(subject, headers, envelope | {"data": {"reported_by": "source:hotline"}})
        is Distrust.ACTOR
    )


def test_a_clock_strikes_only_out_of_the_broker() -> None:
    subject, headers, envelope = genuine(Kind.DUE, Author.BROKER, "/services/escalator/clocks")
    for changed in (
        {"Nats-Scheduler": "clock.armed.1.another"},
        {"Nats-Stream-Source": "KV_TRAIL 1"},
        {"Nats-Stream": "FACTS"},
    ):
        assert distrust_envelope(subject, headers | changed, envelope) is Distrust.HEADERS
    assert (
        distrust_envelope(subject, {"Nats-Msg-Id": "f1", "Nats-Expected-Stream": "FACTS"}, envelope)
        is Distrust.HEADERS
    )


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda part: st.lists(part) | st.dictionaries(st.text(), part),
)


@given(
    st.sampled_from([*Kind, "x"]),
    st.integers(0, 16),
    st.dictionaries(st.sampled_from(["type", "id", "source", "subject", "data"]), json),
)
def test_whatever_stands_there_it_is_judged(kind: str, lane: int, envelope: Json) -> None:
    assert distrust_envelope(f"fact.{lane}.{kind}", None, envelope) is not None


def test_a_message_fetched_is_judged_without_the_headers_of_the_answer() -> None:
    subject, headers, envelope = ACK
    fetched = headers | {
        "Nats-Stream": "FACTS",
        "Nats-Subject": subject,
        "Nats-Sequence": "7",
        "Nats-Time-Stamp": "2026-11-29T08:00:00Z",
    }
    assert distrust_envelope(subject, fetched, envelope) is Distrust.HEADERS
    assert distrust_envelope(subject, as_stored(fetched), envelope) is None


# Setting aside


@pytest.mark.parametrize("size", [0, LARGEST_BODY, LARGEST_BODY + 1, 1_000_000])
def test_what_is_set_aside_is_about_its_case_is_authentic_and_always_fits(size: int) -> None:
    many = {f"header-{number}": "x" * 100 for number in range(1_000)}
    odd = Odd("fact.3.closed", 71, AT, b"\xff" * size, many, CASE)
    faults = [("data", "wrong" * 1_000)] * 500
    made = aside(
        odd, "/services/escalator", "why", cause=Cause.NOT_AUTHENTIC, distrust=Distrust.KIND, errors=faults
    )
    again = aside(
        odd, "/services/escalator", "why", cause=Cause.NOT_AUTHENTIC, distrust=Distrust.KIND, errors=faults
    )
    assert made == again
    assert len(made.raw) < 300_000
    fact = Fact.read(made.raw)
    assert (made.id, fact.subject, fact.data["stream"], fact.data["sequence"], fact.data["size"]) == (
        "aside:71",
        CASE,
        "FACTS",
        71,
        size,
    )
    assert ("body" in fact.data) is (size <= LARGEST_BODY)
    assert distrust(made.subject, {"Nats-Msg-Id": made.id, "Nats-Expected-Stream": "FACTS"}, fact) is None


@pytest.mark.parametrize("case", [None, "", "no case", 7])
def test_what_names_no_case_is_set_aside_about_none(case: object) -> None:
    made = aside(
        Odd("fact.3.closed", 71, AT, b"x", {}, case), "/services/audit", "why", cause=Cause.NOT_AUTHENTIC
    )
    assert Fact.read(made.raw).subject is None
    assert (
        distrust(made.subject, {"Nats-Msg-Id": made.id, "Nats-Expected-Stream": "FACTS"}, Fact.read(made.raw))
        is None
    )


def test_the_escalator_sets_aside_what_its_lanes_are_handed_and_nobody_what_was_set_aside() -> None:
    for kind in Kind:
        assert is_of_a_lane(f"fact.3.{kind}") is (kind in ESCALATOR_KINDS)
        assert may_be_set_aside(f"fact.3.{kind}") is (kind is not Kind.REJECTED)
    assert not is_of_a_lane("fact.16.closed")
