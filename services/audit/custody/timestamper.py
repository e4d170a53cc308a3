"""Every so often the last checkpoint is shown to a time-stamping authority, and what it says is kept.

Invariant: nobody waits for it. An authority that does not answer, or answers nonsense, is a line in the log;
the trail goes on.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

import httpx2
import structlog

from services.audit.reading.views import NotInTrail
from services.audit.records import timestamp as timestamps
from services.audit.records.stored import SignedCheckpoint
from services.audit.records.timestamp import Stamp, StampError
from services.audit.store.calls import StoreError
from services.audit.store.timestamps import TimestampStore
from shared.broker.forever import forever
from shared.facts import rfc3339

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

TIMEOUT = 20.0
_SIZE_LIMIT = 256 * 1024
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"

_TROUBLE = (StampError, StoreError, NotInTrail, httpx2.HTTPError)


class Timestamper:
    """`url` None: with `sm3` that digest alone is kept, without it nothing is."""

    def __init__(
        self,
        store: TimestampStore,
        last: Callable[[], Awaitable[SignedCheckpoint]],
        clock: Callable[[], datetime],
        *,
        url: str | None,
        every: timedelta,
        sm3: bool,
    ) -> None:
        self._store, self._last, self._clock, self._url, self._every = store, last, clock, url, every
        self._stamped = -1
        self._is_configured = url is not None or sm3

    async def run(self) -> None:
        """Until cancelled; ends at once where nothing of the kind is wanted."""
        if not self._is_configured:
            return
        async with httpx2.AsyncClient(timeout=TIMEOUT) as client:
            every = self._every.total_seconds()
            await forever(
                partial(self.stamp, client), "no_time_stamp", every=every, trouble=_TROUBLE, longest=every
            )

    async def stamp(self, client: httpx2.AsyncClient) -> None:
        """The last checkpoint, unless it has one."""
        signed = await self._last()
        if signed.number <= self._stamped:
            return
        token = await self._token(client, signed.note) if self._url is not None else None
        sm3 = timestamps.digest_of(signed.note)
        at = rfc3339(self._clock())
        await self._store.keep(
            Stamp(number=signed.number, size=signed.size, note=signed.note, sm3=sm3, token=token, at=at)
        )
        self._stamped = signed.number
        log.info("time_stamped", checkpoint=signed.number, size=signed.size, authority=self._url)

    async def _token(self, client: httpx2.AsyncClient, note: str) -> str:
        assert self._url is not None
        question = timestamps.ask(note)
        response = await client.post(
            self._url, content=question.request, headers={"Content-Type": _QUERY, "Accept": _REPLY}
        )
        if response.status_code != 200 or not response.headers.get("content-type", "").startswith(_REPLY):
            raise StampError(
                f"{self._url} answers {response.status_code}, {response.headers.get('content-type')}: no time stamp"
            )
        if len(response.content) > _SIZE_LIMIT:
            raise StampError(
                f"{self._url} answers with {len(response.content)} bytes: no time stamp is so long"
            )
        timestamps.read_answer(response.content, note, question.nonce)
        return response.content.hex()
