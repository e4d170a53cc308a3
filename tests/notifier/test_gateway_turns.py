"""A gateway gets no more than it takes, and the gravest of what waits first."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.channels import Letter, Message
from services.notifier.delivery.carried import Interrupted
from services.notifier.delivery.gateway_turns import GatewayTurns, RateLimit, need_of
from shared.facts import Purpose
from shared.ids import CaseId, NoticeId
from shared.vocabulary import Language, Level

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def message(
    level: Level | None, seconds: float = 0, purpose: Purpose = Purpose.DUTY, *, exercise: bool = False
) -> Message:
    return Message(
        id=f"{level}-{seconds}",
        at=NOW + timedelta(seconds=seconds),
        channel="sms",
        to="+861",
        letter=Letter("s", "t"),
        link=None,
        case=CaseId("case"),
        notice=NoticeId("case.1.1"),
        purpose=purpose,
        language=Language.ZH,
        level=level,
        exercise=exercise,
    )


@given(st.integers(1, 5), st.lists(st.floats(0, 3), max_size=40))
def test_in_no_second_more_than_it_takes(most: int, gaps: Sequence[float]) -> None:
    limit, now, went = RateLimit(most, 1.0), 0.0, list[float]()
    for gap in gaps:
        now += gap
        now += limit.wait(now)
        limit.note(now)
        went.append(now)

    for number, at in enumerate(went[most:]):
        assert at - went[number] >= 1.0 - 1e-9


@given(st.integers(5, 50), st.lists(st.tuples(st.floats(0, 20), st.booleans()), max_size=80))
def test_what_is_ordinary_leaves_a_fifth_of_the_room_to_the_gravest(
    most: int, asked: Sequence[tuple[float, bool]]
) -> None:
    limit, now, went = RateLimit(most, 60.0, 0.8), 0.0, list[float]()
    for gap, is_gravest in asked:
        now += gap
        now += limit.wait(now, is_gravest=is_gravest)
        limit.note(now)
        went.append(now)
        in_the_minute = sum(at > now - 60 + 1e-6 for at in went)
        assert in_the_minute <= (most if is_gravest else int(most * 0.8))


async def test_a_minute_used_up_by_what_is_ordinary_keeps_no_level_i_waiting() -> None:
    turns = GatewayTurns(9, [RateLimit(5, 60.0, 0.8)], asyncio.Event())
    for _ in range(4):
        async with turns.turn(message(Level.III)):
            pass
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01), turns.turn(message(Level.III)):
            pass
    async with asyncio.timeout(1), turns.turn(message(Level.I)):
        pass


def test_the_gravest_goes_first_and_of_those_alike_the_newest() -> None:
    hand = message(None, purpose=Purpose.UNDECIDED)
    order = [
        message(Level.I, 9),
        hand,
        message(Level.II, 5),
        message(None, 3),
        message(Level.III),
        message(Level.IV),
        message(Level.I, exercise=True),
    ]

    backwards = [*reversed(order)]
    assert sorted(backwards, key=need_of) == order


async def test_what_is_grave_passes_a_queue_that_waits() -> None:
    turns, went = GatewayTurns(1, [RateLimit(1, 0.02)], asyncio.Event()), list[Level | None]()

    async def take(one: Message) -> None:
        async with turns.turn(one):
            went.append(one.level)

    ordinary = [asyncio.create_task(take(message(Level.IV))) for _ in range(3)]
    await asyncio.sleep(0)
    assert turns.waiting == 2
    await asyncio.gather(take(message(Level.I)), *ordinary)

    assert went == [Level.IV, Level.I, Level.IV, Level.IV]
    assert turns.waiting == 0


async def test_whoever_gives_up_leaves_no_place_taken() -> None:
    turns = GatewayTurns(1, [], asyncio.Event())
    async with turns.turn(message(Level.III)):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), turns.turn(message(Level.III)):
                pass
    async with asyncio.timeout(1), turns.turn(message(Level.III)):
        pass


async def test_nobody_waits_when_the_service_stops() -> None:
    stopping = asyncio.Event()
    turns = GatewayTurns(1, [RateLimit(1, 60)], stopping)
    async with turns.turn(message(Level.III)):
        pass
    asyncio.get_running_loop().call_later(0.01, stopping.set)
    with pytest.raises(Interrupted):
        async with turns.turn(message(Level.III)):
            pass
