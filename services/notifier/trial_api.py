"""The operator has every way to a person tried, over HTTP.

Invariant: it is said by name who asked for it, and what is sent says that nothing has happened.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import APIRouter, Request
from pydantic import Field

from services.notifier.delivery.trial import ReachTrial, TriedWay
from shared.directory import Directory
from shared.door import KB, doorway
from shared.facts import Frozen, Given, Name
from shared.ids import PersonId
from shared.message import N_, said
from shared.problems import Problem
from shared.tokens import Gate
from shared.vocabulary import Role

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class TrialForm(Given):
    """Whom to try."""

    person: Annotated[PersonId, Field(max_length=64)]


class Tried(Frozen):
    """What came of each way to a person."""

    person: str
    name: Name
    ways: tuple[TriedWay, ...]


@dataclass(frozen=True)
class TrialApi:
    trial: ReachTrial
    directory: Callable[[], Directory]
    gate: Gate

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1")
        router.add_api_route(
            "/reach-trials", self.try_person, methods=["POST"], summary="Try every channel of a person"
        )
        return router

    @doorway(body_limit=KB)
    async def try_person(self, request: Request, form: TrialForm) -> Tried:
        principal = self.gate.admit(request, Role.OPERATOR)
        person = self.directory().people_by_id.get(form.person)
        if person is None:
            raise Problem(
                422,
                N_("Unknown person"),
                said(
                    N_("%(person)s is not in the directory: `fenghuo directory show` lists who is."),
                    person=form.person,
                ),
            )
        ways = tuple(await self.trial.of(person))
        log.info(
            "reach_tried",
            person=person.id,
            by=principal.subject,
            handed_over=[way.channel for way in ways if way.handed_over],
            failed=[way.channel for way in ways if not way.handed_over],
        )
        return Tried(person=person.id, name=person.name, ways=ways)
