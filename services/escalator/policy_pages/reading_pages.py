"""The policy in force, every version, and one of them: in words, with what is different and what it would
have changed.

Invariant: what is shown is what decides: the same document, read by the same rules.
"""

import asyncio
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Query, Request, Response

from services.escalator.policy.book import Policy
from services.escalator.policy.versions import Version
from services.escalator.policy_pages.desk import READERS, READERS_OF_CASES, PolicyDesk
from services.escalator.policy_pages.rules_in_words import ASPECTS, COLUMNS
from services.escalator.policy_pages.text_lines import changed_lines
from services.escalator.policy_pages.trial import DAYS, Trial
from services.escalator.policy_store.steps import DRAFTERS, SIMULATORS
from shared.http_fields import IdRef
from shared.language.catalogue import N_
from shared.lined_yaml import YamlFault
from shared.problems import Problem
from shared.tokens import Principal

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
LISTED = 40
"""Versions on the first page; those that are or were in force always."""
CASES_SHOWN = 20
UNREADABLE = N_("This version can no longer be read: lay its text down anew, mended.")
UNPLAYABLE = N_(
    "The cases on record could not be played under this version: nothing was changed. Tell the operator."
)


def add_reading(router: APIRouter, desk: PolicyDesk) -> None:
    @router.get("/")
    async def overview(request: Request) -> Response:
        principal = desk.pages.admit(request, *READERS)
        current = desk.in_force()
        listed = [
            version
            for number, version in enumerate(desk.policies.versions)
            if number < LISTED or version.approvals
        ]
        running = desk.running()
        return desk.show(
            request,
            "overview.html",
            principal,
            current=desk.view(current) if current else None,
            versions=[desk.view(version) for version in listed],
            counted_at=running.at if running else None,
            **_in_words(desk, request, desk.policies.in_force(desk.pages.clock())),
        )

    @router.get("/versions/{version}")
    async def one(request: Request, version: IdRef) -> Response:
        principal = desk.pages.admit(request, *READERS)
        return await show_version(desk, request, principal, desk.steps.version(version))

    @router.get("/versions/{version}/words")
    async def words(request: Request, version: IdRef) -> Response:
        principal = desk.pages.admit(request, *READERS)
        stored = desk.steps.version(version)
        return desk.show(
            request,
            "words.html",
            principal,
            view=desk.view(stored),
            **_in_words(desk, request, policy_of(desk, stored)),
        )

    @router.get("/versions/{version}/trial")
    async def trial(
        request: Request, version: IdRef, days: Annotated[int, Query(ge=1, le=max(DAYS))] = 30
    ) -> Response:
        principal = desk.pages.admit(request, *SIMULATORS)
        stored = desk.steps.version(version)
        policy = policy_of(desk, stored)
        try:
            tried = await desk.trials.play(policy, days, desk.wording(request, policy), desk.pages.zone)
        except (ValueError, ArithmeticError, LookupError, TypeError) as error:
            log.warning("trial_failed", error=str(error)[:200], kind=type(error).__name__)
            raise Problem(422, N_("Invalid history"), UNPLAYABLE) from None
        return await show_version(desk, request, principal, stored, tried=tried)


def policy_of(desk: PolicyDesk, version: Version) -> Policy:
    try:
        return desk.policies.policy_of(version)
    except YamlFault:
        raise Problem(409, N_("Invalid policy"), UNREADABLE) from None


async def show_version(
    desk: PolicyDesk,
    request: Request,
    principal: Principal,
    version: Version,
    *,
    status: int = 200,
    tried: Trial | None = None,
    **context: Any,
) -> Response:
    view, policy = desk.view(version), policy_of(desk, version)
    other = _compared_with(desk, version)
    beside = policy_of(desk, other) if other else None
    running = desk.running()
    reads_cases = principal.role in READERS_OF_CASES
    cases = running.of(version.label)[:CASES_SHOWN] if running and reads_cases else []
    meeting = await desk.steps.case_of(view.submission.meeting) if view.submission and reads_cases else None
    more: dict[str, Any] = {"values": {}, "errors": {}, "problem": None, **context}
    decides = principal.role in DRAFTERS or desk.steps.may_approve(principal)
    asks_for_meeting = desk.steps.asks_for_resolution and view.may_be_approved and decides
    return desk.show(
        request,
        "version.html",
        principal,
        status=status,
        view=view,
        other=desk.view(other) if other else None,
        differences=desk.differences(request, beside, policy) if beside else [],
        lines=await asyncio.to_thread(changed_lines, beside.text, policy.text) if beside else [],
        tried=tried,
        days=DAYS,
        cases=[case for id_ in cases if (case := await desk.steps.case_of(id_)) is not None],
        meeting=meeting,
        resolution=_resolution(meeting),
        meetings=await desk.record.meetings() if asks_for_meeting else [],
        asks_for_resolution=desk.steps.asks_for_resolution,
        is_own=version.drafted_by == principal.subject,
        **more,
    )


def _compared_with(desk: PolicyDesk, version: Version) -> Version | None:
    """The one in force; for that one itself, and for those before it, the one that each took the place of."""
    current = desk.in_force()
    if current is None or not version.approvals or version.approvals[-1].in_force_from > desk.pages.clock():
        return current if current and current.id != version.id else None
    earlier = desk.policies.register.latest_first(version.approvals[0].in_force_from)
    return next((before for before in earlier if before.id != version.id), None)


def _resolution(meeting: Any) -> str:
    """What the meeting has written down; empty where it has not met yet."""
    forms = meeting.forms if meeting is not None else ()
    return next((str(text) for form in reversed(forms) if (text := form.fields.get("resolution"))), "")


def _in_words(desk: PolicyDesk, request: Request, policy: Policy) -> dict[str, Any]:
    return {"policy": desk.read(request, policy), "aspects": ASPECTS, "columns": COLUMNS}
