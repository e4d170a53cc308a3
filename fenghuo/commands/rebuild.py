"""`fenghuo rebuild …`: what can be made again from the record."""

from typing import Annotated, Any

import typer

from fenghuo.answers import Exit, answer, err, fail, out
from fenghuo.client import ask, call, words_of
from fenghuo.speech import worded
from shared.message import N_
from shared.vocabulary import Role

app = typer.Typer(help="Make again from the record what can't be read.", no_args_is_help=True)
PATIENCE = 600.0
"""Seconds for reading the whole record."""
_NOT_FOUND = 404
_OUTCOMES = {
    "rebuilt": N_("[green]✓[/] made again from the record"),
    "stands": N_("[green]✓[/] can be read; left as it stands"),
}


@app.callback()
def rebuild() -> None:
    """Make again from the record what can't be read."""


@app.command("cases")
def cases(
    case: Annotated[
        str | None,
        typer.Argument(help="Only this case; default: every one that can't be read or is not there."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Make cases again from their facts (role operator). One that can be read is left alone, and no decision
    on record is made twice. Ends with 1 where the record has nothing of a case.
    """
    if case is None:
        wanted: list[str] = call(
            "escalator", "GET", "/api/v1/cases/unreadable", role=Role.OPERATOR, timeout=PATIENCE
        ).json()["cases"]
    else:
        wanted = [case]
    done: list[dict[str, Any]] = []
    for case_id in wanted:
        response = ask(
            "escalator", "POST", f"/api/v1/cases/{case_id}/rebuild", role=Role.OPERATOR, timeout=PATIENCE
        )
        if response.status_code == _NOT_FOUND:
            done.append({"case": case_id, "outcome": "not_on_record"})
        elif response.is_error:
            fail(
                Exit.NO,
                words_of(response),
                worded("see what is named above and call again: what was made again already is left alone"),
            )
        else:
            done.append(response.json())
    answer({"cases": done}, as_json=as_json, render=_show)
    if any(result["outcome"] == "not_on_record" for result in done):
        raise typer.Exit(Exit.NO)


def _show(result: dict[str, Any]) -> None:
    if not result["cases"]:
        out.print(worded("[green]✓[/] every case on record can be read"), highlight=False)
    for rebuilt in result["cases"]:
        if rebuilt["outcome"] == "not_on_record":
            err.print(
                worded(
                    "[red]✗[/] %(case)s: the record has nothing of it; is the id right?", case=rebuilt["case"]
                ),
                highlight=False,
            )
            continue
        late = worded("; %(late)s decisions are made late", late=rebuilt["late"]) if rebuilt["late"] else ""
        otherwise = (
            worded(
                "; %(differing)s would be decided otherwise today, what is on record counts",
                differing=rebuilt["differing"],
            )
            if rebuilt["differing"]
            else ""
        )
        out.print(
            f"{worded(_OUTCOMES[rebuilt['outcome']])}: {rebuilt['case']}{late}{otherwise}", highlight=False
        )
