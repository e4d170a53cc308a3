"""The policy over HTTP: what is in force, the versions on their way there, and what a policy would mean for a
report.

Reading needs a token of any role; drafting an operator, a supervisor or the discipline organ; approving a leader of
an office of the whole city, or of a unit that has none above it, who is not the drafter.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints

from services.escalator.playing.explain import Explanation, explain
from services.escalator.playing.simulate import Differences, GivenFact, policies_in, simulate
from services.escalator.policy.load import parse_policy
from services.escalator.policy.versions import Version, VersionStanding
from services.escalator.policy_store.steps import APPROVERS, DRAFTERS, LONGEST, SIMULATORS, PolicySteps
from services.escalator.policy_store.store import Policies
from shared.bodies import form_of, takes, takes_bytes
from shared.directory import Directory
from shared.door import MB, doorway
from shared.facts import Frozen, Given, Instant, ReportForm
from shared.facts.file import Sha256
from shared.http_fields import Words
from shared.ids import IS_CASE_ID, CaseId
from shared.lined_yaml import YamlFault
from shared.message import N_, Placed, Sayable, said
from shared.problems import Problem
from shared.tokens import Gate

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LONGEST_HISTORY = timedelta(days=366)
MOST_FACTS = 2_000
"""Of one simulation over HTTP; `fenghuo policy simulate` plays whole histories on a machine of its own."""
HISTORY_LIMIT = 8 * MB
"""Bytes of their form."""


class VersionShown(Version):
    standing: VersionStanding


class VersionText(VersionShown):
    text: str


class Versions(Frozen):
    versions: tuple[VersionShown, ...]


class PolicyInForce(Frozen):
    policy: str
    """Its label."""
    name: str
    text: str
    """As it was loaded."""
    document: dict[str, Any]
    """The same, parsed."""


NO_VERSION: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such version"}}


class ApprovalForm(Given):
    in_force_from: Instant | None = None
    """Default: from now on. Never a moment that has passed."""
    meeting: Annotated[CaseId, StringConstraints(pattern=IS_CASE_ID.pattern, max_length=64)] | None = None
    """The case of the meeting by whose resolution it comes into force."""
    file: Sha256 | None = None
    """In which of the meeting's files the resolution is written; default the last."""


class SubmissionForm(Given):
    meeting: Annotated[CaseId, StringConstraints(pattern=IS_CASE_ID.pattern, max_length=64)]
    """The case of the meeting that decides on it."""


class SimulationForm(Given):
    policy: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    """A version's id, label or name; or the YAML itself."""
    history: Annotated[tuple[GivenFact, ...], Field(min_length=1, max_length=MOST_FACTS)]
    """In the order of the trail."""


def policy_router(steps: PolicySteps, directory: Callable[[], Directory], gate: Gate) -> APIRouter:
    policies, clock = steps.policies, steps.clock
    router = APIRouter(prefix="/api/v1/policy", tags=["policy"])
    _add_versions(router, steps, gate)
    _add_steps(router, steps, gate)
    _add_meaning(router, steps, directory, gate)

    @router.get("", summary="The policy in force")
    async def in_force(request: Request) -> PolicyInForce:
        gate.admit(request)
        policy = policies.in_force(clock())
        document = policy.document.model_dump(mode="json")
        return PolicyInForce(policy=policy.label, name=policy.name, text=policy.text, document=document)

    return router


def _add_versions(router: APIRouter, steps: PolicySteps, gate: Gate) -> None:
    policies = steps.policies

    @router.get("/versions", summary="Every version: draft, approved, in force, superseded")
    async def versions(request: Request) -> Versions:
        gate.admit(request)
        return Versions(versions=tuple(_shown(policies, version) for version in policies.versions))

    @router.get("/versions/{version}", summary="One version with its text")
    async def version_text(request: Request, version: Words) -> VersionText:
        """`version`: its id, its label, or its name where only one has it."""
        gate.admit(request)
        stored = steps.version(version)
        return VersionText(**dict(_shown(policies, stored)), text=policies.text_of(stored))

    @router.post(
        "/versions",
        status_code=201,
        summary="Lay down a draft",
        openapi_extra=takes_bytes("application/yaml"),
    )
    @doorway(body_limit=LONGEST)
    async def draft(request: Request) -> VersionShown:
        """The body is the YAML. Checked as a whole; nobody works by it until another person has approved
        it.
        """
        who = gate.admit(request, *DRAFTERS)
        body = await request.body()
        try:
            return _shown(policies, await policies.draft(body.decode("utf-8"), who.subject))
        except UnicodeDecodeError:
            raise Problem(
                422, N_("Invalid policy"), N_("The body is not UTF-8 text: send the YAML as it is.")
            ) from None
        except YamlFault as fault:
            raise _refused(fault) from None


def _add_steps(router: APIRouter, steps: PolicySteps, gate: Gate) -> None:
    policies = steps.policies

    @router.post(
        "/versions/{version}/submit",
        summary="Lay a draft before a meeting, which decides on it",
        openapi_extra=takes(SubmissionForm),
        responses={**NO_VERSION, 409: {"description": "Laid before too many meetings already"}},
    )
    async def submit(request: Request, version: Words) -> VersionShown:
        who = gate.admit(request, *DRAFTERS)
        form = await form_of(request, SubmissionForm)
        return _shown(policies, await steps.submit(steps.version(version), form.meeting, who))

    @router.post(
        "/versions/{version}/approve",
        summary="Approve a draft, in force from a moment on",
        openapi_extra=takes(ApprovalForm, required=False),
        responses={
            409: {"description": "Drafted by yourself, approved already, or for a moment that has passed"}
        },
    )
    async def approve(request: Request, version: Words) -> VersionShown:
        """Not by who drafted it, and not for the past. Cases that have begun keep the policy they began
        under. Where the policy in force asks for a resolution, with the meeting that has made it.
        """
        who = gate.admit(request, *APPROVERS)
        form = await form_of(request, ApprovalForm)
        try:
            approved = await steps.approve(
                steps.version(version),
                who,
                in_force_from=form.in_force_from,
                meeting=form.meeting,
                file=form.file,
            )
            return _shown(policies, approved)
        except YamlFault as fault:
            raise _refused(fault) from None


def _add_meaning(
    router: APIRouter, steps: PolicySteps, directory: Callable[[], Directory], gate: Gate
) -> None:
    policies, clock = steps.policies, steps.clock

    @router.post(
        "/explain",
        summary="Who would be told when, and why",
        openapi_extra=takes(ReportForm),
        responses=NO_VERSION,
    )
    async def explained(request: Request, version: Words | None = None) -> Explanation:
        """The body is a report as for `POST /api/v1/reports`; nothing is recorded and nobody is told."""
        gate.admit(request)
        form = await form_of(request, ReportForm)
        policy = policies.by_label(steps.version(version).label) if version else policies.in_force(clock())
        return explain(form, clock(), policy, directory())

    @router.post(
        "/simulate",
        summary="What would have gone differently under another policy",
        openapi_extra=takes(SimulationForm),
        responses=NO_VERSION,
    )
    @doorway(body_limit=HISTORY_LIMIT)
    async def simulated(request: Request) -> Differences:
        """`history`: stored facts, such as those of a case's timeline; played twice on a virtual clock,
        beside the lanes.
        """
        who = gate.admit(request, *SIMULATORS)
        form = await form_of(request, SimulationForm)
        try:
            written = "\n" in form.policy
            other = (
                await asyncio.to_thread(parse_policy, form.policy)
                if written
                else policies.by_label(steps.version(form.policy).label)
            )
        except YamlFault as fault:
            raise _refused(fault) from None
        history = [(line.fact, line.at) for line in form.history]
        begins = history[0][1]
        for number, (_, at) in enumerate(history):
            if not begins <= at <= begins + LONGEST_HISTORY:
                words = said(
                    N_(
                        "lies before the first or more than %(days)s days after it: "
                        "give the history in order, a year at a time"
                    ),
                    days=LONGEST_HISTORY.days,
                )
                raise _unplayable(f"history.{number}.at", words)
        first = policies.in_force(begins)

        def play() -> Differences:
            return simulate(history, other, directory(), policies_in(history, first))

        try:
            return await asyncio.to_thread(play)
        except (ValueError, ArithmeticError, LookupError, TypeError) as error:
            # `decide` trusts what is on record; this history is somebody's word for it.
            log.warning(
                "history_unplayable", by=who.subject, error=str(error)[:200], kind=type(error).__name__
            )
            raise _unplayable(
                "history",
                said(
                    N_("can't be played (%(error)s): give stored facts as they are in the trail"),
                    error=type(error).__name__,
                ),
            ) from None


def _unplayable(field: str, words: Sayable) -> Problem:
    return Problem(
        422,
        N_("Invalid history"),
        N_("Nothing was played: correct the field named in errors."),
        errors=[(field, words)],
    )


def _shown(policies: Policies, version: Version) -> VersionShown:
    return VersionShown(**dict(version), standing=policies.standing(version))


def _refused(fault: YamlFault) -> Problem:
    """Each `file:line: path: what` as a field (`line 17: half_hour.fallback`) with its message."""
    errors = [(line.where, line.what) if isinstance(line, Placed) else ("", line) for line in fault.faults]
    return Problem(
        422,
        N_("Invalid policy"),
        N_("Mend the lines named in errors; `fenghuo policy check` finds the same."),
        errors=errors,
    )
