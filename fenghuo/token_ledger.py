"""The bucket TOKENS as the operator's command keeps it: which tokens were issued, and which were taken back.

Invariant: never a token itself, only what it says; and only the admin's key writes here. The list of those
taken back is one value, written by compare-and-set, which every service follows (shared/gatekeeping.py).
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Self

from nats.js.errors import KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KeyValue

from shared.broker.connection import connect
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


class Ledger(Frozen):
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
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()

    async def record(self, issued: Sequence[Claims]) -> None:
        bucket = await self._bucket()
        for claims in issued:
            await bucket.put(f"{ISSUED}.{claims.id}", claims.model_dump_json(exclude_none=True).encode())

    async def read(self) -> Ledger:
        js = self._connection.jetstream(timeout=PATIENCE)
        state = (await js.stream_info(f"KV_{TOKENS}", subjects_filter=f"$KV.{TOKENS}.{ISSUED}.>")).state
        keys = [subject.removeprefix(f"$KV.{TOKENS}.") for subject in state.subjects or {}]
        bucket, several = await self._bucket(), asyncio.Semaphore(READ_AT_ONCE)

        async def claims_under(key: str) -> Claims:
            async with several:
                return Claims.model_validate_json((await bucket.get(key)).value or b"")

        issued = await asyncio.gather(*map(claims_under, keys))
        return Ledger(
            issued=tuple(sorted(issued, key=lambda claims: claims.issued_at)),
            revoked=(await self._revoked(bucket))[0],
        )

    async def revoke(self, entries: Sequence[Revocation], now: datetime) -> None:
        bucket = await self._bucket()
        for attempt in range(TRIES):
            before, last = await self._revoked(bucket)
            try:
                await bucket.update(
                    REVOKED, before.with_entries(entries, now).model_dump_json().encode(), last=last
                )
            except KeyWrongLastSequenceError:
                await asyncio.sleep(0.05 * attempt)
                continue
            return
        raise TimeoutError("others are taking tokens back at this moment")

    async def _revoked(self, bucket: KeyValue) -> tuple[RevocationList, int]:
        try:
            entry = await bucket.get(REVOKED)
        except KeyNotFoundError:
            return RevocationList(revision=1), 0
        return RevocationList.model_validate_json(entry.value or b""), entry.revision or 0

    async def _bucket(self) -> KeyValue:
        return await self._connection.jetstream(timeout=PATIENCE).key_value(TOKENS)
