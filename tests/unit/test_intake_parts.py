"""Receipts, the acts, faults in words and the board, each as what it is: plain values and functions."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client
from prometheus_client import CollectorRegistry

from services.intake.acting.act_faults import ANY_ACT
from services.intake.board.board import Board
from services.intake.board.calendar import calendar_entries
from services.intake.board.card import card_of, due_order
from services.intake.board.case_lookup import CaseLookup
from services.intake.board.task_list import listed_tasks
from services.intake.fields.act_form import FIELDS
from services.intake.fields.form_blocks import FormBlocks
from services.intake.files.keeping import IncomingFiles
from services.intake.ingest.heartbeats import interval
from services.intake.ingest.ingest import outside_id
from services.intake.metrics import Metrics
from services.intake.recording.receipts import Receipts, read
from services.intake.recording.record import AppendedFact, FactRecord, TooManyError, Unreachable
from services.intake.recording.refusals import Refusals
from services.intake.reporting.submit import Submission
from shared.acts import ACTS
from shared.case import Applied, CaseForm, CaseStatus, DutyState, Slip, TaskState, Transfer, write_case
from shared.directory import Source
from shared.facts import CaseAct, Fact, Name, Report, rfc3339
from shared.forms import NO_FORMS
from shared.forms.book import parse_forms
from shared.ids import AreaCode, CaseId, SourceId, UnitId
from shared.subjects import lane_of
from shared.vocabulary import CASE_ACTS, Kind
from tests.escalator.builders import example_directory
from tests.intake.builders import case, duty, form, task

CASE = CaseId("01M84XNYBGESSWT7G2KGA91CAY")
AT = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


FORM_FILE = """
version: test
forms:
  visit:
    title: { zh: 走访, en: visit }
    of: [{ kinds: [visit] }]
    calendar: at
    fields: { at: { title: { zh: 时间, en: when }, type: time } }
  stock:
    title: { zh: 库存, en: stock }
    of: [{ kinds: [task] }]
    fields: { at: { title: { zh: 时间, en: when }, type: time } }
"""


def stored() -> AppendedFact:
    report = Report.model_validate({**form(), "received_at": AT, "reported_by": "x"})
    fact = Fact.of(Kind.REPORTED, id="f1", source="/services/intake", subject=CASE, time=AT, data=report)
    return AppendedFact(fact, 7, AT, fact.write())


def raw(one: str = CASE, **changes: Any) -> bytes:
    return write_case(case(one, **changes))


def offer(*, to: str) -> Transfer:
    return Transfer(from_unit=UnitId("county_info"), to_unit=UnitId(to), at=AT, by="x", reason="y")


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


# The calendar


def test_the_calendar_reads_those_cases_alone_that_have_a_form_with_a_time_of_its_own() -> None:
    forms = parse_forms(FORM_FILE)
    at = AT + timedelta(days=1)
    filled = CaseForm(id="visit", fields={"at": rfc3339(at)}, at=AT, by="x", sequence=1)
    other = CaseForm(id="stock", fields={"at": rfc3339(at)}, at=AT, by="x", sequence=1)
    cards = [card_of(CASE, 1, raw(forms=blocks)) for blocks in ((), (other,), (other, filled))]
    assert [card.forms for card in cards] == [(), ("stock",), ("stock", "visit")]
    (entry,) = calendar_entries(cards, forms)
    assert (entry.form, entry.at) == ("visit", at)


# The acts


def test_every_act_has_its_row_in_the_tables() -> None:
    assert set(ACTS) == set(CASE_ACTS)
    assert len({act.path for act in ACTS.values()}) == len(ACTS)


def test_a_form_has_every_field_of_an_act_but_who_did_it_and_where_it_was_said() -> None:
    assert set(FIELDS) == set(CaseAct.model_fields) - {"by", "via", "original"}
    assert {field for act in ACTS.values() for field in act.fields} <= set(FIELDS)
    assert set(FIELDS) - ANY_ACT == {field for act in ACTS.values() for field in act.fields}


def test_whoever_has_a_part_in_a_case_sees_it() -> None:
    ordered = task(unit=UnitId("heating"), assigner=UnitId("city"), transfer=offer(to="observatory"))
    card = card_of(CASE, 1, raw(tasks=(ordered,), duties=(duty("leader_a", AT, owed_by=UnitId("press")),)))
    assert set(card.units) == {"county_info", "heating", "city", "observatory", "press"}


# Cards and lists


def test_a_card_reads_what_is_left_out_as_its_default() -> None:
    card = card_of(
        CASE, 1, raw(duties=(duty("leader_a", AT), duty("leader_b", AT - MINUTE, DutyState.DISCHARGED)))
    )
    assert (card.status, card.owed, card.people) == (CaseStatus.OPEN, (AT,), ("leader_a",))


def test_the_next_due_stands_first_however_its_time_is_written() -> None:
    whole, fraction = (
        card_of(CASE, 1, raw(duties=(duty("leader_a", at),))) for at in (AT, AT + timedelta(microseconds=1))
    )
    assert b'07:00:00Z"' in whole.raw
    assert sorted([fraction, whole], key=due_order) == [whole, fraction]


@pytest.mark.parametrize("bytes_", [b"{}", b"[]", b"null", b"{", b'{"report": 1}'])
def test_a_value_that_is_no_case_is_refused(bytes_: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        card_of(CASE, 1, bytes_)


def test_a_task_past_its_limit_is_red_before_any_clock_says_so() -> None:
    late, early, done = (
        task(1, due_at=AT - MINUTE),
        task(2, slip=Slip.BLUE, due_at=AT + MINUTE),
        task(3, state=TaskState.VERIFIED),
    )
    card = card_of(CASE, 1, raw(tasks=(early, done, late)))
    assert [(one.task.id, one.slip) for one in listed_tasks([card], AT)] == [
        ("t1", Slip.RED),
        ("t2", Slip.BLUE),
    ]


async def test_the_cases_that_follow_from_another_are_found_until_they_leave() -> None:
    board = Board()
    board.put(CaseId("child"), 1, raw("child", report={"parent": CASE}))
    assert [card.case for card in board.raised_from(CASE)] == ["child"]
    board.remove(CaseId("child"), 2)
    assert board.raised_from(CASE) == []


# Signs of life


@pytest.mark.parametrize(
    ("silent", "every"),
    [(None, None), (timedelta(hours=6), timedelta(minutes=90)), (timedelta(seconds=1), timedelta(seconds=1))],
)
def test_a_source_is_heard_four_times_in_the_time_it_may_be_silent(
    silent: timedelta | None, every: timedelta | None
) -> None:
    name = Name(zh="气象", en="Weather")
    assert (
        interval(
            Source(
                id=SourceId("met"),
                name=name,
                unit=UnitId("observatory"),
                area=AreaCode("620600"),
                formats=("cap",),
                silent_after=silent,
            )
        )
        == every
    )


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
    waiting = asyncio.create_task(
        board.wait_for(CASE, lambda card: card.applied if card.applied >= 3 else None, 5)
    )
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
    value = raw("case-0")
    for number in range(6000):
        board.put(
            CaseId(f"case-{number}"), number + 1, value.replace(b'"case-0"', f'"case-{number}"'.encode())
        )
    with pytest.raises(StopAsyncIteration):
        await first


async def test_a_reader_resumes_with_what_it_has_missed() -> None:
    board = Board()
    for number in range(1, 6):
        board.put(CaseId(f"case-{number}"), number, raw(f"case-{number}"))
    reader = board.subscribe(after=3)
    assert [await anext(reader), await anext(reader)] == [(4, "case-4"), (5, "case-5")]


async def test_what_stands_under_another_case_or_takes_the_case_back_is_not_taken_in() -> None:
    board = Board()
    board.put(CASE, 1, raw(sequence=5))
    for value in (raw("another", sequence=6), raw(sequence=4)):
        with pytest.raises(ValueError, match=r"it is case another|fact 4"):
            board.put(CASE, 2, value)
    card = board.card(CASE)
    assert card is not None
    assert (card.revision, card.applied) == (1, 5)


async def test_a_case_that_left_is_told_and_forgotten() -> None:
    board = Board()
    board.put(CASE, 1, raw())
    reader = board.subscribe(after=1)
    told = asyncio.ensure_future(anext(reader))
    await asyncio.sleep(0)
    board.remove(CASE, 2)
    assert await told == (2, CASE)
    assert board.card(CASE) is None
    assert len(board) == 0


# The case that a report follows from


class TooMuch(FactRecord):
    """More waits on record than is looked through."""

    async def reported(self, case: CaseId, after: int) -> AppendedFact | None:
        raise TooManyError


def nobody() -> Client:
    raise AssertionError("the broker is not asked")


@pytest.mark.parametrize("is_caught_up", [True, False])
async def test_where_it_can_not_be_said_whether_the_parent_is_there_the_report_is_to_come_again(
    is_caught_up: bool,
) -> None:
    """Over HTTP that is 503; a message of the inbox is tried again after a moment, for as long as it
    takes.
    """
    board, record = Board(), TooMuch(nobody, Metrics(CollectorRegistry()))
    board.put(CASE, 1, raw())
    board.ready = is_caught_up
    submission = Submission(
        record,
        board,
        CaseLookup(board, record),
        example_directory,
        Receipts(Ed25519PrivateKey.generate()),
        Refusals(record, lambda: AT),
        IncomingFiles(nobody, lambda: AT, Path()),
        lambda: datetime.now(UTC),
        FormBlocks(NO_FORMS, example_directory, ZoneInfo("Asia/Shanghai"), lambda: AT),
        wait=MINUTE,
        skew=MINUTE,
    )
    same_lane = next(
        other
        for other in map("01M84XNYBGESSWT7G2KGA9{:04d}".format, range(9999))
        if lane_of(other) == lane_of(CASE)
    )
    with pytest.raises(Unreachable) as refused:
        await submission.check(form(parent=same_lane, unit="water_bureau"))
    assert "Retry-After" in refused.value.headers
    _, faults = await submission.check(form(parent=CASE, unit="water_bureau"))
    assert faults == [], "what is on the board is there"


def test_a_clock_that_was_decided_on_ahead_says_nothing_of_the_reports_it_overtook() -> None:
    """After an outage overdue clocks go first; an act on a case whose report still waits was answered with
    404.
    """
    board = Board()
    board.put(CASE, 1, raw(report_sequence=10, applied=Applied(id="clock", sequence=300, at=AT)))
    assert board.decided_before(CASE) == 10
