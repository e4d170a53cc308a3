"""`fenghuo report`: hands in a report over HTTP, as a unit's own system would."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from shared.vocabulary import Category, Level, ReportKind, Role


def report(
    category: Annotated[Category | None, typer.Option(help="What it is.")] = None,
    unit: Annotated[str | None, typer.Option(help="The unit that learned of it.")] = None,
    area: Annotated[str | None, typer.Option(help="Where: six-digit code of the division.")] = None,
    summary: Annotated[str | None, typer.Option(help="One line: what, where, how bad.")] = None,
    level: Annotated[Level | None, typer.Option(help="I is the gravest; leave out where there is none.")] = None,
    kind: Annotated[ReportKind, typer.Option(help="Incident unless said otherwise.")] = ReportKind.INCIDENT,
    occurred_at: Annotated[str | None, typer.Option(help="ISO 8601. Default: when it was learned.")] = None,
    learned_at: Annotated[str | None, typer.Option(help="ISO 8601: the half hour counts from here. Default: now.")] = None,
    details: Annotated[str | None, typer.Option(help="Everything else that is known.")] = None,
    sensitive: Annotated[bool, typer.Option("--sensitive", help="Time, place or people make it grave at any level.")] = False,
    exercise: Annotated[bool, typer.Option("--exercise", help="A drill: marked as such in every message.")] = False,
    file: Annotated[Path | None, typer.Option(help="The whole report as JSON (- for standard input) instead of options.")] = None,
    key: Annotated[str | None, typer.Option(help="Idempotency-Key: a repeat with the same key is the same report.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Report an emergency and show the duties it opens and the signed receipt (FENGHUO_TOKEN, role reporter)."""
    from fenghuo.answers import answer
    from fenghuo.client import call
    from fenghuo.commands._show import show_submitted

    if file is not None:
        form = _read(file)
    else:
        learned = _time(learned_at, "--learned-at")
        form = {
            "kind": kind.value,
            "category": category,
            "level": level,
            "unit": unit,
            "area": area,
            "summary": summary,
            "details": details,
            "sensitive": sensitive,
            "exercise": exercise,
            "learned_at": learned.isoformat(),
            "occurred_at": (_time(occurred_at, "--occurred-at") if occurred_at else learned).isoformat(),
        }
        form = {field: value for field, value in form.items() if value is not None}
    headers = {"Idempotency-Key": key} if key else {}
    response = call("intake", "POST", "/api/v1/reports", role=Role.REPORTER, json=form, headers=headers)
    answer(response.json(), as_json=as_json, render=show_submitted)


def _read(file: Path) -> dict[str, Any]:
    import json
    import sys

    from fenghuo.answers import Exit, fail

    try:
        form: Any = json.loads(sys.stdin.read() if str(file) == "-" else file.read_text())
    except (OSError, ValueError) as error:
        fail(Exit.USAGE, f"{file} can't be read as JSON ({error})", "give a file with one JSON object, fields as in docs/events.md")
    return form


def _time(text: str | None, option: str) -> datetime:
    from fenghuo.answers import Exit, fail
    from shared.settings import Settings

    zone = Settings().zone
    if text is None:
        return datetime.now(zone)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        fail(Exit.USAGE, f"{option} {text!r} is not a time", "write it as 2026-11-23T03:12 or 2026-11-23T03:12:00+08:00")
    return at if at.tzinfo else at.replace(tzinfo=zone)
