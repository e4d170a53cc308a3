"""How intake writes to the record, and knows that it is written.

Invariant: `append` returns only what the broker has stored, read back as it is stored: its bytes, its
sequence, the broker's time. Where the broker is away nothing is sent, so that "not stored" is the truth;
where its answer is lost, that is said. An id that somebody else has given is stored once, whenever it comes
again: before a fact goes out the bucket IDS has where it will lie, and a repeat is looked up on record from
the moment of that entry on. The broker's own memory of ids ends after an hour.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import APIError

from services.intake.metrics import Metrics
from shared.act_outcome import Became, became_on_record
from shared.broker.append import append
from shared.broker.forever import AWAY
from shared.broker.stored import StoredMessage, message_at, value_of
from shared.broker.walk import walk
from shared.facts import Fact, FactError
from shared.facts.authenticity import distrust
from shared.ids import CaseId
from shared.message import N_, Sayable, said
from shared.on_record import on_record
from shared.problems import Problem
from shared.streams import FACTS, IDS
from shared.subjects import fact_subject
from shared.vocabulary import Kind

READ_TIMEOUT = 2.0
LOOKED_AT = 2_000
"""Reports of other cases that are read in search of one: as many as a lane has to decide on after an outage
of minutes.
"""
_LAST = "Nats-Expected-Last-Subject-Sequence"
_IS_THERE = (10071, 10164)
"""The broker's words that a key is not new."""
_ON_RECORD = re.compile(r"fact\.\d+\.[a-z_]+")


class Unreachable(Problem):
    """503: the broker is away, or did not say whether it has stored the fact."""

    def __init__(self, detail: Sayable) -> None:
        super().__init__(503, N_("The record can't be reached"), detail)


class TooManyError(Exception):
    """There is more on record than is looked through for one answer."""


def connected(connection: Callable[[], Client]) -> Client:
    """The connection while it stands. Raises Unreachable before anything is sent."""
    try:
        client = connection()
    except Exception:  # FastStream raises several kinds before the first connect; all mean the same
        client = None
    if client is None or not client.is_connected:
        raise Unreachable(
            N_(
                "The message broker is away, so nothing is stored. If this is an emergency, report it by "
                "telephone to the "
                "emergency office now; send it again here with the same Idempotency-Key."
            )
        )
    return client


@dataclass(frozen=True, slots=True)
class AppendedFact:
    """A fact as it stands in FACTS."""

    fact: Fact
    sequence: int
    time: datetime
    """The broker's."""
    raw: bytes
    repeated: bool = False
    """It had been stored before; this is what was stored then."""


class FactRecord:
    """FACTS, as far as intake may touch it. `connection` gives the service's connection, or raises while
    there is none yet.
    """

    def __init__(self, connection: Callable[[], Client], metrics: Metrics) -> None:
        self._connection, self._metrics = connection, metrics

    async def append(self, subject: str, raw: bytes, message_id: str, *, once: bool = False) -> AppendedFact:
        """Raises Unreachable; of a repeated `message_id` it returns what was stored first, on whatever
        subject: within the broker's window, and with `once`, for ids that somebody else has given, whenever
        it comes.
        """
        try:
            with self._metrics.stored_after.time():
                stored = await self._append(subject, raw, message_id, once=once)
        except Unreachable:
            self._metrics.unreachable.inc()
            raise
        counted = self._metrics.repeats if stored.repeated else self._metrics.facts
        counted.labels(stored.fact.kind).inc()
        return stored

    async def _append(self, subject: str, raw: bytes, message_id: str, *, once: bool) -> AppendedFact:
        client = connected(self._connection)
        try:
            if once and (first := await self._stored_before(client, subject, message_id)) is not None:
                return first
            ack = await append(client, subject, raw, message_id)
        except AWAY as error:
            raise Unreachable(
                said(
                    N_(
                        "The broker did not confirm (%(name)s); it may or may not be stored. If this is an "
                        "emergency, report it by telephone to the emergency office now; send it again here "
                        "with the same Idempotency-Key: it is never stored twice."
                    ),
                    name=type(error).__name__,
                )
            ) from error
        return await self.read(ack.seq, repeated=bool(ack.duplicate))

    async def _stored_before(self, client: Client, subject: str, message_id: str) -> AppendedFact | None:
        """What lies under this id; None where nothing does, and then the id is entered. Raises NatsError,
        WalkError or TimeoutError.
        """
        js, digest = (
            client.jetstream(timeout=READ_TIMEOUT),
            hashlib.sha256(message_id.encode()).hexdigest()[:40],
        )
        key = f"$KV.{IDS}.{digest}"
        try:
            await js.publish(key, subject.encode(), headers={_LAST: "0"})
            return None
        except APIError as error:
            if error.err_code not in _IS_THERE:
                raise
        entry = await value_of(self._ask, IDS, digest)
        if entry is not None:
            recorded = await on_record(
                self._connection, _subject(entry.data) or subject, message_id, entry.at
            )
            if recorded is not None:
                return AppendedFact(
                    Fact.read(recorded.data), recorded.sequence, recorded.at, recorded.data, repeated=True
                )
        # It was tried and is not there: it is entered anew, and lies where it is stored now.
        await js.publish(key, subject.encode())
        return None

    async def read(self, sequence: int, *, repeated: bool = False) -> AppendedFact:
        """The fact at `sequence`, which is known to exist. Raises Unreachable."""
        try:
            message = await message_at(self._ask, FACTS, sequence)
        except AWAY as error:
            raise Unreachable(
                said(
                    N_(
                        "It is stored at sequence %(sequence)s, but the broker went away before the "
                        "receipt could be made (%(name)s). Send it again with the same Idempotency-Key to "
                        "get the receipt."
                    ),
                    sequence=sequence,
                    name=type(error).__name__,
                )
            ) from error
        if message is None:
            raise Unreachable(
                said(
                    N_(
                        "It is stored at sequence %(sequence)s, but the broker does not show it. Send it "
                        "again with the same key."
                    ),
                    sequence=sequence,
                )
            )
        return AppendedFact(Fact.read(message.data), sequence, message.at, message.data, repeated)

    async def became(self, case: CaseId, stored: AppendedFact) -> Became:
        """What became of the act, as far as that is on record. Raises Unreachable."""
        try:
            return await became_on_record(self._connection, case, stored.sequence, stored.time)
        except AWAY as error:
            raise Unreachable(
                said(
                    N_("It is stored at sequence %(sequence)s; what became of it is not known: try again."),
                    sequence=stored.sequence,
                )
            ) from error

    async def reported(self, case: CaseId, after: int) -> AppendedFact | None:
        """The report of the case, where it lies behind sequence `after`.

        Raises Unreachable, and TooManyError where LOOKED_AT reports of other cases lie before it.
        """
        looked_at, named = 0, case.encode()
        try:
            async for message in walk(
                self._connection, FACTS, fact_subject(case, Kind.REPORTED), after=after
            ):
                looked_at += 1
                if named in message.data and (stored := _report_of(case, message)) is not None:
                    return stored
                if looked_at == LOOKED_AT:
                    raise TooManyError
        except AWAY as error:
            raise Unreachable(
                said(
                    N_("The broker did not say what is on record (%(name)s): try again."),
                    name=type(error).__name__,
                )
            ) from error
        return None

    async def _ask(self, subject: str, raw: bytes) -> Msg:
        return await connected(self._connection).request(subject, raw, timeout=READ_TIMEOUT)


def _report_of(case: CaseId, message: StoredMessage) -> AppendedFact | None:
    """None for what is no authentic fact, or about another case."""
    try:
        fact = Fact.read(message.data)
    except FactError:
        return None
    if fact.subject != case or distrust(message.subject, message.headers, fact) is not None:
        return None
    return AppendedFact(fact, message.sequence, message.at, message.data)


def _subject(raw: bytes) -> str | None:
    """Where a fact lies, as its entry says; None for what is no such subject."""
    text = raw.decode("ascii", "replace")
    return text if _ON_RECORD.fullmatch(text) else None


def id_of(prefix: str, *parts: str) -> str:
    """The fact id that stands for `parts`: the same for every repeat, and nothing of them shows in it."""
    return f"{prefix}-{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:40]}"
