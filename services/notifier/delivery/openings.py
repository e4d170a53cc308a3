"""That the link of a message was opened, on record once a message.

Invariant: an opening answers nothing and keeps nobody waiting: mail scanners and messengers open links too,
so the record says "link opened" and no more. However often a link is opened, there is one fact of it; what
only looks ahead (HEAD, a browser's prefetch) is none.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from fastapi import Request
from fastapi.responses import HTMLResponse

from services.notifier.delivery.ledger import DeliveryLedger
from services.notifier.delivery.record import SOURCE, key_safe
from services.notifier.messages.links import Link
from shared.broker.forever import AWAY, error_text
from shared.facts import Deliveries, Delivery, Fact, MessageState
from shared.vocabulary import Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

BY_LINK = "link"
"""Stands as the channel of an opening: the same link goes out over each channel."""
MARK = "=opened"
PATIENCE = 1.0
"""Seconds that a page waits for it."""
AHEAD = ("sec-purpose", "purpose", "x-purpose", "x-moz")
"""Headers by which a browser says that nobody looks at the page yet."""

Page = Callable[[Link], Awaitable[HTMLResponse]]


@dataclass(frozen=True)
class LinkOpenings:
    ledger: DeliveryLedger
    clock: Callable[[], datetime]

    def noting(self, request: Request, page: Page) -> Page:
        """The same page, and that it was opened."""
        if request.method != "GET" or any(name in request.headers for name in AHEAD):
            return page

        async def noted(link: Link) -> HTMLResponse:
            await self._note(link)
            return await page(link)

        return noted

    async def _note(self, link: Link) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                key = f"{key_safe(link.notice)}.{MARK}"
                if await self.ledger.raw(key) is not None:
                    return
                await self.ledger.tell(link.case, opened(link, self.clock()))
                await self.ledger.put(key, b"{}")
        except AWAY as error:
            log.warning("opening_not_noted", notice=link.notice, error=error_text(error))


def opened(link: Link, at: datetime) -> Fact:
    delivery = Delivery(
        notice=link.notice,
        person=link.person,
        channel=BY_LINK,
        address="-",
        attempts=0,
        first_tried_at=at,
        done_at=at,
        state=MessageState.OPENED,
    )
    return Fact.of(
        Kind.DELIVERED,
        id=f"{link.notice}:opened",
        source=SOURCE,
        subject=link.case,
        time=at,
        data=Deliveries(deliveries=(delivery,)),
    )
