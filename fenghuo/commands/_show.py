"""How the answer to a report or an act, and lists of cases and tasks look on a terminal: names from the
directory, local times.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.markup import escape
from rich.table import Table

from fenghuo.answers import err, out
from fenghuo.commands._names import clock, left, names
from fenghuo.commands._show_case import read, task_row
from shared.case import Case, Task


def show_submitted(result: dict[str, Any]) -> None:
    directory_names = names()
    out.print(
        f"[green]✓[/] on record as case [bold]{result['case']}[/], fact {result['fact']['sequence']}",
        highlight=False,
    )
    for duty in result["duties"]:
        at = clock(datetime.fromisoformat(duty["due_at"]))
        title = duty.get("title") or {"zh": "", "en": duty["act"].replace("_", " ")}
        named = f"{title['zh']} {title['en']}"
        who = directory_names.person(duty.get("bearer") or duty["owed_to"])
        out.print(f"  due {at}  {escape(named.strip())}: {escape(who)}", highlight=False)
    if result.get("notice"):
        err.print(f"  {escape(result['notice'])}", highlight=False)
    out.print(
        f"[dim]receipt (keep it, it proves when you reported):[/]\n{result['receipt']}", highlight=False
    )


def show_acted(result: dict[str, Any]) -> None:
    directory_names = names()
    out.print(
        f"[green]✓[/] {result['outcome']}, fact {result['fact']['sequence']} of case {result['case']}",
        highlight=False,
    )
    for effect in result["effects"]:
        who = (
            directory_names.person(effect["person"])
            if effect.get("person")
            else directory_names.unit(effect["unit"])
            if effect.get("unit")
            else ""
        )
        about = (
            effect["duty"].partition("-")[0].replace("_", " ")
            if effect.get("duty")
            else effect.get("task") or ""
        )
        due = f"by {clock(datetime.fromisoformat(effect['due_at']))}" if effect.get("due_at") else ""
        said = " ".join(part for part in (effect["kind"], who, about, due) if part)
        out.print(
            f"  {escape(said)} [dim]({effect['why']})[/] {escape(effect.get('note') or '')}".rstrip(),
            highlight=False,
        )


def show_cases(result: dict[str, Any]) -> None:
    table, now = Table(box=None, pad_edge=False, header_style="dim"), datetime.now(UTC)
    for column in ("case", "due", "left", "level", "answers"):
        table.add_column(column, no_wrap=True)
    table.add_column("summary", no_wrap=True, overflow="ellipsis", ratio=1)
    directory_names = names()
    for case in map(read, result["cases"]):
        due, remaining = (clock(case.next_due), left(case.next_due, now)) if case.next_due else ("", "")
        table.add_row(
            case.id,
            due,
            remaining,
            str(case.level or "-"),
            escape(directory_names.unit(case.holder)),
            escape(case.report.summary),
        )
    out.print(table if result["cases"] else "no such case")
    _say_if_behind(result)


def show_tasks(result: dict[str, Any]) -> None:
    table, now, directory_names = (
        Table(box=None, pad_edge=False, header_style="dim"),
        datetime.now(UTC),
        names(),
    )
    for column in ("case", "task", "what", "unit", "state", "due", "left"):
        table.add_column(column, no_wrap=column in ("case", "task", "due", "left"))
    for listed in result["tasks"]:
        task = msgspec.convert(
            {name: value for name, value in listed.items() if name not in ("case", "summary")}, Task
        )
        table.add_row(listed["case"], *task_row(task, directory_names, now))
    out.print(table if result["tasks"] else "no open task")
    if result.get("more"):
        err.print(
            f"{result['more']} more: narrow it with --unit, --state or --slip, or raise --limit",
            highlight=False,
        )
    _say_if_behind(result)


VERDICTS = {
    None: "[yellow]to be confirmed or refuted[/]",
    True: "[red]confirmed[/]",
    False: "[green]refuted[/]",
}


def show_suspicions(cases: list[Case]) -> None:
    directory_names = names()
    for case in cases:
        suspicion = case.suspicion
        if suspicion is None:
            continue
        unit, witness = directory_names.unit(suspicion.unit), str(suspicion.source or case.report.unit)
        out.print(
            f"{case.id} {VERDICTS[suspicion.confirmed]} {escape(f'{unit}: {case.report.summary}')}",
            highlight=False,
        )
        matched = f"; case {suspicion.matched} matches it" if suspicion.matched else ""
        out.print(f"  [dim]{escape(f'{suspicion.why}, known by {witness}{matched}')}[/]", highlight=False)
    if not cases:
        out.print("nothing is suspected")


def _say_if_behind(result: dict[str, Any]) -> None:
    if not result.get("caught_up", True):
        err.print("intake has not caught up with the broker: this may be incomplete", highlight=False)
