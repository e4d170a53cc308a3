"""The parts of the door, each as what it is: how often somebody may come, which way a request takes, what is
counted of refusals.
"""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi import APIRouter, FastAPI
from hypothesis import given
from hypothesis import strategies as st

from shared.door import Lane, doorway
from shared.door.pace import Allowance, RequestPace
from shared.door.refusals import MANY, WINDOW, RefusedRequest, Tallies
from shared.door.ways import BODY_LIMIT, Ways
from shared.message import Marked
from shared.problems import MOST_FAULTS, Problem

ALLOWANCE = Allowance(per_second=10, at_once=5)
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


# Pace


def test_so_many_pass_at_once_and_then_so_many_a_second() -> None:
    pace = RequestPace(ALLOWANCE)
    assert [pace.wait("a", 100.0) == 0 for _ in range(7)] == [True] * 5 + [False] * 2
    assert pace.wait("a", 100.0) == pytest.approx(0.1)
    assert pace.wait("a", 100.1) == 0
    assert pace.wait("a", 100.1) == pytest.approx(0.1)


def test_one_does_not_count_against_another() -> None:
    pace = RequestPace(ALLOWANCE)
    while pace.wait("flood", 1.0) == 0:
        pass
    assert all(pace.wait("another", 1.0) == 0 for _ in range(5))


def test_who_has_patience_gets_a_later_turn() -> None:
    pace = RequestPace(ALLOWANCE)
    turns = [pace.wait("a", 0.0, patience=0.35) for _ in range(10)]
    assert turns == pytest.approx([0.0] * 5 + [0.1, 0.2, 0.3, 0.4, 0.4])
    assert pace.wait("a", 0.3, patience=0.0) == pytest.approx(0.1)


def test_who_asks_again_too_early_does_not_wait_longer_for_it() -> None:
    pace = RequestPace(ALLOWANCE)
    while pace.wait("a", 0.0) == 0:
        pass
    for _ in range(100):
        pace.wait("a", 0.05)
    assert pace.wait("a", 0.1) == 0


@given(st.lists(st.floats(min_value=0, max_value=3), min_size=1, max_size=300))
def test_never_do_more_pass_than_allowed(gaps: list[float]) -> None:
    pace, now, passed = RequestPace(ALLOWANCE), 0.0, list[float]()
    for gap in gaps:
        now += gap / 20
        if pace.wait("a", now) == 0:
            passed.append(now)
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            span = passed[last] - passed[first]
            assert last - first + 1 <= ALLOWANCE.at_once + span * ALLOWANCE.per_second + 1e-6


def test_the_memory_is_bounded() -> None:
    pace = RequestPace(ALLOWANCE, keys=10)
    for number in range(1_000):
        pace.wait(str(number), 0.0)
    assert len(pace._full_at) == 10  # pyright: ignore[reportPrivateUsage]


# Ways


def service() -> FastAPI:
    app, router = FastAPI(openapi_url=None), APIRouter(prefix="/api")

    @router.get("/cases/{case}")
    async def case(case: str) -> None: ...

    @router.post("/cases/{case}")
    @doorway(body_limit=7, lane=Lane.REPORTS)
    async def act(case: str) -> None: ...

    @router.get("/cases/open")
    @doorway(is_open=True)
    async def shadowed() -> None: ...

    @router.get("/proof")
    @doorway(is_open=True)
    async def proof() -> None: ...

    app.include_router(router)
    return app


@pytest.mark.parametrize(
    ("method", "path", "is_open", "limit"),
    [
        ("GET", "/api/cases/1", False, BODY_LIMIT),
        ("POST", "/api/cases/1", False, 7),
        # The router takes the first that fits, and so does the door: what stands behind it opens nothing.
        ("GET", "/api/cases/open", False, BODY_LIMIT),
        ("GET", "/api/proof", True, BODY_LIMIT),
        ("POST", "/api/proof", True, BODY_LIMIT),
        ("DELETE", "/api/cases/1", False, BODY_LIMIT),
    ],
)
def test_a_route_is_closed_and_small_unless_it_says_otherwise(
    method: str, path: str, is_open: bool, limit: int
) -> None:
    way = Ways(service().routes).find(method, path)
    assert way is not None
    assert (way.doorway.is_open, way.doorway.body_limit) == (is_open, limit)


@pytest.mark.parametrize("path", ["/", "/api", "/api/cases", "/api/cases/1/2", "/api/proof/"])
def test_where_there_is_no_route_there_is_no_way(path: str) -> None:
    assert Ways(service().routes).find("GET", path) is None


# Refusals


def refusal(who: str = "li_xia", status: int = 403) -> RefusedRequest:
    return RefusedRequest(status, "GET /x", who, is_principal=True)


def test_many_refusals_of_one_are_told_once_a_window() -> None:
    tallies = Tallies()
    told = [tallies.add(refusal(), NOON) for _ in range(3 * MANY)]
    (tally,) = [one for one in told if one]
    assert told.index(tally) == MANY - 1
    assert [tallies.add(refusal(), NOON + WINDOW) for _ in range(MANY)][-1] is not None


def test_refusals_of_many_are_not_those_of_one() -> None:
    tallies = Tallies()
    assert not any(tallies.add(refusal(str(number)), NOON) for number in range(3 * MANY))
    assert not any(tallies.add(refusal(), NOON + number * WINDOW / 50) for number in range(3 * MANY))


def test_what_is_remembered_of_refusals_is_bounded() -> None:
    tallies = Tallies(remembered=3)
    for number in range(100):
        tallies.add(refusal(str(number)), NOON + timedelta(seconds=number))
    assert len(tallies._by_principal) == 3  # pyright: ignore[reportPrivateUsage]


# Problems


@given(st.integers(min_value=0, max_value=1_000))
def test_an_error_names_twenty_faults_at_most_and_how_many_more(number: int) -> None:
    faults = Problem(
        422, Marked("x"), Marked("y"), errors=[("f" * 10_000, Marked("m" * 10_000))] * number
    ).errors
    assert len(faults) == min(number, MOST_FAULTS) + (number > MOST_FAULTS)
    assert number <= MOST_FAULTS or faults[-1][1].startswith(str(number - MOST_FAULTS))
    assert sum(len(field) + len(message) for field, message in faults) < 12_000
