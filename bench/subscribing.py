"""What one fact costs from a durable to its acknowledgement, by the way it is taken: CPU of this process while the
handler does nothing but acknowledge.

Sixteen lanes, one fact at a time each, as the escalator has them; the last way is the cross-check's.
`bench escalator` says what a fact costs the escalator all told.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from faststream.nats import NatsBroker, NatsMessage, PullSub
from faststream.nats.message import NatsBatchMessage
from faststream.nats.opentelemetry import NatsTelemetryMiddleware
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry

from bench.escalator import flood
from bench.rig import broker_alone
from shared.broker.connection import connect_options, inbox_prefix
from shared.broker.durables import subscribe_durable, whole
from shared.broker.open_pull import AT_ONCE, Handed, OpenPull
from shared.broker.telemetry import metrics
from shared.streams import CROSS_CHECK_DURABLE, FACTS, escalator_durable
from shared.subjects import LANES
from tests.lab import Lab

COUNT = 6_000
USER = "escalator"
LANE_DURABLES = [escalator_durable(lane) for lane in range(LANES)]


class Taken:
    def __init__(self) -> None:
        self.count, self.all = 0, asyncio.Event()

    def more(self, count: int = 1) -> None:
        self.count += count
        if self.count >= COUNT:
            self.all.set()


Way = Callable[[NatsBroker, Taken], None]


def open_pull_subscribers(broker: NatsBroker, taken: Taken) -> None:
    """FastStream listens where the open request is answered."""

    async def handle(message: NatsMessage) -> None:
        if message.raw_message.reply:
            await Handed(message.raw_message, broker.connection).ack()
            taken.more()

    for durable in LANE_DURABLES:
        broker.subscriber(_inbox(durable), decoder=whole, no_reply=True)(handle)


def pull_subscribers(broker: NatsBroker, taken: Taken) -> None:
    """FastStream asks for each fact."""

    async def handle(message: NatsMessage) -> None:
        await message.ack()
        taken.more()

    for durable in LANE_DURABLES:
        pull = PullSub(batch_size=1, timeout=3.0)
        subscribe_durable(broker, USER, stream=FACTS, durable=durable, pull=pull)(handle)


def batch_subscriber(broker: NatsBroker, taken: Taken) -> None:
    async def handle(batch: NatsBatchMessage) -> None:
        for raw in batch.raw_message:
            await raw.ack()
        taken.more(len(batch.raw_message))

    pull = PullSub(batch_size=64, timeout=0.25, batch=True)
    subscribe_durable(broker, USER, stream=FACTS, durable=CROSS_CHECK_DURABLE, pull=pull)(handle)


WAYS: dict[str, Way] = {
    "FastStream, open pull": open_pull_subscribers,
    "FastStream, PullSub(1)": pull_subscribers,
    "FastStream, batches of 64": batch_subscriber,
}


def _inbox(durable: str) -> str:
    return f"{inbox_prefix(USER).decode()}.bench-{durable}"


def _middlewares(many: int) -> Sequence[Any]:
    traced = NatsTelemetryMiddleware(tracer_provider=TracerProvider())
    return (metrics(CollectorRegistry(), USER), traced)[:many]


async def directly(lab: Lab) -> str:
    taken = Taken()

    async def handle(handed: Handed) -> None:
        await handed.ack()
        taken.more()

    async with lab.connection(USER) as client:
        began = time.process_time()
        pulls = [
            OpenPull(lambda: client, USER, stream=FACTS, durable=durable, handle=handle)
            for durable in LANE_DURABLES
        ]
        work = [asyncio.create_task(pull.run()) for pull in pulls]
        await taken.all.wait()
        cost = _cost(began)
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
    return cost


async def by_faststream(lab: Lab, way: Way, middlewares: Sequence[Any]) -> str:
    options = connect_options(lab.settings(USER), USER)
    quiet = logging.getLogger("fenghuo.subscribers")
    taken = Taken()
    broker = NatsBroker(**options, apply_types=False, middlewares=middlewares, logger=quiet)
    way(broker, taken)
    began = time.process_time()
    await broker.start()
    if way is open_pull_subscribers:
        request = b'{"batch":%d,"expires":60000000000}' % AT_ONCE
        for durable in LANE_DURABLES:
            asked = f"$JS.API.CONSUMER.MSG.NEXT.{FACTS}.{durable}"
            await broker.connection.publish(asked, request, reply=_inbox(durable))
    await taken.all.wait()
    cost = _cost(began)
    await broker.stop()
    return cost


def _cost(began: float) -> str:
    return f"{(time.process_time() - began) / COUNT * 1e6:.0f} µs"


async def _flooded(lab: Lab) -> None:
    async with lab.connection("intake") as intake:
        await flood(intake, COUNT)


async def run() -> dict[str, object]:
    found: dict[str, object] = {}
    async with broker_alone() as lab:
        await _flooded(lab)
        found["directly, open pull"] = await directly(lab)
    for name, way in WAYS.items():
        for many, added in enumerate(("", " + Prometheus", " + OpenTelemetry")):
            async with broker_alone() as lab:
                await _flooded(lab)
                found[f"{name}{added}"] = await by_faststream(lab, way, _middlewares(many))
    return found
