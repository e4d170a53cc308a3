"""The pulse of each service: a key of the bucket PULSES, written twice a second, from which everybody knows
when a service was away.

Invariant: a pulse is a write through the broker, so that it stands still when the service, its connection or
the broker does; all its times are the broker's own, so that no clock of ours can be wrong. What a pulse says
of earlier outages is carried on from one to the next: whoever reads the last one knows them all, also a
service that was away itself. Replicas share the key; one that lives is enough.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from shared.broker.forever import AWAY, forever
from shared.broker.times import STAMP, from_stamp
from shared.facts import Outage, Value
from shared.facts.authors import Author
from shared.formats import refuse_newer_bytes
from shared.streams import PULSES
from shared.unavailable import UnavailableError

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

EVERY = 0.5
"""Seconds between two pulses."""
AWAY_AFTER = timedelta(seconds=2)
"""Without a pulse for longer, a service was away."""
CUT_AFTER = timedelta(seconds=2 * EVERY)
"""The same where the process has just started, or its pulse before failed: that is no busy machine."""
PATIENCE = 6.0
"""Seconds in which everybody has given a pulse or is known to be away."""
REMEMBERED = 100
"""Outages that a pulse carries on."""
TIMEOUT = 2.0


class Pulse(Value, frozen=True, kw_only=True):
    """The value of the key; the moment it is of is the broker's stamp of it."""

    before: datetime | None = None
    """The stamp of the pulse before."""
    cut: bool = False
    """The process had just started, or had failed to give a pulse."""
    outages: tuple[Outage, ...] = ()


@dataclass(frozen=True, slots=True)
class Felt:
    """A pulse as it stands in the bucket."""

    pulse: Pulse
    at: datetime
    revision: int


def outages_of(service: Author, felt: Felt) -> tuple[Outage, ...]:
    """Those it carries, and the one that it ended itself. Pure."""
    before = felt.pulse.before
    if before is None or felt.at - before <= (CUT_AFTER if felt.pulse.cut else AWAY_AFTER):
        return felt.pulse.outages
    return (*felt.pulse.outages, Outage(of=service, since=before, until=felt.at))


def outages_by(now: datetime, pulses: dict[Author, Felt]) -> tuple[Outage, ...]:
    """All that is known at `now`, or at the last pulse felt; what is still away among it. Pure."""
    outages: list[Outage] = []
    now = max([now, *(felt.at for felt in pulses.values())])
    for service, felt in pulses.items():
        outages += outages_of(service, felt)
        if now - felt.at > AWAY_AFTER:
            outages.append(Outage(of=service, since=felt.at))
    return tuple(outages)


class Pulses:
    """Gives the pulse of `service`, if it has one, and feels that of `others`. `open` belongs to `prepare`,
    `run` to `tasks`.
    """

    def __init__(self, connection: Callable[[], Client], service: Author, *others: Author) -> None:
        self._connection, self._service, self._others = connection, service, others
        self.felt: dict[Author, Felt] = {}
        self._cut = True
        self._is_over = False
        self._news = asyncio.Event()

    def outages(self, now: datetime) -> tuple[Outage, ...]:
        """When we were away, as far as it is known."""
        return outages_by(now, self.felt)

    async def settled(self, at: datetime) -> None:
        """Wait until it is known who was away at `at`: everybody has given a pulse since, or has not for so
        long that they are away.

        Raises UnavailableError where the service stops meanwhile.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while not self._is_settled(at):
                    if self._is_over:
                        raise UnavailableError("the service stops: who was away is not known yet")
                    self._news.clear()
                    await self._news.wait()

    def _is_settled(self, at: datetime) -> bool:
        latest = max((felt.at for felt in self.felt.values()), default=at)
        return all(felt.at >= at or latest - felt.at > AWAY_AFTER for felt in self.felt.values())

    async def open(self) -> None:
        """Feel what there was before this start. Raises where the bucket does not answer."""
        for service in (self._service, *self._others):
            await self._feel(service)
        self._news.set()

    async def run(self) -> None:
        """For as long as the service lives."""
        try:
            await forever(
                self._beat, "no_pulse", every=EVERY, longest=EVERY, trouble=(*AWAY, msgspec.MsgspecError)
            )
        finally:
            self._is_over = True
            self._news.set()

    async def _beat(self) -> None:
        is_cut, self._cut = self._cut, True  # until this one is given
        async with asyncio.timeout(TIMEOUT):
            await self._give(is_cut=is_cut)
        self._cut = False

    async def _give(self, *, is_cut: bool) -> None:
        await self.open()
        last = self.felt.get(self._service)
        pulse = (
            Pulse(before=last.at, cut=is_cut, outages=outages_of(self._service, last)[-REMEMBERED:])
            if last is not None
            else Pulse()
        )
        headers = {"Nats-Expected-Last-Subject-Sequence": str(last.revision if last is not None else 0)}
        # Another replica may have been quicker: then the key has its pulse, which is as good.
        await self._connection().request(
            _subject(self._service), msgspec.json.encode(pulse), timeout=TIMEOUT, headers=headers
        )

    async def _feel(self, service: Author) -> None:
        answer = await self._connection().request(
            f"$JS.API.DIRECT.GET.KV_{PULSES}.{_subject(service)}", b"", timeout=TIMEOUT
        )
        headers = answer.headers or {}
        if STAMP in headers:
            refuse_newer_bytes(answer.data)
            pulse = msgspec.json.decode(answer.data, type=Pulse)
            self.felt[service] = Felt(pulse, from_stamp(headers[STAMP]), int(headers["Nats-Sequence"]))
        elif headers.get("Status") != "404":
            raise NatsError(f"the bucket {PULSES} answers {headers.get('Status')}")


def _subject(service: Author) -> str:
    return f"$KV.{PULSES}.{service.value}"
