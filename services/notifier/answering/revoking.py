"""Links that are good for nothing any more: those that a person was sent about a case until somebody revoked
them.

Invariant: it is on record by whom and why before it holds, and it holds before that is answered. Which links
it stops follows from the record: those whose notice lies before it, also of a message that waits for its
gateway or for quiet hours to end. What is decided afterwards has a link that works.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Request
from nats.aio.client import Client
from pydantic import Field
from ulid import ULID

from services.notifier.delivery.record import SOURCE
from services.notifier.delivery.whether_over import case_now
from shared import territory
from shared.broker.append import append
from shared.broker.exchange import ConflictError
from shared.broker.forever import attempts
from shared.broker.stored import asking, value_of
from shared.broker.write import write
from shared.directory import Directory
from shared.door import KB, doorway
from shared.facts import Fact, Frozen, Given, Instant
from shared.facts.links import LinksRevoked
from shared.facts.report import Line
from shared.http_fields import CaseRef
from shared.ids import CaseId, PersonId
from shared.message import N_, said
from shared.problems import Problem
from shared.streams import LINKS
from shared.subjects import fact_subject
from shared.tokens import Gate, Principal
from shared.vocabulary import Kind, Role

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

TIMEOUT = 3.0
TRIES = 10
ALL = 2**63
"""Up to where, of a mark that nobody can read: nothing is answered by what may be revoked."""
NO_SUCH_CASE = N_("There is no such case: give its whole id.")
NOT_YOURS = N_(
    "This case is not of your unit, nor of one below it: ask its own duty desk, the emergency office or the operator."
)


class RevocationForm(Given):
    """Whose links, about which case, and why."""

    case: CaseRef
    person: Annotated[PersonId, Field(max_length=64)]
    why: Line


class RevokedLinks(Frozen):
    case: CaseId
    person: PersonId
    at: Instant


async def revoked_up_to(connection: Callable[[], Client], case: CaseId, person: PersonId) -> int:
    """The place in FACTS before which every notice's link is revoked; 0: none is.

    Raises NatsError or TimeoutError.
    """
    return (await _stored(connection, _key(case, person)))[0]


@dataclass(frozen=True)
class LinkRevocation:
    connection: Callable[[], Client]
    directory: Callable[[], Directory]
    gate: Gate
    clock: Callable[[], datetime]

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1")
        router.add_api_route(
            "/revoked-links",
            self.revoke,
            methods=["POST"],
            summary="The links that a person was sent about a case take no answer any more",
            responses={404: {"description": "No such case"}},
        )
        return router

    @doorway(body_limit=KB * 4)
    async def revoke(self, request: Request, form: RevocationForm) -> RevokedLinks:
        """What is decided from now on has a link that works. Of a duty officer: a case of theirs."""
        principal, case, now = (
            self.gate.admit(request, Role.OPERATOR, Role.DUTY_OFFICER),
            CaseId(form.case),
            self.clock(),
        )
        await self._check(principal, case, form.person, now)
        data = LinksRevoked(by=principal.actor(), person=form.person, why=form.why)
        fact = Fact.of(
            Kind.LINKS_REVOKED,
            id=f"revoked:{ULID.from_datetime(now)}",
            source=SOURCE,
            subject=case,
            time=now,
            data=data,
        )
        stored = await append(self.connection(), fact_subject(case, fact.kind), fact.write(), fact.id)
        await self._keep(_key(case, form.person), stored.seq)
        log.info("links_revoked", case=case, person=form.person, by=principal.subject)
        return RevokedLinks(case=case, person=form.person, at=now)

    async def _check(self, principal: Principal, case_id: CaseId, person: PersonId, now: datetime) -> None:
        directory = self.directory()
        if person not in directory.people_by_id:
            words = N_("%(person)s is not in the directory: `fenghuo directory show` lists who is.")
            raise Problem(422, N_("Unknown person"), said(words, person=person))
        try:
            case = await case_now(self.connection, case_id)
        except ValueError:
            case = None
        if case is None:
            raise Problem(404, N_("Not Found"), NO_SUCH_CASE)
        if principal.role is not Role.OPERATOR and (
            territory.may(principal.actor(), Kind.ESCALATED, case, directory, now) is not None
        ):
            raise Problem(403, N_("Forbidden"), NOT_YOURS)

    async def _keep(self, key: str, sequence: int) -> None:
        """Raises NatsError or TimeoutError."""
        async for _ in attempts(TRIES):
            before, revision = await _stored(self.connection, key)
            try:
                await write(self.connection(), LINKS, key, str(max(before, sequence)).encode(), over=revision)
            except ConflictError:
                continue
            return
        raise TimeoutError("the mark of revoked links is written by too many at once")


def _key(case: CaseId, person: PersonId) -> str:
    return f"{case}.{person}"


async def _stored(connection: Callable[[], Client], key: str) -> tuple[int, int]:
    """Up to where, and the revision."""
    stored = await value_of(asking(connection, TIMEOUT), LINKS, key)
    if stored is None:
        return 0, 0
    if stored.is_deletion:
        return 0, stored.sequence
    return int(stored.data) if stored.data.isdigit() else ALL, stored.sequence
