"""Bearer tokens: compact JWS (EdDSA) with an id, an end, and whom they were made for.

Invariant: a token says who it was made for, never what that person may do today: `Gate` checks the signature
and the end, and asks shared/gatekeeping.py at each request what is true now. Issued by the operator's command
(`fenghuo token`) alone: no service holds the signing key.
"""

import time
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from fastapi import Request
from ulid import ULID

from shared.facts import Actor, Frozen, Instant
from shared.ids import PersonId, UnitId
from shared.message import N_, Sayable, said
from shared.problems import Problem
from shared.role_words import role_said, roles_said
from shared.vocabulary import Role

ALGORITHM = "EdDSA"
AUDIENCE, CALENDAR = "fenghuo", "fenghuo-calendar"
"""What a token is for: to ask as somebody, or to read a person's own shifts in a calendar and nothing else.
Neither counts as the other.
"""
COOKIE = "fenghuo_token"
"""Carries the token for pages: HttpOnly, SameSite=Strict."""
LONGEST = timedelta(days=366)
"""How long a token may be good for at most."""
_LOOKED_AT = "fenghuo.principal"
"""Where a request that has passed keeps who asks; nothing a client sends gets there."""
REMEMBERED = 4096
"""Tokens whose signature has been checked: verifying costs more than all else a small request does."""

EXPIRED = N_("The token has expired: ask the operator for a new one (`fenghuo token`).")


class Principal(Frozen):
    """Who is asking, as it is now."""

    subject: str
    """A person id for people, `source:<id>` for systems."""
    role: Role
    person: PersonId | None = None
    unit: UnitId | None = None

    def actor(self) -> Actor:
        return Actor(principal=self.subject, role=self.role, unit=self.unit, person=self.person)


class Claims(Frozen):
    """What a token says; true of the moment it was issued."""

    id: str | None = None
    """A ULID. Tokens issued before there were ids have none, and can be taken back by person, subject or
    role.
    """
    principal: Principal
    issued_at: Instant
    expires_at: Instant


def new_claims(principal: Principal, *, now: datetime, lasts: timedelta) -> Claims:
    return Claims(id=str(ULID.from_datetime(now)), principal=principal, issued_at=now, expires_at=now + lasts)


def sign(key: Ed25519PrivateKey, claims: Claims, audience: str = AUDIENCE) -> str:
    who = claims.principal
    payload: dict[str, Any] = {
        "aud": audience,
        "sub": who.subject,
        "role": who.role.value,
        # With its fraction: what is taken back ends at a moment, and a new token may be issued within the
        # same second.
        "iat": claims.issued_at.timestamp(),
        "exp": int(claims.expires_at.timestamp()),
        "jti": claims.id,
        "person": who.person,
        "unit": who.unit,
    }
    return jwt.encode(
        {name: value for name, value in payload.items() if value is not None}, key, algorithm=ALGORITHM
    )


def issue(key: Ed25519PrivateKey, principal: Principal, *, now: datetime, lasts: timedelta) -> str:
    return sign(key, new_claims(principal, now=now, lasts=lasts))


def verify(key: Ed25519PublicKey, token: str, audience: str = AUDIENCE) -> Claims:
    """Raises Problem 401 that says what is wrong with the token."""
    try:
        claims = jwt.decode(
            token, key, algorithms=[ALGORITHM], audience=audience, options={"require": ["sub", "exp", "role"]}
        )
        who = Principal(
            subject=claims["sub"],
            role=Role(claims["role"]),
            person=claims.get("person"),
            unit=claims.get("unit"),
        )
        return Claims(
            id=claims.get("jti"),
            principal=who,
            issued_at=_moment(claims.get("iat", 0)),
            expires_at=_moment(claims["exp"]),
        )
    except jwt.ExpiredSignatureError:
        raise unauthorized(EXPIRED) from None
    except (jwt.PyJWTError, ValueError, OverflowError) as error:
        raise unauthorized(
            said(
                N_("The token is not one of this system (%(error)s): check that it was copied whole."),
                error=error,
            )
        ) from None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(float(seconds), UTC)


def unauthorized(detail: Sayable) -> Problem:
    return Problem(401, N_("Unauthorized"), detail, headers={"WWW-Authenticate": "Bearer"})


CROSS_SITE = N_("This form was not sent from a page of this system. Open the page again and repeat it there.")


def sent_from_here(request: Request) -> bool:
    """Whether one of our own pages sent this. A browser says so in one of two headers; who says nothing is a
    stranger.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    # Browsers send Sec-Fetch-Site to secure origins only; plain http inside a closed network has Origin
    # alone.
    return urlsplit(request.headers.get("origin", "")).netloc == request.headers.get("host", "-")


def look_again(scope: MutableMapping[str, Any]) -> None:
    """For a request that lasts: whoever was let in at its beginning is asked anew at the next `admit`."""
    scope.pop(_LOOKED_AT, None)


def _bearer(request: Request) -> str:
    """The token of its header; empty where there is none. A proxy before the pages may want a header of its
    own from browsers (Basic), which says nothing here.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


class Gate:
    """Lets requests in: `gate.admit(request, Role.X, …)` returns the principal or raises 401/403 that names
    the roles.

    A browser sends its cookie along with whatever another page makes it send: one that would change something
    counts only from our own pages.
    """

    def __init__(
        self,
        key: Ed25519PublicKey,
        now_of: Callable[[Claims], Principal],
        session_of: Callable[[Request], Claims | None] = lambda _: None,
    ) -> None:
        """`now_of` gives who the bearer is at this moment, or raises Problem 401 (nobody any more) or 503
        (not known yet). `session_of`: what the request's session says of who asks, None where it brings none;
        raises Problem 401.
        """
        self._key, self._now_of, self._session_of = key, now_of, session_of
        self._verified: dict[tuple[str, str], tuple[Claims, float]] = {}
        """What it is for and the token → claims, end. Never the principal: that changes while the token
        stays.
        """

    def read(self, token: str, audience: str = AUDIENCE) -> Principal:
        """The principal of a token as of now. Raises Problem 401, 503. A signature is checked once, all else
        each time.
        """
        return self._now_of(self._claims(token, audience))

    def holds(self, claims: Claims) -> bool:
        """Whether a token that was let in once would be now, its end aside."""
        try:
            self._now_of(claims)
        except Problem:
            return False
        return True

    def claims(self, request: Request) -> Claims:
        """What the session or token says that this request was let in by. Raises Problem 401."""
        self.someone(request)
        token = _bearer(request)
        session = self._session(request) if not token else None
        return session or self._claims(token or request.cookies.get(COOKIE, ""), AUDIENCE)

    def _session(self, request: Request) -> Claims | None:
        """Of one that is over nothing, where a token stands beside it. Raises Problem 401."""
        try:
            return self._session_of(request)
        except Problem:
            if request.cookies.get(COOKIE):
                return None
            raise

    def _claims(self, token: str, audience: str) -> Claims:
        verified = self._verified.get((audience, token))
        if verified is None or time.time() >= verified[1]:
            claims = verify(self._key, token, audience)
            if len(self._verified) >= REMEMBERED:
                self._verified.clear()
            verified = self._verified[audience, token] = (claims, claims.expires_at.timestamp())
        return verified[0]

    def who(self, request: Request) -> Principal | None:
        """The principal of a bearer header or of the pages' cookies: that of a session, else that of a token.
        None where the request carries none.
        """
        if token := _bearer(request):
            return self.read(token)
        cookie, session = request.cookies.get(COOKIE), self._session(request)
        if session is None and not cookie:
            return None
        if request.method not in ("GET", "HEAD") and not sent_from_here(request):
            raise Problem(403, N_("Forbidden"), CROSS_SITE)
        return self._now_of(session) if session is not None else self.read(cookie or "")

    def now(self, claims: Claims) -> Principal:
        """Whom these claims stand for at this moment. Raises Problem 401, 503."""
        return self._now_of(claims)

    def someone(self, request: Request) -> Principal:
        """Whoever asks, in whatever role; looked at once a request, by the door. Raises Problem 401, 403,
        503.
        """
        known = request.scope.get(_LOOKED_AT)
        if isinstance(known, Principal):
            return known
        principal = self.who(request)
        if principal is None:
            raise unauthorized(
                N_("Send `Authorization: Bearer <token>`; tokens are issued with `fenghuo token`.")
            )
        request.scope[_LOOKED_AT] = principal
        return principal

    def admit(self, request: Request, *roles: Role) -> Principal:
        principal = self.someone(request)
        if roles and principal.role not in roles:
            raise Problem(
                403,
                N_("Forbidden"),
                said(
                    N_("Your role is %(role)s; this needs one of: %(allowed)s."),
                    role=role_said(principal.role),
                    allowed=roles_said(roles),
                ),
            )
        # Whoever keeps a record of what was asked (the audit) finds there who was let in.
        request.state.principal = principal
        return principal
