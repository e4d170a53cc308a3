"""A draft is laid before a meeting, and a second person puts it into force by the meeting's resolution.

Invariant: the same rules as over the interface (policy_store/steps.py), and what was typed is there again
beside what was wrong with it.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter, Request, Response

from services.escalator.policy.versions import Version
from services.escalator.policy_pages.desk import PolicyDesk, fields_of
from services.escalator.policy_pages.reading_pages import show_version
from services.escalator.policy_store.steps import APPROVERS, DRAFTERS
from shared.facts.file import SHA256
from shared.fault_texts import Fault
from shared.http_fields import IdRef
from shared.ids import IS_CASE_ID, CaseId
from shared.language.catalogue import N_
from shared.language.times import read_local
from shared.lined_yaml import YamlFault
from shared.message import Marked
from shared.problems import Problem, invalid
from shared.tokens import Principal

NO_CASE = N_("choose a meeting, or paste the address of its page on the desk")
NOT_FOLLOWED = N_(
    "The directory has changed: this version can no longer be followed. Open its text, check it, and lay it down anew."
)
_IN_ADDRESS = re.compile(r"/cases/([^/?#\s]+)")


def add_deciding(router: APIRouter, desk: PolicyDesk) -> None:
    @router.post("/versions/{version}/submit")
    async def submit(request: Request, version: IdRef) -> Response:
        principal = desk.pages.admit_form(request, *DRAFTERS)
        stored, given = desk.steps.version(version), await fields_of(request)
        try:
            meeting = _meeting(given)
            if meeting is None:
                raise invalid([("meeting", NO_CASE)], N_("submission"))
            return desk.back_to(await desk.steps.submit(stored, meeting, principal), "submitted")
        except Problem as problem:
            return await _again(desk, request, principal, stored, given, problem, "submit")

    @router.post("/versions/{version}/approve")
    async def approve(request: Request, version: IdRef) -> Response:
        principal = desk.pages.admit_form(request, *APPROVERS)
        stored, given = desk.steps.version(version), await fields_of(request)
        try:
            begins, file, meeting = _begins(desk, given), _file(given), _meeting(given)
            approved = await desk.steps.approve(
                stored, principal, in_force_from=begins, meeting=meeting, file=file
            )
            return desk.back_to(approved, "approved")
        except YamlFault:
            problem = Problem(409, N_("Not approved"), NOT_FOLLOWED)
            return await _again(desk, request, principal, stored, given, problem, "approve")
        except Problem as problem:
            return await _again(desk, request, principal, stored, given, problem, "approve")


async def _again(
    desk: PolicyDesk,
    request: Request,
    principal: Principal,
    version: Version,
    given: Mapping[str, str],
    problem: Problem,
    form: str,
) -> Response:
    return await show_version(
        desk,
        request,
        principal,
        version,
        status=problem.status,
        values=given,
        problem=problem,
        errors=dict(problem.errors),
        wrong_form=form,
    )


def _meeting(given: Mapping[str, str]) -> CaseId | None:
    """The one that was written, else the one that was chosen. Raises Problem 422."""
    text = given.get("meeting_written", "").strip() or given.get("meeting", "").strip()
    if not text:
        return None
    in_address = _IN_ADDRESS.search(text)
    case = in_address[1] if in_address else text
    if len(case) > 64 or IS_CASE_ID.fullmatch(case) is None:
        raise _fault("meeting", NO_CASE)
    return CaseId(case)


def _begins(desk: PolicyDesk, given: Mapping[str, str]) -> datetime | None:
    text = given.get("in_force_from", "").strip()
    if not text:
        return None
    try:
        return read_local(text, desk.pages.zone)
    except ValueError as error:
        raise _fault("in_force_from", Marked(str(error))) from None


def _file(given: Mapping[str, str]) -> str | None:
    text = given.get("file", "").strip()
    if text and re.fullmatch(SHA256, text) is None:
        raise _fault("file", N_("choose one of the meeting's files"))
    return text or None


def _fault(field: str, words: Marked) -> Problem:
    faults: list[Fault] = [(field, words)]
    return invalid(faults, N_("approval"))
