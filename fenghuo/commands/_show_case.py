"""One case on a terminal, as somebody needs it at night: who answers for it, what is owed, what is being
done, who is suspected of what.

Invariant: nothing a person wrote is read as markup.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.markup import escape
from rich.table import Table

from fenghuo.answers import out
from fenghuo.commands._names import DirectoryNames, clock, left, names
from shared.case import Case, Duty, DutyState, HolderTerm, Lit, Slip, Task, TaskState
from shared.language.labels import why_in_words

STATES = {
    DutyState.OPEN: "[yellow]open[/]",
    DutyState.DISCHARGED: "[green]in time[/]",
    DutyState.LAPSED: "[bold red]lapsed[/]",
    DutyState.LAPSED_DISCHARGED: "[red]late[/]",
    DutyState.CANCELLED: "[dim]cancelled[/]",
}
TASKS = {
    TaskState.VERIFIED: "[green]closed[/]",
    TaskState.COMPLETED: "[cyan]to be verified[/]",
    TaskState.CANCELLED: "[dim]cancelled[/]",
}
SLIPS = {Slip.BLUE: " [blue]■ blue[/]", Slip.YELLOW: " [yellow]■ yellow[/]", Slip.RED: " [red]■ red[/]"}


def read(raw: Any) -> Case:
    """A case as the API gives it."""
    return msgspec.convert(raw, Case)


def show_case(result: Any) -> None:
    case, directory_names, now = read(result), names(), datetime.now(UTC)
    for line in _head(case, directory_names):
        out.print(line, highlight=False)
    if case.duties:
        out.print(_duties(case, directory_names, now))
    if case.tasks:
        out.print(_tasks(case, directory_names, now))
    for line in _judgement(case, directory_names):
        out.print(line, highlight=False)
    for left_out in case.left_out:
        reason = escape(f"{why_in_words(left_out.why, str)}{f': {left_out.note}' if left_out.note else ''}")
        out.print(f"[reverse] LEFT OUT [/] {clock(left_out.at)} {left_out.kind}: {reason}", highlight=False)
    for entry in case.log:
        reason = escape(f"by {directory_names.by(entry.by)} {entry.text or ''}".rstrip())
        out.print(f"[dim]{clock(entry.at)}[/] {entry.kind} {reason}", highlight=False)


def _head(case: Case, directory_names: DirectoryNames) -> Iterator[str]:
    report = case.report
    exercise = "[reverse] EXERCISE [/] " if report.exercise else ""
    yield f"{exercise}[bold]{escape(report.summary)}[/]"
    graded = f" (reported as {report.level or '-'})" if case.level != report.level else ""
    sort = " · ".join(part for part in (report.kind, report.category, report.topic) if part)
    sensitive = " · sensitive" if case.sensitive else ""
    yield f"case {case.id} · {case.status} · level {case.level or '-'}{graded}{sensitive} · {sort} · area {report.area}"
    by = escape(directory_names.unit(report.unit))
    yield f"learned {clock(report.learned_at)} · reported {clock(case.opened_at)} by {by} · policy {case.policy}"
    yield f"answers for it: [bold]{escape(directory_names.unit(case.holder))}[/]{_chain(case.held, directory_names)}"
    if case.transfer:
        asked = f"asked: {directory_names.unit(case.transfer.to_unit)}, because {case.transfer.reason}"
        until = f", may refuse until {clock(case.transfer.answer_by)}" if case.transfer.answer_by else ""
        yield escape(f"  {asked}{until}; the sender answers until it is accepted")
    for term in case.command:
        if term.until is None:
            what = "acting commander" if term.acting else "commander"
            yield escape(f"{what}: {directory_names.person(term.person)} since {clock(term.since)}")
    links = {"follows from": report.parent, "merged into": case.merged_into, "split from": case.split_from}
    yield from (f"{words} case {other}" for words, other in links.items() if other)
    if case.merged_from:
        yield f"duplicates merged into it: {', '.join(case.merged_from)}"


def _chain(held: tuple[HolderTerm, ...], known: DirectoryNames) -> str:
    """Who held it before, from when to when."""
    before = [period for period in held if period.until is not None]
    if not before:
        return ""
    return "".join(
        f"\n  before: {escape(known.unit(period.unit))} {clock(period.since)} to {clock(period.until)} ({period.how})"
        for period in before
        if period.until
    )


def _duties(case: Case, directory_names: DirectoryNames, now: datetime) -> Table:
    table = Table(
        "what", "who", "state", "due", "left", "called", box=None, pad_edge=False, header_style="dim"
    )
    for duty in sorted(case.duties, key=lambda listed: (not listed.is_owed, listed.due_at)):
        plan = case.plan_of(duty)
        task = f" [dim]{duty.task}[/]" if duty.task else ""
        table.add_row(
            f"{escape(f'{plan.title.zh} {plan.title.en}')}{task}",
            escape(directory_names.person(duty.bearer)),
            STATES[duty.state] + _marks(duty, directory_names),
            clock(duty.due_at) + (f" [dim](was {clock(duty.first_due_at)})[/]" if duty.first_due_at else ""),
            left(duty.due_at, now) if duty.is_owed else "",
            ", ".join(f"{escape(directory_names.person(lit.person))}{_answer(lit)}" for lit in duty.lit),
        )
    return table


def _marks(duty: Duty, directory_names: DirectoryNames) -> str:
    """What else is true of it: its slip, who stood in, whether its clock stands still."""
    marks = SLIPS[duty.slip] if duty.slip else ""
    if duty.paused_at:
        marks += f" paused{f' until {clock(duty.paused_until)}' if duty.paused_until else ''}"
    elif duty.snoozed_until:
        marks += f" reminded again {clock(duty.snoozed_until)}"
    return marks + (f" taken by {escape(directory_names.person(duty.taken_by))}" if duty.taken_by else "")


def _answer(lit: Lit) -> str:
    if lit.answered_at is not None:
        return " [green]answered[/]"
    if lit.dark_at is None:
        return " [yellow]lit[/]"
    return " [red]dark[/]" if lit.is_reached else " [red]not reached[/]"


def _tasks(case: Case, directory_names: DirectoryNames, now: datetime) -> Table:
    table = Table(
        "task", "what", "unit", "state", "due", "left", box=None, pad_edge=False, header_style="dim"
    )
    for task in case.tasks:
        table.add_row(*task_row(task, directory_names, now))
    return table


def task_row(task: Task, directory_names: DirectoryNames, now: datetime) -> tuple[str, ...]:
    """Id, title, unit, state with its slip, limit, how long is left."""
    done = task.state in (TaskState.VERIFIED, TaskState.CANCELLED, TaskState.COMPLETED)
    lead = " [bold]lead[/]" if task.lead else ""
    return (
        task.id,
        escape(task.title),
        escape(directory_names.unit(task.unit)) + lead,
        TASKS.get(task.state, str(task.state))
        + (SLIPS[task.slip] if task.slip and not done else "")
        + (" nil" if task.nil else ""),
        clock(task.due_at),
        "" if done else left(task.due_at, now),
    )


def _judgement(case: Case, directory_names: DirectoryNames) -> Iterator[str]:
    """Suspicion, measure and public notice: what is alleged, and what only a person decides."""
    if case.items:
        open_items = sum(item.measure is None or item.owner is None for item in case.items)
        yield f"{len(case.items)} items registered, {open_items} of them without a measure or an owner"
    if suspicion := case.suspicion:
        verdict = {None: "waits for a person to confirm or refute it", True: "confirmed", False: "refuted"}[
            suspicion.confirmed
        ]
        matched = f"; matched by case {suspicion.matched}" if suspicion.matched else ""
        yield escape(
            f"suspected omission: {directory_names.unit(suspicion.unit)}, {suspicion.why}{matched}: {verdict}"
        )
    if measure := case.measure:
        decided = (
            f"decided: {measure.decided} by {directory_names.by(measure.decided_by or '?')}"
            if measure.decided
            else "only the organ decides"
        )
        yield escape(
            f"measure proposed: {measure.proposed} ({', '.join(measure.why)}) about case {measure.about}: {decided}"
        )
    if notice := case.notice:
        out_at = (
            f"published {clock(notice.published_at)}"
            if notice.published_at
            else f"reply until {clock(notice.reply_by)}"
        )
        yield f"public notice: {len(notice.approvals)} approvals, {len(notice.replies)} replies, {out_at}"
