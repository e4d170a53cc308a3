"""The policy over HTTP: what is in force, the versions on their way there, and what a policy would mean for a report.

Reading needs a token of any role; drafting an operator or a supervisor; approving a leader, who is not the drafter.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field, ValidationError

from services.escalator.policy.explain import Explanation, explain
from services.escalator.policy.load import Policy, parse_policy
from services.escalator.policy.simulate import Differences, Kept, policies_in, simulate
from services.escalator.policy.store import Policies
from services.escalator.policy.versions import Version, VersionError
from shared.directory import Directory
from shared.facts import Frozen, Instant, ReportForm, field_errors
from shared.lined_yaml import YamlFault
from shared.problems import Problem
from shared.tokens import Gate
from shared.vocabulary import Role

LONGEST = 1_000_000
"""Bytes of a policy's text."""
MOST_FACTS = 2_000
"""Of one simulation over HTTP; `fenghuo policy simulate` plays whole histories on a machine of its own."""
SIMULATORS = (Role.OPERATOR, Role.SUPERVISOR, Role.LEADER, Role.DISCIPLINE, Role.AUDITOR)
DRAFTERS = (Role.OPERATOR, Role.SUPERVISOR)


class ApprovalForm(Frozen):
    in_force_from: Instant | None = None
    """Default: from now on. Never a moment that has passed."""


class SimulationForm(Frozen):
    policy: str
    """A version's id, label or name; or the YAML itself."""
    history: Annotated[tuple[Kept, ...], Field(min_length=1, max_length=MOST_FACTS)]
    """In the order of the trail."""


def policy_router(policies: Policies, directory: Callable[[], Directory], gate: Gate, clock: Callable[[], datetime]) -> APIRouter:
    router = APIRouter(prefix="/api/v1/policy", tags=["policy"])
    _add_versions(router, policies, gate)
    _add_meaning(router, policies, directory, gate, clock)

    @router.get("", summary="The policy in force")
    async def in_force(request: Request) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        """Version and digest, the text as it was loaded, and the same parsed."""
        gate.admit(request)
        return _whole(policies.in_force(clock()))

    return router


def _add_versions(router: APIRouter, policies: Policies, gate: Gate) -> None:
    @router.get("/versions", summary="Every version: draft, approved, in force, superseded")
    async def versions(request: Request) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        gate.admit(request)
        return {"versions": [_said(policies, version) for version in policies.versions]}

    @router.get("/versions/{version}", summary="One version with its text")
    async def one(request: Request, version: str) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        """`version`: its id, its label, or its name where only one has it."""
        gate.admit(request)
        known = _found(policies, version)
        return {**_said(policies, known), "text": policies.text_of(known)}

    @router.post("/versions", status_code=201, summary="Lay down a draft")
    async def draft(request: Request) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        """The body is the YAML. Checked as a whole; nobody works by it until another person has approved it."""
        who = gate.admit(request, *DRAFTERS)
        body = await request.body()
        if len(body) > LONGEST:
            raise Problem(413, "Too large", f"A policy has at most {LONGEST} bytes.")
        try:
            return _said(policies, await policies.draft(body.decode("utf-8"), who.subject))
        except UnicodeDecodeError:
            raise Problem(422, "Invalid policy", "The body is not UTF-8 text: send the YAML as it is.") from None
        except YamlFault as fault:
            raise _refused(fault) from None

    @router.post("/versions/{version}/approve", summary="Approve a draft, in force from a moment on")
    async def approve(request: Request, version: str, form: ApprovalForm | None = None) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        """Not by who drafted it, and not for the past. Cases that have begun keep the policy they began under."""
        who = gate.admit(request, Role.LEADER)
        known = _found(policies, version)
        try:
            return _said(policies, await policies.approve(known.id, who.subject, form.in_force_from if form else None))
        except VersionError as error:
            raise Problem(409, "Not approved", f"{error}.") from None
        except YamlFault as fault:
            raise _refused(fault) from None


def _add_meaning(
    router: APIRouter, policies: Policies, directory: Callable[[], Directory], gate: Gate, clock: Callable[[], datetime]
) -> None:
    @router.post("/explain", summary="Who would be told when, and why")
    async def explained(request: Request, version: str | None = None) -> Explanation:  # pyright: ignore[reportUnusedFunction]
        """The body is a report as for `POST /api/v1/reports`; nothing is recorded and nobody is told."""
        gate.admit(request)
        try:
            form = ReportForm.model_validate_json(await request.body())
        except ValidationError as error:
            raise Problem(422, "Invalid report", "Correct the fields named in errors.", errors=field_errors(error)) from None
        policy = policies.by_label(_found(policies, version).label) if version else policies.in_force(clock())
        return explain(form, clock(), policy, directory())

    @router.post("/simulate", summary="What would have gone differently under another policy")
    async def simulated(request: Request, form: SimulationForm) -> Differences:  # pyright: ignore[reportUnusedFunction]
        """`history`: stored facts, such as those of a case's timeline; played twice on a virtual clock, beside the lanes."""
        gate.admit(request, *SIMULATORS)
        try:
            other = parse_policy(form.policy) if "\n" in form.policy else policies.by_label(_found(policies, form.policy).label)
        except YamlFault as fault:
            raise _refused(fault) from None
        history = [(one.fact, one.at) for one in form.history]
        before = policies_in(history, policies.in_force(history[0][1]))
        return await asyncio.to_thread(simulate, history, other, directory(), before)


def _found(policies: Policies, name: str) -> Version:
    try:
        return policies.version(name)
    except KeyError:
        raise Problem(404, "Not found", f"There is no version {name}: GET /api/v1/policy/versions lists them.") from None


def _said(policies: Policies, version: Version) -> dict[str, Any]:
    return {**version.model_dump(mode="json"), "standing": policies.standing(version)}


def _whole(policy: Policy) -> dict[str, Any]:
    return {"policy": policy.label, "name": policy.name, "text": policy.text, "document": policy.document.model_dump(mode="json")}


def _refused(fault: YamlFault) -> Problem:
    """Each `file:line: path: what` as a field (`line 17: half_hour.fallback`) with its message."""
    errors: list[tuple[str, str]] = []
    for one in fault.faults:
        place, _, rest = one.partition(": ")
        path, _, what = rest.partition(": ")
        errors.append((f"line {place.rpartition(':')[2]}: {path}", what or path))
    return Problem(422, "Invalid policy", "Mend the lines named in errors; `fenghuo policy check` finds the same.", errors=errors)
