"""What waits for a gateway ends when it is taken, when its address is refused, when nobody needs it any more, or
when its time is over; whatever the channel does, one message in the way holds up no other.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.notifier.channels import Message, Trouble
from services.notifier.delivery import outlasting
from services.notifier.delivery.carried import Carried, Interrupted
from services.notifier.delivery.outlasting import NOT_NEEDED, OVER, Backlog, Patience, wait_ends
from services.notifier.delivery.ways import Seat, WaysToPerson
from services.notifier.retry import RetryPolicy
from tests.lab import until
from tests.notifier.channels.scripted import MESSAGE

NOW = datetime(2026, 11, 30, 3, 3, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
REFUSED = Carried("+861", 1, NOW, NOW, error="the gateway answered 503", trouble=Trouble.GATEWAY)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlasting, "SHORTEST_REST", 0.001)


class Gateway:
    """Answers each message as `says`, by its id."""

    def __init__(self, says: Callable[[str], Trouble | None]) -> None:
        self.says, self.tried = says, list[str]()
        self.now, self.stopping = NOW, asyncio.Event()
        retry = RetryPolicy(first=timedelta(milliseconds=1), cap=timedelta(milliseconds=2))
        self.backlog = Backlog(self._once, retry, 4, lambda: self.now, self.stopping)

    async def _once(self, message: Message, addresses: tuple[str, ...]) -> Carried:
        self.tried.append(message.id)
        trouble = self.says(message.id)
        await asyncio.sleep(0)
        if trouble in (None, Trouble.ADDRESS):
            self.backlog.took()
        return Carried(addresses[0], 1, self.now, self.now, error=trouble and "no", trouble=trouble)

    def wait_with(self, number: int, patience: Patience | None = None) -> asyncio.Task[Carried]:
        """The higher the number, the newer."""
        message = replace(MESSAGE, id=str(number), at=NOW + timedelta(seconds=number))
        return asyncio.create_task(
            self.backlog.outlast(message, ("+861",), patience or Patience(LATER, message.at), REFUSED)
        )


def sequence(*troubles: Trouble | None) -> Iterator[Trouble | None]:
    yield from troubles


async def test_it_is_tried_until_it_is_taken_and_every_attempt_counts() -> None:
    says = sequence(Trouble.GATEWAY, Trouble.OURS, Trouble.GATEWAY, None)
    carried = await Gateway(lambda _: next(says)).wait_with(1)
    assert (carried.error, carried.attempts, carried.first_tried_at) == (None, 5, NOW)


async def test_when_it_takes_again_all_others_go_the_newest_first() -> None:
    is_up = asyncio.Event()
    gateway = Gateway(lambda _: None if is_up.is_set() else Trouble.GATEWAY)
    waiting = [gateway.wait_with(number) for number in range(9)]
    await until(lambda: len(gateway.tried) >= 9)
    gateway.tried.clear()
    is_up.set()
    assert {carried.error for carried in await asyncio.gather(*waiting)} == {None}
    first, *rest = gateway.tried
    assert rest == [str(number) for number in range(8, -1, -1) if str(number) != first]
    assert len(gateway.backlog) == 0


async def test_a_message_that_is_never_taken_holds_up_no_other() -> None:
    gateway = Gateway(lambda message: Trouble.OURS if message == "9" else None)
    stuck = gateway.wait_with(9)
    await until(lambda: len(gateway.tried) > 3)
    assert (await gateway.wait_with(1)).error is None
    gateway.now = LATER
    carried = await stuck
    assert carried.error == f"{OVER}; the last try: no"


async def test_a_refused_address_ends_the_wait_and_shows_that_the_gateway_is_there() -> None:
    gateway = Gateway(lambda message: Trouble.ADDRESS if message == "2" else None)
    refused, taken = gateway.wait_with(2), gateway.wait_with(1)
    assert (await refused).trouble is Trouble.ADDRESS
    assert (await taken).error is None
    assert not gateway.backlog.is_away


async def test_what_nobody_needs_any_more_is_not_sent() -> None:
    async def no() -> bool:
        return False

    gateway = Gateway(lambda _: None)
    assert (await gateway.wait_with(1, Patience(LATER, NOW, no))).error == NOT_NEEDED
    assert gateway.tried == []


async def test_the_service_stops_and_nothing_is_lost_of_what_was_under_way() -> None:
    is_asked, may_answer = asyncio.Event(), asyncio.Event()
    gateway = Gateway(lambda _: Trouble.GATEWAY)

    async def slowly(message: Message, addresses: tuple[str, ...]) -> Carried:
        is_asked.set()
        await may_answer.wait()
        return Carried(addresses[0], 1, NOW, NOW)

    gateway.backlog = Backlog(slowly, RetryPolicy(first=timedelta(0)), 1, lambda: NOW, gateway.stopping)
    under_way, other = gateway.wait_with(2), gateway.wait_with(1)
    await is_asked.wait()
    gateway.stopping.set()
    may_answer.set()
    assert (await under_way).error is None
    ends = await asyncio.gather(other, return_exceptions=True)
    assert [type(end) for end in ends] in ([Interrupted], [Carried])


def test_it_waits_as_long_as_it_can_be_answered_three_days_at_most_and_an_hour_at_least() -> None:
    hour, day = timedelta(hours=1), timedelta(days=1)
    assert wait_ends(NOW + day, NOW, NOW) == NOW + day
    assert wait_ends(NOW + 60 * day, NOW, NOW) == NOW + 3 * day
    assert wait_ends(NOW + day, NOW, NOW + 2 * day) == NOW + 2 * day + hour, "late through our own outage"


async def test_another_way_is_taken_where_gateways_are_away_and_none_got_through() -> None:
    async def asked(*said: str) -> bool:
        ways = WaysToPerson(("voice", "sms"))
        for channel, what in zip(("voice", "sms"), said, strict=True):
            if what == "away":
                ways.away(channel)
            else:
                ways.ended(channel, is_through=what == "through")
        return await ways.is_other_needed()

    assert await asked("away", "away")
    assert await asked("refused", "away")
    assert not await asked("through", "away")
    assert not await asked("away", "through")
    assert not await asked("refused", "refused"), "the chain moves on instead"


async def test_a_seat_is_given_up_once_and_taken_again() -> None:
    room = asyncio.Semaphore(1)
    await room.acquire()
    seat = Seat(room)
    seat.leave()
    seat.leave()
    await room.acquire()
    assert room.locked()
    room.release()
    await seat.take_again()
    await seat.take_again()
    assert room.locked()
