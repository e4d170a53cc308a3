"""The inbox: what others published becomes facts, and what can't be taken is kept with the reason.

Invariant: every message but a sign of life ends as at least one fact, or has been one before; it is
acknowledged only then. A bad one never blocks those behind it and is never dropped: its bytes stand in a
`rejected` fact. Messages of one source are taken in order.
"""

import asyncio
import base64
import hashlib
from collections.abc import Callable
from datetime import datetime
from zlib import crc32

import structlog
from faststream.nats import NatsMessage
from nats.aio.msg import Msg

from services.intake.ingest.formats.items import FormatError
from services.intake.ingest.ingest import HandIn, ItemOutcome
from services.intake.recording.record import FactRecord, Unreachable, id_of
from shared.broker.times import hand_out, stored_at
from shared.facts import Fact, Rejection
from shared.facts.aside import FAULT_LIMIT, LARGEST_FACT, WORDS_LIMIT, kept_headers
from shared.facts.cause import Cause
from shared.fault_texts import Fault
from shared.message import N_, Marked, foreign, said
from shared.streams import INBOX
from shared.subjects import HEARTBEAT, fact_subject, source_in
from shared.vocabulary import Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

RETRY_DELAY = 2.0
TRIES = 5
"""Deliveries after which a message that makes us fail in an unforeseen way is set aside as rejected."""


class Ingress:
    def __init__(self, hand_in: HandIn, record: FactRecord, clock: Callable[[], datetime]) -> None:
        self._hand_in, self._record, self._clock = hand_in, record, clock
        self._in_order = tuple(asyncio.Lock() for _ in range(64))

    async def hear(self, message: NatsMessage) -> None:
        """The handler of the durable INBOX/intake."""
        raw = message.raw_message
        assert isinstance(raw, Msg)
        try:
            async with self._in_order[crc32(raw.subject.encode()) % len(self._in_order)]:
                await self._take(raw)
            await message.ack()
        except Unreachable as error:
            log.warning("inbox_waits", subject=raw.subject, error=error.detail, retry_in=RETRY_DELAY)
            await message.nack(delay=RETRY_DELAY)

    async def _take(self, message: Msg) -> None:
        # Whose message it is the broker says: a source can't publish on another's subject, and nothing in a
        # body is asked.
        format_name, source = message.subject.split(".")[1], source_in(message.subject)
        try:
            if format_name == HEARTBEAT:
                await self._hand_in.hear(source, stored_at(message))
                return
            items = await self._hand_in.take(
                format_name,
                source,
                message.data,
                dict(message.headers or {}),
                received_at=stored_at(message),
                from_inbox=True,
            )
        except FormatError as error:
            await self._reject(message, error.reason, list(error.faults))
            return
        except Unreachable:
            raise
        except (
            Exception
        ) as error:  # whatever a message makes us do, those behind it must not wait, and it must not be lost
            log.exception("inbox_failed", subject=message.subject, delivery=message.metadata.num_delivered)
            if message.metadata.num_delivered < TRIES:
                raise Unreachable(foreign(f"{type(error).__name__}: {error}")) from error
            await self._reject(
                message,
                said(N_("could not be taken (%(name)s): tell the operator"), name=type(error).__name__),
                [],
                Cause.FAULT,
            )
            return
        refused: list[Fault] = [
            (item.id, Marked(item.note or N_("refused")))
            for item in items
            if item.outcome is ItemOutcome.REFUSED
        ]
        if refused:
            await self._reject(message, N_("could not be taken as a report"), refused)

    async def _reject(
        self, message: Msg, reason: str, faults: list[Fault], cause: Cause = Cause.NOT_A_REPORT
    ) -> None:
        digest = hashlib.sha256(message.data).hexdigest()
        # The same bytes sent again and again are one refusal an hour, not a flood of them.
        identity = id_of("rejected", message.subject, digest)
        rejection = Rejection(
            subject=message.subject,
            reason=reason,
            errors=tuple((name[:WORDS_LIMIT], fault[:WORDS_LIMIT]) for name, fault in faults[:FAULT_LIMIT]),
            headers=kept_headers(message.headers or {}),
            body=base64.b64encode(message.data).decode(),
            digest=digest,
            size=len(message.data),
            cause=cause,
        )
        raw = self._fact(identity, rejection)
        if len(raw) > LARGEST_FACT:
            place = {"body": None, "stream": INBOX, "sequence": hand_out(message.reply).sequence}
            raw = self._fact(identity, rejection.model_copy(update=place))
        source = message.subject.rsplit(".", 1)[1]
        stored = await self._record.append(fact_subject(source, Kind.REJECTED), raw, identity)
        log.warning(
            "rejected", subject=message.subject, reason=reason, faults=len(faults), sequence=stored.sequence
        )

    def _fact(self, identity: str, rejection: Rejection) -> bytes:
        return Fact.bytes_of(
            Kind.REJECTED,
            id=identity,
            source="/services/intake",
            subject=None,
            time=self._clock(),
            data=rejection,
        )
