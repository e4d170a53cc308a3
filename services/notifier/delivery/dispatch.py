"""Takes decisions from the durable, and gives each back to the broker as done, or to come again.

Invariant: a decision is acknowledged after each of its notices has, on each channel, an outcome on record and
that outcome's fact in FACTS. A decision delivered again (a crash, a lost acknowledgement) skips what is on
record and repeats its fact under the same message id. So a notice goes out twice in one case only: the
process dies between the hand-over and its record, a few milliseconds; then we prefer a second call to a
missed one. Gateways that keep the `webhook-id`s they have seen drop even that.

A decision that can't be read, or that fails again and again, is set aside: it holds no place that another one
needs.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
import structlog
from faststream.nats import NatsMessage
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from services.notifier.delivery.carried import Interrupted
from services.notifier.delivery.decision_delivery import DecisionDelivery
from services.notifier.delivery.job import DecisionOutcome
from services.notifier.delivery.record import SOURCE
from shared.broker.forever import AWAY, error_text
from shared.broker.times import hand_out, stored_at
from shared.concurrent import end_all
from shared.facts import Decision, Fact, FactError, read_decision
from shared.facts.aside import Odd, aside
from shared.facts.authenticity import distrust
from shared.facts.cause import Cause
from shared.facts.distrust import WORDS, Distrust
from shared.formats import NewerError, NewerSeen
from shared.ids import IS_CASE_ID
from shared.logs import about_case

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

TO_COME_AGAIN = (DecisionOutcome.INTERRUPTED, DecisionOutcome.NEWER, DecisionOutcome.FAILED)
AGAIN_AFTER = {DecisionOutcome.INTERRUPTED: 0.1, DecisionOutcome.NEWER: 2.0}
"""Seconds; what failed otherwise waits longer with each try."""
PULSE = 2.0
"""Seconds between two signs of life for decisions in work: several within the durable's ack_wait of 8 s,
which is how long a killed notifier holds up what it had.
"""
TRIES = 20
"""Times, over a quarter of an hour, that a decision is tried which fails in an unforeseen way; then it is set
aside.
"""
PATIENCE = 12.0
"""Seconds that hand-overs under way have to end when the service stops."""


@dataclass
class Dispatcher:
    delivery: DecisionDelivery
    stopping: asyncio.Event
    newer: NewerSeen = field(default_factory=NewerSeen)
    _in_work: dict[int, NatsMessage] = field(default_factory=dict[int, NatsMessage])
    """By sequence the latest copy of each decision: the one whose acknowledgement counts."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def take(self, message: NatsMessage) -> None:
        """The subscriber's handler: returns as soon as the decision is in work, so that a slow gateway delays
        nobody else.
        """
        if self.stopping.is_set():
            await message.nack(delay=1)
            return
        sequence = message.raw_message.metadata.sequence.stream
        is_in_work = sequence in self._in_work
        self._in_work[sequence] = message
        if is_in_work:
            return
        await self.delivery.room.acquire()
        task = asyncio.create_task(self._work(sequence), name=f"decision-{sequence}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def work(self) -> None:
        """The service's task: keep the broker from handing out again what is in work; on stop see hand-overs
        to their end.
        """
        try:
            while True:
                await asyncio.sleep(PULSE)
                for message in list(self._in_work.values()):
                    with suppress(NatsError, OSError):
                        await message.in_progress()
        finally:
            self.stopping.set()
            if self._tasks:
                _, late = await asyncio.wait(self._tasks, timeout=PATIENCE)
                await end_all(late)
            for gateway in {
                gateway for courier in self.delivery.couriers.values() for gateway in courier.line
            }:
                await gateway.close()

    async def _work(self, sequence: int) -> None:
        self.delivery.metrics.in_work.inc()
        try:
            outcome = await self._outcome(self._in_work[sequence])
            self.delivery.metrics.decisions.labels(outcome).inc()
            message = self._in_work[sequence]
            if outcome in TO_COME_AGAIN:
                tries = message.raw_message.metadata.num_delivered or 1
                await message.nack(delay=AGAIN_AFTER.get(outcome, min(5.0 * tries, 300)))
            else:
                await message.ack()
        except AWAY as error:
            log.warning(
                "not_acknowledged",
                sequence=sequence,
                error=error_text(error),
                next="it is handed out again",
            )
        finally:
            self.delivery.metrics.in_work.dec()
            self._in_work.pop(sequence, None)
            self.delivery.room.release()

    async def _outcome(self, message: NatsMessage) -> DecisionOutcome:
        """What became of the decision, or why it must come again."""
        raw = message.raw_message
        fact: Fact | None = None
        try:
            fact = Fact.read(raw.data)
            if (why := distrust(raw.subject, raw.headers, fact)) is not None:
                return self._leave(raw, why)
            with about_case(fact.subject):
                decision = read_decision(fact.data)
                if (fault := _fault_of(fact, decision)) is not None:
                    return await self._set_aside(raw, fact, fault)
                return await self.delivery.deliver(
                    fact.id,
                    decision,
                    stored_at(raw),
                    sequence=raw.metadata.sequence.stream,
                    is_first=hand_out(raw.reply).delivered <= 1,
                )
        except Interrupted:
            return DecisionOutcome.INTERRUPTED
        except NewerError as error:
            self.newer.saw(f"decision {raw.metadata.sequence.stream}", error)
            log.warning("decision_of_a_newer_format", sequence=raw.metadata.sequence.stream, next=str(error))
            return DecisionOutcome.NEWER
        except FactError:
            return self._leave(raw, Distrust.ENVELOPE)
        except msgspec.ValidationError as error:
            return await self._set_aside(raw, fact, f"its data is no decision: {error}")
        except Exception as error:  # whatever it is, the decision stays with the broker and comes again
            log.exception("decision_failed", subject=raw.subject, sequence=hand_out(raw.reply).sequence)
            if hand_out(raw.reply).delivered < TRIES:
                return DecisionOutcome.FAILED
            return await self._set_aside(
                raw, fact, f"it failed {TRIES} times: {type(error).__name__}: {error}", Cause.FAULT
            )

    def _leave(self, raw: Msg, why: Distrust) -> DecisionOutcome:
        """Nobody is rung for what no escalator has decided; the audit puts it on record as rejected."""
        self.delivery.metrics.distrusted.labels(why).inc()
        log.critical(
            "decision_not_authentic",
            subject=raw.subject,
            sequence=hand_out(raw.reply).sequence,
            reason=WORDS[why],
        )
        return DecisionOutcome.DISTRUSTED

    async def _set_aside(
        self, raw: Msg, fact: Fact | None, reason: str, cause: Cause = Cause.NO_DECISION
    ) -> DecisionOutcome:
        handed_out = hand_out(raw.reply)
        odd = Odd(
            raw.subject,
            handed_out.sequence,
            handed_out.at,
            raw.data,
            raw.headers or {},
            fact.subject if fact else None,
        )
        await self.delivery.ledger.append(
            aside(odd, SOURCE, f"set aside by the notifier: {reason}", cause=cause)
        )
        log.critical(
            "decision_set_aside",
            subject=raw.subject,
            sequence=handed_out.sequence,
            reason=reason,
            next="see `fenghuo inbox`",
        )
        return DecisionOutcome.SET_ASIDE


def _fault_of(fact: Fact, decision: Decision) -> str | None:
    """Why no escalator has made it so, though its shape is a decision's."""
    if decision.case != fact.subject or not IS_CASE_ID.fullmatch(decision.case):
        return "its case is not the case it lies under"
    strange = (
        notice.id
        for notice in decision.notices
        if not notice.id.startswith(f"{decision.case}.") or notice.id.count(".") < 2
    )
    return next((f"notice {notice[:80]!r} is not named after its case" for notice in strange), None)
