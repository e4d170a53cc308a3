"""Carries out what orders on record say of files: takes a content out of the store, with the redactor's own key for
the broker.

Invariant: a content goes only once every case whose facts name it has an order that counts: one stands under a hold,
and it stays for all. Its entry says first that it was erased, and on which basis; then the pieces go. The hash stays in
the trail, so that what was proven before is proven after.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
import structlog
from nats.aio.client import Client
from nats.js.errors import APIError

from services.audit.records.keeping import Erasure
from services.audit.store.calls import StoreError
from shared.broker.exchange import LAST
from shared.broker.forever import AWAY
from shared.files.store import (
    ERASED_AT,
    LEGAL_BASIS,
    ORDER,
    TIMEOUT,
    FileDamagedError,
    FileEntry,
    FileStore,
    StoredEntry,
)
from shared.files.subjects import file_brought_by, file_entry, file_pieces
from shared.streams import FILES_STREAM, UPLOADS, UPLOADS_STREAM

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Orders = Mapping[str, Sequence[Erasure]]
"""By hash."""


class FileEraser:
    def __init__(
        self,
        files: FileStore,
        connect: Callable[[], Awaitable[Client]] | None,
        step: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`connect`: as the redactor; None: there is no key, and nothing is erased."""
        self.can_erase = connect is not None
        self._files, self._connect, self._step = files, connect, step
        self._client: Client | None = None
        self._done: set[str] = set()

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def carry_out(self, orders: Orders) -> bool:
        """Whether nothing waits any more. Raises StoreError."""
        whole = True
        for sha256, erasures in orders.items():
            if sha256 in self._done:
                continue
            try:
                if await self._may_go(sha256, erasures):
                    await self._erase(sha256, erasures[0])
                    self._done.add(sha256)
                else:
                    whole = False
            except (APIError, FileDamagedError, *AWAY) as error:
                raise StoreError(f"file {sha256} can't be erased at the moment: {error}") from error
        return whole

    async def _may_go(self, sha256: str, erasures: Sequence[Erasure]) -> bool:
        if self._connect is None:
            log.warning(
                "erasure_outstanding",
                file=sha256,
                next="set FENGHUO_REDACTOR_CREDENTIALS: no key may erase files",
            )
            return False
        without = await self._files.cases_of(sha256) - {erasure.case for erasure in erasures}
        if without:
            log.warning(
                "erasure_waits", file=sha256, cases=sorted(without), next="order it for these cases too"
            )
        return not without

    async def _erase(self, sha256: str, order: Erasure) -> None:
        client = await self._redactor()
        stored = await FileStore(lambda: client).stored(sha256)
        if stored is not None and not stored.entry.deleted:
            await client.jetstream().publish(
                file_entry(sha256),
                msgspec.json.encode(_tombstone(stored, order)),
                timeout=TIMEOUT,
                stream=FILES_STREAM,
                headers={LAST: str(stored.sequence)},
            )
        self._step("file_entry")
        await _purge(client, FILES_STREAM, file_pieces(f"{sha256}.*"))
        if stored is not None:
            await _purge(client, FILES_STREAM, file_pieces(stored.entry.nuid))
        # It may have been brought again since, and wait for a fact that now can't name it.
        for subject in (
            file_pieces(f"{sha256}.*", UPLOADS),
            file_entry(sha256, UPLOADS),
            file_brought_by(sha256),
        ):
            await _purge(client, UPLOADS_STREAM, subject)
        log.info("file_erased", file=sha256, record=order.record)

    async def _redactor(self) -> Client:
        if self._client is None or self._client.is_closed:
            assert self._connect is not None
            self._client = await self._connect()
        return self._client


def _tombstone(stored: StoredEntry, order: Erasure) -> FileEntry:
    entry = stored.entry
    why = {ERASED_AT: order.time, LEGAL_BASIS: order.legal_basis, ORDER: str(order.record)}
    return msgspec.structs.replace(entry, deleted=True, metadata={"type": entry.type.value, **why})


async def _purge(client: Client, stream: str, subject: str) -> None:
    request: dict[str, Any] = {"filter": subject}
    answer = await client.request(
        f"$JS.API.STREAM.PURGE.{stream}", msgspec.json.encode(request), timeout=TIMEOUT
    )
    word: dict[str, Any] = msgspec.json.decode(answer.data)
    if word.get("error"):
        raise APIError.from_error(word["error"])
