"""The operator has what can wait wait while something is mended, over HTTP.

Invariant: it is on record by whom and why before it is answered.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Request

from services.notifier.delivery.restraint import (
    LONGEST_PAUSE,
    NoticePause,
    NotPaused,
    PausedAlready,
    Restraint,
)
from shared.door import KB, doorway
from shared.facts import Given
from shared.facts.bounds import WhenGiven
from shared.facts.report import Line
from shared.message import N_
from shared.problems import Problem
from shared.tokens import Gate
from shared.vocabulary import Role

TOO_LONG = N_(
    "a pause lasts from a second to two hours: write it as in PT30M; what takes longer is paused again"
)


def _no_pause(span: timedelta) -> str | None:
    return None if timedelta(seconds=1) <= span <= LONGEST_PAUSE else TOO_LONG


class PauseForm(Given):
    """For how long, and what for."""

    lasts: Annotated[timedelta, WhenGiven(_no_pause)]
    why: Line


@dataclass(frozen=True)
class PauseApi:
    restraint: Restraint
    gate: Gate

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1")
        router.add_api_route(
            "/pause",
            self.begin,
            methods=["POST"],
            summary="What can wait is not sent for a while",
            responses={409: {"description": "A pause is on already"}},
        )
        router.add_api_route(
            "/resume",
            self.end,
            methods=["POST"],
            summary="End the pause before its time",
            responses={409: {"description": "No pause is on"}},
        )
        return router

    @doorway(body_limit=KB * 4)
    async def begin(self, request: Request, form: PauseForm) -> NoticePause:
        principal = self.gate.admit(request, Role.OPERATOR)
        try:
            return await self.restraint.begin(principal.actor(), form.lasts, form.why)
        except PausedAlready:
            raise Problem(
                409,
                N_("Paused already"),
                N_("A pause is on: `fenghuo notify resume` ends it, and then another may begin."),
            ) from None

    @doorway(body_limit=KB)
    async def end(self, request: Request) -> NoticePause:
        principal = self.gate.admit(request, Role.OPERATOR)
        try:
            return await self.restraint.end(principal.actor())
        except NotPaused:
            raise Problem(
                409, N_("Not paused"), N_("No pause is on: messages go out as they come.")
            ) from None
