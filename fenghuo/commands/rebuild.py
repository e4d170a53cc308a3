"""`fenghuo rebuild …`: what can be made again from the record."""

from typing import Annotated, Any

import typer

from fenghuo.answers import Exit, answer, err, fail, out
from fenghuo.client import ask, call, words_of
from shared.vocabulary import Role

app = typer.Typer(help="Make again from the record what can't be read.", no_args_is_help=True)
PATIENCE = 600.0
"""Seconds for reading the whole record."""
_NOT_FOUND = 404
_OUTCOMES = {
    "rebuilt": "[green]✓[/] made again from the record",
    "stands": "[green]✓[/] can be read; left as it stands",
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
                "see what is named above and call again: what was made again already is left alone",
            )
        else:
            done.append(response.json())
    answer({"cases": done}, as_json=as_json, render=_show)
    if any(result["outcome"] == "not_on_record" for result in done):
        raise typer.Exit(Exit.NO)


def _show(result: dict[str, Any]) -> None:
    if not result["cases"]:
        out.print("[green]✓[/] every case on record can be read", highlight=False)
    for rebuilt in result["cases"]:
        if rebuilt["outcome"] == "not_on_record":
            err.print(
                f"[red]✗[/] {rebuilt['case']}: the record has nothing of it; is the id right?",
                highlight=False,
            )
            continue
        late = f"; {rebuilt['late']} decisions are made late" if rebuilt["late"] else ""
        otherwise = (
            f"; {rebuilt['differing']} would be decided otherwise today, what is on record counts"
            if rebuilt["differing"]
            else ""
        )
        out.print(f"{_OUTCOMES[rebuilt['outcome']]}: {rebuilt['case']}{late}{otherwise}", highlight=False)
