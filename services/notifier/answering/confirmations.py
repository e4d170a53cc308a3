"""The short message that says what became of a reply.

Invariant: it goes to the person in the directory, never to a number that merely wrote; a few an hour to each, so
that two machines that answer each other come to an end. It delays no answer to the gateway; one that is lost with
the process is lost, since the fact stands and the link's page says the same.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from services.notifier.channels import Form, Letter, Message
from services.notifier.delivery.carried import Interrupted
from services.notifier.delivery.courier import Courier
from shared.directory import Directory
from shared.facts import Purpose
from shared.ids import CaseId, NoticeId, PersonId
from shared.vocabulary import Language

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

MOST, WITHIN = 12, timedelta(hours=1)
WAITING = 1000
REMEMBERED = 5000


@dataclass(frozen=True)
class Confirmations:
    couriers: Mapping[str, Courier]
    directory: Callable[[], Directory]
    clock: Callable[[], datetime]
    _waiting: asyncio.Queue[tuple[Message, tuple[str, ...]]] = field(
        default_factory=lambda: asyncio.Queue(WAITING)
    )
    _sent: OrderedDict[PersonId, deque[datetime]] = field(default_factory=OrderedDict)

    def send(self, channel: str, person: PersonId, words: str, language: Language, about: str) -> None:
        """`channel`: where the reply came from; a call is confirmed by the person's first short message, a
        mail by a mail.
        """
        way = self._way(channel, person)
        if way is None or not self._may(person):
            log.warning("reply_not_confirmed", person=person, channel=channel)
            return
        channel, addresses = way
        message = Message(
            id=f"reply-{about}-{channel}",
            at=self.clock(),
            channel=channel,
            to="",
            letter=Letter(words, words),
            link=None,
            case=CaseId(""),
            notice=NoticeId(""),
            purpose=Purpose.INFORM,
            language=language,
            level=None,
            exercise=False,
        )
        try:
            self._waiting.put_nowait((message, addresses))
        except asyncio.QueueFull:
            log.error("reply_not_confirmed", person=person, channel=channel)

    async def run(self) -> None:
        """The service's task."""
        async with asyncio.TaskGroup() as group:
            while True:
                message, addresses = await self._waiting.get()
                group.create_task(self._carry(message, addresses))

    async def _carry(self, message: Message, addresses: tuple[str, ...]) -> None:
        try:
            carried = await self.couriers[message.channel].carry(message, addresses)
        except Interrupted:
            return
        if carried.error is not None:
            log.warning("reply_not_confirmed", channel=message.channel, error=carried.error)

    def _way(self, channel: str, person: PersonId) -> tuple[str, tuple[str, ...]] | None:
        entry = self.directory().people_by_id.get(person)
        if entry is None:
            return None
        channels = dict.fromkeys([channel, *(one.channel for one in entry.channels)])
        forms = {name: self.couriers[name].form for name in channels if name in self.couriers}
        for name in (
            name
            for name, form in forms.items()
            if form is Form.SHORT or (form is Form.LONG and name == channel)
        ):
            if addresses := tuple(one.address for one in entry.channels if one.channel == name):
                return name, addresses
        return None

    def _may(self, person: PersonId) -> bool:
        now = self.clock()
        sent = self._sent.setdefault(person, deque(maxlen=MOST))
        self._sent.move_to_end(person)
        while len(self._sent) > REMEMBERED:
            self._sent.popitem(last=False)
        if len(sent) == MOST and now - sent[0] < WITHIN:
            return False
        sent.append(now)
        return True
