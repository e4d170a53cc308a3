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
from fenghuo.speech import labelled, named, reason, worded
from shared.act_outcome import ActOutcome
from shared.case import Case, Task
from shared.message import N_


def show_submitted(result: dict[str, Any]) -> None:
    directory_names = names()
    out.print(
        worded(
            "[green]✓[/] on record as case [bold]%(case)s[/], fact %(sequence)s",
            case=result["case"],
            sequence=result["fact"]["sequence"],
        ),
        highlight=False,
    )
    for duty in result["duties"]:
        at = clock(datetime.fromisoformat(duty["due_at"]))
        title = duty.get("title") or {"zh": "", "en": duty["act"].replace("_", " ")}
        title_words = named(title["zh"], title["en"])
        who = directory_names.person(duty.get("bearer") or duty["owed_to"])
        out.print(
            worded(
                "  due %(at)s  %(strip)s: %(who)s", at=at, strip=escape(title_words.strip()), who=escape(who)
            ),
            highlight=False,
        )
    if result.get("notice"):
        err.print(f"  {escape(result['notice'])}", highlight=False)
    out.print(
        worded(
            "[dim]receipt (keep it, it proves when you reported):[/]\n%(receipt)s", receipt=result["receipt"]
        ),
        highlight=False,
    )


def show_acted(result: dict[str, Any]) -> None:
    directory_names = names()
    out.print(
        worded(
            "[green]✓[/] %(outcome)s, fact %(sequence)s of case %(case)s",
            outcome=worded(OUTCOMES.get(result["outcome"], str(result["outcome"]))),
            sequence=result["fact"]["sequence"],
            case=result["case"],
        ),
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
        due = (
            worded("by %(fromisoformat)s", fromisoformat=clock(datetime.fromisoformat(effect["due_at"])))
            if effect.get("due_at")
            else ""
        )
        said = " ".join(part for part in (labelled("effect", effect["kind"]), who, about, due) if part)
        out.print(
            f"  {escape(said)} [dim]({escape(reason(effect['why']))})[/] {escape(effect.get('note') or '')}".rstrip(),
            highlight=False,
        )


def show_cases(result: dict[str, Any]) -> None:
    table, now = Table(box=None, pad_edge=False, header_style="dim"), datetime.now(UTC)
    for column in (N_("case"), N_("due"), N_("left"), N_("level"), N_("answers")):
        table.add_column(worded(column), no_wrap=True)
    table.add_column(worded("summary"), no_wrap=True, overflow="ellipsis", ratio=1)
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
    out.print(table if result["cases"] else worded("no such case"))
    _say_if_behind(result)


def show_tasks(result: dict[str, Any]) -> None:
    table, now, directory_names = (
        Table(box=None, pad_edge=False, header_style="dim"),
        datetime.now(UTC),
        names(),
    )
    narrow = (N_("case"), N_("task"), N_("due"), N_("left"))
    for column in ("case", "task", N_("what"), N_("unit"), N_("state"), "due", "left"):
        table.add_column(worded(column), no_wrap=column in narrow)
    for listed in result["tasks"]:
        task = msgspec.convert(
            {name: value for name, value in listed.items() if name not in ("case", "summary")}, Task
        )
        table.add_row(listed["case"], *task_row(task, directory_names, now))
    out.print(table if result["tasks"] else worded("no open task"))
    if result.get("more"):
        err.print(
            worded(
                "%(more)s more: narrow it with --unit, --state or --slip, or raise --limit",
                more=result["more"],
            ),
            highlight=False,
        )
    _say_if_behind(result)


OUTCOMES = {
    ActOutcome.APPLIED: N_("done"),
    ActOutcome.RECORDED: N_("on record, not decided on yet"),
    ActOutcome.WAITS: N_("waits for a second person"),
}
"""What became of an act; one that was refused or set aside ends the command with the reason."""
VERDICTS = {
    None: N_("[yellow]to be confirmed or refuted[/]"),
    True: N_("[red]confirmed[/]"),
    False: N_("[green]refuted[/]"),
}
WITHDRAWN = N_("[green]withdrawn[/]")


def show_suspicions(cases: list[Case]) -> None:
    directory_names = names()
    for case in cases:
        suspicion = case.suspicion
        if suspicion is None:
            continue
        verdict = WITHDRAWN if suspicion.withdrawn_at else VERDICTS[suspicion.confirmed]
        unit, witness = directory_names.unit(suspicion.unit), str(suspicion.source or case.report.unit)
        out.print(
            f"{case.id} {worded(verdict)} {escape(f'{unit}: {case.report.summary}')}",
            highlight=False,
        )
        matched = (
            worded("; case %(matched)s matches it", matched=suspicion.matched) if suspicion.matched else ""
        )
        known_by = worded(
            "known by %(witness)s%(matched)s; why this unit: %(why)s",
            witness=witness,
            why=reason(suspicion.why),
            matched=matched,
        )
        if suspicion.statement:
            said = worded("the unit says: %(statement)s", statement=suspicion.statement)
            out.print(f"  {escape(said)}", highlight=False)
        out.print(f"  [dim]{escape(known_by)}[/]", highlight=False)
    if not cases:
        out.print(worded("nothing is suspected"))


def _say_if_behind(result: dict[str, Any]) -> None:
    if not result.get("caught_up", True):
        err.print(worded("intake has not caught up with the broker: this may be incomplete"), highlight=False)
