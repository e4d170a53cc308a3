"""The bucket SESSIONS as a service follows it: who a session's cookie stands for, that it is in use, that it
is over.

Invariant: a cookie is looked up in memory and asks nobody; a use that the broker has not heard of yet counts
here already, so that a broker that is away throws nobody out; a session that was ended here is over here at
once.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog
from fastapi import Request
from nats.aio.client import Client

from shared.broker.bucket_follower import BucketEntry, BucketFollower
from shared.broker.forever import AWAY, error_text
from shared.broker.write import write
from shared.directory import Directory
from shared.message import N_
from shared.sessions import (
    COOKIE,
    ROLE_COOKIE,
    SKEW,
    KnownSession,
    SessionBook,
    SessionKey,
    SessionMoment,
    acting_role,
    roles_now,
)
from shared.streams import SESSIONS, SESSIONS_KEPT
from shared.tokens import Claims, Principal, unauthorized
from shared.vocabulary import Role

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

OVER = N_("Your session is over: log in again. What you were about to open is not lost.")
NO_ROLE_LEFT = N_(
    "The directory gives you no role any more under which this session could act: ask the operator."
)
COOKIE_LIMIT = 200
WRITE_EVERY = 2.0
"""Seconds between two rounds in which uses are written."""
PATIENCE = 2.0
"""Seconds to wait for the broker."""
_IN_USE = "fenghuo.session_in_use"


class Sessions:
    """`open`, `run` and `check` as of every follower; `keep` belongs to the tasks too."""

    def __init__(
        self,
        connection: Callable[[], Client],
        directory: Callable[[], Directory],
        clock: Callable[[], datetime],
        *,
        providers: bool = False,
    ) -> None:
        self._connection, self._directory, self._clock = connection, directory, clock
        self._providers = providers
        self.book = SessionBook(providers=providers)
        self._unwritten: dict[tuple[SessionKey, str], datetime] = {}
        self._follower = BucketFollower(SESSIONS, connection, self._take, forget=self._begin_anew)
        self.open, self.run, self.check = self._follower.open, self._follower.run, self._follower.check

    def of(self, request: Request) -> KnownSession | None:
        """The session that the request's cookie opens."""
        cookie = request.cookies.get(COOKIE, "")
        return self.book.by_cookie(cookie, self._clock()) if 0 < len(cookie) <= COOKIE_LIMIT else None

    def roles(self, known: KnownSession) -> tuple[Role, ...]:
        return roles_now(known.opened, self._directory())

    def claims(self, request: Request) -> Claims | None:
        """What the request's session says of who asks; None where it brings none. Raises Problem 401."""
        if not request.cookies.get(COOKIE):
            return None
        known = self.of(request)
        if known is None:
            raise unauthorized(OVER)
        roles = self.roles(known)
        if not roles:
            raise unauthorized(NO_ROLE_LEFT)
        self._note_use(request, known)
        session, role = known.opened, acting_role(roles, request.cookies.get(ROLE_COOKIE, ""))
        return Claims(
            id=session.id,
            principal=Principal(subject=session.person, role=role, person=session.person),
            issued_at=known.issued_at,
            expires_at=known.ends_at,
        )

    async def end(self, known: KnownSession) -> None:
        """Here it is over at once; for the other services as soon as the broker has stored it."""
        self.book.end(known.digest)
        self._unwritten[SessionKey.OVER, known.digest] = self._clock()
        await self._write_all()

    async def keep(self) -> None:
        """Writes which sessions were used, and forgets what is long over."""
        while True:
            await asyncio.sleep(WRITE_EVERY)
            self.book.forget(self._clock() - SESSIONS_KEPT)
            await self._write_all()

    def _note_use(self, request: Request, known: KnownSession) -> None:
        """Once a request: a stream that stays open asks again and again, and is nobody at work."""
        now = self._clock()
        if request.scope.get(_IN_USE) is None:
            request.scope[_IN_USE] = True
            if known.wants_renewal(now):
                self.book.use(known.digest, now)
                self._unwritten[SessionKey.USED, known.digest] = now

    async def _write_all(self) -> None:
        try:
            for (key, digest), at in list(self._unwritten.items()):
                raw = SessionMoment(at=at).model_dump_json().encode()
                await write(self._connection(), SESSIONS, f"{key}.{digest}", raw, timeout=PATIENCE)
                if self._unwritten.get((key, digest)) == at:
                    del self._unwritten[key, digest]
        except AWAY as error:
            log.warning("sessions_not_written", error=error_text(error), waiting=len(self._unwritten))

    def _take(self, entry: BucketEntry) -> None:
        kind, _, digest = entry.key.partition(".")
        if entry.value is None:
            if kind != SessionKey.USED:
                self.book.end(digest)
            return
        if (
            kind == SessionKey.USED
            and SessionMoment.model_validate_json(entry.value).at > self._clock() + SKEW
        ):
            raise ValueError("a session used in the future")
        self.book.take(entry.key, entry.value, last_alone=not self._follower.is_current)

    def _begin_anew(self) -> None:
        """Another bucket knows other sessions, and none of these."""
        self.book = SessionBook(providers=self._providers)
