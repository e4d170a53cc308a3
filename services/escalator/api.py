"""The policy over HTTP: as it is in force, and what it would mean for a report."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError

from services.escalator.draft import Rules
from services.escalator.policy.explain import Explanation, explain
from shared.facts import ReportForm, field_errors
from shared.problems import Problem
from shared.tokens import Gate


def policy_router(rules: Rules, gate: Gate, clock: Callable[[], datetime]) -> APIRouter:
    router = APIRouter(prefix="/api/v1/policy", tags=["policy"])

    @router.get("", summary="The policy in force")
    async def in_force(request: Request) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        """Version and digest, the text as it was loaded, and the same parsed."""
        gate.admit(request)
        policy = rules.policy
        return {"policy": policy.label, "name": policy.name, "text": policy.text, "document": policy.document.model_dump(mode="json")}

    @router.post("/explain", summary="Who would be told when, and why")
    async def explained(request: Request) -> Explanation:  # pyright: ignore[reportUnusedFunction]
        """The body is a report as for `POST /api/v1/reports`; nothing is recorded and nobody is told."""
        gate.admit(request)
        try:
            form = ReportForm.model_validate_json(await request.body())
        except ValidationError as error:
            raise Problem(422, "Invalid report", "Correct the fields named in errors.", errors=field_errors(error)) from None
        return explain(form, clock(), rules.policy, rules.directory)

    return router
