"""`fenghuo import`: reports or tasks from a table, each row through the API as if somebody had handed it in.

Invariant: a row is either on record or in the file of rejected rows with its line and the reason; a repeat
makes nothing twice.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.markup import escape

from fenghuo.answers import Exit, answer, err, fail, out
from fenghuo.client import ask, words_of
from fenghuo.commands._typed import moment_text, task_form
from fenghuo.speech import also, worded
from fenghuo.tables import TableFault, TableRow, form_of, read_table, text_of, write_rejected
from shared.facts import Frozen, ReportForm, TaskForm, field_errors
from shared.vocabulary import Role

TIMES = ("occurred_at", "learned_at", "due_at")
TRUE, FALSE = ("true", "yes", "1", "是"), ("false", "no", "0", "否")
WORTH_A_REPEAT = 500


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV (the first line names the columns) or JSON lines (.jsonl); UTF-8 or GB 18030."
        ),
    ],
    tasks_of: Annotated[
        str | None,
        typer.Option("--tasks-of", help="The rows are tasks to assign in this case.", metavar="CASE"),
    ] = None,
    role: Annotated[
        Role | None,
        typer.Option("--as", help="Whose development token to use where FENGHUO_TOKEN is not set."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every row and hand in nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Hand in every row of a table. Rows that are refused are kept beside it (.rejected) with line and
    reason; then the code is 1.

    Reports: the fields of a report as columns (kind, category, level, unit, area, occurred_at, learned_at,
    summary, details, topic, sensitive, exercise, parent, harm.deaths, place.latitude …; tasks as
    'title@unit@P3D; …'). Tasks: title, unit or units (a;b), owner, due_at or within, lead, after. A column
    `key` makes a repeat of the same key the same row; without one its content does.
    """
    lines = file.suffix.lower() in (".jsonl", ".ndjson")
    try:
        rows = read_table(text_of(file.read_bytes()), lines=lines)
    except OSError as error:
        fail(
            Exit.USAGE,
            f"{file}: {also(error.strerror or str(error))}",
            worded("see that the file is there and can be read"),
        )
    except TableFault as error:
        fail(Exit.USAGE, f"{file}: {error}", worded("mend the file and call again"))
    done: list[dict[str, Any]] = []
    rejected: list[tuple[TableRow, str]] = []
    for row, outcome in _handed_in(
        rows, tasks_of, role or (Role.DUTY_OFFICER if tasks_of else Role.REPORTER), dry_run
    ):
        if isinstance(outcome, str):
            rejected.append((row, outcome))
        else:
            done.append({"line": row.line, **outcome})
    kept = file.with_name(f"{file.name}.rejected{file.suffix}") if rejected and not dry_run else None
    if kept:
        kept.write_text(write_rejected(rejected, lines=lines), encoding="utf-8")
    result = {
        "file": str(file),
        "rows": len(rows),
        "handed_in": done,
        "rejected": [{"line": row.line, "reason": reason} for row, reason in rejected],
        "rejected_file": str(kept) if kept else None,
    }
    answer(result, as_json=as_json, render=_show)
    if rejected:
        raise typer.Exit(Exit.NO)


def _handed_in(
    rows: list[TableRow], case: str | None, role: Role, dry_run: bool
) -> Iterator[tuple[TableRow, str | dict[str, Any]]]:
    """Each row with what became of it: the reason it was refused, or where it is on record."""
    for row in rows:
        try:
            form = _form(row, TaskForm if case else ReportForm)
        except ValueError as error:
            yield row, str(error)
            continue
        if dry_run:
            yield row, {}
            continue
        path = f"/api/v1/cases/{case}/assign" if case else "/api/v1/reports"
        response = ask(
            "intake",
            "POST",
            path,
            role=role,
            json={"tasks": [form]} if case else form,
            headers={"Idempotency-Key": row.key},
        )
        if response.status_code >= WORTH_A_REPEAT:
            fail(
                Exit.UNREACHABLE,
                worded("line %(line)s: %(words_of)s", line=row.line, words_of=words_of(response)),
                worded("call again in a moment with the same file: rows before it are not handed in twice"),
            )
        if response.is_error:
            yield row, words_of(response)
        else:
            body = response.json()
            yield row, {"case": body["case"], "repeated": bool(body.get("repeated"))}


def _form(row: TableRow, model: type[Frozen]) -> dict[str, Any]:
    """The row as the API takes it. Raises ValueError naming each field and what is wrong with it."""
    if row.fault:
        raise ValueError(row.fault)
    cells: dict[str, Any] = {}
    for name, value in row.filled.items():
        try:
            cells[name] = _value(name, value)
        except ValueError as error:
            raise ValueError(f"{name}: {value!r} {error}") from None
    form = form_of(cells)
    try:
        model.model_validate(form)
    except ValidationError as error:
        raise ValueError("; ".join(f"{field}: {message}" for field, message in field_errors(error))) from None
    return form


def _value(name: str, value: Any) -> Any:
    """A cell of a table says everything as text; what JSON lines say as something else stays as it is."""
    if not isinstance(value, str):
        return value
    if name in TIMES:
        return moment_text(value)
    if name == "tasks":
        return [task_form(part.strip()) for part in value.split(";") if part.strip()]
    if name == "units":
        return [part.strip() for part in value.split(";") if part.strip()]
    if name in ("sensitive", "exercise", "lead"):
        return True if value.lower() in TRUE else False if value.lower() in FALSE else value
    return value


def _show(result: dict[str, Any]) -> None:
    repeated = sum(bool(row.get("repeated")) for row in result["handed_in"])
    again = worded(", %(repeated)s of them handed in before", repeated=repeated) if repeated else ""
    out.print(
        worded(
            "[green]✓[/] %(count)s of %(rows)s rows are well%(again)s",
            count=len(result["handed_in"]),
            rows=result["rows"],
            again=again,
        ),
        highlight=False,
    )
    for row in result["rejected"]:
        err.print(
            worded("[red]✗[/] line %(line)s: %(reason)s", line=row["line"], reason=escape(row["reason"])),
            highlight=False,
        )
    if result["rejected_file"]:
        err.print(
            worded(
                "  → correct %(rejected_file)s and import it as it is",
                rejected_file=escape(result["rejected_file"]),
            ),
            highlight=False,
        )
