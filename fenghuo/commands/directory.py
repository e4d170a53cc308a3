"""`fenghuo directory`: who is who, what is wrong with it, what will be dark, and changes to it while
everything runs.

Invariant: what a command would send is checked here as intake will check it, so that `--dry-run` tells the
truth. Reading needs no running service where a file is named.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from fenghuo.answers import AsJson, Exit, answer, err, fail, out
from fenghuo.client import call, call_all
from fenghuo.commands import _directory as lines
from fenghuo.commands._directory_changes import (
    HIDDEN,
    Against,
    DryRun,
    Why,
    directory_file,
    directory_now,
    send_changes,
)
from fenghuo.commands._files import content_of, write_to
from fenghuo.parts import located
from fenghuo.speech import worded
from shared.directory import Directory, Roster, gaps, load_directory, shown
from shared.directory.change_facts import (
    Change,
    EndAbsence,
    OverrideRoster,
    SetAbsence,
    SetHolder,
)
from shared.directory.fit import misfits
from shared.directory.rows import TABLES, RowFault, read_rows, write_rows
from shared.ids import PersonId, RosterId
from shared.lined_yaml import YamlFault
from shared.message import Sayable, because, on_lines
from shared.settings import Settings
from shared.vocabulary import Role

app = typer.Typer(
    help="Check, show and change the directory: people, posts, rosters, absences.", no_args_is_help=True
)

Days = Annotated[int, typer.Option(min=1, max=366, help="How far ahead to look.")]


@app.command("check")
def check_file(
    file: Annotated[
        Path | None, typer.Argument(help="The directory file; default FENGHUO_DIRECTORY.")
    ] = None,
    days: Days = 14,
    as_json: AsJson = False,
) -> None:
    """Name line and remedy of every fault, and what will be dark in the next days. Ends with 1 where there is
    a fault.
    """
    path = file or located(Settings().directory)
    now = datetime.now(UTC)
    faults: list[Sayable] = []
    warnings: list[dict[str, Any]] = []
    try:
        directory = load_directory(path)
        faults = misfits(directory)
        warnings = [
            gap.model_dump(mode="json", exclude_none=True)
            for gap in gaps(directory, now, now + timedelta(days=days))
        ]
    except YamlFault as fault:
        faults = fault.faults
    result = {"directory": str(path), "faults": faults, "gaps": warnings, "ok": not faults}
    answer(result, as_json=as_json, render=lines.checked)
    if faults:
        raise typer.Exit(Exit.NO)


@app.command("show")
def show(
    part: Annotated[
        str,
        typer.Argument(help="posts, people, units, areas, rosters, sources, plans, suppressions or gaps."),
    ] = "posts",
    against: Against = None,
    csv: Annotated[
        bool, typer.Option("--csv", help="As a table that `directory import` takes: posts, units or rosters.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show one part of the directory as it is now: who holds which post and why, who is on duty."""
    if part not in lines.PARTS:
        fail(
            Exit.USAGE,
            worded("no part %(part)s", part=repr(part)),
            worded("name one of %(PARTS)s", PARTS=", ".join(lines.PARTS)),
        )
    if csv:
        if part not in TABLES or TABLES[part].channels:
            fail(
                Exit.USAGE,
                worded("%(part)s is no table that goes out", part=part),
                worded("name posts, units or rosters"),
            )
        typer.echo(write_rows(directory_now(against)[0], part), nl=False)
        return
    if against is None:
        result = call_all("intake", f"/api/v1/directory/{part}", role=Role.DUTY_OFFICER)
    else:
        directory, now = directory_file(against), datetime.now(UTC)
        if part == "gaps":
            some: list[Any] = [
                gap.model_dump(mode="json", exclude_none=True)
                for gap in gaps(directory, now, now + timedelta(days=14))
            ]
        else:
            some = shown.part(directory, part, now, personal=False)
        result = {"version": directory.version, part: some}
    answer(result, as_json=as_json, render=lambda body: lines.part(part, body))


@app.command("import", help=lines.IMPORT_HELP)
def import_tables(
    files: Annotated[list[Path], typer.Argument(help="CSV files.", metavar="FILE…")],
    kind: Annotated[
        str | None, typer.Option("--as", help="people, posts, units or rosters; default the file's name.")
    ] = None,
    against: Against = None,
    dry_run: DryRun = False,
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    directory, revision = directory_now(against)
    if any(entry.address == HIDDEN for person in directory.people for entry in person.channels):
        fail(
            Exit.USAGE,
            worded("this token does not show addresses, an import would lose them"),
            worded("use the token of an operator"),
        )
    changes: list[Change] = []
    faults: list[Sayable] = []
    for file in files:
        table = TABLES.get(kind or file.stem)
        if table is None:
            fail(
                Exit.USAGE,
                worded("%(file)s: not known what it holds", file=file),
                worded(
                    "name the file %(TABLES)s, or give --as",
                    TABLES=", ".join(f"{name}.csv" for name in TABLES),
                ),
            )
        try:
            changes += read_rows(content_of(file), file.name, table, directory)
        except RowFault as fault:
            faults += fault.faults
    if faults:
        fail(Exit.NO, on_lines(faults), worded("correct these cells; nothing was taken"))
    send_changes(
        directory,
        revision,
        changes,
        why or worded("import of %(files)s", files=", ".join(file.name for file in files)),
        dry_run or against is not None,
        as_json,
    )


@app.command("roster")
def roster(
    id: Annotated[str, typer.Argument(help="The roster's id.", metavar="ROSTER")],  # noqa: A002 - the directory's word
    ics: Annotated[
        Path | None,
        typer.Option("--ics", help="Write the shifts to this iCalendar file; - for standard output."),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Take this iCalendar file: who differs from the rotation stands in."),
    ] = None,
    days: Days = 90,
    against: Against = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Show who is on shift, write it as iCalendar, or take shifts from one (events name a person by mail, id
    or name).
    """
    directory, revision = directory_now(against)
    one = directory.rosters_by_id.get(RosterId(id))
    if one is None:
        fail(
            Exit.USAGE,
            worded("no roster %(id)s", id=id),
            worded(
                "there are %(rosters_by_id)s",
                rosters_by_id=", ".join(directory.rosters_by_id) or worded("none"),
            ),
        )
    now = datetime.now(UTC)
    if ics is not None:
        _write_calendar(directory, one, ics, now, days)
        return
    if source is not None:
        _take_calendar(directory, revision, one, source, now, days, dry_run or against is not None, as_json)
        return
    result = {
        "roster": one.id,
        "shifts": [
            shown.shift_shown(shift) for shift in one.shifts(now, now + timedelta(days=min(days, 14)))
        ],
    }
    answer(result, as_json=as_json, render=lambda body: lines.shifts(body, directory))


def _write_calendar(directory: Directory, roster: Roster, ics: Path, now: datetime, days: int) -> None:
    from shared.directory.calendar import write_calendar

    raw = write_calendar(directory, roster, now, now + timedelta(days=days))
    if str(ics) == "-":
        sys.stdout.buffer.write(raw)
        return
    write_to(ics, raw)
    err.print(
        worded("%(days)s days of %(roster_id)s in %(ics)s", days=days, roster_id=roster.id, ics=ics),
        highlight=False,
    )


def _take_calendar(
    directory: Directory,
    revision: int,
    roster: Roster,
    source: Path,
    now: datetime,
    days: int,
    dry_run: bool,
    as_json: bool,
) -> None:
    from shared.directory.calendar import CalendarFault, read_calendar

    try:
        overrides = read_calendar(content_of(source), directory, roster, now, now + timedelta(days=days))
    except CalendarFault as fault:
        fail(
            Exit.NO,
            because(fault),
            worded("correct these events in your calendar and export it again; nothing was taken"),
        )
    changes: list[Change] = [OverrideRoster(roster=roster.id, override=override) for override in overrides]
    send_changes(
        directory,
        revision,
        changes,
        worded("shifts from %(file)s", file=source.name),
        dry_run,
        as_json,
    )


@app.command("change")
def change(
    file: Annotated[
        Path,
        typer.Argument(help="JSON: a list of changes, or an object with `changes`; - for standard input."),
    ],
    why: Why = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Send changes as intake takes them: put_person, put_post, set_holder, remove …
    (docs/schemas/directory_changed.v1.json).
    """
    try:
        body: Any = orjson.loads(content_of(file))
    except orjson.JSONDecodeError as error:
        fail(
            Exit.USAGE,
            worded("%(file)s is not JSON (%(error)s)", file=file, error=error),
            worded("write a list of changes"),
        )
    directory, revision = directory_now(None)
    changes = lines.parsed(body["changes"] if isinstance(body, dict) and "changes" in body else body)
    send_changes(directory, revision, changes, why, dry_run, as_json)


@app.command("absence")
def absence(
    person: Annotated[str, typer.Argument(help="Who is away.")],
    since: Annotated[
        str | None, typer.Option("--from", help="When it begins, e.g. '2026-12-24 18:00'; default now.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="When it ends.")] = None,
    reason: Annotated[str, typer.Option(help="Shown to operators only.")] = "",
    deputy: Annotated[
        str | None,
        typer.Option(help="Stands in at every post the absent person holds, after deputies named before."),
    ] = None,
    end: Annotated[bool, typer.Option("--end", help="The person is back, now or at --from.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Say that somebody is away, or back. Refused where a post would be dark: name a --deputy."""
    begins = lines.moment(since) if since else datetime.now(UTC)
    if end:
        entry: Change = EndAbsence(person=PersonId(person), at=begins)
    elif until is None:
        fail(
            Exit.USAGE,
            worded("until when?"),
            worded("add --until '2026-12-28 08:30', or --end where the person is back"),
        )
    else:
        entry = lines.parsed(
            [
                {
                    "op": "set_absence",
                    "person": person,
                    "absence": lines.absence(begins, lines.moment(until), reason),
                }
            ]
        )[0]
        assert isinstance(entry, SetAbsence)
    directory, revision = directory_now(None)
    changes: list[Change] = [entry]
    if deputy is not None:
        posts = [post for post in directory.posts if post.holder == person and deputy not in post.deputies]
        changes += [
            SetHolder(post=post.id, holder=PersonId(person), deputies=(*post.deputies, PersonId(deputy)))
            for post in posts
        ]
    send_changes(directory, revision, changes, reason, dry_run, as_json)


@app.command("proposals")
def proposals(as_json: AsJson = False) -> None:
    """List the changes that wait for a second person: by whom, what, until when, and who may approve them."""
    waiting: list[dict[str, Any]] = call(
        "intake", "GET", "/api/v1/directory/proposals", role=Role.OPERATOR
    ).json()["proposals"]
    answer(waiting, as_json=as_json, render=lines.proposals)


Proposal = Annotated[
    str, typer.Argument(help="Its id, as `fenghuo directory proposals` lists it.", metavar="PROPOSAL")
]


@app.command("approve")
def approve(proposal: Proposal, as_json: AsJson = False) -> None:
    """Be the second person: the change comes into force. Whoever proposed it, or is touched by it, can't."""
    result: dict[str, Any] = call(
        "intake", "POST", f"/api/v1/directory/proposals/{proposal}/approve", role=Role.OPERATOR
    ).json()
    answer(result, as_json=as_json, render=lines.changed)


@app.command("refuse")
def refuse(proposal: Proposal, why: Why = "", as_json: AsJson = False) -> None:
    """Refuse a change that waits, or take back one of your own: nothing changes, and who was told of it is
    told so.
    """
    call(
        "intake",
        "POST",
        f"/api/v1/directory/proposals/{proposal}/refuse",
        role=Role.OPERATOR,
        json={"why": why},
    )
    answer(
        {"refused": proposal},
        as_json=as_json,
        render=lambda _: out.print(worded("[green]✓[/] refused; nothing changes"), highlight=False),
    )
