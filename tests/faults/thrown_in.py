"""What nobody can read, and what comes a second time, thrown into a play by who may write anything.

Invariant: each message that is thrown in is remembered by its place in FACTS, so that the balance asks for
each: what can't be read is set aside, what is there already is decided on once, and nothing else is set aside
or doubled.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import cast

from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg

from shared.ids import CaseId
from shared.streams import (
    AUDIT_DURABLE,
    CASES,
    CROSS_CHECK_DURABLE,
    DEDUPE_WINDOW,
    FACTS,
    NOTIFIER_DURABLE,
    POSITIONS,
    declare,
    escalator_durable,
    position_key,
)
from shared.subjects import LANES, fact_subject
from shared.vocabulary import Kind
from tests.attacks.forging import forged, headers_of
from tests.faults.balance import Receipt
from tests.lab import Lab, until

UNREADABLE = b"\x00 nothing that anybody can read"
LARGE = 900_000
FORGETFUL = 0.2
"""Seconds of the broker's memory of ids, in place of an hour."""
AGAIN = 5
"""Facts that come again at a time."""


@dataclass
class ThrownIn:
    lab: Lab
    chance: random.Random
    replicas: int
    unreadable: list[int] = field(default_factory=list[int])
    repeated: list[int] = field(default_factory=list[int])
    _numbers: "count[int]" = field(default_factory=count)

    @asynccontextmanager
    async def _broker(self) -> AsyncIterator[JetStreamContext]:
        async with self.lab.connection("admin") as admin:
            yield admin.jetstream(timeout=30)

    async def facts(self) -> None:
        """Bytes that are no fact, for each who reads FACTS; a decision that decides nothing; a large one; one
        about what no case can be.
        """
        async with self._broker() as js:
            for raw, kind, case in (
                (UNREADABLE, Kind.REPORTED, "x"),
                (UNREADABLE, Kind.DELIVERED, "x"),
                (b"x" * LARGE, Kind.REPORTED, "y"),
                (
                    forged(Kind.DECIDED, "z", "/services/escalator", {"no": "decision"}, "z:1"),
                    Kind.DECIDED,
                    "z",
                ),
                (
                    forged(Kind.PROGRESSED, "no case", "/services/intake", {"text": "x"}, "strange"),
                    Kind.PROGRESSED,
                    "no case",
                ),
            ):
                headers = headers_of(f"thrown-in-{next(self._numbers)}")
                self.unreadable.append((await js.publish(fact_subject(case, kind), raw, headers=headers)).seq)

    async def case(self, case: CaseId) -> None:
        """Nothing that can be read is left of it."""
        async with self._broker() as js:
            for _ in range(2):
                await js.publish(f"$KV.{CASES}.{case}", UNREADABLE)

    @asynccontextmanager
    async def forgetful(self) -> AsyncIterator[None]:
        """The broker knows no id any more that it has seen."""
        async with self._broker() as js:
            await self._remembers(js, FORGETFUL)
            await asyncio.sleep(2 * FORGETFUL)
            try:
                yield
            finally:
                await self._remembers(js, DEDUPE_WINDOW.total_seconds())

    async def _remembers(self, js: JetStreamContext, seconds: float) -> None:
        config = (await js.stream_info(FACTS)).config
        await js.update_stream(config.evolve(duplicate_window=seconds))

    async def facts_again(self, receipts: Sequence[Receipt]) -> None:
        """As a publisher does that was not told in time."""
        async with self.forgetful(), self._broker() as js:
            for receipt in self.chance.sample(receipts, min(AGAIN, len(receipts))):
                stored = await js.get_msg(FACTS, receipt.sequence)
                with suppress(
                    AssertionError
                ):  # of three brokers a new leader may remember for longer: then nothing came again
                    self.repeated.append(await _stored_again(js, stored))

    async def durable_anew(self) -> None:
        """Where it was, or at the very beginning."""
        lane = escalator_durable(self.chance.randrange(LANES))
        durable = self.chance.choice([NOTIFIER_DURABLE, AUDIT_DURABLE, CROSS_CHECK_DURABLE, lane])
        async with self._broker() as js:
            await js.delete_consumer(FACTS, durable)
            if self.chance.random() < 0.5:
                await (await js.key_value(POSITIONS)).purge(position_key(FACTS, durable))
            await declare(js, self.replicas)


async def _stored_again(js: JetStreamContext, message: RawStreamMsg) -> int:
    """Its new sequence, as soon as the broker knows its id no more."""

    async def sequence() -> int:
        answer = await js.publish(
            message.subject or "", message.data or b"", headers=cast(dict[str, str] | None, message.headers)
        )
        return 0 if answer.duplicate else answer.seq

    return await until(sequence, seconds=10, what="the broker has forgotten the id")
