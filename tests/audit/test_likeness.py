"""A record is held to the message the broker has under its number, by one rule for all who ask."""

from dataclasses import replace as replaced
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from services.audit.records.builder import WriterStream, build_all
from services.audit.records.likeness import unlike
from services.audit.records.record import BrokerMessage, Rec

AT = datetime(2026, 11, 24, 8, tzinfo=UTC)
MESSAGE = BrokerMessage(1, "fact.03.heard", "m1", AT, b'{"subject":"01CASE","data":{}}')
BUILT = build_all([MESSAGE], {}, WriterStream("FACTS", "2026-11-01T00:00:00.000000Z", 1), {}, AT)[0]
REC = Rec.read(BUILT.entry.rec)


def test_a_record_of_its_own_message_is_like_it_also_where_the_payload_was_erased() -> None:
    assert unlike(MESSAGE, REC, BUILT.payload) is None
    assert unlike(MESSAGE, REC, None) is None


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (MESSAGE._replace(sequence=2), "is recorded as number 1"),
        (MESSAGE._replace(subject="fact.03.filed"), "under subject fact.03.heard"),
        (MESSAGE._replace(message_id="m2"), "message id m1"),
        (
            MESSAGE._replace(time=AT + timedelta(microseconds=1)),
            "is recorded as stored at 2026-11-24T08:00:00",
        ),
        (MESSAGE._replace(raw=b"{}"), "one of the two was altered"),
    ],
)
def test_what_the_broker_has_otherwise_is_named(message: BrokerMessage, words: str) -> None:
    assert words in (unlike(message, REC, BUILT.payload) or "")


def test_a_payload_that_is_not_the_message_is_told_apart_from_a_message_that_is_not_the_record_s() -> None:
    altered = replaced(BUILT.payload, raw=b"{}")
    assert "its stored payload is not" in (unlike(MESSAGE, REC, altered) or "")


def test_a_fact_recorded_as_lost_that_the_broker_has_is_named() -> None:
    lost = replace(REC, form="gap")
    assert unlike(MESSAGE, lost, None) == "is recorded as lost, and the broker has it"
