"""`fenghuo acknowledge`: this person now knows; a duty officer may log it for somebody they reached by telephone."""

from typing import Annotated

import typer

from shared.vocabulary import Role


def acknowledge(
    case: Annotated[str, typer.Argument(help="The case's id.")],
    person: Annotated[str | None, typer.Option(help="Log a call: whom you reached (role duty_officer).")] = None,
    note: Annotated[str | None, typer.Option(help="What was said.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Discharge your own duties in a case (FENGHUO_TOKEN, role leader), or with --person log a telephone call."""
    from fenghuo.answers import answer
    from fenghuo.client import call
    from fenghuo.commands._show import show_acted

    body = {"note": note} if note else {}
    role = Role.LEADER
    if person is not None:
        role = Role.DUTY_OFFICER
        body |= {"person": person, "via": "logged_call"}
    response = call("intake", "POST", f"/api/v1/cases/{case}/acknowledge", role=role, json=body)
    answer(response.json(), as_json=as_json, render=show_acted)
