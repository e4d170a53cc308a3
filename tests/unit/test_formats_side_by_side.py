"""Versions live side by side: older is read, unknown fields are kept, newer waits and is never called no
fact.
"""

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.records.builder import opened
from services.audit.records.record import BrokerMessage
from services.audit.records.record import refuse_newer as refuse_newer_record
from services.notifier.delivery.record import Sheet
from shared.case import read_case, write_case
from shared.facts import Fact
from shared.facts.authenticity import distrust, distrust_envelope
from shared.formats import FIELD, FORMAT, NewerError, NewerSeen, refuse_newer_bytes
from shared.kept_fields import put_back, unknown_in
from shared.revocation import RevocationList
from tests.audit.given import acknowledged, new_case
from tests.intake.builders import ago, case

NEWER = {FIELD: FORMAT + 1}


def newer_fact() -> bytes:
    """Which this version could not read either: its data is of another shape."""
    return orjson.dumps(
        orjson.loads(acknowledged(new_case()).write()) | NEWER | {"data": ["of", "another", "shape"]}
    )


def test_a_fact_of_a_newer_format_is_neither_read_nor_distrusted_nor_recorded() -> None:
    raw = newer_fact()
    for subject in ("fact.1.acknowledged", "fact.1.of_a_kind_to_come"):
        with pytest.raises(NewerError, match=f"format {FORMAT + 1}"):
            distrust_envelope(subject, {}, orjson.loads(raw))
        with pytest.raises(NewerError):
            opened(BrokerMessage(1, subject, "m", ago(), raw, {}))
    with pytest.raises(NewerError):
        Fact.read(raw)
    readable = Fact.read(orjson.dumps(orjson.loads(raw) | {"data": {}}))
    with pytest.raises(NewerError):
        distrust("fact.1.acknowledged", {}, readable)


@pytest.mark.parametrize(
    "raw",
    [
        b"01J2KJ8RMG9Z7GJ5JNXTEEWR72",
        b"17",
        b"half_hour: {}",
        b'{"a": "fenghuoformat"}',
        b'{"fenghuoformat": 1}',
    ],
)
def test_what_names_no_newer_format_is_read(raw: bytes) -> None:
    refuse_newer_bytes(raw)


def test_values_of_a_newer_format_wait() -> None:
    for read, value in (
        (read_case, orjson.loads(write_case(case(new_case(), sequence=1)))),
        (Sheet.read, {"case": "x"}),
    ):
        with pytest.raises(NewerError):
            read(orjson.dumps(value | NEWER))
    with pytest.raises(NewerError):
        refuse_newer_record(b'{"follows":"x","v":9}')


async def test_readiness_says_what_waits() -> None:
    seen = NewerSeen()
    await seen.check()
    seen.saw("fact 17", NewerError(FORMAT + 1))
    with pytest.raises(
        RuntimeError, match=f"fact 17 waits: it is of format {FORMAT + 1}, this version reads up to {FORMAT}"
    ):
        await seen.check()


def test_a_case_that_an_older_version_rewrites_keeps_what_a_newer_one_wrote() -> None:
    written = write_case(case(new_case(), sequence=1))
    newer = orjson.loads(written)
    newer |= {"parts": 3}
    newer["report"] |= {"drone": {"height": 120}}
    raw = orjson.dumps(newer)
    here = read_case(raw)
    again = put_back(write_case(msgspec.structs.replace(here, bounces=1)), unknown_in(raw, write_case(here)))
    assert orjson.loads(again) == newer | {"bounces": 1}
    assert read_case(again).bounces == 1


names = st.sampled_from(["a", "b", "id", "list"])
values = st.recursive(
    st.integers(-9, 9) | st.text(max_size=3),
    lambda below: st.dictionaries(names, below, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(names, values), st.dictionaries(st.sampled_from(["new", "newer"]), values))
def test_whatever_is_not_known_comes_back_unchanged(
    known: dict[str, object], unknown: dict[str, object]
) -> None:
    raw, here = orjson.dumps(known | unknown), orjson.dumps(known)
    assert orjson.loads(put_back(here, unknown_in(raw, here))) == known | unknown


def test_an_unknown_field_stays_with_its_part_while_others_come_and_go() -> None:
    raw = b'{"duties":[{"id":"a","new":1},{"id":"b","new":2}]}'
    unknown = unknown_in(raw, b'{"duties":[{"id":"a"},{"id":"b"}]}')
    assert orjson.loads(put_back(b'{"duties":[{"id":"b"},{"id":"c"}]}', unknown)) == {
        "duties": [{"id": "b", "new": 2}, {"id": "c"}]
    }


def test_a_list_that_is_written_anew_keeps_the_fields_of_a_newer_version() -> None:
    newer = RevocationList.model_validate_json(b'{"revision":1,"entries":[],"signed":"x"}')
    assert orjson.loads(newer.with_entries([], ago()).model_dump_json()) == {
        "revision": 2,
        "entries": [],
        "signed": "x",
    }
