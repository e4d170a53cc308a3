"""How the directory looks on a terminal, and what a person types into times and changes."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from rich.markup import escape
from rich.table import Table

from fenghuo.answers import Exit, fail, out
from fenghuo.commands._names import names
from shared.directory import Directory
from shared.directory.change_facts import Change
from shared.directory.rows import TABLES
from shared.facts import field_errors, rfc3339
from shared.ids import PersonId
from shared.settings import Settings

Json = dict[str, Any]
PARTS = ("posts", "people", "units", "areas", "rosters", "sources", "plans", "suppressions", "gaps")
IMPORT_HELP = (
    "Merge tables (CSV, UTF-8 or GB 18030) into the directory as one change; nothing is taken of a table with a fault.\n\n"
    + "\n\n".join(
        f"{name}.csv: id, name_zh, name_en, {', '.join(table.columns)}"
        + (
            "; every other column is a channel (voice, sms, email …) in the order they are tried"
            if table.channels
            else ""
        )
        for name, table in TABLES.items()
    )
    + "\n\nThe first line names the columns. One that is missing leaves what is known, an empty cell clears it. Several values in "
    "a cell are separated by semicolons. A row whose id is known changes that one, any other adds one."
)
_changes: TypeAdapter[tuple[Change, ...]] = TypeAdapter(tuple[Change, ...])


def moment(text: str) -> datetime:
    """A time; without an offset the operator's zone."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        fail(
            Exit.USAGE,
            f"{text!r} is not a time",
            "write it as '2026-12-24 18:00' or 2026-12-24T18:00:00+08:00",
        )
    return at if at.tzinfo is not None else at.replace(tzinfo=Settings().zone)


def absence(since: datetime, until: datetime, reason: str) -> Json:
    return {"from": rfc3339(since), "until": rfc3339(until), "reason": reason}


def parsed(changes: Any) -> list[Change]:
    try:
        return list(_changes.validate_python(changes))
    except ValidationError as error:
        fail(
            Exit.USAGE,
            "\n".join(f"{where}: {what}" for where, what in field_errors(error)),
            "correct these and call again",
        )


GAPS_SHOWN = 100
"""The grave and the nearest come first."""


def checked(result: Json) -> None:
    for line in result["faults"]:
        out.print(f"[red]✗[/] {escape(line)}", highlight=False)
    if result["ok"]:
        out.print(f"[green]✓[/] {result['directory']} is valid as a whole, no post is dark", highlight=False)
    _gaps(result["gaps"])


def _gaps(gaps: list[Json]) -> None:
    for gap in gaps[:GAPS_SHOWN]:
        mark = "[red]✗[/]" if gap["grave"] else "[yellow]![/]"
        when = f"{_clock(gap['since'])} – {_clock(gap.get('until'))}  " if gap.get("since") else ""
        out.print(
            f"{mark} {when}{escape(gap['text']['zh'])} · {escape(gap['text']['en'])} [dim]({gap['code']} {gap['subject']})[/]"
        )
    if (more := len(gaps) - GAPS_SHOWN) > 0:
        out.print(f"[dim]and {more} more: --json names all of them[/]", highlight=False)


def part(name: str, body: Json) -> None:
    if name == "gaps":
        _gaps(body["gaps"])
        if not body["gaps"]:
            out.print("[green]✓[/] no gap", highlight=False)
        return
    columns = _COLUMNS[name]
    table = Table(*columns, box=None, pad_edge=False, header_style="dim")
    for entry in body[name]:
        table.add_row(*(escape(str(say(entry))) for say in columns.values()))
    out.print(table)
    out.print(
        f"[dim]version {body['version']}, revision {body.get('revision', 'of the file')}[/]", highlight=False
    )


def _name(named: Json) -> str:
    return f"{named['name']['zh']} {named['name']['en']}"


def _of(field: str) -> Callable[[Json], Any]:
    def say(entry: Json) -> Any:
        value = entry.get(field)
        return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else value  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]

    return say


def _on_duty(post: Json) -> str:
    now = post.get("on_duty")
    return f"{now['person']} until {_clock(now['until'])}" if now else "nobody"


_COLUMNS: dict[str, dict[str, Callable[[Json], Any]]] = {
    "posts": {
        "post": _of("id"),
        "name": _name,
        "held now by": _of("held_by"),
        "why": _of("why"),
        "deputies": _of("deputies"),
    },
    "people": {
        "person": _of("id"),
        "name": _name,
        "unit": _of("unit"),
        "channels": _of("channels"),
        "away": lambda person: len(person["absences"]),
    },
    "units": {
        "unit": _of("id"),
        "name": _name,
        "area": _of("area"),
        "superior": _of("superior"),
        "head": _of("head"),
    },
    "areas": {"code": _of("code"), "name": _name, "within": _of("within")},
    "rosters": {
        "roster": _of("id"),
        "name": _name,
        "post": _of("post"),
        "on duty": _on_duty,
        "rotation": _of("rotation"),
    },
    "sources": {
        "source": _of("id"),
        "name": _name,
        "unit": _of("unit"),
        "formats": _of("formats"),
        "silent after": _of("silent_after"),
    },
    "plans": {
        "plan": _of("id"),
        "name": _name,
        "unit": _of("unit"),
        "version": _of("version"),
        "review by": _of("review_by"),
    },
    "suppressions": {
        "id": _of("id"),
        "from": _of("from"),
        "until": _of("until"),
        "reason": _of("reason"),
        "by": _of("by"),
    },
}


def shifts(body: Json, directory: Directory) -> None:
    table = Table(
        "from", "until", "on duty", "leader on duty", "", box=None, pad_edge=False, header_style="dim"
    )
    for shift in body["shifts"]:
        who, leader = (_person(directory, shift[key]) for key in ("person", "leader"))
        table.add_row(
            _clock(shift["from"]),
            _clock(shift["until"]),
            who,
            leader,
            "stands in" if shift["override"] else "",
        )
    out.print(table if body["shifts"] else "no shift")


def _person(directory: Directory, person: str | None) -> str:
    known = directory.people_by_id.get(PersonId(person or ""))
    return escape(f"{known.name.zh} {known.name.en}" if known else person or "")


def would_change(result: Json) -> None:
    for change in result["changes"]:
        out.print(f"{change['op']} {escape(_about(change))}", highlight=False)
    out.print(
        f"[dim]{len(result['changes'])} changes, valid as a whole; nothing was sent[/]", highlight=False
    )


def _about(entry: Json) -> str:
    about = entry.get(str(entry["op"]).removeprefix("put_"))
    if isinstance(about, dict):
        return str(about.get("id") or about.get("code"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    return " ".join(
        str(entry[key]) for key in ("what", "id", "post", "holder", "person", "roster") if key in entry
    )


def changed(result: Json) -> None:
    out.print(
        f"[green]✓[/] the directory is at revision {result['revision']}, version {result['version']}",
        highlight=False,
    )


def proposed(result: Json) -> None:
    """Nothing has changed yet: why, who may approve it, until when."""
    out.print(
        f"[yellow]![/] waits for a second person until {_clock(result['expires_at'])}; nothing has changed yet",
        highlight=False,
    )
    for need in result["needs"]:
        out.print(f"  {escape(need['zh'])} · {escape(need['en'])}", highlight=False)
    out.print(f"  approve: {escape(_approvers(result['approvers']))}", highlight=False)
    out.print(f"  [dim]fenghuo directory approve {escape(result['proposal'])}[/]", highlight=False)


def proposals(waiting: list[Json]) -> None:
    if not waiting:
        out.print("nothing waits for a second person", highlight=False)
        return
    directory_names = names()
    for proposal in waiting:
        by = proposal["by"]
        unit = f", {_name({'name': by['unit']})}" if by.get("unit") else ""
        out.print(
            f"[bold]{escape(proposal['proposal'])}[/]  until {_clock(proposal['expires_at'])}",
            highlight=False,
        )
        out.print(
            f"  by       {escape(_name(by) + unit)}{escape('  · ' + proposal['why'] if proposal['why'] else '')}",
            highlight=False,
        )
        for touches in proposal["touches"]:
            said = "; ".join(_change_words(change) for change in touches["changes"])
            out.print(
                f"  touches  {escape(directory_names.person(touches['person']))}: {escape(said)}",
                highlight=False,
            )
        if not proposal["touches"]:
            asked = ", ".join(f"{change['op']} {_about(change)}" for change in proposal["changes"])
            out.print(f"  changes  {escape(asked)}", highlight=False)
        mark = "[green]yours to decide[/]" if proposal["may_decide"] else ""
        out.print(f"  approve  {escape(_approvers(proposal['approvers']))}  {mark}", highlight=False)


def _approvers(units: list[Json]) -> str:
    named = [f"{unit['zh']} {unit['en']}" for unit in units]
    return f"a leader or supervisor of {' or '.join(named)}, or the operator" if named else "the operator"


def _change_words(change: Json) -> str:
    words = [TOUCHES[change["what"]]]
    words += [_name({"name": change["about"]})] if change.get("about") else []
    words += [f"{_day(change['since'])} – {_day(change['until'])}"] if change.get("since") else []
    words += [f"({_name({'name': change['other']})})"] if change.get("other") else []
    return " ".join(words)


TOUCHES = {
    "absent": "absent",
    "present": "not absent any more",
    "on_shift": "on watch",
    "off_shift": "not on watch",
    "roster": "another rotation of",
    "holds": "holds",
    "holds_no_more": "no longer holds",
    "deputy": "deputy for",
    "deputy_no_more": "no longer deputy for",
    "addresses": "other numbers or addresses",
    "roles": "other roles",
    "unit": "belongs to",
    "removed": "no longer in the directory",
}


def _day(text: str) -> str:
    """With the year: what waits for a second person is often long."""
    return datetime.fromisoformat(text).astimezone(Settings().zone).strftime("%Y-%m-%d %H:%M")


def _clock(text: str | None) -> str:
    return datetime.fromisoformat(text).astimezone(Settings().zone).strftime("%m-%d %H:%M") if text else "…"
