"""Sessions of people on the pages: what is stored of one, and whether a cookie still opens it. Pure.

Invariant: what is stored opens nothing: of the code of a one-time link and of the cookie the bucket holds
digests alone. A session that a link opened counts only beside that link, which the operator's key alone can
write; it never names a person or a role that the link does not. One by a provider counts only where one is
set, with the directory's roles. Its end moves with its use, and never beyond `LONGEST`.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from secrets import choice, token_urlsafe
from typing import Annotated

from pydantic import Field

from shared.directory import Directory
from shared.facts import Frozen, Instant
from shared.ids import PersonId
from shared.vocabulary import Role

COOKIE = "fenghuo_session"
ROLE_COOKIE = "fenghuo_role"
"""Under which of several roles a person acts in this browser: a wish, which opens nothing by itself."""
LONGEST = timedelta(days=7)
"""However much it is used, a session is over then."""
LINK_LASTS = timedelta(minutes=10)
SKEW = timedelta(minutes=5)
"""How far the clocks of two machines may be apart."""
RENEWED_WITHIN = 24
"""Its end moves when this part of its length has gone by since it last did: not each request writes."""
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: none is taken for another where somebody types it from another screen."""
CODE_LENGTH, GROUP = 12, 4
"""60 bits: not to be guessed within the minutes a link is good for, not even by who reads its digest."""
_MISREAD = str.maketrans("OIL", "011")
_CODE = re.compile(f"[{LETTERS}]{{{CODE_LENGTH}}}")
_ROLES_AT_MOST = 9


class SessionKey(StrEnum):
    """What the keys of the bucket begin with; behind it stands the digest of what opened the session."""

    LINK = "link"
    """What the operator's command has issued."""
    OPEN = "open"
    """Written once by intake: whoever comes second with the same link finds it there."""
    USED = "used"
    """When somebody last asked with it."""
    OVER = "over"
    """Logged out."""


class LoginWay(StrEnum):
    LINK = "link"
    PROVIDER = "provider"


Roles = Annotated[tuple[Role, ...], Field(min_length=1, max_length=_ROLES_AT_MOST)]


class LoginLink(Frozen):
    """`link.<digest of its code>`."""

    person: PersonId
    roles: Roles
    issued_at: Instant
    ends_at: Instant


class OpenSession(Frozen):
    """`open.<digest>`."""

    id: str
    """A ULID, by which the operator takes it back."""
    secret: str
    """The digest of its cookie."""
    person: PersonId
    roles: Roles
    began: Instant
    lasts: timedelta
    """So long from its last use on."""
    way: LoginWay = LoginWay.LINK


class SessionMoment(Frozen):
    """The value under `used` and `over`."""

    at: Instant


@dataclass(frozen=True, slots=True)
class KnownSession:
    digest: str
    """By which its keys are named."""
    opened: OpenSession
    issued_at: datetime
    """When its link was: what is taken back "until now" ends what came of earlier links."""
    used_at: datetime
    is_over: bool = False

    @property
    def ends_at(self) -> datetime:
        return min(self.used_at + self.opened.lasts, self.opened.began + LONGEST)

    def is_open(self, now: datetime) -> bool:
        return not self.is_over and now < self.ends_at

    def wants_renewal(self, now: datetime) -> bool:
        return now - self.used_at >= self.opened.lasts / RENEWED_WITHIN


def new_code() -> str:
    return "".join(choice(LETTERS) for _ in range(CODE_LENGTH))


def shown_code(code: str) -> str:
    """In groups, as it is read and typed."""
    return "-".join(code[start : start + GROUP] for start in range(0, CODE_LENGTH, GROUP))


def read_code(written: str) -> str | None:
    """The code as somebody typed it: in any case, with blanks and hyphens; None for what is none."""
    if len(written) > 4 * CODE_LENGTH:
        return None
    code = re.sub(r"[\s-]", "", written).upper().translate(_MISREAD)
    return code if _CODE.fullmatch(code) else None


def new_secret() -> str:
    return token_urlsafe(32)


def digest_of(secret: str) -> str:
    """What is stored of a code or a cookie."""
    return hashlib.sha256(f"fenghuo session {secret}".encode()).hexdigest()


def roles_now(session: OpenSession, directory: Directory) -> tuple[Role, ...]:
    """Under which roles the session may act in this directory: those it was opened for that the person still
    has. Whom a provider vouches for has those of the directory and no others.
    """
    person = directory.people_by_id.get(session.person)
    if person is None:
        return ()
    if person.roles is None:
        return session.roles if session.way is LoginWay.LINK else ()
    return tuple(role for role in session.roles if role in person.roles)


def acting_role(roles: Sequence[Role], wished: str) -> Role:
    """The first, unless the reader chose another of them."""
    return next((role for role in roles if role == wished), roles[0])


class SessionBook:
    """All sessions, as the bucket has told them so far."""

    def __init__(self, *, providers: bool = False) -> None:
        """`providers`: whether sessions count that a provider has vouched for."""
        self._providers = providers
        self._links: dict[str, LoginLink] = {}
        self._known: dict[str, KnownSession] = {}
        self._by_secret: dict[str, str] = {}
        self._over: set[str] = set()

    def take(self, key: str, raw: bytes, *, last_alone: bool = False) -> None:
        """`last_alone`: the bucket is read after a while, and of each key it has the last value alone. The
        uses before, each of which moved the session's end, are not told. Raises ValueError for what can't be
        read.
        """
        kind, _, digest = key.partition(".")
        match kind:
            case SessionKey.LINK:
                self._links[digest] = LoginLink.model_validate_json(raw)
            case SessionKey.OPEN:
                self._open(digest, OpenSession.model_validate_json(raw))
            case SessionKey.USED:
                self.use(digest, SessionMoment.model_validate_json(raw).at, last_alone=last_alone)
            case SessionKey.OVER:
                self._over.add(digest)
                self.end(digest)
            case _:
                raise ValueError(f"no key of a session: {key[:80]}")

    def link(self, digest: str) -> LoginLink | None:
        return self._links.get(digest)

    def is_opened(self, digest: str) -> bool:
        return digest in self._known

    def by_cookie(self, cookie: str, now: datetime) -> KnownSession | None:
        """The session that this cookie opens now."""
        known = self._known.get(self._by_secret.get(digest_of(cookie), ""))
        return known if known is not None and known.is_open(now) else None

    def of_person(self, person: PersonId, now: datetime) -> list[KnownSession]:
        """Open ones, the youngest first."""
        return [each for each in reversed(self.all_open(now)) if each.opened.person == person]

    def all_open(self, now: datetime) -> list[KnownSession]:
        """The oldest first."""
        known = [each for each in self._known.values() if each.is_open(now)]
        return sorted(known, key=lambda each: each.opened.began)

    def ids_logged_out(self) -> set[str]:
        return {known.opened.id for known in self._known.values() if known.is_over}

    def use(self, digest: str, at: datetime, *, last_alone: bool = False) -> None:
        known = self._known.get(digest)
        if known is None:
            return
        until = known.opened.began + LONGEST if last_alone else known.ends_at
        if known.used_at < at < until:
            self._known[digest] = replace(known, used_at=at)

    def end(self, digest: str) -> None:
        if (known := self._known.get(digest)) is not None:
            self._known[digest] = replace(known, is_over=True)

    def forget(self, before: datetime) -> None:
        """What began before cannot open anything any more."""
        gone = {digest for digest, each in self._known.items() if each.opened.began < before}
        gone |= {digest for digest, link in self._links.items() if link.issued_at < before}
        for digest in gone:
            self._links.pop(digest, None)
            if (known := self._known.pop(digest, None)) is not None:
                self._by_secret.pop(known.opened.secret, None)
        self._over &= self._known.keys() | self._links.keys()

    def _open(self, digest: str, session: OpenSession) -> None:
        """Raises ValueError for one that nobody proved."""
        if digest in self._known:
            return  # no second one over it, whoever wrote that
        issued_at = session.began
        if session.way is LoginWay.LINK:
            link = self._links.get(digest)
            if link is None or not _within(session, link):
                raise ValueError("a session without the link that opened it")
            issued_at = link.issued_at
        elif not self._providers:
            raise ValueError("a session by a provider, and none is set here")
        self._known[digest] = KnownSession(
            digest, session, issued_at, session.began, is_over=digest in self._over
        )
        self._by_secret[session.secret] = digest


def _within(session: OpenSession, link: LoginLink) -> bool:
    """Whether the session says no more than the link that opened it."""
    in_time = link.issued_at - SKEW <= session.began < link.ends_at + SKEW
    return in_time and session.person == link.person and set(session.roles) <= set(link.roles)
