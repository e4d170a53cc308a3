"""The buckets TOKENS and SESSIONS as the operator's command keeps them: which tokens were issued, which
sessions are open, which of both were taken back; and the one-time links by which sessions are opened.

Invariant: never a token itself, only what it says; and only the admin's key writes here. The list of those
taken back is one value, written by compare-and-set, which every service follows (shared/gatekeeping.py).
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Self

from nats.js import JetStreamContext

from fenghuo.speech import worded
from shared.broker.connection import connect
from shared.broker.exchange import ConflictError
from shared.broker.forever import attempts
from shared.broker.stored import StoredMessage, asking, value_of
from shared.broker.write import write
from shared.facts import Frozen
from shared.revocation import ISSUED, REVOKED, Revocation, RevocationList
from shared.sessions import LoginLink, SessionBook, SessionKey
from shared.settings import Settings
from shared.streams import SESSIONS, TOKENS
from shared.tokens import Claims, Principal

PATIENCE = 2.0
"""Seconds to find the broker."""
TRIES = 8
"""Compare-and-set against another operator who takes tokens back at the same moment."""
READ_AT_ONCE = 64


class IssuedTokens(Frozen):
    """What the bucket holds, oldest token first."""

    issued: tuple[Claims, ...]
    sessions: tuple[Claims, ...] = ()
    """Open ones, oldest first: what each says of who asks under the first of its roles."""
    revoked: RevocationList


class TokenLedger:
    """`async with TokenLedger(settings)`: connected as the admin. Raises TimeoutError where the broker does
    not answer, or does not know the key.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def __aenter__(self) -> Self:
        self._connection = await connect(self._settings, "admin", timeout=PATIENCE)
        self._ask = asking(lambda: self._connection, PATIENCE)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()

    async def record(self, issued: Sequence[Claims]) -> None:
        for claims in issued:
            raw = claims.model_dump_json(exclude_none=True).encode()
            await self._write(f"{ISSUED}.{claims.id}", raw)

    async def read(self) -> IssuedTokens:
        js = self._connection.jetstream(timeout=PATIENCE)
        state = (await js.stream_info(f"KV_{TOKENS}", subjects_filter=f"$KV.{TOKENS}.{ISSUED}.>")).state
        keys = [subject.removeprefix(f"$KV.{TOKENS}.") for subject in state.subjects or {}]
        values = await self._values(TOKENS, keys)
        issued = [Claims.model_validate_json(stored.data) for stored in values if stored is not None]
        return IssuedTokens(
            issued=tuple(sorted(issued, key=lambda claims: claims.issued_at)),
            sessions=await self._sessions(js),
            revoked=(await self._revoked())[0],
        )

    async def invite(self, digest: str, link: LoginLink) -> None:
        """A one-time link, by the digest of its code."""
        raw = link.model_dump_json().encode()
        await write(self._connection, SESSIONS, f"{SessionKey.LINK}.{digest}", raw, over=0, timeout=PATIENCE)

    async def _sessions(self, js: JetStreamContext) -> tuple[Claims, ...]:
        state = (await js.stream_info(f"KV_{SESSIONS}", subjects_filter=f"$KV.{SESSIONS}.>")).state
        book, now = SessionBook(providers=True), datetime.now(UTC)
        # In the order in which a service hears of them: a link, what it opened, its use.
        order = {kind: place for place, kind in enumerate(SessionKey)}
        keys = [subject.removeprefix(f"$KV.{SESSIONS}.") for subject in state.subjects or {}]
        keys.sort(key=lambda key: order[SessionKey(key.partition(".")[0])])
        for key, stored in zip(keys, await self._values(SESSIONS, keys), strict=True):
            if stored is not None and not stored.is_deletion:
                with suppress(ValueError):
                    book.take(key, stored.data, last_alone=True)
        return tuple(
            Claims(
                id=each.opened.id,
                principal=Principal(
                    subject=each.opened.person, role=each.opened.roles[0], person=each.opened.person
                ),
                issued_at=each.issued_at,
                expires_at=each.ends_at,
            )
            for each in book.all_open(now)
        )

    async def revoke(self, entries: Sequence[Revocation], now: datetime) -> None:
        async for _ in attempts(TRIES):
            before, last = await self._revoked()
            after = before.with_entries(entries, now)
            with suppress(ConflictError):
                await self._write(REVOKED, after.model_dump_json().encode(), over=last)
                return
        raise TimeoutError(worded("others are taking tokens back at this moment"))

    async def _values(self, bucket: str, keys: Sequence[str]) -> list[StoredMessage | None]:
        several = asyncio.Semaphore(READ_AT_ONCE)

        async def value(key: str) -> StoredMessage | None:
            async with several:
                return await value_of(self._ask, bucket, key)

        return await asyncio.gather(*map(value, keys))

    async def _revoked(self) -> tuple[RevocationList, int]:
        stored = await value_of(self._ask, TOKENS, REVOKED)
        if stored is None:
            return RevocationList(revision=1), 0
        return RevocationList.model_validate_json(stored.data), stored.sequence

    async def _write(self, key: str, raw: bytes, *, over: int | None = None) -> int:
        return await write(self._connection, TOKENS, key, raw, over=over, timeout=PATIENCE)
