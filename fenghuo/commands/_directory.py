"""How the directory looks on a terminal, and what a person types into times and changes."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from rich.markup import escape
from rich.table import Table

from fenghuo.answers import Exit, fail, out
from fenghuo.commands._names import names
from fenghuo.speech import also, worded
from fenghuo.speech import named as name_words
from shared.directory import Directory
from shared.directory.change_facts import Change
from shared.directory.rows import TABLES
from shared.facts import field_errors, rfc3339
from shared.ids import PersonId
from shared.message import N_
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
            worded("%(text)s is not a time", text=repr(text)),
            worded("write it as '2026-12-24 18:00' or 2026-12-24T18:00:00+08:00"),
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
            worded("correct these and call again"),
        )


def _both(text: Json) -> str:
    """A text that comes in both languages: in Chinese alone, or in both."""
    return name_words(text["zh"], f"· {text['en']}")


GAPS_SHOWN = 100
"""The grave and the nearest come first."""


def checked(result: Json) -> None:
    for line in result["faults"]:
        out.print(f"[red]✗[/] {escape(also(line))}", highlight=False)
    if result["ok"]:
        out.print(
            worded(
                "[green]✓[/] %(directory)s is valid as a whole, no post is dark",
                directory=result["directory"],
            ),
            highlight=False,
        )
    _gaps(result["gaps"])


def _gaps(gaps: list[Json]) -> None:
    for gap in gaps[:GAPS_SHOWN]:
        mark = "[red]✗[/]" if gap["grave"] else "[yellow]![/]"
        when = f"{_clock(gap['since'])} – {_clock(gap.get('until'))}  " if gap.get("since") else ""
        out.print(f"{mark} {when}{escape(_both(gap['text']))} [dim]({gap['code']} {gap['subject']})[/]")
    if (more := len(gaps) - GAPS_SHOWN) > 0:
        out.print(worded("[dim]and %(more)s more: --json names all of them[/]", more=more), highlight=False)


def part(name: str, body: Json) -> None:
    if name == "gaps":
        _gaps(body["gaps"])
        if not body["gaps"]:
            out.print(worded("[green]✓[/] no gap"), highlight=False)
        return
    columns = _COLUMNS[name]
    table = Table(*map(worded, columns), box=None, pad_edge=False, header_style="dim")
    for entry in body[name]:
        table.add_row(*(escape(str(say(entry))) for say in columns.values()))
    out.print(table)
    out.print(
        worded(
            "[dim]version %(version)s, revision %(get)s[/]",
            version=body["version"],
            get=body.get("revision", worded("of the file")),
        ),
        highlight=False,
    )


def _name(named: Json) -> str:
    return name_words(named["name"]["zh"], named["name"]["en"])


def _of(field: str) -> Callable[[Json], Any]:
    def say(entry: Json) -> Any:
        value = entry.get(field)
        return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else value  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]

    return say


def _portfolio(post: Json) -> str:
    """谁分管谁负责: for whom it stands, and what it is in charge of."""
    about = ", ".join(
        value for field in ("topics", "kinds", "categories", "areas") for value in post.get(field, ())
    )
    return f"{about} → {post['stands_for']}" if post.get("stands_for") else about


def _on_duty(post: Json) -> str:
    now = post.get("on_duty")
    return (
        worded("%(person)s until %(until)s", person=now["person"], until=_clock(now["until"]))
        if now
        else worded("nobody")
    )


_COLUMNS: dict[str, dict[str, Callable[[Json], Any]]] = {
    "posts": {
        N_("post"): _of("id"),
        N_("name"): _name,
        N_("held now by"): _of("held_by"),
        N_("why"): _of("why"),
        N_("deputies"): _of("deputies"),
        N_("in charge of"): _portfolio,
    },
    "people": {
        N_("person"): _of("id"),
        N_("name"): _name,
        N_("unit"): _of("unit"),
        N_("channels"): _of("channels"),
        N_("away"): lambda person: len(person["absences"]),
    },
    "units": {
        N_("unit"): _of("id"),
        N_("name"): _name,
        N_("area"): _of("area"),
        N_("superior"): _of("superior"),
        N_("head"): _of("head"),
    },
    "areas": {N_("code"): _of("code"), N_("name"): _name, N_("within"): _of("within")},
    "rosters": {
        N_("roster"): _of("id"),
        N_("name"): _name,
        N_("post"): _of("post"),
        N_("on duty"): _on_duty,
        N_("rotation"): _of("rotation"),
    },
    "sources": {
        N_("source"): _of("id"),
        N_("name"): _name,
        N_("unit"): _of("unit"),
        N_("formats"): _of("formats"),
        N_("silent after"): _of("silent_after"),
    },
    "plans": {
        N_("plan"): _of("id"),
        N_("name"): _name,
        N_("unit"): _of("unit"),
        N_("version"): _of("version"),
        N_("review by"): _of("review_by"),
    },
    "suppressions": {
        N_("id"): _of("id"),
        N_("from"): _of("from"),
        N_("until"): _of("until"),
        N_("reason"): _of("reason"),
        N_("by"): _of("by"),
    },
}


def shifts(body: Json, directory: Directory) -> None:
    table = Table(
        worded("from"),
        worded("until"),
        worded("on duty"),
        worded("leader on duty"),
        "",
        box=None,
        pad_edge=False,
        header_style="dim",
    )
    for shift in body["shifts"]:
        who, leader = (_person(directory, shift[key]) for key in ("person", "leader"))
        table.add_row(
            _clock(shift["from"]),
            _clock(shift["until"]),
            who,
            leader,
            worded("stands in") if shift["override"] else "",
        )
    out.print(table if body["shifts"] else worded("no shift"))


def _person(directory: Directory, person: str | None) -> str:
    known = directory.people_by_id.get(PersonId(person or ""))
    return escape(name_words(known.name.zh, known.name.en) if known else person or "")


def would_change(result: Json) -> None:
    for change in result["changes"]:
        out.print(f"{change['op']} {escape(_about(change))}", highlight=False)
    out.print(
        worded("[dim]%(count)s changes, valid as a whole; nothing was sent[/]", count=len(result["changes"])),
        highlight=False,
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
        worded(
            "[green]✓[/] the directory is at revision %(revision)s, version %(version)s",
            revision=result["revision"],
            version=result["version"],
        ),
        highlight=False,
    )


def proposed(result: Json) -> None:
    """Nothing has changed yet: why, who may approve it, until when."""
    out.print(
        worded(
            "[yellow]![/] waits for a second person until %(expires_at)s; nothing has changed yet",
            expires_at=_clock(result["expires_at"]),
        ),
        highlight=False,
    )
    for need in result["needs"]:
        out.print(f"  {escape(_both(need))}", highlight=False)
    out.print(
        worded("  approve: %(approvers)s", approvers=escape(_approvers(result["approvers"]))), highlight=False
    )
    out.print(
        worded("  [dim]fenghuo directory approve %(proposal)s[/]", proposal=escape(result["proposal"])),
        highlight=False,
    )


def proposals(waiting: list[Json]) -> None:
    if not waiting:
        out.print(worded("nothing waits for a second person"), highlight=False)
        return
    directory_names = names()
    for proposal in waiting:
        by = proposal["by"]
        unit = f", {_name({'name': by['unit']})}" if by.get("unit") else ""
        out.print(
            worded(
                "[bold]%(proposal)s[/]  until %(expires_at)s",
                proposal=escape(proposal["proposal"]),
                expires_at=_clock(proposal["expires_at"]),
            ),
            highlight=False,
        )
        out.print(
            worded(
                "  by       %(by)s%(value)s",
                by=escape(_name(by) + unit),
                value=escape("  · " + proposal["why"] if proposal["why"] else ""),
            ),
            highlight=False,
        )
        out.print(
            f"  by       {escape(_name(by) + unit)}{escape('  · ' + proposal['why'] if proposal['why'] else '')}",
            highlight=False,
        )
        for touches in proposal["touches"]:
            said = "; ".join(_change_words(change) for change in touches["changes"])
            out.print(
                worded(
                    "  touches  %(person)s: %(said)s",
                    person=escape(directory_names.person(touches["person"])),
                    said=escape(said),
                ),
                highlight=False,
            )
        if not proposal["touches"]:
            asked = ", ".join(f"{change['op']} {_about(change)}" for change in proposal["changes"])
            out.print(worded("  changes  %(asked)s", asked=escape(asked)), highlight=False)
        mark = worded("[green]yours to decide[/]") if proposal["may_decide"] else ""
        out.print(
            worded(
                "  approve  %(approvers)s  %(mark)s",
                approvers=escape(_approvers(proposal["approvers"])),
                mark=mark,
            ),
            highlight=False,
        )


def _approvers(units: list[Json]) -> str:
    named = [name_words(unit["zh"], unit["en"]) for unit in units]
    return (
        worded("a leader or supervisor of %(named)s, or the operator", named=worded(" or ").join(named))
        if named
        else worded("the operator")
    )


def _change_words(change: Json) -> str:
    words = [worded(TOUCHES[change["what"]])]
    words += [_name({"name": change["about"]})] if change.get("about") else []
    words += [f"{_day(change['since'])} – {_day(change['until'])}"] if change.get("since") else []
    words += [f"({_name({'name': change['other']})})"] if change.get("other") else []
    return " ".join(words)


TOUCHES = {
    "absent": N_("absent"),
    "present": N_("not absent any more"),
    "on_shift": N_("on watch"),
    "off_shift": N_("not on watch"),
    "roster": N_("another rotation of"),
    "holds": N_("holds"),
    "holds_no_more": N_("no longer holds"),
    "deputy": N_("deputy for"),
    "deputy_no_more": N_("no longer deputy for"),
    "addresses": N_("other numbers or addresses"),
    "roles": N_("other roles"),
    "unit": N_("belongs to"),
    "removed": N_("no longer in the directory"),
}


def _day(text: str) -> str:
    """With the year: what waits for a second person is often long."""
    return datetime.fromisoformat(text).astimezone(Settings().zone).strftime("%Y-%m-%d %H:%M")


def _clock(text: str | None) -> str:
    return datetime.fromisoformat(text).astimezone(Settings().zone).strftime("%m-%d %H:%M") if text else "…"
