"""A gateway that takes nothing rests, the next of its line carries on, and only one message at a time tries it again;
where the number itself is refused no other gateway is asked.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from prometheus_client import CollectorRegistry

from services.notifier.channel_file import Configured, line_of, read_channels
from services.notifier.channels import ChannelConfig, Message, Reference, Taken, TransportError, Trouble
from services.notifier.delivery.breaker import LONGEST_REST, Breaker
from services.notifier.delivery.carried import Carried
from services.notifier.delivery.courier import Courier
from services.notifier.delivery.gateway import GatewayAtWork
from services.notifier.delivery.metrics import Metrics
from services.notifier.retry import RetryPolicy
from shared.lined_yaml import YamlFault
from tests.notifier.channels.scripted import MESSAGE

NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


class Saying:
    """Fails with the trouble it is given, or takes."""

    def __init__(self, trouble: Trouble | None, seconds: float = 0) -> None:
        self.trouble, self.seconds, self.asked = trouble, seconds, 0

    async def deliver(self, message: Message) -> Reference:
        self.asked += 1
        await asyncio.sleep(self.seconds)
        if self.trouble is not None:
            raise TransportError(f"{self.trouble}", self.trouble)
        return Taken("r-1", "200 OK")

    async def close(self) -> None: ...


async def carried_by(channels: Sequence[Saying], times: int = 1) -> list[Carried]:
    courier = courier_of(channels, ChannelConfig(retry=RetryPolicy(attempts=1)))
    return [await courier.carry(replace(MESSAGE), ("+86",)) for _ in range(times)]


def courier_of(channels: Sequence[Saying], entry: ChannelConfig) -> Courier:
    metrics = Metrics(CollectorRegistry(), ("sms",))
    now, stopping = partial(datetime.now, UTC), asyncio.Event()
    named = [Configured(name=f"sms{n or ''}", kind="webhook", config=entry) for n in range(len(channels))]
    line = [
        GatewayAtWork(configured, channel, metrics, now, stopping)
        for configured, channel in zip(named, channels, strict=True)
    ]
    return Courier(named[0], line, metrics, now, stopping)


@pytest.mark.parametrize("trouble", [Trouble.GATEWAY, Trouble.OURS])
async def test_the_next_one_carries_what_the_first_does_not_take(trouble: Trouble) -> None:
    first, second = Saying(trouble), Saying(None)
    (carried,) = await carried_by([first, second])
    assert (carried.error, carried.gateway, carried.reference, carried.reply) == (
        None,
        "sms1",
        "r-1",
        "200 OK",
    )


async def test_what_the_first_takes_is_the_firsts() -> None:
    first, second = Saying(None), Saying(None)
    (carried,) = await carried_by([first, second])
    assert (carried.gateway, second.asked) == (None, 0)


async def test_no_other_gateway_is_asked_about_a_number_that_is_refused() -> None:
    first, second = Saying(Trouble.ADDRESS), Saying(None)
    (carried,) = await carried_by([first, second])
    assert (carried.trouble, second.asked) == (Trouble.ADDRESS, 0)


async def test_after_two_failures_the_first_rests() -> None:
    first, second = Saying(Trouble.GATEWAY), Saying(None)
    carried = await carried_by([first, second], times=20)
    assert {each.error for each in carried} == {None}
    assert (first.asked, second.asked) == (2, 20)


async def test_those_that_wait_for_a_turn_at_a_gateway_that_hangs_go_by_the_next() -> None:
    first, second = Saying(Trouble.GATEWAY, seconds=0.2), Saying(None)
    courier = courier_of([first, second], ChannelConfig(retry=RetryPolicy(attempts=1), at_once=4))
    carried = await asyncio.gather(*(courier.carry(replace(MESSAGE), ("+86",)) for _ in range(40)))
    assert {each.gateway for each in carried} == {"sms1"}
    assert second.asked == 40
    assert first.asked < 10, "it costs the first few its time, and nobody else"


async def test_where_none_takes_it_is_the_gateways_trouble_and_none_is_left_out() -> None:
    first, second = Saying(Trouble.OURS), Saying(Trouble.GATEWAY)
    carried = await carried_by([first, second], times=5)
    assert {each.trouble for each in carried} == {Trouble.GATEWAY}
    assert first.asked == second.asked == 5


def test_one_message_tries_it_again_and_the_rests_grow() -> None:
    breaker = Breaker()
    for _ in range(2):
        breaker.failed(NOW, roll=0)
    assert not breaker.lets_through(after(4.9))
    assert breaker.lets_through(after(5))
    assert not breaker.lets_through(after(6)), "nobody else meanwhile"
    breaker.failed(after(7), roll=0)
    assert not breaker.lets_through(after(16.9))
    assert breaker.lets_through(after(17))
    breaker.took()
    assert breaker.lets_through(after(17))
    assert breaker.lets_through(after(17))


def test_the_try_that_never_ended_keeps_nobody_away_for_ever() -> None:
    breaker = Breaker()
    for _ in range(2):
        breaker.failed(NOW, roll=0)
    assert breaker.lets_through(after(5))
    assert breaker.lets_through(after(35))


def test_what_failed_together_counts_as_one_rest_and_a_pause_that_is_asked_for_is_kept() -> None:
    breaker = Breaker()
    for _ in range(50):
        breaker.failed(NOW, roll=0.5)
    assert breaker.lets_through(after(5))
    throttled = Breaker()
    throttled.failed(NOW, roll=0, asked_pause=timedelta(seconds=40))
    assert not throttled.lets_through(after(39))
    assert throttled.lets_through(after(40))
    for_ever = Breaker()
    for_ever.failed(NOW, roll=0, asked_pause=timedelta(days=1))
    assert for_ever.lets_through(NOW + LONGEST_REST)


def entry(name: str, **more: str) -> str:
    extra = "".join(f", {key}: {value}" for key, value in more.items())
    return f'  {name}: {{ kind: webhook, url: "https://gateway.example/{name}"{extra} }}\n'


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        (entry("sms", instead="spare"), "'spare' is no channel of this file"),
        (entry("sms", instead="sms_b") + entry("sms_b", instead="sms"), "leads back to sms"),
        (entry("sms", instead="sms"), "leads back to sms"),
        (entry("sms", instead="voice") + entry("voice", form="spoken"), "give both the same `form`"),
    ],
)
def test_a_line_with_a_fault_is_refused_with_its_line(entries: str, says: str) -> None:
    with pytest.raises(YamlFault, match="instead") as fault:
        read_channels(f"channels:\n{entries}", {})
    assert says in str(fault.value)


def test_the_line_is_followed_to_its_end() -> None:
    file = entry("sms", instead="sms_b") + entry("sms_b", instead="sms_c") + entry("sms_c")
    configured = read_channels(f"channels:\n{file}", {})
    assert line_of("sms", configured) == ("sms", "sms_b", "sms_c")
    assert line_of("sms_c", configured) == ("sms_c",)
