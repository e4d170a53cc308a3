"""`fenghuo cases`: the open cases, the next due first."""

from typing import Annotated, Any

import typer

from shared.vocabulary import Level, ReportKind, Role


def cases(
    everything: Annotated[bool, typer.Option("--all", help="Settled ones too.")] = False,
    unit: Annotated[str | None, typer.Option(help="Only cases this unit has a part in.")] = None,
    holder: Annotated[str | None, typer.Option(help="Only cases this unit answers for now.")] = None,
    kind: Annotated[ReportKind | None, typer.Option(help="Only cases of this kind.")] = None,
    level: Annotated[Level | None, typer.Option(help="Only cases graded so now.")] = None,
    parent: Annotated[str | None, typer.Option(help="Only cases that follow from this one.")] = None,
    standing: Annotated[
        bool,
        typer.Option("--standing", help="What is watched without a report: rosters, sources, the calendar."),
    ] = False,
    due_before: Annotated[
        str | None, typer.Option(help="Only cases with something due before this time.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """List the open cases, the next due first (FENGHUO_TOKEN, role duty_officer)."""
    from fenghuo.answers import answer
    from fenghuo.client import call
    from fenghuo.commands._show import show_cases
    from fenghuo.commands._typed import moment_text, option

    params: dict[str, Any] = {
        "limit": limit,
        "unit": unit,
        "holder": holder,
        "kind": kind,
        "level": level,
        "parent": parent,
        "standing": "true" if standing else None,
        "due_before": option("--due-before", due_before, moment_text) if due_before else None,
        "open": None if everything or standing else "true",
    }
    response = call("intake", "GET", "/api/v1/cases", role=Role.DUTY_OFFICER, params=params)
    answer(response.json(), as_json=as_json, render=show_cases)
