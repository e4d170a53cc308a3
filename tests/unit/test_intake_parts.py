"""Receipts, the role table, faults in words and the board, each as what it is: plain values and functions."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from services.intake import access
from services.intake.board import Board, card_of
from services.intake.forms import REQUIRED
from services.intake.hand_in import outside_id
from services.intake.receipts import Receipts, read
from services.intake.record import Stored, broker_instant
from shared.case import Transfer
from shared.facts import Fact, Report
from shared.ids import CaseId, UnitId
from shared.problems import Problem
from shared.tokens import Principal
from shared.vocabulary import CASE_ACTS, Kind, Role
from tests.intake.builders import case, form

CASE = CaseId("01M84XNYBGESSWT7G2KGA91CAY")
AT = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


def stored() -> Stored:
    report = Report.model_validate({**form(), "received_at": AT, "reported_by": "x"})
    fact = Fact.of(Kind.REPORTED, id="f1", source="/services/intake", subject=CASE, time=AT, data=report)
    return Stored(fact, 7, AT, fact.write())


def raw(one: str = CASE, **changes: Any) -> bytes:
    return case(one, **changes).model_dump_json().encode()


# Receipts


def test_the_same_stored_fact_gets_the_same_receipt_byte_for_byte() -> None:
    key, one = Ed25519PrivateKey.generate(), stored()
    assert Receipts(key).sign(one) == Receipts(key).sign(one)
    assert read(Receipts(key).sign(one), key.public_key())["sequence"] == 7


def test_a_receipt_of_another_key_or_with_a_changed_letter_does_not_verify() -> None:
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    receipt = Receipts(key).sign(stored())
    with pytest.raises(jwt.PyJWTError):
        read(receipt, other.public_key())
    head, claims, signature = receipt.split(".")
    with pytest.raises(jwt.PyJWTError):
        read(f"{head}.{claims[:-2]}AA.{signature}", key.public_key())


@pytest.mark.parametrize(
    ("stamp", "text"),
    [
        ("2026-11-23T07:00:00Z", "2026-11-23T07:00:00+00:00"),
        ("2026-11-23T07:00:00.1Z", "2026-11-23T07:00:00.100000+00:00"),
        ("2026-11-23T07:00:00.123456789Z", "2026-11-23T07:00:00.123457+00:00"),
    ],
)
def test_the_brokers_stamp_is_read_as_the_time_of_messages_is(stamp: str, text: str) -> None:
    assert broker_instant(stamp).isoformat() == text


# Who may do what


def test_every_act_has_its_row_in_the_tables() -> None:
    assert set(access.MAY) == {Kind.REPORTED, Kind.ACKNOWLEDGED, *CASE_ACTS}
    assert set(REQUIRED) == set(CASE_ACTS)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.DISCIPLINE, Role.OPERATOR])
def test_those_who_look_change_nothing(role: Role) -> None:
    assert not any(role in roles for roles in access.MAY.values())


def test_a_publisher_reports_and_does_nothing_else() -> None:
    assert [kind for kind, roles in access.MAY.items() if Role.PUBLISHER in roles] == [Kind.REPORTED]
    assert Role.PUBLISHER not in access.MAY_LOOK


def test_a_unit_asked_to_take_a_case_over_has_a_part_in_it() -> None:
    offer = Transfer(from_unit=UnitId("county_info"), to_unit=UnitId("heating"), at=AT, by="x", reason="y")
    reporter = Principal(subject="x", role=Role.REPORTER, unit=UnitId("heating"))
    access.may_act(reporter, Kind.ACCEPTED, card_of(CASE, 1, raw(transfer=offer)))
    with pytest.raises(Problem):
        access.may_act(reporter, Kind.ACCEPTED, card_of(CASE, 1, raw()))


# Ids from outside travel in a header


@given(source=st.sampled_from(["met", "county"]), item=st.text(min_size=1, max_size=300))
def test_an_id_from_outside_is_safe_in_a_header(source: str, item: str) -> None:
    one = outside_id(source, item)
    assert one.isascii()
    assert one.isprintable()
    assert len(one) <= 256
    assert outside_id("other", item) != one


# The board


async def test_who_waits_hears_of_the_change_that_answers_and_not_of_others() -> None:
    board = Board()
    board.put(CASE, 1, raw(sequence=1))
    waiting = asyncio.create_task(board.wait_for(CASE, lambda card: card.applied if card.applied >= 3 else None, 5))
    await asyncio.sleep(0)
    board.put(CASE, 2, raw(sequence=2))
    board.put(CASE, 3, raw(sequence=3))
    board.put(CASE, 4, raw(sequence=4))
    assert await waiting == 3
    assert await board.wait_for(CASE, lambda card: None, 0.01) is None


async def test_a_reader_that_does_not_keep_up_is_let_go() -> None:
    board = Board()
    reader = board.subscribe()
    first = asyncio.ensure_future(anext(reader))
    await asyncio.sleep(0)
    value = raw()
    for number in range(6000):
        board.put(CaseId(f"case-{number}"), number + 1, value)
    with pytest.raises(StopAsyncIteration):
        await first


async def test_a_reader_resumes_with_what_it_has_missed() -> None:
    board = Board()
    for number in range(1, 6):
        board.put(CaseId(f"case-{number}"), number, raw())
    reader = board.subscribe(after=3)
    assert [await anext(reader), await anext(reader)] == [(4, "case-4"), (5, "case-5")]


async def test_a_case_that_left_is_told_and_forgotten() -> None:
    board = Board()
    board.put(CASE, 1, raw())
    reader = board.subscribe(after=1)
    told = asyncio.ensure_future(anext(reader))
    await asyncio.sleep(0)
    board.remove(CASE, 2)
    assert await told == (2, CASE)
    assert await board.case(CASE) is None
    assert len(board) == 0
