"""What one token opens at each of the four services, and how long that lasts."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx2

from fenghuo.token_ledger import TokenLedger
from shared import tokens
from shared.revocation import Revocation, TakenBackBy
from shared.secrets import SecretFile, signing_key
from shared.tokens import Claims, Principal
from tests.attacks.conftest import Installation
from tests.lab import until

DOORS = {
    "intake": "/api/v1/cases",
    "escalator": "/api/v1/policy",
    "notifier": "/api/v1/deliveries",
    "audit": "/api/v1/trail/entries",
}
"""A route of each service that an auditor, a duty officer's desk and a supervisor may read."""


def issued(installation: Installation, principal: Principal, *, has_id: bool = True) -> tuple[str, Claims]:
    """A token of an hour, and what it says."""
    claims = tokens.new_claims(principal, now=datetime.now(UTC), lasts=timedelta(hours=1))
    claims = claims if has_id else claims.model_copy(update={"id": None})
    return tokens.sign(signing_key(installation.lab.secrets, SecretFile.TOKEN_SIGNING), claims), claims


async def take_back(installation: Installation, by: TakenBackBy, value: str) -> None:
    now = datetime.now(UTC)
    async with TokenLedger(installation.lab.settings("admin")) as ledger:
        await ledger.revoke([Revocation(by=by, value=value, at=now, ends_at=now + timedelta(days=1))], now)


async def answers(
    installation: Installation, token: str, doors: tuple[str, ...] = tuple(DOORS)
) -> dict[str, int]:
    """Service → status, all asked at once."""
    async with httpx2.AsyncClient(timeout=10, verify=False) as http:
        return dict(
            zip(
                doors,
                await asyncio.gather(*(_asked(http, installation, token, door) for door in doors)),
                strict=True,
            )
        )


async def seconds_until_refused(
    installation: Installation,
    token: str,
    deed: Callable[[], Awaitable[object]],
    doors: tuple[str, ...] = tuple(DOORS),
) -> float:
    """How long after `deed` was done a request was still sent that one of the doors let in; 0 where none
    was.
    """
    async with httpx2.AsyncClient(timeout=10, verify=False) as http:
        await asyncio.gather(*(_asked(http, installation, token, door) for door in doors))
        await deed()
        began = time.monotonic()
        last_let_in = began

        async def refused(door: str) -> bool:
            nonlocal last_let_in
            sent = time.monotonic()
            if await _asked(http, installation, token, door) == 401:
                return True
            last_let_in = max(last_let_in, sent)
            return False

        await asyncio.gather(
            *(until(lambda door=door: refused(door), what=f"refused by {door}") for door in doors)
        )
        return last_let_in - began


async def _asked(http: httpx2.AsyncClient, installation: Installation, token: str, service: str) -> int:
    url = f"{getattr(installation, service).url}{DOORS[service]}"
    return (await http.get(url, headers={"Authorization": f"Bearer {token}"})).status_code
