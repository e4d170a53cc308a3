"""Follows the KV bucket CASES for the board, through every restart of the broker.

Invariant: no change is missed without noticing. The consumer numbers what it delivers and beats when idle; a gap, a silence
or a new bucket makes the follower begin again after the last revision it has passed on, or from the start.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from ulid import ULID

from services.intake.board import Board
from shared.ids import CaseId
from shared.streams import CASES

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

STREAM = f"KV_{CASES}"
PREFIX = f"$KV.{CASES}."
HEARTBEAT = 1.0
SILENCE = 3 * HEARTBEAT
"""Seconds without a word after which the consumer counts as lost."""


class Follower:
    def __init__(self, connection: Callable[[], Client], board: Board) -> None:
        self._connection = connection
        self._board = board
        self._bucket_made: datetime | None = None
        self._passed_on = 0
        self._expected = 1
        self._heard = 0.0
        self._lost = asyncio.Event()

    async def run(self) -> None:
        """For as long as the service lives."""
        while True:
            try:
                await self._follow()
            except (nats.errors.Error, OSError, TimeoutError) as error:
                log.warning("board_can_not_follow", error=str(error) or type(error).__name__, next="trying again")
            self._board.ready = False
            await asyncio.sleep(0.2)

    async def _follow(self) -> None:
        client = self._connection()
        js = client.jetstream(timeout=2)
        bucket = await js.stream_info(STREAM)
        if bucket.created != self._bucket_made or bucket.state.last_seq < self._passed_on:
            self._board.clear()
            self._bucket_made, self._passed_on = bucket.created, 0
        inbox = client.new_inbox()
        self._expected = 1
        self._lost.clear()
        subscription = await client.subscribe(inbox, cb=self._hear)
        try:
            made = await js.add_consumer(STREAM, self._consumer(inbox))
            if not made.num_pending:
                self._caught_up()
            await self._while_it_speaks()
        finally:
            if client.is_connected:
                await subscription.unsubscribe()

    def _consumer(self, inbox: str) -> ConsumerConfig:
        resume = self._passed_on > 0
        return ConsumerConfig(
            name=f"board-{ULID()}",
            deliver_subject=inbox,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE if resume else DeliverPolicy.LAST_PER_SUBJECT,
            opt_start_seq=self._passed_on + 1 if resume else None,
            filter_subject=f"{PREFIX}>",
            ack_policy=AckPolicy.NONE,
            max_deliver=1,
            flow_control=True,
            idle_heartbeat=HEARTBEAT,
            inactive_threshold=30,
            mem_storage=True,
            num_replicas=1,
        )

    async def _while_it_speaks(self) -> None:
        loop = asyncio.get_running_loop()
        self._heard = loop.time()
        while loop.time() - self._heard < SILENCE:
            try:
                async with asyncio.timeout(HEARTBEAT):
                    await self._lost.wait()
                break
            except TimeoutError:
                continue
        log.warning("board_lost_the_thread", revision=self._passed_on, next="following anew from there")

    async def _hear(self, message: Msg) -> None:
        self._heard = asyncio.get_running_loop().time()
        headers = message.headers or {}
        if headers.get("Status") == "100":
            await self._control(message, headers)
            return
        at = message.metadata.sequence
        if at.consumer != self._expected:
            self._lost.set()
            return
        self._expected += 1
        self._take(message, at.stream, gone="KV-Operation" in headers or "Nats-Marker-Reason" in headers)
        self._passed_on = at.stream
        if message.metadata.num_pending == 0:
            self._caught_up()

    async def _control(self, message: Msg, headers: dict[str, str]) -> None:
        if message.reply:
            await message.respond(b"")
        elif stalled := headers.get("Nats-Consumer-Stalled"):
            await self._connection().publish(stalled)
        last = headers.get("Nats-Last-Consumer")
        if last is not None and int(last) != self._expected - 1:
            self._lost.set()

    def _take(self, message: Msg, revision: int, *, gone: bool) -> None:
        case = CaseId(message.subject.removeprefix(PREFIX))
        if gone or not message.data:
            self._board.remove(case, revision)
            return
        try:
            self._board.put(case, revision, message.data)
        except ValueError as error:
            log.error("board_can_not_read_a_case", case=case, revision=revision, error=str(error), next="the case is left off the board")

    def _caught_up(self) -> None:
        """Nothing more is pending."""
        if not self._board.ready:
            self._board.ready = True
            log.info("board_caught_up", revision=self._passed_on)
