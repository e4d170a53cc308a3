"""Against which directory a command of `fenghuo directory` works, and how its changes are sent.

Invariant: what would be sent is checked here as intake will check it.
"""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from fenghuo.answers import Exit, answer, err, fail, out
from fenghuo.client import call, call_all
from fenghuo.commands import _directory as lines
from fenghuo.speech import worded
from shared.directory import Directory, DirectoryFault, load_directory
from shared.directory.change_facts import Change, DirectoryChange
from shared.directory.changes import apply_change
from shared.facts import Actor
from shared.lined_yaml import YamlFault
from shared.message import because, on_lines
from shared.vocabulary import Role

HIDDEN = "hidden"
"""Stands for addresses where the token is not an operator's."""
Against = Annotated[
    Path | None,
    typer.Option("--against", help="Read this file instead of asking the running intake; sends nothing."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and send nothing.")]
Why = Annotated[str, typer.Option("--why", help="Goes on record with the change.")]


def directory_file(path: Path) -> Directory:
    try:
        return load_directory(path)
    except YamlFault as fault:
        fail(
            Exit.NO,
            because(fault),
            worded("mend the lines named above; `fenghuo directory check` finds the rest"),
        )


def directory_now(against: Path | None) -> tuple[Directory, int]:
    """The directory and its revision: the file's (revision 0), or as the running intake has it."""
    if against is not None:
        return directory_file(against), 0
    body = call_all("intake", "/api/v1/directory", role=Role.OPERATOR)
    revision = int(body.pop("revision"))
    for person in body["people"]:
        person["channels"] = [
            {"channel": channel, "address": HIDDEN} if isinstance(channel, str) else channel
            for channel in person["channels"]
        ]
    return Directory.model_validate(body), revision


def send_changes(
    directory: Directory, revision: int, changes: list[Change], why: str, dry_run: bool, as_json: bool
) -> None:
    """Check the changes against `directory`; send them to intake unless it is a dry run."""
    bodies = [change.model_dump(mode="json", exclude_none=True, by_alias=True) for change in changes]
    if not changes:
        answer(
            {"changes": [], "sent": False},
            as_json=as_json,
            render=lambda _: out.print(worded("nothing to change"), highlight=False),
        )
        return
    by = Actor(principal="operator", role=Role.OPERATOR)
    try:
        apply_change(
            directory,
            DirectoryChange(by=by, version=directory.version, base=revision, changes=tuple(changes)),
        )
    except DirectoryFault as fault:
        fail(Exit.NO, on_lines(text for _, text in fault.faults), worded("nothing was changed"))
    if dry_run:
        answer({"changes": bodies, "sent": False}, as_json=as_json, render=lines.would_change)
        return
    body = {"changes": bodies, "why": why, "base": revision}
    result: dict[str, Any] = call(
        "intake", "POST", "/api/v1/directory/changes", role=Role.OPERATOR, json=body
    ).json()
    if "proposal" in result:
        answer({**result, "sent": True}, as_json=as_json, render=lines.proposed)
        return
    for gap in result["gaps"]:
        err.print(f"[yellow]![/] {escape(gap['text']['zh'])} · {escape(gap['text']['en'])}", highlight=False)
    answer({**result, "sent": True}, as_json=as_json, render=lines.changed)
