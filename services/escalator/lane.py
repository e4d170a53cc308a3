"""The shell around `decide`: one fact of a lane, from delivery to acknowledgement.

Invariant: killed between any two steps it neither loses nor doubles a decision. The case is written first (compare-and-set,
with the decision inside); then the decision and its clocks go out, both idempotent; then the fact is acknowledged. A fact that
comes again finds itself applied and only repeats what goes out. A fact that can't be decided on is set aside as a `rejected`
fact with its bytes and the reason, and never stops its lane.
"""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from time import perf_counter

import structlog
from faststream.nats import NatsMessage
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import ValidationError

from services.escalator import clocks
from services.escalator.cases import BrokenCaseError, Cases, ConflictError
from services.escalator.decide import UndecidableError, decide
from services.escalator.draft import Rules
from services.escalator.metrics import Metrics
from shared.broker import append, broker_time
from shared.case import Case
from shared.facts import Clock, Decision, Fact, FactError, Rejection
from shared.ids import CaseId
from shared.logs import about_case
from shared.streams import LANE_ACK_WAIT
from shared.subjects import fact_subject
from shared.vocabulary import Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

SOURCE = "/services/escalator"
RETRY_AFTER = 0.5
"""Seconds until a fact whose decision could not go out is tried again; its lane waits, for order's sake."""

Step = Callable[[str], Awaitable[None]]
"""Called by name after each step: tests kill the process there."""


async def _no_step(_: str) -> None:
    return None


class Lanes:
    """Handles the facts of every lane this replica pulls."""

    def __init__(self, connection: Callable[[], Client], cases: Cases, rules: Rules, metrics: Metrics, step: Step = _no_step) -> None:
        self._connection, self._cases, self._rules, self._metrics, self._step = connection, cases, rules, metrics, step

    async def handle(self, message: NatsMessage) -> None:
        raw = message.raw_message
        assert isinstance(raw, Msg)
        try:
            with self._renewed(raw):
                await self._one(raw)
                await self._step("before_ack")
                await raw.ack()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # the boundary: whatever went wrong outside `decide` is tried again, in order
            self._metrics.retried.inc()
            log.warning("fact_retried", subject=raw.subject, error=str(error) or type(error).__name__, next=f"again in {RETRY_AFTER} s")
            await raw.nak(delay=RETRY_AFTER)

    async def _one(self, raw: Msg) -> None:
        sequence, now = raw.metadata.sequence.stream, broker_time(raw)
        await self._step("received")
        try:
            fact = Fact.read(raw.data)
        except FactError as error:
            await self._set_aside(raw, sequence, f"not a fact: {error}", tuple(error.errors))
            return
        with about_case(fact.subject):
            try:
                decision = await self._decide_once(fact, sequence, now)
            except (UndecidableError, BrokenCaseError, ValidationError, LookupError, ArithmeticError) as error:
                log.exception("fact_set_aside", sequence=sequence, kind=fact.kind)
                await self._set_aside(raw, sequence, f"{type(error).__name__}: {error}")
                return
            if decision is not None:
                await self._send_out(decision)

    async def _decide_once(self, fact: Fact, sequence: int, now: datetime) -> Decision | None:
        """The decision on this fact, made now or found made already; None where a later fact has been applied since."""
        fresh = False
        case_id = CaseId(fact.subject or "")
        while True:
            if fact.kind == Kind.REPORTED and not fresh:
                # A case that is there all the same conflicts when it is written, and is then read.
                case, revision = self._cases.recent(case_id)
            else:
                case, revision = await self._cases.load(case_id, fresh=fresh) if case_id else (None, 0)
            if case is not None and case.applied.sequence >= sequence:
                return case.decision if case.applied.sequence == sequence else None
            started = perf_counter()
            after, decision = decide(case, fact, sequence, now, self._rules)
            self._metrics.decide_seconds.observe(perf_counter() - started)
            await self._step("decided")
            if case is not None and decision.is_empty and after.duties == case.duties and fact.kind == Kind.DUE:
                # Five duties lit together strike together: the first decides for all, the others find nothing to do and
                # would find nothing again, so there is nothing to keep.
                self._metrics.count(fact, decision, now)
                return None
            try:
                await self._cases.store(after, revision)
            except ConflictError:
                fresh = True
                continue
            await self._step("stored")
            self._metrics.count(fact, decision, now)
            _say(after, decision)
            return decision

    async def _send_out(self, decision: Decision) -> None:
        if decision.is_empty:
            return
        js = self._connection().jetstream()
        about = decision.about
        fact_id = f"{decision.case}:{about.sequence}"
        raw = Fact.bytes_of(Kind.DECIDED, id=fact_id, source=SOURCE, subject=decision.case, time=about.time, data=decision)

        async def publish() -> None:
            await append(self._connection(), fact_subject(decision.case, Kind.DECIDED), raw, fact_id)
            await self._step("published")

        async def set_clock(clock: Clock) -> None:
            if clock.at is None:
                await clocks.cancel(js, decision.case, clock.duty)
            else:
                await clocks.arm(js, decision.case, clock.duty, clock.at)
            await self._step("clock_set")

        # All at once: each is idempotent, and whatever did not get out is repeated when the fact comes again.
        await asyncio.gather(publish(), *map(set_clock, decision.clocks))
        await self._step("sent_out")

    async def _set_aside(self, raw: Msg, sequence: int, reason: str, errors: tuple[tuple[str, str], ...] = ()) -> None:
        digest = hashlib.sha256(raw.data).hexdigest()
        rejection = Rejection(
            subject=raw.subject,
            reason=f"set aside by the escalator: {reason}",
            errors=errors,
            headers=dict(raw.headers or {}),
            body=base64.b64encode(raw.data).decode(),
            digest=digest,
        )
        message_id = f"aside:{sequence}"
        fact = Fact.of(Kind.REJECTED, id=message_id, source=SOURCE, subject=None, time=broker_time(raw), data=rejection)
        await append(self._connection(), fact_subject(digest, Kind.REJECTED), fact.write(), message_id)
        self._metrics.set_aside.inc()
        log.error("set_aside", sequence=sequence, reason=reason, next="look at the rejected fact in the trail; the lane goes on")

    @contextmanager
    def _renewed(self, raw: Msg) -> Generator[None]:
        """Tell the broker every second that this fact is being worked on, so that nobody else gets it."""
        loop = asyncio.get_running_loop()
        every = LANE_ACK_WAIT.total_seconds() / 2
        pending: set[asyncio.Task[None]] = set()

        def renew() -> None:
            nonlocal timer
            task = loop.create_task(raw.in_progress())
            pending.add(task)
            task.add_done_callback(pending.discard)
            timer = loop.call_later(every, renew)

        timer = loop.call_later(every, renew)
        try:
            yield
        finally:
            timer.cancel()


def _say(case: Case, decision: Decision) -> None:
    """One line for each decision that changed something."""
    if decision.effects or decision.notices:
        log.info(
            "decided",
            about=decision.about.kind,
            sequence=decision.about.sequence,
            level=case.report.level,
            effects=[f"{effect.kind}:{effect.why}" + (f":{effect.duty}" if effect.duty else "") for effect in decision.effects],
            notices=len(decision.notices),
            clocks=len(decision.clocks),
        )
