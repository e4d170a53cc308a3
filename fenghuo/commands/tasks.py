"""`fenghuo tasks`: what was assigned and is not closed, the reddest slip first."""

from typing import Annotated, Any

import typer

from shared.case import Slip, TaskState
from shared.vocabulary import Role


def tasks(
    unit: Annotated[str | None, typer.Option(help="Only tasks this unit holds.")] = None,
    assigner: Annotated[str | None, typer.Option(help="Only tasks this unit assigned.")] = None,
    state: Annotated[
        TaskState | None, typer.Option(help="Only tasks in this state; without it all that are not closed.")
    ] = None,
    slip: Annotated[
        Slip | None, typer.Option(help="Only slips of this colour: half the term gone, four fifths, overdue.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """List the tasks of all cases, the most urgent first (FENGHUO_TOKEN, role duty_officer)."""
    from fenghuo.answers import answer
    from fenghuo.client import call
    from fenghuo.commands._show import show_tasks

    params: dict[str, Any] = {
        "unit": unit,
        "assigner": assigner,
        "state": state,
        "slip": slip,
        "limit": limit,
    }
    response = call("intake", "GET", "/api/v1/tasks", role=Role.DUTY_OFFICER, params=params)
    answer(response.json(), as_json=as_json, render=show_tasks)
