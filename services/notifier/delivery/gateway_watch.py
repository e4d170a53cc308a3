"""Rings whoever runs the system when a gateway takes nothing, and says when it is over.

Invariant: once a trouble and once when it is over, however many notifiers see it: a mark in DELIVERIES says
who tells it. A notifier that dies in between is stood in for after half a minute: a second message rather
than a missed one. It goes by a channel without that gateway, where the person has one.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import structlog
from msgspec.structs import replace
from nats.aio.client import Client

from services.notifier.channels import Letter, Message, Trouble
from services.notifier.delivery.courier import Courier
from services.notifier.delivery.gateway import GatewayAtWork
from services.notifier.delivery.record import key_safe
from services.notifier.delivery.routes import other_routes
from services.notifier.messages.gateway_news import GatewayNews, GatewayPlace
from shared.broker.exchange import ConflictError
from shared.broker.forever import AWAY, error_text
from shared.broker.stored import asking, value_of
from shared.broker.write import write
from shared.directory import Directory, Person
from shared.facts import Purpose
from shared.ids import CaseId, NoticeId, PostId
from shared.streams import DELIVERIES
from shared.vocabulary import Role

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LOOK_EVERY = 1.0
TIMEOUT = 3.0
STOOD_IN_AFTER = timedelta(seconds=30)
SAME_TROUBLE = timedelta(minutes=10)
"""A gateway that comes and goes rings once in so long."""


class Ring(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That a gateway's trouble is being told, or was."""

    since: datetime
    claimed_at: datetime
    whose: Trouble = Trouble.GATEWAY
    told_at: datetime | None = None
    over_at: datetime | None = None


_read_ring = msgspec.json.Decoder(Ring)


@dataclass
class GatewayWatch:
    gateways: Mapping[str, GatewayAtWork]
    couriers: Mapping[str, Courier]
    directory: Callable[[], Directory]
    connection: Callable[[], Client]
    clock: Callable[[], datetime]
    operator: PostId
    zone: ZoneInfo
    _looked_at: set[str] = field(default_factory=set[str])
    """Gateways whose mark was read since the start: a trouble that another notifier told of may be over by now."""
    _rung: dict[str, Ring] = field(default_factory=dict[str, Ring])
    """Told, and not over as far as is known here."""

    async def run(self) -> None:
        """The service's task."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            for name, gateway in self.gateways.items():
                try:
                    await self._look(name, gateway)
                except (ConflictError, *AWAY) as error:
                    log.warning(
                        "gateway_not_watched", gateway=name, error=error_text(error), next="looked at again"
                    )

    async def _look(self, name: str, gateway: GatewayAtWork) -> None:
        now, trouble = self.clock(), gateway.taking.trouble(self.clock())
        if trouble is None and name in self._looked_at and name not in self._rung:
            return
        ring, revision = await self._ring(name)
        self._looked_at.add(name)
        if ring is not None and ring.over_at is None and ring.told_at is not None:
            self._rung[name] = ring
        else:
            self._rung.pop(name, None)
        if trouble is not None and self._is_untold(ring, now):
            claimed = Ring(since=trouble.since, claimed_at=now, whose=trouble.whose)
            revision = await self._keep(name, claimed, revision)
            if await self._tell(name, claimed):
                await self._keep(name, replace(claimed, told_at=self.clock()), revision)
        elif trouble is None and name in self._rung and _took_since(gateway, self._rung[name]):
            over = replace(self._rung.pop(name), over_at=now)
            await self._keep(name, over, revision)
            await self._tell(name, over)

    def _is_untold(self, ring: Ring | None, now: datetime) -> bool:
        if ring is None:
            return True
        if ring.over_at is not None:
            return now - ring.over_at > SAME_TROUBLE
        return ring.told_at is None and now - ring.claimed_at > STOOD_IN_AFTER

    async def _tell(self, name: str, ring: Ring) -> bool:
        """Whether anybody was told."""
        is_told = False
        for person in self._operators():
            is_told |= await self._tell_person(name, ring, person)
        if not is_told:
            log.critical(
                "gateway_trouble_told_to_nobody",
                gateway=name,
                next="see to it; name a post with another channel in FENGHUO_OPERATOR",
            )
        return is_told

    def _operators(self) -> Iterable[Person]:
        directory = self.directory()
        if self.operator in directory.posts_by_id:
            return (directory.holder_of(self.operator, self.clock()),)
        return tuple(person for person in directory.people if Role.OPERATOR in (person.roles or ()))

    async def _tell_person(self, name: str, ring: Ring, person: Person) -> bool:
        place, now = self._place(name), self.clock()
        others = [gateway for gateway in self.couriers[place.channel].line if gateway.name != name]
        news = GatewayNews(
            place=place,
            since=ring.since,
            whose=ring.whose,
            carried_on=any(gateway.taking.trouble(now) is None for gateway in others),
            over_at=ring.over_at,
        )
        letter = news.letter(person.language, self.zone, now)
        routes = sorted(
            other_routes(person, (), self.couriers),
            key=lambda route: any(gateway.name == name for gateway in self.couriers[route.channel].line),
        )
        for route in routes:
            message = _message(name, ring, person, route.channel, letter, now)
            carried = await self.couriers[route.channel].carry(message, route.addresses)
            if carried.error is None:
                log.info(
                    "gateway_trouble_told", gateway=name, over=ring.over_at is not None, channel=route.channel
                )
                return True
        return False

    def _place(self, name: str) -> GatewayPlace:
        """Of the longest line it stands in: as the next of another channel rather than as one of its own."""
        lines = [
            (courier.name, [gateway.name for gateway in courier.line])
            for courier in self.couriers.values()
            if any(gateway.name == name for gateway in courier.line)
        ]
        channel, line = max(lines, key=lambda each: len(each[1]))
        return GatewayPlace(channel, line.index(name) + 1, len(line))

    async def _ring(self, name: str) -> tuple[Ring | None, int]:
        stored = await value_of(asking(self.connection, TIMEOUT), DELIVERIES, _key(name))
        if stored is None or stored.is_deletion:
            return None, stored.sequence if stored is not None else 0
        try:
            return _read_ring.decode(stored.data), stored.sequence
        except msgspec.MsgspecError:
            return None, stored.sequence

    async def _keep(self, name: str, ring: Ring, over: int) -> int:
        """Raises ConflictError where another notifier tells it."""
        raw = msgspec.json.encode(ring)
        return await write(self.connection(), DELIVERIES, _key(name), raw, over=over)


def _took_since(gateway: GatewayAtWork, ring: Ring) -> bool:
    took_at = gateway.taking.took_at
    return took_at is not None and ring.told_at is not None and took_at > ring.claimed_at


def _key(name: str) -> str:
    return f"gateway.={key_safe(name)}"


def _message(name: str, ring: Ring, person: Person, channel: str, letter: Letter, now: datetime) -> Message:
    state = "trouble" if ring.over_at is None else "over"
    return Message(
        id=f"gateway-{name}-{int(ring.since.timestamp())}-{state}",
        at=now,
        channel=channel,
        to="",
        letter=letter,
        link=None,
        case=CaseId(""),
        notice=NoticeId(""),
        purpose=Purpose.INFORM,
        language=person.language,
        level=None,
        exercise=False,
    )
