"""`fenghuo policy …`: what a policy would do wrong, and what it would mean, before it is in force; and how it
comes into force.

`check`, `explain`, `simulate` and `schema` need nothing running; `versions`, `draft`, `submit` and `approve` ask the
escalator.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from fenghuo import history_source
from fenghuo.answers import AsJson, Exit, InLanguage, answer, fail, out
from fenghuo.client import call
from fenghuo.commands._show_explanation import show_explanation
from fenghuo.side_by_side import simulate_at_once
from fenghuo.speech import also, worded
from services.escalator.playing.explain import explain
from services.escalator.playing.simulate import Differences, policies_in
from services.escalator.policy.check import findings
from services.escalator.policy.load import load_policy
from services.escalator.policy.schema import policy_schema
from shared.directory import Directory, load_directory
from shared.editor_schema import schema_text
from shared.facts import ReportForm
from shared.lined_yaml import YamlFault
from shared.message import Sayable, because
from shared.settings import Settings
from shared.vocabulary import Category, Kind, Language, Level, ReportKind, Role
from shared.web.picks import PickedSort, Picker

app = typer.Typer(help="Check, explain and simulate the policy, and put it into force.", no_args_is_help=True)

PolicyFile = Annotated[Path | None, typer.Argument(help="The policy file; default FENGHUO_POLICY.")]


@app.command("check")
def check_file(policy: PolicyFile = None, as_json: AsJson = False) -> None:
    """Name line and remedy of every fault. Ends with 1 where there is one."""
    settings = Settings()
    path = policy or settings.policy
    faults: list[Sayable] = []
    warnings: list[Sayable] = []
    label = ""
    try:
        loaded = load_policy(path)
        label = loaded.label
        found = findings(loaded, load_directory(settings.directory), datetime.now(UTC))
        faults, warnings = found.faults, found.warnings
    except YamlFault as fault:
        faults = fault.faults

    def render(_: Any) -> None:
        if faults:
            for line in faults:
                out.print("[red]✗[/]", escape(also(line)), highlight=False)
        else:
            out.print(
                worded("[green]✓[/] %(path)s can be followed: %(label)s", path=path, label=label),
                highlight=False,
            )
        for line in warnings:
            out.print("[yellow]![/]", escape(also(line)), highlight=False)

    answer(
        {"policy": str(path), "label": label, "faults": faults, "warnings": warnings, "ok": not faults},
        as_json=as_json,
        render=render,
    )
    if faults:
        raise typer.Exit(Exit.NO)


@app.command("schema")
def print_schema() -> None:
    """The JSON Schema of the policy's file, for an editor: `fenghuo policy schema >
    config/policy.schema.json`.
    """
    sys.stdout.write(schema_text(policy_schema()))


@app.command("explain")
def explain_report(
    unit: Annotated[str, typer.Option(help="The unit that learned of it.")],
    area: Annotated[str, typer.Option(help="Division code: 6 digits, 9 of a township, 12 of a village.")],
    category: Annotated[Category, typer.Option()] = Category.ACCIDENT,
    level: Annotated[Level | None, typer.Option(help="I is the gravest; leave out where not graded.")] = None,
    kind: Annotated[ReportKind, typer.Option()] = ReportKind.INCIDENT,
    sensitive: Annotated[
        bool, typer.Option(help="A sensitive time, place or person: ignores grading.")
    ] = False,
    policy: Annotated[Path | None, typer.Option(help="The policy file; default FENGHUO_POLICY.")] = None,
    topic: Annotated[
        str | None, typer.Option(help="The policy's finer sorting, such as tv or urgent.")
    ] = None,
    language: InLanguage = Language.ZH,
    as_json: AsJson = False,
) -> None:
    """Say in plain words who would be told when, why, and by which line, if it were learned of and reported
    now.
    """
    settings = Settings()
    now = datetime.now(UTC)
    directory = _directory(settings)
    unit, area = (
        _picked(option, written, Picker(directory, sort))
        for option, written, sort in (("--unit", unit, PickedSort.UNITS), ("--area", area, PickedSort.AREAS))
    )
    form = ReportForm.model_validate(
        {
            "kind": kind,
            "category": category,
            "level": level,
            "topic": topic,
            "sensitive": sensitive,
            "unit": unit,
            "area": area,
        }
        | {"occurred_at": now, "learned_at": now, "summary": "?"}
    )
    try:
        loaded = load_policy(policy or settings.policy)
        explained = explain(form, now, loaded, directory)
    except YamlFault as fault:
        fail(
            Exit.NO,
            because(fault),
            worded("mend the lines named above; `fenghuo policy check` finds the rest"),
        )
    answer(
        explained.model_dump(mode="json"),
        as_json=as_json,
        render=lambda _: show_explanation(explained, now, loaded.name, settings, language),
    )


def _directory(settings: Settings) -> Directory:
    try:
        return load_directory(settings.directory)
    except YamlFault as fault:
        fail(
            Exit.NO,
            because(fault),
            worded("mend the lines named above; `fenghuo policy check` finds the rest"),
        )


def _picked(option: str, written: str, picker: Picker) -> str:
    """The one of the directory that is meant, by its id or a name that no other has."""
    if (key := picker.named(written)) is None:
        fail(
            Exit.USAGE,
            worded("%(option)s: %(fault)s", option=option, fault=also(picker.fault(written))),
            worded("see: fenghuo directory show units, or areas"),
        )
    return key


@app.command("simulate")
def simulate_history(
    policy: Annotated[Path, typer.Argument(help="The policy to try.")],
    case: Annotated[str | None, typer.Option(help="One case of the running trail.")] = None,
    export: Annotated[
        Path | None, typer.Option(help="A folder of `fenghuo trail export`, or JSON lines.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z", "%Y-%m-%d"], help="Cases from then on."
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            help="Compare with this policy; default: those in force at the time, as the trail tells."
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Changes shown.")] = 40,
    as_json: AsJson = False,
) -> None:
    """Play a case or a history under another policy on a virtual clock, and show what would have gone
    differently.
    """
    settings = Settings()
    if case is not None and export is not None:
        fail(Exit.USAGE, worded("--case and --export exclude each other"), worded("name one history to play"))
    history = (
        history_source.of_case(case)
        if case
        else list(history_source.of_export(export) if export else history_source.of_trail())
    )
    if since is not None:
        begins = since if since.tzinfo else since.replace(tzinfo=settings.zone)
        history = [
            (fact, at)
            for fact, at in history
            if at >= begins or fact.kind in (Kind.POLICY_DRAFTED, Kind.POLICY_APPROVED)
        ]
    if not history:
        fail(
            Exit.NO,
            worded("there is nothing to play"),
            worded("see the case's id or --since; `fenghuo trail query` shows what there is"),
        )
    try:
        other = load_policy(policy)
        before = (
            [(history[0][1], load_policy(against))]
            if against
            else policies_in(history, load_policy(settings.policy))
        )
    except YamlFault as fault:
        fail(
            Exit.NO,
            because(fault),
            worded("mend the lines named above; `fenghuo policy check` finds the rest"),
        )
    started = perf_counter()
    differences = simulate_at_once(history, other, load_directory(settings.directory), before)
    took = perf_counter() - started
    answer(
        differences.model_dump(mode="json"), as_json=as_json, render=lambda _: _show(differences, took, limit)
    )


def _show(differences: Differences, took: float, limit: int) -> None:
    out.print(
        worded(
            "%(facts)s acts in %(cases)s cases, played twice in %(took)s s: [bold]%(cases_changed)s[/] cases would have gone differently.",
            facts=differences.facts,
            cases=differences.cases,
            took=f"{took:.2f}",
            cases_changed=differences.cases_changed,
        ),
        highlight=False,
    )
    totals = Table("", worded("before"), worded("after"), box=None, header_style="dim")
    for name in ("policy", "duties", "lapses", "notices", "decisions"):
        totals.add_row(name, str(getattr(differences.before, name)), str(getattr(differences.after, name)))
    out.print(totals)
    changes = Table(
        worded("case"),
        worded("what"),
        worded("duty"),
        worded("person"),
        worded("before"),
        worded("after"),
        box=None,
        header_style="dim",
    )
    for change in differences.changes[:limit]:
        changes.add_row(
            change.case,
            change.what,
            change.duty or "",
            change.person,
            change.before or "–",
            change.after or "–",
        )
    if differences.changes:
        out.print(changes)
    if len(differences.changes) > limit:
        out.print(
            worded(
                "[dim]and %(count)s more: --limit, or --json for all[/]",
                count=len(differences.changes) - limit,
            ),
            highlight=False,
        )


@app.command("versions")
def list_versions(as_json: AsJson = False) -> None:
    """Every version the running escalator knows: draft, approved, in force, superseded."""
    listed = call("escalator", "GET", "/api/v1/policy/versions", role=Role.SUPERVISOR).json()

    def render(_: Any) -> None:
        table = Table(
            worded("id"),
            worded("version"),
            worded("standing"),
            worded("drafted by"),
            worded("approved by"),
            worded("in force from"),
            worded("by resolution of"),
            box=None,
            header_style="dim",
        )
        for version in listed["versions"]:
            none: dict[str, Any] = {"by": "–", "in_force_from": "–"}
            last = version["approvals"][-1] if version["approvals"] else none
            name = version["label"].partition(" ")[0]
            table.add_row(
                version["id"],
                name,
                version["standing"],
                version["drafted_by"],
                last["by"],
                last["in_force_from"],
                last["resolution"]["meeting"] if last.get("resolution") else "–",
            )
        out.print(table)

    answer(listed, as_json=as_json, render=render)


@app.command("draft")
def draft_version(
    policy: Annotated[Path, typer.Argument(help="The policy file.")], as_json: AsJson = False
) -> None:
    """Lay a policy down as a draft (role supervisor or operator). Nobody works by it until another person has
    approved it.
    """
    try:
        text = policy.read_bytes()
    except OSError as error:
        fail(Exit.USAGE, f"{policy}: {also(error.strerror or str(error))}", worded("name an existing file"))
    drafted = call("escalator", "POST", "/api/v1/policy/versions", role=Role.SUPERVISOR, content=text).json()
    words = worded("%(id)s is a draft; a leader approves it: fenghuo policy approve %(id)s", id=drafted["id"])
    answer(drafted, as_json=as_json, render=lambda _: out.print(words, highlight=False))


@app.command("submit")
def submit_version(
    version: Annotated[str, typer.Argument(help="Its id, or its name where only one has it.")],
    meeting: Annotated[str, typer.Option(help="The case of the meeting that decides on it.")],
    as_json: AsJson = False,
) -> None:
    """Lay a draft before a meeting, by whose resolution it may come into force (role supervisor or operator)."""
    submitted = call(
        "escalator",
        "POST",
        f"/api/v1/policy/versions/{version}/submit",
        role=Role.SUPERVISOR,
        json={"meeting": meeting},
    ).json()
    words = worded("%(label)s lies before the meeting", label=submitted["label"].partition(" ")[0])
    answer(submitted, as_json=as_json, render=lambda _: out.print(words, highlight=False))


@app.command("approve")
def approve_version(
    version: Annotated[str, typer.Argument(help="Its id, or its name where only one has it.")],
    in_force_from: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"], help="Default: from now on."
        ),
    ] = None,
    meeting: Annotated[
        str | None, typer.Option(help="The case of the meeting by whose resolution it comes into force.")
    ] = None,
    file: Annotated[
        str | None, typer.Option(help="SHA-256 of the meeting's file with the resolution; default the last.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Approve a draft of somebody else's (role leader), in force for the cases that begin from then on."""
    given = {
        "in_force_from": in_force_from.isoformat() if in_force_from else None,
        "meeting": meeting,
        "file": file,
    }
    body = {name: value for name, value in given.items() if value is not None}
    version_approved = call(
        "escalator", "POST", f"/api/v1/policy/versions/{version}/approve", role=Role.LEADER, json=body
    ).json()
    begins = version_approved["approvals"][-1]["in_force_from"]
    answer(
        version_approved,
        as_json=as_json,
        render=lambda _: out.print(
            worded("%(label)s is in force from %(begins)s", label=version_approved["label"], begins=begins),
            highlight=False,
        ),
    )
