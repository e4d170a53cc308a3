"""How a case, a list of cases and the answer to an act look on a terminal: times in the operator's zone, names from the directory."""

from datetime import UTC, datetime
from typing import Any

from rich.markup import escape
from rich.table import Table

from fenghuo.answers import err, out
from fenghuo.parts import found
from shared.case import Case, Duty, DutyState
from shared.directory import Directory, load_directory
from shared.ids import PersonId
from shared.lined_yaml import YamlFault
from shared.settings import Settings

STATES = {
    DutyState.OPEN: "[yellow]open[/]",
    DutyState.DISCHARGED: "[green]in time[/]",
    DutyState.LAPSED: "[bold red]lapsed[/]",
    DutyState.LAPSED_DISCHARGED: "[red]late[/]",
    DutyState.CANCELLED: "[dim]cancelled[/]",
}


class Names:
    """Ids as people read them; an id the directory does not have stays an id."""

    def __init__(self, directory: Directory | None) -> None:
        self._directory = directory

    def person(self, person: str) -> str:
        known = self._directory and self._directory.people_by_id.get(PersonId(person))
        return f"{known.name.zh} {known.name.en}" if known else person


def names() -> Names:
    try:
        return Names(load_directory(found(Settings().directory)))
    except (YamlFault, OSError):
        return Names(None)


def _clock(at: datetime) -> str:
    return at.astimezone(Settings().zone).strftime("%m-%d %H:%M:%S")


def _left(duty: Duty) -> str:
    if not duty.is_owed:
        return ""
    seconds = int((duty.due_at - datetime.now(UTC)).total_seconds())
    return f"{'[red]late ' if seconds < 0 else ''}{abs(seconds) // 60}:{abs(seconds) % 60:02d}{'[/]' if seconds < 0 else ''}"


def show_submitted(result: dict[str, Any]) -> None:
    known = names()
    out.print(f"[green]✓[/] on record as case [bold]{result['case']}[/], fact {result['fact']['sequence']}", highlight=False)
    for duty in result["duties"]:
        at = _clock(datetime.fromisoformat(duty["due_at"]))
        out.print(f"  due {at}  owed to {escape(known.person(duty['owed_to']))}", highlight=False)
    if result.get("notice"):
        err.print(f"  {escape(result['notice'])}", highlight=False)
    out.print(f"[dim]receipt (keep it, it proves when you reported):[/]\n{result['receipt']}", highlight=False)


def show_acted(result: dict[str, Any]) -> None:
    known = names()
    out.print(f"[green]✓[/] {result['outcome']}, fact {result['fact']['sequence']} of case {result['case']}", highlight=False)
    for effect in result["effects"]:
        who = known.person(effect["person"]) if effect.get("person") else ""
        out.print(f"  {effect['kind']} {escape(who)} [dim]({effect['why']})[/]", highlight=False)


def show_case(result: dict[str, Any]) -> None:
    case, known = Case.model_validate(result), names()
    report = case.report
    out.print(f"[bold]{escape(report.summary)}[/]", highlight=False)
    out.print(f"case {case.id} · {case.status} · level {report.level or '-'} · {report.unit} · area {report.area}", highlight=False)
    out.print(f"learned {_clock(report.learned_at)} · reported {_clock(case.opened_at)} · policy {case.policy}", highlight=False)
    table = Table("owed to", "state", "due", "left", "lit", box=None, pad_edge=False, header_style="dim")
    for duty in case.duties:
        lit = ", ".join(f"{known.person(one.person)}{_answer(one.answered_at, one.dark_at)}" for one in duty.lit)
        table.add_row(escape(known.person(duty.owed_to)), STATES[duty.state], _clock(duty.due_at), _left(duty), lit)
    out.print(table)
    for entry in case.log:
        out.print(f"[dim]{_clock(entry.at)}[/] {entry.kind} by {escape(entry.by)} {escape(entry.text or '')}", highlight=False)


def _answer(answered_at: datetime | None, dark_at: datetime | None) -> str:
    if answered_at is not None:
        return " [green]answered[/]"
    return " [red]dark[/]" if dark_at is not None else " [yellow]lit[/]"


def show_cases(result: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("case", "due", "left", "level"):
        table.add_column(column, no_wrap=True)
    table.add_column("summary", no_wrap=True, overflow="ellipsis", ratio=1)
    for raw in result["cases"]:
        case = Case.model_validate(raw)
        owed = sorted((duty for duty in case.duties if duty.is_owed), key=lambda duty: duty.due_at)
        due, left = (_clock(owed[0].due_at), _left(owed[0])) if owed else ("", "")
        table.add_row(case.id, due, left, str(case.report.level or "-"), escape(case.report.summary))
    out.print(table if result["cases"] else "no open case")
    if not result.get("caught_up", True):
        err.print("intake has not caught up with the broker: this may be incomplete", highlight=False)
