"""`fenghuo trail report`: what the trail adds up to, and the records behind a figure."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from fenghuo.answers import AsJson, Exit, answer, fail, out
from fenghuo.client import call
from fenghuo.commands._files import TableForm, write_document
from fenghuo.commands._names import DirectoryNames, names
from fenghuo.speech import labelled, named, worded
from services.audit.reports.names import NARROWED_BY, ReportName
from shared.vocabulary import Language, ReportKind, Role

_FORMATS = ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]
SLOW = 600
"""Seconds a year of a large city may take to count."""
_LEFT_OUT = ("figure", "records", "steps", "chain")


def report(
    what: Annotated[ReportName, typer.Argument(help="Which report.")],
    since: Annotated[datetime | None, typer.Option(formats=_FORMATS, help="2026-10-01T00:00+08:00")] = None,
    until: Annotated[datetime | None, typer.Option(formats=_FORMATS)] = None,
    unit: Annotated[str | None, typer.Option(help="Only what this unit owes and reports.")] = None,
    below: Annotated[bool, typer.Option("--below", help="With --unit: and all units below it.")] = False,
    records: Annotated[
        str | None,
        typer.Option(
            help="The records of this figure: `unit/water_bureau/late`, as each line names its own."
        ),
    ] = None,
    form: Annotated[
        str | None, typer.Option(help="Of `forms`: this one, with all its rows (`fenghuo forms list`).")
    ] = None,
    kind: Annotated[ReportKind | None, typer.Option(help="Of `forms`: only of cases of this kind.")] = None,
    topic: Annotated[
        str | None, typer.Option(help="Of `forms` and `complaints`: only of cases of this topic.")
    ] = None,
    area: Annotated[
        str | None, typer.Option(help="Of `forms` and `complaints`: only in this area, and within it.")
    ] = None,
    as_: Annotated[TableForm | None, typer.Option("--format", help="The tables as a file.")] = None,
    language: Annotated[Language, typer.Option(help="Of a file's words: zh or en.")] = Language.ZH,
    to: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; CSV may go to the terminal.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Count a report from the trail (role auditor, discipline or supervisor); with --records, list what a
    figure was counted from.
    """
    params: dict[str, Any] = {
        "since": since and since.isoformat(),
        "until": until and until.isoformat(),
        "unit": unit,
        "below": below or None,
        "figure": records,
    }
    narrowed = {"form": form, "kind": kind and kind.value, "topic": topic, "area": area}
    takes = NARROWED_BY.get(what, ())
    if given := [name for name, value in narrowed.items() if value and name not in takes]:
        others = [report.value for report, by in NARROWED_BY.items() if set(given) <= set(by)]
        fail(
            Exit.USAGE,
            worded(
                "%(options)s: only the reports %(reports)s are asked for that",
                options=", ".join(f"--{name}" for name in given),
                reports=", ".join(others),
            ),
            worded("leave it out, or ask: fenghuo trail report %(report)s", report=others[0]),
        )
    params |= narrowed
    if as_ is not None:
        params |= {"format": as_.value, "language": language.value}
        path = f"/api/v1/reports/{what.value}"
        write_document("audit", path, Role.AUDITOR, params, to, as_, timeout=SLOW)
        return
    path = "records" if records is not None else what.value
    counted = call(
        "audit", "GET", f"/api/v1/reports/{path}", role=Role.AUDITOR, params=params, timeout=SLOW
    ).json()
    answer(counted, as_json=as_json, render=_show_records if records is not None else _show)


def _show(report: dict[str, Any]) -> None:
    called = CellNames(names())
    for name, lines in report.items():
        shown = [lines] if name == "whole" and lines else lines
        if isinstance(shown, list) and shown and isinstance(shown[0], dict):
            _table(name, shown, called)  # pyright: ignore[reportUnknownArgumentType]
    _foot(report)


class CellNames:
    """What stands for an id, or for a value of a closed set, in a cell of a report: by the cell's column, or by
    what the rows of its table are.
    """

    def __init__(self, directory: DirectoryNames) -> None:
        person, unit, area = directory.person, directory.unit, directory.area
        self._by_column: dict[str, Callable[[str], str]] = {
            **dict.fromkeys(("person", "stood_in", "by"), person),
            **dict.fromkeys(("unit", "answerable"), unit),
            "area": area,
            **{
                group: partial(labelled, group) for group in ("level", "category", "kind", "cause", "measure")
            },
        }
        self._by_rows: dict[str, Callable[[str], str]] = {
            **dict.fromkeys(("leaders", "people"), person),
            "units": unit,
            "areas": area,
            "levels": partial(labelled, "level"),
            "categories": partial(labelled, "category"),
            "kinds": partial(labelled, "kind"),
            "channels": partial(labelled, "channel"),
            "weekdays": partial(labelled, "weekday"),
            "places": self._of_two(area, partial(labelled, "category")),
            "topics": self._of_two(partial(labelled, "topic"), area),
        }

    def cell(self, table: str, column: str, value: object) -> object:
        name = self._by_rows.get(table) if column == "row" else self._by_column.get(column)
        return name(value) if name is not None and isinstance(value, str) and value else value

    @staticmethod
    def _of_two(first: Callable[[str], str], second: Callable[[str], str]) -> Callable[[str], str]:
        """Of a row that names two: `620622:accident`."""

        def both(row: str) -> str:
            one, _, other = row.partition(":")
            return " · ".join(name(part) for name, part in ((first, one), (second, other)) if part)

        return both


def _table(name: str, lines: list[dict[str, Any]], called: CellNames) -> None:
    columns = [
        column
        for column in lines[0]
        if column not in _LEFT_OUT and any(line.get(column) not in (None, 0, {}, []) for line in lines)
    ]
    table = Table(title=name, title_justify="left", box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column.replace("_seconds", " s").replace("_", " "), overflow="fold")
    for line in lines[:200]:
        table.add_row(*(Text(_cell(called.cell(name, column, line.get(column)))) for column in columns))
    out.print(table)
    if len(lines) > 200:
        out.print(
            worded("[dim]… and %(count)s more: --json has them all[/]", count=len(lines) - 200),
            highlight=False,
        )


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    if isinstance(value, dict):
        if value.keys() == {"zh", "en"}:  # pyright: ignore[reportUnknownMemberType]
            return named(value["zh"], value["en"])  # pyright: ignore[reportUnknownArgumentType]
        return " ".join(f"{name}:{number}" for name, number in value.items())  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return " ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType]
    return "" if value is None else str(value)


def _show_records(report: dict[str, Any]) -> None:
    indexes = report["indexes"]
    out.print(
        worded(
            "%(figure)s: %(count)s, in %(count2)s records",
            figure=report["figure"],
            count=report["count"],
            count2=len(indexes),
        ),
        highlight=False,
    )
    for start in range(0, len(indexes), 12):
        out.print("  " + " ".join(map(str, indexes[start : start + 12])), highlight=False)
    _foot(report)


def _foot(report: dict[str, Any]) -> None:
    checkpoint = report["checkpoint"]
    left_out = report.get("exercises_left_out") or 0
    out.print(
        worded(
            "[dim]%(get)s facts counted, %(left_out)s exercises left out[/]",
            get=report.get("facts"),
            left_out=left_out,
        ),
        highlight=False,
    )
    out.print(
        worded(
            "[dim]up to checkpoint %(size)s, signed %(time)s[/]",
            size=checkpoint["size"],
            time=checkpoint["time"],
        ),
        highlight=False,
    )
