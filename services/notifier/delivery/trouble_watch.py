"""Rings whoever runs the system when something is in trouble that somebody has to see to, and says when it is
over: a gateway takes nothing, a template fails.

Invariant: once a trouble and once when it is over, however many notifiers see it: a mark in DELIVERIES says
who tells it. A notifier that dies in between is stood in for after half a minute: a second message rather
than a missed one. It goes by a channel that has nothing to do with the trouble, where the person has one.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec
import structlog
from msgspec.structs import replace
from nats.aio.client import Client

from services.notifier.channels import Letter, Message, Trouble
from services.notifier.delivery.courier import Courier
from services.notifier.delivery.record import key_safe
from services.notifier.delivery.routes import other_routes
from services.notifier.delivery.taking import StandingTrouble
from shared.broker.exchange import ConflictError
from shared.broker.forever import AWAY, error_text
from shared.broker.stored import asking, value_of
from shared.broker.write import write
from shared.directory import Directory, Person
from shared.facts import Purpose
from shared.ids import CaseId, NoticeId, PostId
from shared.streams import DELIVERIES
from shared.vocabulary import Language, Role

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LOOK_EVERY = 1.0
TIMEOUT = 3.0
STOOD_IN_AFTER = timedelta(seconds=30)
SAME_TROUBLE = timedelta(minutes=10)
"""What comes and goes rings once in so long."""


class Ring(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That a trouble is being told, or was."""

    since: datetime
    claimed_at: datetime
    whose: Trouble = Trouble.GATEWAY
    told_at: datetime | None = None
    over_at: datetime | None = None


_read_ring = msgspec.json.Decoder(Ring)


class TroubleSpot(Protocol):
    """What may be in trouble. `kind` and `name` say which, in its mark and in the log."""

    @property
    def kind(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def took_at(self) -> datetime | None:
        """When it last did what it is for."""
        ...

    def trouble(self, now: datetime) -> StandingTrouble | None: ...

    def is_in_the_way_of(self, courier: Courier) -> bool:
        """Whether that channel's messages may suffer by its trouble."""
        ...

    def letter(self, ring: Ring, language: Language, zone: ZoneInfo, now: datetime) -> Letter:
        """The news: its trouble, or where `ring.over_at` is known that this is over."""
        ...


@dataclass
class TroubleWatch:
    watched: Sequence[TroubleSpot]
    couriers: Mapping[str, Courier]
    directory: Callable[[], Directory]
    connection: Callable[[], Client]
    clock: Callable[[], datetime]
    operator: PostId
    zone: ZoneInfo
    _looked_at: set[str] = field(default_factory=set[str])
    """Keys of the marks that were read since the start: a trouble that another notifier told of may be over
    by now.
    """
    _rung: dict[str, Ring] = field(default_factory=dict[str, Ring])
    """Told, and not over as far as is known here."""

    async def run(self) -> None:
        """The service's task."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            for spot in self.watched:
                try:
                    await self._look(spot)
                except (ConflictError, *AWAY) as error:
                    log.warning(
                        "trouble_not_watched",
                        of=spot.kind,
                        name=spot.name,
                        error=error_text(error),
                        next="looked at again",
                    )

    async def _look(self, spot: TroubleSpot) -> None:
        now, key = self.clock(), _key(spot)
        trouble = spot.trouble(now)
        if trouble is None and key in self._looked_at and key not in self._rung:
            return
        ring, revision = await self._ring(key)
        self._looked_at.add(key)
        if ring is not None and ring.over_at is None and ring.told_at is not None:
            self._rung[key] = ring
        else:
            self._rung.pop(key, None)
        if trouble is not None and self._is_untold(ring, now):
            claimed = Ring(since=trouble.since, claimed_at=now, whose=trouble.whose)
            revision = await self._keep(key, claimed, revision)
            if await self._tell(spot, claimed):
                self._rung[key] = replace(claimed, told_at=self.clock())
                await self._keep(key, self._rung[key], revision)
        elif trouble is None and key in self._rung and _took_since(spot, self._rung[key]):
            over = replace(self._rung.pop(key), over_at=now)
            await self._keep(key, over, revision)
            await self._tell(spot, over)

    def _is_untold(self, ring: Ring | None, now: datetime) -> bool:
        if ring is None:
            return True
        if ring.over_at is not None:
            return now - ring.over_at > SAME_TROUBLE
        return ring.told_at is None and now - ring.claimed_at > STOOD_IN_AFTER

    async def _tell(self, spot: TroubleSpot, ring: Ring) -> bool:
        """Whether anybody was told."""
        is_told = False
        for person in self._operators():
            is_told |= await self._tell_person(spot, ring, person)
        if not is_told:
            log.critical(
                "trouble_told_to_nobody",
                of=spot.kind,
                name=spot.name,
                next="see to it; name a post with another channel in FENGHUO_OPERATOR",
            )
        return is_told

    def _operators(self) -> Iterable[Person]:
        directory = self.directory()
        if self.operator in directory.posts_by_id:
            return (directory.holder_of(self.operator, self.clock()),)
        return tuple(person for person in directory.people if Role.OPERATOR in (person.roles or ()))

    async def _tell_person(self, spot: TroubleSpot, ring: Ring, person: Person) -> bool:
        now = self.clock()
        letter = spot.letter(ring, person.language, self.zone, now)
        routes = sorted(
            other_routes(person, (), self.couriers),
            key=lambda route: spot.is_in_the_way_of(self.couriers[route.channel]),
        )
        for route in routes:
            message = _message(spot, ring, person, route.channel, letter, now)
            carried = await self.couriers[route.channel].carry(message, route.addresses)
            if carried.error is None:
                log.info(
                    "trouble_told",
                    of=spot.kind,
                    name=spot.name,
                    over=ring.over_at is not None,
                    channel=route.channel,
                )
                return True
        return False

    async def _ring(self, key: str) -> tuple[Ring | None, int]:
        stored = await value_of(asking(self.connection, TIMEOUT), DELIVERIES, key)
        if stored is None or stored.is_deletion:
            return None, stored.sequence if stored is not None else 0
        try:
            return _read_ring.decode(stored.data), stored.sequence
        except msgspec.MsgspecError:
            return None, stored.sequence

    async def _keep(self, key: str, ring: Ring, over: int) -> int:
        """Raises ConflictError where another notifier tells it."""
        raw = msgspec.json.encode(ring)
        return await write(self.connection(), DELIVERIES, key, raw, over=over)


def _took_since(spot: TroubleSpot, ring: Ring) -> bool:
    return spot.took_at is not None and ring.told_at is not None and spot.took_at > ring.claimed_at


def _key(spot: TroubleSpot) -> str:
    return f"{spot.kind}.={key_safe(spot.name)}"


def _message(
    spot: TroubleSpot, ring: Ring, person: Person, channel: str, letter: Letter, now: datetime
) -> Message:
    state = "trouble" if ring.over_at is None else "over"
    return Message(
        id=f"{spot.kind}-{spot.name}-{int(ring.since.timestamp())}-{state}-{key_safe(person.id)}",
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
