"""Opens a link: finds on record the notice that its token names, and proves the token by it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from nats.aio.client import Client

from services.notifier.answering.revoking import revoked_up_to
from services.notifier.messages.earlier_links import SEPARATOR, read_earlier
from services.notifier.messages.links import Link, LinkRefused, LinkRevoked, Links
from shared.broker.stored import asking, message_at
from shared.facts import Fact, FactError, read_decision
from shared.streams import FACTS

TIMEOUT = 3.0


@dataclass(frozen=True)
class LinkOpener:
    key: bytes = field(repr=False)
    connection: Callable[[], Client]
    clock: Callable[[], datetime]

    async def open(self, token: str) -> Link:
        """Raises LinkRefused, LinkExpired or LinkRevoked; NatsError or TimeoutError where the broker does not answer."""
        if SEPARATOR in token:
            link = read_earlier(self.key, token, self.clock())
            return await self._unless_revoked(link, 0)
        links = Links(self.key)
        claim = links.claim(token)
        stored = await message_at(asking(self.connection, TIMEOUT), FACTS, claim.place.sequence)
        if stored is None:
            raise LinkRefused
        try:
            decision = read_decision(Fact.read(stored.data).data)
            notice = decision.notices[claim.place.number]
        except (FactError, msgspec.ValidationError, IndexError):
            raise LinkRefused from None
        link = links.prove(claim, decision.case, notice.id, notice.person, self.clock())
        return await self._unless_revoked(link, claim.place.sequence)

    async def _unless_revoked(self, link: Link, sequence: int) -> Link:
        if await revoked_up_to(self.connection, link.case, link.person) > sequence:
            raise LinkRevoked(link)
        return link
