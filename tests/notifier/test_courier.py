"""Of a person with two numbers, only the refusal of both says that the person can't be reached."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from prometheus_client import CollectorRegistry

from services.notifier.channel_file import Configured
from services.notifier.channels import ChannelConfig, Message, Reference, TransportError, Trouble
from services.notifier.delivery.courier import Courier
from services.notifier.delivery.gateway import GatewayAtWork
from services.notifier.delivery.metrics import Metrics
from services.notifier.retry import RetryPolicy
from tests.notifier.channels.scripted import MESSAGE


class Refusing:
    """A channel that fails as the address says."""

    async def deliver(self, message: Message) -> Reference | None:
        if message.to == "fine":
            return "r-1"
        raise TransportError("no", Trouble(message.to))

    async def close(self) -> None: ...


async def trouble_of(*addresses: str) -> Trouble | None:
    entry = ChannelConfig(retry=RetryPolicy(attempts=2, first=timedelta(0)))
    configured = Configured(name="sms", kind="webhook", config=entry)
    metrics = Metrics(CollectorRegistry(), {"sms": configured})
    now, stopping = partial(datetime.now, UTC), asyncio.Event()
    gateway = GatewayAtWork(configured, Refusing(), metrics, now, stopping)
    courier = Courier(configured, [gateway], metrics, now, stopping)
    carried = await courier.carry(replace(MESSAGE), addresses)
    assert (carried.error is None) == (carried.trouble is None)
    return carried.trouble


@pytest.mark.parametrize(
    ("addresses", "trouble"),
    [
        (("address", "address"), Trouble.ADDRESS),
        (("gateway", "address"), Trouble.GATEWAY),
        (("address", "gateway"), Trouble.GATEWAY),
        (("ours", "address"), Trouble.OURS),
        (("address", "fine"), None),
    ],
)
async def test_the_addresses_are_the_trouble_where_each_was_refused(
    addresses: tuple[str, ...], trouble: Trouble | None
) -> None:
    assert await trouble_of(*addresses) is trouble
