"""A session is opened by a one-time link of the operator's, or because a provider vouches for somebody.

Invariant: what opens a session opens one and no second, whichever replica is asked and wherever one dies: the
session is stored under the digest of what opened it, and only where nothing stands there yet. Nobody gets a
role that the directory does not give them now.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from nats.aio.client import Client
from ulid import ULID

from shared.broker.exchange import ConflictError
from shared.broker.write import write
from shared.directory import Directory
from shared.ids import PersonId
from shared.message import N_, Marked
from shared.problems import Problem
from shared.session_follower import Sessions
from shared.sessions import (
    LoginLink,
    LoginWay,
    OpenSession,
    SessionKey,
    digest_of,
    new_secret,
    read_code,
    roles_now,
)
from shared.streams import SESSIONS
from shared.tokens import Claims, Gate, Principal
from shared.vocabulary import Role

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PATIENCE = 5.0
NO_CODE = N_("This is no code of this system: look whether all twelve letters and figures are there.")
OVER = N_("This code is over: it is good for minutes only. Ask the operator for a new one.")
USED = N_("This code has been used: it is good once. If that was not you, tell the operator at once.")
NOBODY = N_(
    "The directory does not have this person any more, or gives them none of these roles: ask the operator."
)
STRANGER = N_(
    "You are logged in there, but the directory here does not have you under that name, or gives you no role: ask the operator."
)
REPLAYED = N_("This log-in has been used: begin again.")


class CodeRefused(Problem):
    """A code that opens nothing; its words stand at the field in which it was typed."""


class SessionOpening:
    def __init__(
        self,
        sessions: Sessions,
        gate: Gate,
        directory: Callable[[], Directory],
        connection: Callable[[], Client],
        clock: Callable[[], datetime],
        *,
        lasts: timedelta,
    ) -> None:
        self._sessions, self._gate, self._directory = sessions, gate, directory
        self._connection, self._clock, self._lasts = connection, clock, lasts

    def link(self, written: str) -> LoginLink:
        """What this code would open. Raises CodeRefused 404, 410; Problem 401 where its person is taken back
        or gone, 503.
        """
        code = read_code(written)
        digest = digest_of(code) if code is not None else ""
        link = self._sessions.book.link(digest)
        if link is None:
            raise CodeRefused(404, N_("Not Found"), NO_CODE)
        if self._sessions.book.is_opened(digest):
            raise CodeRefused(410, N_("Gone"), USED)
        if self._clock() >= link.ends_at:
            raise CodeRefused(410, N_("Gone"), OVER)
        self._check(self._session(link.person, link.roles, LoginWay.LINK), link.issued_at)
        return link

    async def by_link(self, written: str) -> str:
        """The session's cookie. Raises like `link`, and NatsError or TimeoutError."""
        link, digest = self.link(written), digest_of(read_code(written) or "")
        return await self._open(digest, self._session(link.person, link.roles, LoginWay.LINK), USED)

    async def by_provider(self, state: str, person: PersonId) -> str:
        """The same; `state`: of the log-in that the provider has answered."""
        known = self._directory().people_by_id.get(person)
        if known is None or not known.roles:
            raise CodeRefused(403, N_("Forbidden"), STRANGER)
        session = self._session(person, known.roles, LoginWay.PROVIDER)
        self._check(session, session.began)
        return await self._open(digest_of(state), session, REPLAYED)

    async def _open(self, digest: str, unkept: OpenSession, used: Marked) -> str:
        cookie = new_secret()
        session = unkept.model_copy(update={"secret": digest_of(cookie)})
        raw = session.model_dump_json().encode()
        try:
            key = f"{SessionKey.OPEN}.{digest}"
            await write(self._connection(), SESSIONS, key, raw, over=0, timeout=PATIENCE)
        except ConflictError:
            raise CodeRefused(410, N_("Gone"), used) from None
        self._sessions.book.take(key, raw)
        log.info("session_opened", session=session.id, person=session.person, way=session.way)
        return cookie

    def _session(self, person: PersonId, roles: tuple[Role, ...], way: LoginWay) -> OpenSession:
        now = self._clock()
        return OpenSession(
            id=str(ULID.from_datetime(now)),
            secret="",
            person=person,
            roles=roles,
            way=way,
            began=now,
            lasts=self._lasts,
        )

    def _check(self, session: OpenSession, issued_at: datetime) -> None:
        """Raises Problem where the session would open nothing."""
        roles = roles_now(session, self._directory())
        if not roles:
            raise CodeRefused(403, N_("Forbidden"), NOBODY)
        who = Principal(subject=session.person, role=roles[0], person=session.person)
        self._gate.now(Claims(principal=who, issued_at=issued_at, expires_at=session.began + session.lasts))
