"""What a token is worth at this moment: whether it was taken back, and who its bearer is in the directory of
now.

Invariant: a person's unit is the directory's, their role one that the directory still gives them; who is gone
from it, or was taken back, is nobody. A service that has not read both since its start trusts no token (503);
one that the broker has left goes on with the last it knew, since people must be able to report.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from shared.broker.bucket_follower import BucketEntry, BucketFollower
from shared.directory import Directory
from shared.directory.live import LiveDirectory
from shared.message import N_
from shared.problems import Problem
from shared.revocation import REVOKED, RevocationList, revocation_of
from shared.secrets import SecretFile, verify_key
from shared.service import Service
from shared.session_follower import Sessions
from shared.streams import TOKENS
from shared.tokens import Claims, Gate, Principal, unauthorized
from shared.vocabulary import Role

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

SOURCE = "source:"

TAKEN_BACK = N_("This token was taken back: ask the operator for a new one (`fenghuo token`).")
NOT_HERE = N_("The person this token was made for is not in the directory any more: ask the operator.")
ROLE_LOST = N_(
    "The directory does not give you the role of this token any more: ask the operator for a new one (`fenghuo token`)."
)
SOURCE_GONE = N_("The source this token was made for is not in the directory any more: ask the operator.")
UNIT_GONE = N_("The unit this token was made for is not in the directory any more: ask the operator.")
NO_UNIT = N_(
    "A reporter speaks for a unit, and this token names none: ask the operator for a new one (`fenghuo token`)."
)
NOT_READ_YET = N_(
    "This service has just started and does not know yet which tokens were taken back: try again in a moment."
)


class Revocations:
    """The tokens taken back, as the bucket TOKENS says."""

    def __init__(self, connection: Callable[[], Client]) -> None:
        self.is_read = False
        self._revision = 0
        self._entries = RevocationList(revision=1).by_value()
        self._unreadable = False
        self._follower = BucketFollower(TOKENS, connection, self._take, keys=(REVOKED,))
        self.run, self.check = self._follower.run, self._follower.check

    async def open(self) -> None:
        """Raises NatsError, on which it is tried again, where the list is not to be had or no revision of it
        can be read.
        """
        await self._follower.open()
        if self._unreadable:
            raise NatsError(
                "no list of tokens taken back that the bucket keeps can be read: take one back anew, as the operator"
            )
        self.is_read = True

    def covers(self, claims: Claims) -> bool:
        return revocation_of(claims, self._entries) is not None

    def _take(self, entry: BucketEntry) -> None:
        if entry.value is None:
            return
        self._unreadable = self._revision == 0
        revoked = RevocationList.model_validate_json(entry.value)
        self._unreadable = False
        if revoked.revision > self._revision:
            self._revision, self._entries = revoked.revision, revoked.by_value()
            log.info("revocations", revision=revoked.revision, entries=len(revoked.entries))


def principal_now(claims: Claims, directory: Directory) -> Principal:
    """Whom the token stands for in this directory. Raises Problem 401."""
    principal = claims.principal
    if principal.person is not None:
        person = directory.people_by_id.get(principal.person)
        if person is None:
            raise unauthorized(NOT_HERE)
        if person.roles is not None and principal.role not in person.roles:
            raise unauthorized(ROLE_LOST)
        return principal.model_copy(update={"unit": person.unit})
    if (
        principal.subject.startswith(SOURCE)
        and principal.subject.removeprefix(SOURCE) not in directory.sources_by_id
    ):
        raise unauthorized(SOURCE_GONE)
    if principal.unit is not None and principal.unit not in directory.units_by_id:
        raise unauthorized(UNIT_GONE)
    if principal.unit is None and principal.role is Role.REPORTER:
        raise unauthorized(NO_UNIT)
    return principal


def sessions_of(service: Service, directory: LiveDirectory) -> Sessions:
    """For a service with pages: the sessions that open them."""
    sessions = Sessions(
        lambda: service.connection,
        lambda: directory.now,
        lambda: datetime.now(UTC),
        providers=bool(service.settings.oidc_issuer),
    )
    service.prepare.append(sessions.open)
    service.tasks += [sessions.run, sessions.keep]
    service.checks["sessions"] = sessions.check
    return sessions


def gate_of(service: Service, directory: LiveDirectory, sessions: Sessions | None = None) -> Gate:
    """The service's one gate. What it follows becomes part of how the service starts, works and is ready."""
    revocations = Revocations(lambda: service.connection)

    async def know() -> None:
        await directory.open()
        await revocations.open()

    def now_of(claims: Claims) -> Principal:
        if not revocations.is_read:
            raise Problem(503, N_("Not ready"), NOT_READ_YET, headers={"Retry-After": "1"})
        if revocations.covers(claims):
            raise unauthorized(TAKEN_BACK)
        return principal_now(claims, directory.now)

    service.prepare.append(know)
    service.tasks += [directory.run, revocations.run]
    service.checks |= {"directory": directory.check, "tokens": revocations.check}
    key = verify_key(service.settings.secrets, SecretFile.TOKEN_VERIFY)
    gate = Gate(key, now_of) if sessions is None else Gate(key, now_of, sessions.claims)
    return service.guarded_by(gate)
