"""The bucket TOKENS as the operator's command keeps it: which tokens were issued, and which were taken back.

Invariant: never a token itself, only what it says; and only the admin's key writes here. The list of those
taken back is one value, written by compare-and-set, which every service follows (shared/gatekeeping.py).
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Self

from fenghuo.speech import worded
from shared.broker.connection import connect
from shared.broker.exchange import ConflictError
from shared.broker.forever import attempts
from shared.broker.stored import asking, value_of
from shared.broker.write import write
from shared.facts import Frozen
from shared.revocation import ISSUED, REVOKED, Revocation, RevocationList
from shared.settings import Settings
from shared.streams import TOKENS
from shared.tokens import Claims

PATIENCE = 2.0
"""Seconds to find the broker."""
TRIES = 8
"""Compare-and-set against another operator who takes tokens back at the same moment."""
READ_AT_ONCE = 64


class IssuedTokens(Frozen):
    """What the bucket holds, oldest token first."""

    issued: tuple[Claims, ...]
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
        several = asyncio.Semaphore(READ_AT_ONCE)

        async def claims_under(key: str) -> Claims | None:
            async with several:
                stored = await value_of(self._ask, TOKENS, key)
                return Claims.model_validate_json(stored.data) if stored is not None else None

        issued = [claims for claims in await asyncio.gather(*map(claims_under, keys)) if claims is not None]
        return IssuedTokens(
            issued=tuple(sorted(issued, key=lambda claims: claims.issued_at)),
            revoked=(await self._revoked())[0],
        )

    async def revoke(self, entries: Sequence[Revocation], now: datetime) -> None:
        async for _ in attempts(TRIES):
            before, last = await self._revoked()
            after = before.with_entries(entries, now)
            with suppress(ConflictError):
                await self._write(REVOKED, after.model_dump_json().encode(), over=last)
                return
        raise TimeoutError(worded("others are taking tokens back at this moment"))

    async def _revoked(self) -> tuple[RevocationList, int]:
        stored = await value_of(self._ask, TOKENS, REVOKED)
        if stored is None:
            return RevocationList(revision=1), 0
        return RevocationList.model_validate_json(stored.data), stored.sequence

    async def _write(self, key: str, raw: bytes, *, over: int | None = None) -> int:
        return await write(self._connection, TOKENS, key, raw, over=over, timeout=PATIENCE)
