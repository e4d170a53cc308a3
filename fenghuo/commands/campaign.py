"""`fenghuo campaign`: which unit has handed in its list, which a nil report, which is late; the ledger as a file."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from shared.vocabulary import Role


def campaign(
    case: Annotated[str, typer.Argument(help="Id of the campaign.")],
    ledger: Annotated[
        Path | None, typer.Option(help="Write the ledger to this file, a workbook (XLSX).", dir_okay=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Show a campaign unit by unit (FENGHUO_TOKEN, role duty_officer)."""
    from fenghuo.answers import answer, err
    from fenghuo.client import call
    from fenghuo.commands._files import write_to
    from fenghuo.speech import language, worded

    response = call("intake", "GET", f"/api/v1/cases/{case}/campaign", role=Role.DUTY_OFFICER)
    answer(response.json(), as_json=as_json, render=_show)
    if ledger is not None:
        params = {"lang": language().value}
        book = call("intake", "GET", f"/api/v1/cases/{case}/ledger", role=Role.DUTY_OFFICER, params=params)
        write_to(ledger, book.content)
        err.print(worded("the ledger is in %(file)s", file=ledger), highlight=False)


def _show(matrix: dict[str, Any]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from fenghuo.answers import out
    from fenghuo.commands._names import clock, names
    from fenghuo.speech import labelled, worded
    from shared.message import N_

    out.print(
        worded(
            "%(answered)s of %(asked)s units have handed in",
            answered=matrix["answered"],
            asked=matrix["asked"],
        ),
        highlight=False,
    )
    table, directory_names = Table(box=None, pad_edge=False, header_style="dim"), names()
    for column in (N_("unit"), N_("state"), N_("due"), N_("items"), N_("lacking"), N_("cases")):
        table.add_column(worded(column))
    for row in matrix["units"]:
        late = f" [red]{worded('late')}[/]" if row["was_late"] and row["state"] != "late" else ""
        table.add_row(
            escape(directory_names.unit(row["unit"])),
            labelled("submission", row["state"]) + late,
            clock(datetime.fromisoformat(row["due_at"])),
            *(str(row[name]) for name in ("items", "lacking", "cases")),
        )
    out.print(table)
