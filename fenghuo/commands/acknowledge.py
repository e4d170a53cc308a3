"""`fenghuo acknowledge`: this person now knows; a duty officer may log it for somebody they reached by
telephone.
"""

from typing import Annotated

import typer

from shared.vocabulary import Role


def acknowledge(
    case: Annotated[str, typer.Argument(help="The case's id.")],
    person: Annotated[
        str | None, typer.Option(help="Log a call: whom you reached (role duty_officer).")
    ] = None,
    note: Annotated[str | None, typer.Option(help="What was said.")] = None,
    number: Annotated[
        str | None,
        typer.Option(help="Of a call: the number rung; default the person's first in the directory."),
    ] = None,
    called_at: Annotated[
        str | None, typer.Option("--at", help="Of a call: when, e.g. 2026-11-23T03:05:00+08:00; default now.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Discharge your own duties in a case (FENGHUO_TOKEN, role leader), or with --person log a telephone
    call.
    """
    from fenghuo.answers import answer
    from fenghuo.client import call
    from fenghuo.commands._show import show_acted

    said = {"note": note, "number": number, "called_at": called_at}
    body = {name: value for name, value in said.items() if value}
    role = Role.LEADER
    if person is not None:
        role = Role.DUTY_OFFICER
        body |= {"person": person, "via": "logged_call"}
    response = call("intake", "POST", f"/api/v1/cases/{case}/acknowledge", role=role, json=body)
    answer(response.json(), as_json=as_json, render=show_acted)
