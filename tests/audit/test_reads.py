"""Whoever reads the trail is on the trail: what is kept of a read, when it becomes a fact, and what a crash
leaves of it.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse
from hypothesis import given
from hypothesis import strategies as st

from services.audit.custody.reads import LISTED, ReadAnswer, Reads, ReadWindow, bounded, fact_of
from services.audit.custody.reads_journal import Journal
from services.audit.reading import seen as reads_seen
from services.audit.web.reads import ReadsKept
from shared.facts import Actor
from shared.facts.reads import How
from shared.tokens import Principal
from shared.vocabulary import Role
from tests.audit.given import acknowledged, new_case, publish, reported
from tests.lab import Lab, Running, until

NOON = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
AUDITOR = Actor(principal="li", role=Role.AUDITOR)


def a_read(
    at: datetime = NOON, *, by: Actor = AUDITOR, how: How = How.LOOKED, records: int = 1, **criteria: str
) -> ReadAnswer:
    return ReadAnswer(by, how, "GET /api/v1/trail/entries", criteria, records, 100, at)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "audit" / "reads.journal")


def reads_in(journal: Journal) -> Reads:
    numbers = count()
    return Reads(journal, lambda _: f"id-{next(numbers)}", MINUTE)


def sent(reads: Reads, now: datetime) -> list[ReadWindow]:
    windows = reads.due(now)
    for window in windows:
        reads.sent(window)
    return windows


def test_a_busy_reader_makes_one_fact_a_minute_that_says_all_they_asked(journal: Journal) -> None:
    reads, first = reads_in(journal), list[ReadWindow]()
    for second in range(120):
        reads.begin(
            a_read(NOON + timedelta(seconds=second), kind="reported" if second % 2 else "decided", records=2)
        )
        if second == 59:
            assert reads.due(NOON + timedelta(seconds=59)) == []
            first = sent(reads, NOON + MINUTE)
    (fact,) = (fact_of(window) for window in first)
    assert [(one.criteria, one.times, one.records) for one in fact.readings] == [
        ({"kind": "decided"}, 30, 60),
        ({"kind": "reported"}, 30, 60),
    ]
    assert (fact.by.principal, fact.records, fact.checkpoint, fact.first_at) == ("li", 120, 100, NOON)
    assert fact.summary == "GET /api/v1/trail/entries ×60, 120 records"
    assert len(sent(reads, NOON + 2 * MINUTE)) == 1


def test_each_reader_and_each_role_is_told_apart(journal: Journal) -> None:
    reads = reads_in(journal)
    for by in (
        AUDITOR,
        Actor(principal="li", role=Role.SUPERVISOR),
        Actor(principal="wang", role=Role.AUDITOR),
    ):
        reads.begin(a_read(by=by))
    facts = [fact_of(window) for window in sent(reads, NOON + MINUTE)]
    assert [(fact.by.principal, fact.by.role) for fact in facts] == [
        ("li", "auditor"),
        ("li", "supervisor"),
        ("wang", "auditor"),
    ]


def test_what_is_taken_away_is_a_fact_of_its_own_at_once(journal: Journal) -> None:
    reads = reads_in(journal)
    reads.begin(a_read())
    place = reads.begin(a_read(how=How.TAKEN, records=0))
    assert reads.due(NOON) == [], "it is still on its way"
    reads.end(place, a_read(how=How.TAKEN, records=1_000))
    (window,) = sent(reads, NOON)
    assert (fact_of(window).how, fact_of(window).records, fact_of(window).broken_off) == (
        How.TAKEN,
        1_000,
        False,
    )
    assert len(sent(reads, NOON + MINUTE)) == 1


def test_what_a_crash_leaves_is_sent_by_the_next_life_under_the_same_id(journal: Journal) -> None:
    reads = reads_in(journal)
    reads.begin(a_read())
    reads.begin(ReadAnswer(AUDITOR, How.TAKEN, "GET /api/v1/trail/export", {}, 0, 100, NOON, broken_off=True))
    before = [*reads.due(NOON + MINUTE, all_of_them=True)]
    after = reads_in(journal).due(NOON)
    assert {window.id: fact_of(window) for window in after} == {
        window.id: fact_of(window) for window in before
    }
    assert [fact_of(window).broken_off for window in after if fact_of(window).how is How.TAKEN] == [True]


def test_what_was_once_sent_is_never_added_to(journal: Journal) -> None:
    """The broker may have stored it although its answer was lost: sent again, it must be the same fact."""
    reads = reads_in(journal)
    reads.begin(a_read())
    (waiting,) = reads.due(NOON + MINUTE)
    fact = fact_of(waiting)
    reads.begin(a_read(NOON + MINUTE))
    assert [fact_of(window) for window in reads.due(NOON + 3 * MINUTE)] == [fact], (
        "the later reads wait behind it"
    )
    reads.sent(waiting)
    assert [fact_of(window).first_at for window in reads.due(NOON + 3 * MINUTE)] == [NOON + MINUTE]


def test_a_journal_that_is_all_on_record_is_empty(journal: Journal) -> None:
    reads = reads_in(journal)
    reads.begin(a_read())
    assert journal.path.stat().st_size
    sent(reads, NOON + MINUTE)
    assert journal.path.read_bytes() == b""


def test_a_line_cut_short_or_damaged_does_not_keep_the_audit_from_starting(journal: Journal) -> None:
    reads_in(journal).begin(a_read())
    whole = journal.path.read_bytes()
    journal.path.write_bytes(b"not a line\n" + whole + whole[:20])
    assert len(reads_in(journal).due(NOON)) == 1


@given(st.lists(st.tuples(st.text(max_size=300), st.text(max_size=300)), max_size=20))
def test_whatever_is_asked_fits_a_fact(asked: list[tuple[str, str]]) -> None:
    assert all(len(name) <= 200 and len(value) <= 200 for name, value in bounded(asked).items())


def test_a_thousand_different_questions_are_counted_and_a_hundred_listed(journal: Journal) -> None:
    reads = reads_in(journal)
    for number in range(1_000):
        reads.begin(a_read(text=str(number)))
    (fact,) = (fact_of(window) for window in sent(reads, NOON + MINUTE))
    assert (len(fact.readings), fact.more, fact.records) == (LISTED, 1_000 - LISTED, 1_000)


# --- around a request
# -------------------------------------------------------------------------------------------------


@pytest.fixture
def house(journal: Journal) -> tuple[httpx2.AsyncClient, Reads]:
    app, reads = FastAPI(), reads_in(journal)
    file = {"Content-Disposition": 'attachment; filename="x"'}

    def let_in(request: Request, *indexes: int) -> None:
        request.state.principal = Principal(subject="li", role=Role.AUDITOR)
        reads_seen.mark_seen(indexes)
        reads_seen.up_to(7)

    @app.get("/cases/{case}")
    async def case(request: Request, case: str) -> str:
        let_in(request, 1, 2, 2, 1)
        return case

    @app.get("/public")
    async def public() -> str:
        reads_seen.mark_seen([1])
        return "anybody"

    @app.get("/refused")
    async def refused(request: Request) -> Response:
        let_in(request)
        return Response("no such thing", 404)

    @app.get("/export")
    async def export(request: Request) -> StreamingResponse:
        let_in(request)

        async def lines() -> AsyncIterator[bytes]:
            for index in range(5):
                reads_seen.mark_seen([index])
                yield b"line\n"
                if index == 2 and request.query_params.get("breaks"):
                    raise ConnectionError

        return StreamingResponse(lines(), headers=file)

    app.add_middleware(ReadsKept, reads=reads, clock=lambda: NOON, wake=lambda: None)
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://audit"), reads


async def facts_after(house: tuple[httpx2.AsyncClient, Reads], *paths: str) -> list[Any]:
    client, reads = house
    for path in paths:
        await client.get(path)
    return [fact_of(window) for window in sent(reads, NOON + MINUTE)]


async def test_an_answer_is_kept_with_its_question_and_each_record_counts_once(
    house: tuple[httpx2.AsyncClient, Reads],
) -> None:
    (fact,) = await facts_after(house, "/cases/c1?text=leak")
    (reading,) = fact.readings
    assert (reading.route, reading.criteria, reading.records, fact.checkpoint) == (
        "GET /cases/{case}",
        {"case": "c1", "text": "leak"},
        2,
        7,
    )


async def test_what_anybody_may_have_and_what_was_not_given_are_no_reads(
    house: tuple[httpx2.AsyncClient, Reads],
) -> None:
    assert await facts_after(house, "/public", "/refused", "/nowhere") == []


async def test_an_export_says_how_much_and_whether_it_broke_off(
    house: tuple[httpx2.AsyncClient, Reads],
) -> None:
    whole, broken = await facts_after(house, "/export?unit=water", "/export?breaks=1")
    assert (whole.how, whole.records, whole.broken_off) == (How.TAKEN, 5, False)
    assert (broken.how, broken.records, broken.broken_off) == (How.TAKEN, 3, True)


async def test_a_verifiers_windows_are_gathered_into_one_fact(
    house: tuple[httpx2.AsyncClient, Reads],
) -> None:
    (fact,) = await facts_after(house, *(f"/export?start={at}&end={at + 256}" for at in range(0, 2_560, 256)))
    assert (fact.how, sum(one.times for one in fact.readings)) == (How.LOOKED, 10)
    assert len(fact.readings) == 1


async def test_where_a_read_cannot_be_kept_nothing_is_shown(
    house: tuple[httpx2.AsyncClient, Reads], journal: Journal
) -> None:
    journal.path.parent.mkdir(parents=True)
    journal.path.mkdir()
    answer = await house[0].get("/cases/c1")
    assert (answer.status_code, "c1" in answer.text) == (500, False)


# --- as it runs
# -------------------------------------------------------------------------------------------------------


async def test_reads_are_found_on_the_trail_through_a_kill_and_reading_them_makes_no_loop(
    own_lab: Lab,
) -> None:
    audit = await own_lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.1S", FENGHUO_TRAIL_READS_PACE="PT1H")
    case = new_case()
    async with own_lab.connection("admin") as connection:
        await publish(connection, reported(case), acknowledged(case))
    await until(lambda: size(own_lab, audit) >= 2)
    assert ask(own_lab, audit, f"/api/v1/cases/{case}/timeline").status_code == 200
    assert ask(own_lab, audit, f"/api/v1/cases/{case}/bundle").status_code == 200
    await until(lambda: size(own_lab, audit) == 3, what="the bundle is on record at once")
    audit.kill()
    audit = await own_lab.start_service(
        "audit", FENGHUO_TRAIL_PACE="PT0.1S", FENGHUO_TRAIL_READS_PACE="PT0.3S"
    )
    await until(
        lambda: size(own_lab, audit) == 4,
        what=f"what was looked at before the kill is on record; {audit.log}",
    )
    found = ask(own_lab, audit, "/api/v1/trail/entries", kind="read").json()["entries"]
    assert [(entry["index"], entry["persons"], entry["outcomes"]) for entry in found] == [
        (3, ["li"], []),
        (2, ["li"], []),
    ]
    whole = ask(own_lab, audit, "/api/v1/trail/entries/3").json()["fact"]["data"]
    assert (whole["how"], whole["records"], whole["readings"][0]["criteria"]) == (
        "looked",
        2,
        {"case_id": case},
    )
    # The search and the look at the record are themselves on record, in one fact; nobody asks further, and no
    # more comes.
    await until(lambda: size(own_lab, audit) == 5)
    assert audit.stop() == 0
    assert (own_lab.folder / "audit" / "reads.journal").read_bytes() == b""


def size(lab: Lab, audit: Running) -> int:
    return ask(lab, audit, "/api/v1/trail/state").json()["size"]


def ask(lab: Lab, audit: Running, path: str, **params: str) -> httpx2.Response:
    return httpx2.get(
        f"{audit.url}{path}", params=params, headers=lab.bearer(Role.AUDITOR, subject="li"), timeout=10
    )
