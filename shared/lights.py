"""Whether a service can do its work, told by doing a little of it: every few seconds a small write that is
stored and read back.

Invariant: no light is on because somebody answers. `storage` is on only while the broker has lately stored
what this service wrote, gave it back, and says itself that all its streams can write (plain /healthz: with
?js-enabled-only it says ok on a full disk). What is written is whether the service is ready, under a key of
its own that fades, so that whoever watches all of them reads the truth of each.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from secrets import token_hex
from time import monotonic
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import urlopen

import msgspec
import structlog
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from shared.broker.forever import AWAY
from shared.broker.times import fetched_at
from shared.clock_skew import BROKER, ClockSkew
from shared.message import N_
from shared.streams import LIGHTS

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

EVERY = 5.0
"""Seconds between two writes."""
AGAIN_AFTER = 0.5
"""Seconds until the next try after one that failed."""
PATIENCE = 2.5
"""Seconds for a write and its reading back."""
STALE = 20.0
"""Seconds after which the last write that went well says nothing any more."""
FRESH = timedelta(seconds=30)
"""What a service wrote longer ago than this, by the broker's clock, is not its word of now."""
MONITOR_SAYS = 2000
"""Bytes of the broker's answer that are read."""

Report = dict[str, str]
"""Check → `ok`, or what is wrong."""


class Word(msgspec.Struct, frozen=True):
    """What a service writes of itself."""

    ready: bool
    dark: Report = {}
    """The checks that failed."""


class Light(NamedTuple):
    """A word as it is stored."""

    service: str
    at: datetime
    """The broker's time."""
    word: Word


@dataclass(frozen=True)
class Storage:
    """The last try: `fault` empty where it went well."""

    at: float
    fault: str


class Lights:
    def __init__(
        self,
        service: str,
        connection: Callable[[], Client],
        monitors: Iterable[str],
        skew: ClockSkew,
        readiness: Callable[[], Awaitable[Report]],
    ) -> None:
        """`monitors`: addresses of the brokers' monitoring; `readiness`: what the service's other checks say,
        only those that fail.
        """
        self._key = f"{service}.{token_hex(4)}"
        self._connection, self._monitors, self._skew, self._readiness = (
            connection,
            tuple(monitors),
            skew,
            readiness,
        )
        self._last = Storage(monotonic(), "nothing was written yet")

    async def run(self) -> None:
        """For as long as the service lives."""
        while True:
            await self.tick()
            await asyncio.sleep(AGAIN_AFTER if self._last.fault else EVERY)

    async def tick(self) -> None:
        """Write, read back, ask the broker."""
        before = self._last.fault
        dark, lost = await self._readiness(), ""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._write(Word(not dark, dark))
        except TimeoutError:
            lost = "the broker did not store what was written: is its disk full? It keeps the fault until it is restarted"
        except AWAY as error:
            lost = f"the broker did not store what was written ({error or type(error).__name__}): is `fenghuo bootstrap` done?"
        fault = await brokers_say(self._monitors) or lost
        self._last = Storage(monotonic(), fault)
        if fault and fault != before:
            log.error("storage_out", fault=fault)
        elif before and not fault:
            log.info("storage_back")

    async def _write(self, word: Word) -> None:
        js, subject = self._connection().jetstream(timeout=PATIENCE), f"$KV.{LIGHTS}.{self._key}"
        asked_at = datetime.now(UTC)
        stored = await js.publish(subject, msgspec.json.encode(word), stream=f"KV_{LIGHTS}", timeout=PATIENCE)
        answered = datetime.now(UTC)
        while True:  # a replica that follows may be a moment behind the one that confirmed
            try:
                read_back = await js.get_last_msg(f"KV_{LIGHTS}", subject, direct=True)
                if (read_back.seq or 0) >= stored.seq:
                    break
            except NotFoundError:
                pass
            await asyncio.sleep(0.02)
        self._skew.note(BROKER, fetched_at(read_back) - asked_at - (answered - asked_at) / 2)

    async def check(self) -> str:
        """For readiness. Raises RuntimeError with words while the broker does not store."""
        age = monotonic() - self._last.at
        if self._last.fault:
            raise RuntimeError(self._last.fault)
        if age > STALE:
            raise RuntimeError(f"nothing was written and read back for {age:.0f} s")
        return N_("written and read back")


async def brokers_say(monitors: tuple[str, ...]) -> str:
    """What is wrong with the brokers by their own word; empty where most of them are well, or none is
    known.
    """
    faults = [
        fault
        for fault in await asyncio.gather(*(asyncio.to_thread(broker_says, monitor) for monitor in monitors))
        if fault
    ]
    return "; ".join(faults) if faults and len(faults) * 2 >= len(monitors) else ""


def broker_says(monitor: str) -> str:
    """What is wrong with one broker by its own plain /healthz; empty where nothing is."""
    try:
        with urlopen(f"{monitor.rstrip('/')}/healthz", timeout=2) as answer:  # noqa: S310 - the operator's own address
            answer.read(MONITOR_SAYS)
    except HTTPError as error:
        return f"the broker says: {_error_of(error.read(MONITOR_SAYS)) or error.code}"
    except (OSError, HTTPException) as error:
        return f"the broker's monitoring at {monitor} does not answer ({error})"
    return ""


class _Healthz(msgspec.Struct):
    error: str = ""


def _error_of(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Healthz).error
    except msgspec.MsgspecError:
        return body.decode(errors="replace")


def read_light(subject: str, at: datetime, data: bytes) -> Light | None:
    """A stored word; None for a mark that a key has faded, or for what a newer version writes otherwise."""
    try:
        return Light(subject.split(".")[2], at, msgspec.json.decode(data, type=Word))
    except (msgspec.MsgspecError, IndexError):
        return None


def lights_out(lights: Iterable[Light], services: Iterable[str]) -> list[str]:
    """Of `services`, each that has no fresh word, or a replica that is not ready: in words. Now is when the
    newest word was stored.
    """
    told = list(lights)
    now = max((light.at for light in told), default=datetime.min.replace(tzinfo=UTC))
    fresh = [light for light in told if now - light.at <= FRESH]
    out = [f"{name} says nothing" for name in services if name not in {light.service for light in fresh}]
    for light in fresh:
        if not light.word.ready:
            faults = "; ".join(f"{check}: {words}" for check, words in light.word.dark.items())
            out.append(f"{light.service} is not ready: {faults or 'starting'}")
    return out
