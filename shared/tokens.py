"""Bearer tokens: compact JWS (EdDSA) that say who someone is and in which role, verified without asking anyone.

Issued by the operator's command (`fenghuo token`), never by a service: no service holds the signing key.
"""

import time
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from fastapi import Request

from shared.facts import Actor, Frozen
from shared.ids import PersonId, UnitId
from shared.problems import Problem
from shared.vocabulary import Role

ALGORITHM = "EdDSA"
AUDIENCE = "fenghuo"
COOKIE = "fenghuo_token"
"""Carries the token for pages: HttpOnly, SameSite=Strict."""
REMEMBERED = 4096
"""Tokens whose signature has been checked: verifying costs more than all else a small request does."""


class Principal(Frozen):
    """Who is asking."""

    subject: str
    """A person id for people, `source:<id>` for systems."""
    role: Role
    person: PersonId | None = None
    unit: UnitId | None = None

    def actor(self) -> Actor:
        return Actor(principal=self.subject, role=self.role, unit=self.unit)


def issue(key: Ed25519PrivateKey, principal: Principal, *, now: datetime, lasts: timedelta) -> str:
    claims: dict[str, Any] = {
        "aud": AUDIENCE,
        "sub": principal.subject,
        "role": principal.role.value,
        "iat": int(now.timestamp()),
        "exp": int((now + lasts).timestamp()),
    }
    if principal.person:
        claims["person"] = principal.person
    if principal.unit:
        claims["unit"] = principal.unit
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def verify(key: Ed25519PublicKey, token: str) -> Principal:
    """Raises Problem 401 that says what is wrong with the token."""
    return _verified(key, token)[0]


def _verified(key: Ed25519PublicKey, token: str) -> tuple[Principal, int]:
    """The principal and when the token expires."""
    try:
        claims = jwt.decode(token, key, algorithms=[ALGORITHM], audience=AUDIENCE, options={"require": ["sub", "exp", "role"]})
        who = Principal(subject=claims["sub"], role=Role(claims["role"]), person=claims.get("person"), unit=claims.get("unit"))
        return who, int(claims["exp"])
    except jwt.ExpiredSignatureError:
        raise _unauthorized("The token has expired: ask the operator for a new one (`fenghuo token`).") from None
    except (jwt.PyJWTError, ValueError) as error:
        raise _unauthorized(f"The token is not one of this system ({error}): check that it was copied whole.") from None


def _unauthorized(detail: str) -> Problem:
    return Problem(401, "Unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})


CROSS_SITE = "This form was not sent from a page of this system. Open the page again and repeat it there."


def sent_from_here(request: Request) -> bool:
    """Whether one of our own pages sent this. A browser says so in one of two headers; who says nothing is a stranger."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    # Browsers send Sec-Fetch-Site to secure origins only; plain http inside a closed network has Origin alone.
    return urlsplit(request.headers.get("origin", "")).netloc == request.headers.get("host", "-")


class Gate:
    """Lets requests in: `gate.admit(request, Role.X, …)` returns the principal or raises 401/403 that names the roles.

    A browser sends its cookie along with whatever another page makes it send: one that would change something counts only
    from our own pages.
    """

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key
        self._verified: dict[str, tuple[Principal, int]] = {}

    def read(self, token: str) -> Principal:
        """The principal of a token. Raises Problem 401. A signature is checked once; the expiry each time."""
        known = self._verified.get(token)
        if known is not None and time.time() < known[1]:
            return known[0]
        verified = _verified(self._key, token)
        if len(self._verified) >= REMEMBERED:
            self._verified.clear()
        self._verified[token] = verified
        return verified[0]

    def who(self, request: Request) -> Principal | None:
        """The principal of a bearer header or of the pages' cookie; None where the request carries neither."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            return self.read(token.strip())
        cookie = request.cookies.get(COOKIE)
        if cookie and request.method not in ("GET", "HEAD") and not sent_from_here(request):
            raise Problem(403, "Forbidden", CROSS_SITE)
        return self.read(cookie) if cookie else None

    def admit(self, request: Request, *roles: Role) -> Principal:
        principal = self.who(request)
        if principal is None:
            raise _unauthorized("Send `Authorization: Bearer <token>`; tokens are issued with `fenghuo token`.")
        if roles and principal.role not in roles:
            allowed = ", ".join(roles)
            raise Problem(403, "Forbidden", f"Your role is {principal.role}; this needs one of: {allowed}.")
        # Whoever keeps a record of what was asked (the audit) finds there who was let in.
        request.state.principal = principal
        return principal
