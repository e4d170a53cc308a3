"""Tries every way to a person at once and says what came of each: before it matters, not when it does."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from ulid import ULID

from services.notifier.channels import Form, Letter, Message, Trouble
from services.notifier.delivery.beside import WaysBeside
from services.notifier.delivery.courier import Courier
from services.notifier.delivery.routes import Route, every_route
from services.notifier.messages.aloud import aloud
from shared.directory import Person
from shared.directory.addresses import masked
from shared.facts import Frozen, Instant, Purpose
from shared.ids import CaseId, NoticeId
from shared.language import times
from shared.language.catalogue import N_
from shared.language.words import Words

SUBJECT = N_("[Fenghuo, test] Nothing has happened")
TEXT = N_(
    "[Fenghuo, test] Nothing has happened, and nothing is asked of you: this is how Fenghuo would reach you by %(channel)s. Sent at %(at)s."
)
NO_CASE = CaseId("")


class TriedWay(Frozen):
    """What came of one channel."""

    channel: str
    address: str
    """Masked, as everywhere on record."""
    handed_over: bool
    reference: str | None = None
    error: str | None = None
    trouble: Trouble | None = None
    """Whose trouble it is where it was not handed over: the address's, the gateway's, ours."""
    seconds: float = 0.0
    at: Instant


@dataclass(frozen=True, slots=True)
class ReachTrial:
    couriers: Mapping[str, Courier]
    zone: ZoneInfo
    clock: Callable[[], datetime]
    beside: WaysBeside = field(default_factory=WaysBeside)

    async def of(self, person: Person) -> Sequence[TriedWay]:
        """In the person's own order, and beside them their browsers; a channel that has no gateway here is named with what to do."""
        now, trial = self.clock(), str(ULID())
        return await asyncio.gather(
            *(
                self._way(person, route, trial, now)
                for route in (*every_route(person, self.couriers), *self.beside.routes(person.id))
            )
        )

    async def _way(self, person: Person, route: Route, trial: str, now: datetime) -> TriedWay:
        if route.obstacle:
            return TriedWay(
                channel=route.channel, address="-", handed_over=False, error=route.obstacle,
                trouble=Trouble.OURS, at=now,
            )  # fmt: skip
        courier = self.couriers[route.channel]
        carried = await courier.carry(
            _message(person, route.channel, courier.form, trial, self.zone, now), route.addresses
        )
        return TriedWay(
            channel=route.channel,
            address="-" if route.is_beside else masked(carried.address),
            handed_over=carried.error is None,
            reference=carried.reference,
            error=carried.error,
            trouble=carried.trouble,
            seconds=round((carried.done_at - carried.first_tried_at).total_seconds(), 3),
            at=carried.done_at,
        )


def _message(person: Person, channel: str, form: Form, trial: str, zone: ZoneInfo, now: datetime) -> Message:
    words = Words(person.language)
    text = words.of(TEXT, channel=words.label("channel", channel), at=times.second(now, zone))
    return Message(
        id=f"test-{trial}-{channel}",
        at=now,
        channel=channel,
        to="",
        letter=Letter(words.of(SUBJECT), aloud(text, person.language) if form is Form.SPOKEN else text),
        link=None,
        case=NO_CASE,
        notice=NoticeId(f"test-{trial}"),
        purpose=Purpose.INFORM,
        language=person.language,
        level=None,
        exercise=True,
    )
