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
from fenghuo.speech import labelled, named, reason, worded
from shared.case import Case, Duty, DutyState, HolderTerm, Lit, Slip, Task, TaskState
from shared.message import N_

STATES = {
    DutyState.OPEN: N_("[yellow]open[/]"),
    DutyState.DISCHARGED: N_("[green]in time[/]"),
    DutyState.LAPSED: N_("[bold red]lapsed[/]"),
    DutyState.LAPSED_DISCHARGED: N_("[red]late[/]"),
    DutyState.CANCELLED: N_("[dim]cancelled[/]"),
}
TASKS = {
    TaskState.VERIFIED: N_("[green]closed[/]"),
    TaskState.COMPLETED: N_("[cyan]to be verified[/]"),
    TaskState.CANCELLED: N_("[dim]cancelled[/]"),
}
SLIPS = {
    Slip.BLUE: N_(" [blue]■ blue[/]"),
    Slip.YELLOW: N_(" [yellow]■ yellow[/]"),
    Slip.RED: N_(" [red]■ red[/]"),
}


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
    for entry in case.left_out:
        left_out = escape(f"{reason(entry.why)}{f': {entry.note}' if entry.note else ''}")
        out.print(
            worded(
                "[reverse] LEFT OUT [/] %(at)s %(kind)s: %(reason)s",
                at=clock(entry.at),
                kind=labelled("fact", entry.kind),
                reason=left_out,
            ),
            highlight=False,
        )


def _head(case: Case, directory_names: DirectoryNames) -> Iterator[str]:
    report = case.report
    exercise = worded("[reverse] EXERCISE [/] ") if report.exercise else ""
    yield f"{exercise}[bold]{escape(report.summary)}[/]"
    graded = (
        worded(" (reported as %(level)s)", level=report.level or "-") if case.level != report.level else ""
    )
    sort = " · ".join(
        labelled(group, part)
        for group, part in (("kind", report.kind), ("category", report.category), ("topic", report.topic))
        if part
    )
    sensitive = worded(" · sensitive") if case.sensitive else ""
    yield worded(
        "case %(case_id)s · %(status)s · level %(level)s%(graded)s%(sensitive)s · %(sort)s · area %(area)s",
        case_id=case.id,
        status=labelled("status", case.status),
        level=case.level or "-",
        graded=graded,
        sensitive=sensitive,
        sort=sort,
        area=escape(directory_names.area(report.area)),
    )
    by = escape(directory_names.unit(report.unit))
    yield worded(
        "learned %(learned_at)s · reported %(opened_at)s by %(by)s · policy %(policy)s",
        learned_at=clock(report.learned_at),
        opened_at=clock(case.opened_at),
        by=by,
        policy=case.policy,
    )
    yield worded(
        "answers for it: [bold]%(holder)s[/]%(chain)s",
        holder=escape(directory_names.unit(case.holder)),
        chain=_chain(case.held, directory_names),
    )
    if case.transfer:
        asked = worded(
            "asked: %(to_unit)s, because %(reason)s",
            to_unit=directory_names.unit(case.transfer.to_unit),
            reason=case.transfer.reason,
        )
        until = (
            worded(", may refuse until %(answer_by)s", answer_by=clock(case.transfer.answer_by))
            if case.transfer.answer_by
            else ""
        )
        yield escape(
            worded("  %(asked)s%(until)s; the sender answers until it is accepted", asked=asked, until=until)
        )
    for term in case.command:
        if term.until is None:
            yield escape(
                worded(
                    "%(value)s: %(person)s since %(since)s",
                    value=worded("acting commander") if term.acting else worded("commander"),
                    person=directory_names.person(term.person),
                    since=clock(term.since),
                )
            )
    links = {
        worded("follows from"): report.parent,
        worded("merged into"): case.merged_into,
        worded("split from"): case.split_from,
        worded("grown into"): case.grown_into,
    }
    yield from (
        worded("%(words)s case %(other)s", words=words, other=other)
        for words, other in links.items()
        if other
    )
    if case.merged_from:
        yield worded("duplicates merged into it: %(merged_from)s", merged_from=", ".join(case.merged_from))


def _chain(held: tuple[HolderTerm, ...], known: DirectoryNames) -> str:
    """Who held it before, from when to when."""
    before = [period for period in held if period.until is not None]
    if not before:
        return ""
    return "".join(
        worded(
            "\n  before: %(unit)s %(since)s to %(until)s (%(how)s)",
            unit=escape(known.unit(period.unit)),
            since=clock(period.since),
            until=clock(period.until),
            how=labelled("held", period.how),
        )
        for period in before
        if period.until
    )


def _duties(case: Case, directory_names: DirectoryNames, now: datetime) -> Table:
    table = Table(
        worded("what"),
        worded("who"),
        worded("state"),
        worded("due"),
        worded("left"),
        worded("called"),
        box=None,
        pad_edge=False,
        header_style="dim",
    )
    for duty in sorted(case.duties, key=lambda listed: (not listed.is_owed, listed.due_at)):
        plan = case.plan_of(duty)
        task = f" [dim]{duty.task}[/]" if duty.task else ""
        table.add_row(
            f"{escape(named(plan.title.zh, plan.title.en))}{task}",
            escape(directory_names.person(duty.bearer)),
            worded(STATES[duty.state]) + _marks(duty, directory_names),
            clock(duty.due_at)
            + (
                worded(" [dim](was %(first_due_at)s)[/]", first_due_at=clock(duty.first_due_at))
                if duty.first_due_at
                else ""
            ),
            left(duty.due_at, now) if duty.is_owed else "",
            ", ".join(f"{escape(directory_names.person(lit.person))}{_answer(lit)}" for lit in duty.lit),
        )
    return table


def _marks(duty: Duty, directory_names: DirectoryNames) -> str:
    """What else is true of it: its slip, who stood in, whether its clock stands still."""
    marks = worded(SLIPS[duty.slip]) if duty.slip else ""
    if duty.paused_at:
        marks += worded(
            " paused%(value)s",
            value=worded(" until %(paused_until)s", paused_until=clock(duty.paused_until))
            if duty.paused_until
            else "",
        )
    elif duty.snoozed_until:
        marks += worded(" reminded again %(snoozed_until)s", snoozed_until=clock(duty.snoozed_until))
    return marks + (
        worded(" taken by %(taken_by)s", taken_by=escape(directory_names.person(duty.taken_by)))
        if duty.taken_by
        else ""
    )


def _answer(lit: Lit) -> str:
    if lit.answered_at is not None:
        return worded(" [green]answered[/]")
    if lit.dark_at is None:
        return worded(" [yellow]lit[/]")
    return worded(" [red]dark[/]") if lit.is_reached else worded(" [red]not reached[/]")


def _tasks(case: Case, directory_names: DirectoryNames, now: datetime) -> Table:
    table = Table(
        worded("task"),
        worded("what"),
        worded("unit"),
        worded("state"),
        worded("due"),
        worded("left"),
        box=None,
        pad_edge=False,
        header_style="dim",
    )
    for task in case.tasks:
        table.add_row(*task_row(task, directory_names, now))
    return table


def task_row(task: Task, directory_names: DirectoryNames, now: datetime) -> tuple[str, ...]:
    """Id, title, unit, state with its slip, limit, how long is left."""
    done = task.state in (TaskState.VERIFIED, TaskState.CANCELLED, TaskState.COMPLETED)
    lead = worded(" [bold]lead[/]") if task.lead else ""
    return (
        task.id,
        escape(task.title),
        escape(directory_names.unit(task.unit)) + lead,
        (worded(TASKS[task.state]) if task.state in TASKS else labelled("task", task.state))
        + (worded(SLIPS[task.slip]) if task.slip and not done else "")
        + (worded(" nil") if task.nil else ""),
        clock(task.due_at),
        "" if done else left(task.due_at, now),
    )


def _judgement(case: Case, directory_names: DirectoryNames) -> Iterator[str]:
    """Suspicion, measure and public notice: what is alleged, and what only a person decides."""
    if case.items:
        open_items = sum(bool(item.lacks) for item in case.items)
        yield worded(
            "%(count)s items registered, %(open_items)s of them without a measure, an owner or a date",
            count=len(case.items),
            open_items=open_items,
        )
    # Until its limit has passed nothing is alleged: the unit may yet report.
    if (suspicion := case.suspicion) and suspicion.suspected_at:
        verdict = {
            None: worded("waits for a person to confirm or refute it"),
            True: worded("confirmed"),
            False: worded("refuted"),
        }[suspicion.confirmed]
        if suspicion.withdrawn_at is not None:
            verdict = worded("withdrawn, the unit had reported in time")
        if suspicion.statement:
            verdict = f"{verdict}; {worded('the unit says: %(statement)s', statement=suspicion.statement)}"
        matched = (
            worded("; matched by case %(matched)s", matched=suspicion.matched) if suspicion.matched else ""
        )
        yield escape(
            worded(
                "suspected omission: %(unit)s%(matched)s: %(verdict)s",
                unit=directory_names.unit(suspicion.unit),
                matched=matched,
                verdict=verdict,
            )
        )
    if measure := case.measure:
        decided = (
            worded(
                "decided: %(decided)s by %(decided_by)s",
                decided=labelled("measure", measure.decided),
                decided_by=directory_names.by(measure.decided_by or "?"),
            )
            if measure.decided
            else worded("only the organ decides")
        )
        yield escape(
            worded(
                "measure proposed: %(proposed)s (%(why)s) about case %(about)s: %(decided)s",
                proposed=labelled("measure", measure.proposed),
                why=", ".join(map(reason, measure.why)),
                about=measure.about,
                decided=decided,
            )
        )
        if measure.owed_to:
            owed_to = ", ".join(directory_names.post(post) for post in measure.owed_to)
            yield escape(worded("it was owed to: %(owed_to)s", owed_to=owed_to))
    if notice := case.notice:
        out_at = (
            worded("published %(published_at)s", published_at=clock(notice.published_at))
            if notice.published_at
            else worded("reply until %(reply_by)s", reply_by=clock(notice.reply_by))
        )
        yield worded(
            "public notice: %(count)s approvals, %(count2)s replies, %(out_at)s",
            count=len(notice.approvals),
            count2=len(notice.replies),
            out_at=out_at,
        )
