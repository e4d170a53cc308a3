"""`fenghuo report`: hands in a report over HTTP, as a unit's own system would."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from fenghuo.commands._typed import HARM_HELP, TASK_HELP, moment, option, task_form
from fenghuo.commands._typed import harm as read_harm
from fenghuo.speech import worded
from shared.settings import Settings
from shared.vocabulary import Category, Level, ReportKind, Role

K = ReportKind
OF_REPORTERS = (K.INCIDENT, K.OPINION, K.DISPUTE, K.HAZARD, K.PETITION, K.COMPLAINT)
"""What a unit's own person reports; the rest is opened by who assigns."""


def report(
    category: Annotated[Category | None, typer.Option(help="What it is.")] = None,
    unit: Annotated[str | None, typer.Option(help="The unit that learned of it.")] = None,
    area: Annotated[
        str | None,
        typer.Option(help="Where: code of the division, 6 digits, 9 of a township, 12 of a village."),
    ] = None,
    summary: Annotated[str | None, typer.Option(help="One line: what, where, how bad.")] = None,
    level: Annotated[
        Level | None, typer.Option(help="I is the gravest; leave out where there is none.")
    ] = None,
    kind: Annotated[ReportKind, typer.Option(help="Incident unless said otherwise.")] = ReportKind.INCIDENT,
    occurred_at: Annotated[str | None, typer.Option(help="ISO 8601. Default: when it was learned.")] = None,
    learned_at: Annotated[
        str | None, typer.Option(help="ISO 8601: the half hour counts from here. Default: now.")
    ] = None,
    details: Annotated[str | None, typer.Option(help="Everything else that is known.")] = None,
    sensitive: Annotated[
        bool, typer.Option("--sensitive", help="Time, place or people make it grave at any level.")
    ] = False,
    topic: Annotated[
        str | None,
        typer.Option(help="The policy's finer sorting: tv, web, external_media; urgent, utility; land …"),
    ] = None,
    harm: Annotated[str | None, typer.Option(help=HARM_HELP)] = None,
    parent: Annotated[str | None, typer.Option(help="The case this one follows from.")] = None,
    task: Annotated[list[str] | None, typer.Option(help=TASK_HELP)] = None,
    exercise: Annotated[
        bool, typer.Option("--exercise", help="A drill: marked as such in every message.")
    ] = False,
    file: Annotated[
        list[Path] | None,
        typer.Option(help="A photograph, a scan, a document to send along; may be repeated."),
    ] = None,
    form_file: Annotated[
        Path | None,
        typer.Option("--form", help="The whole report as JSON (- for standard input) instead of options."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            help="Idempotency-Key: a repeat with the same key (and --learned-at) is the same report."
        ),
    ] = None,
    role: Annotated[
        Role | None,
        typer.Option("--as", help="Whose development token to use where FENGHUO_TOKEN is not set."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Report an emergency, or open any other matter, and show the duties it opens and the signed receipt
    (FENGHUO_TOKEN, role reporter).

    Tasks, campaigns and orders: --kind task|campaign|supervision_order with --task once or more (role
    duty_officer, leader, supervisor).
    """
    from fenghuo.answers import answer
    from fenghuo.client import call
    from fenghuo.commands._files import uploaded
    from fenghuo.commands._show import show_submitted

    if form_file is not None:
        form = _read(form_file)
    else:
        learned = option("--learned-at", learned_at, moment) if learned_at else datetime.now(Settings().zone)
        form = {
            "kind": kind.value,
            "category": category,
            "level": level,
            "unit": unit,
            "area": area,
            "summary": summary,
            "details": details,
            "topic": topic,
            "harm": option("--harm", harm, read_harm) if harm else None,
            "parent": parent,
            "tasks": [option("--task", written, task_form) for written in task] if task else None,
            "sensitive": sensitive,
            "exercise": exercise,
            "learned_at": learned.isoformat(),
            "occurred_at": (
                option("--occurred-at", occurred_at, moment) if occurred_at else learned
            ).isoformat(),
        }
        form = {field: value for field, value in form.items() if value is not None}
    headers = {"Idempotency-Key": key} if key else {}
    usual = (
        Role.REPORTER
        if ReportKind(form.get("kind", ReportKind.INCIDENT)) in OF_REPORTERS
        else Role.DUTY_OFFICER
    )
    if file:
        form["files"] = uploaded(file, role or usual)
    response = call("intake", "POST", "/api/v1/reports", role=role or usual, json=form, headers=headers)
    answer(response.json(), as_json=as_json, render=show_submitted)


def _read(file: Path) -> dict[str, Any]:
    import json
    import sys

    from fenghuo.answers import Exit, fail

    try:
        form: Any = json.loads(sys.stdin.read() if str(file) == "-" else file.read_text())
    except (OSError, ValueError) as error:
        fail(
            Exit.USAGE,
            worded("%(file)s can't be read as JSON (%(error)s)", file=file, error=error),
            worded("give a file with one JSON object, fields as in docs/events.md"),
        )
    return form
