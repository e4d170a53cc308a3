"""Opens a link: finds on record the notice that its token names, and proves the token by it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from nats.aio.client import Client

from services.notifier.messages.earlier_links import SEPARATOR, read_earlier
from services.notifier.messages.links import Link, LinkRefused, Links
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
        """Raises LinkRefused or LinkExpired; NatsError or TimeoutError where the broker does not answer."""
        if SEPARATOR in token:
            return read_earlier(self.key, token, self.clock())
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
        return links.prove(claim, decision.case, notice.id, notice.person, self.clock())
