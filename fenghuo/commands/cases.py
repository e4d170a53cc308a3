"""`fenghuo cases`: the open cases, the next due first."""

from typing import Annotated, Any

import typer

from shared.vocabulary import Role


def cases(
    everything: Annotated[bool, typer.Option("--all", help="Settled ones too.")] = False,
    unit: Annotated[str | None, typer.Option(help="Only cases this unit reported or holds.")] = None,
    due_before: Annotated[str | None, typer.Option(help="Only cases with something due before this time (with offset).")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """List the open cases, the next due first (FENGHUO_TOKEN, role duty_officer)."""
    from fenghuo.answers import answer
    from fenghuo.client import call
    from fenghuo.commands._show import show_cases

    asked: dict[str, Any] = {"limit": limit, "unit": unit, "due_before": due_before, "open": None if everything else "true"}
    params = {name: value for name, value in asked.items() if value is not None}
    response = call("intake", "GET", "/api/v1/cases", role=Role.DUTY_OFFICER, params=params)
    answer(response.json(), as_json=as_json, render=show_cases)
