"""How intake writes to the record, and knows that it is written.

Invariant: `append` returns only what the broker has stored, read back as it is stored: its bytes, its sequence, the broker's
time. Where the broker is away nothing is sent, so that "not stored" is the truth; where its answer is lost, that is said.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import nats.errors
import orjson
from nats.aio.client import Client

from services.intake.metrics import Metrics
from shared.broker import append
from shared.facts import Fact
from shared.problems import Problem

READ_TIMEOUT = 2.0
RETRY_AFTER = "5"
_CATCH_UP = (0.01, 0.05, 0.2, 0.5)
"""Seconds between looks for a fact that the replica asked has not caught up with yet."""


class Unreachable(Problem):
    """503: the broker is away, or did not say whether it has stored the fact."""

    def __init__(self, detail: str) -> None:
        super().__init__(503, "The record can't be reached", detail, headers={"Retry-After": RETRY_AFTER})


def connected(connection: Callable[[], Client]) -> Client:
    """The connection while it stands. Raises Unreachable before anything is sent."""
    try:
        client = connection()
    except Exception:  # FastStream raises several kinds before the first connect; all mean the same
        client = None
    if client is None or not client.is_connected:
        raise Unreachable(
            "The message broker is away, so nothing is stored. If this is an emergency, report it by telephone to the "
            "emergency office now; send it again here with the same Idempotency-Key."
        )
    return client


@dataclass(frozen=True, slots=True)
class Stored:
    """A fact as it stands in FACTS."""

    fact: Fact
    sequence: int
    time: datetime
    """The broker's."""
    raw: bytes
    repeated: bool = False
    """It had been stored before; this is what was stored then."""


class Record:
    """FACTS, as far as intake may touch it. `connection` gives the service's connection, or raises while there is none yet."""

    def __init__(self, connection: Callable[[], Client], metrics: Metrics) -> None:
        self._connection, self._metrics = connection, metrics

    async def append(self, subject: str, raw: bytes, message_id: str) -> Stored:
        """Raises Unreachable; `message_id` makes a repeat within the dedupe window return what was stored first."""
        try:
            with self._metrics.stored_after.time():
                stored = await self._append(subject, raw, message_id)
        except Unreachable:
            self._metrics.unreachable.inc()
            raise
        counted = self._metrics.repeats if stored.repeated else self._metrics.facts
        counted.labels(stored.fact.kind).inc()
        return stored

    async def _append(self, subject: str, raw: bytes, message_id: str) -> Stored:
        client = connected(self._connection)
        try:
            ack = await append(client, subject, raw, message_id)
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise Unreachable(
                f"The broker did not confirm ({type(error).__name__}); it may or may not be stored. If this is an emergency, report it "
                "by telephone to the emergency office now; send it again here with the same Idempotency-Key: it is never stored twice."
            ) from error
        return await self.read(ack.seq, repeated=bool(ack.duplicate))

    async def read(self, sequence: int, *, repeated: bool = False) -> Stored:
        """The fact at `sequence`, which is known to exist. Raises Unreachable."""
        client = connected(self._connection)
        request = orjson.dumps({"seq": sequence})
        for pause in (*_CATCH_UP, None):
            try:
                message = await client.request("$JS.API.DIRECT.GET.FACTS", request, timeout=READ_TIMEOUT)
            except (nats.errors.Error, TimeoutError, OSError) as error:
                raise Unreachable(
                    f"It is stored at sequence {sequence}, but the broker went away before the receipt could be made "
                    f"({type(error).__name__}). Send it again with the same Idempotency-Key to get the receipt."
                ) from error
            headers = message.headers or {}
            if stamp := headers.get("Nats-Time-Stamp"):
                return Stored(Fact.read(message.data), sequence, broker_instant(stamp), message.data, repeated)
            if pause is not None:
                await asyncio.sleep(pause)
        raise Unreachable(f"It is stored at sequence {sequence}, but no replica shows it yet. Send it again with the same Idempotency-Key.")


def id_of(prefix: str, *parts: str) -> str:
    """The fact id that stands for `parts`: the same for every repeat, and nothing of them shows in it."""
    return f"{prefix}-{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:40]}"


def broker_instant(stamp: str) -> datetime:
    """The broker's RFC 3339 stamp with nanoseconds, rounded as nats-py rounds the stamps of messages: the same time everywhere."""
    whole, _, fraction = stamp.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp())
    nanoseconds = seconds * 1_000_000_000 + int(fraction.ljust(9, "0") or 0)
    return datetime.fromtimestamp(nanoseconds / 1_000_000_000.0, UTC)
