"""`fenghuo policy check|explain`: what a policy file would do wrong, and what it means for a report, before it is in force."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from fenghuo.answers import Exit, answer, fail, out
from services.escalator.policy.check import findings
from services.escalator.policy.explain import Explanation, explain
from services.escalator.policy.load import load_policy
from shared.directory import load_directory
from shared.facts import ReportForm
from shared.lined_yaml import YamlFault
from shared.settings import Settings
from shared.vocabulary import Category, Level, ReportKind

app = typer.Typer(help="Check and explain the policy.", no_args_is_help=True)

PolicyFile = Annotated[Path | None, typer.Argument(help="The policy file; default FENGHUO_POLICY.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


@app.command("check")
def check_file(policy: PolicyFile = None, as_json: AsJson = False) -> None:
    """Name line and remedy of every fault. Ends with 1 where there is one."""
    settings = Settings()
    path = policy or settings.policy
    faults: list[str] = []
    warnings: list[str] = []
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
                out.print("[red]✗[/]", escape(line), highlight=False)
        else:
            out.print(f"[green]✓[/] {path} can be followed: {label}", highlight=False)
        for line in warnings:
            out.print("[yellow]![/]", escape(line), highlight=False)

    answer({"policy": str(path), "label": label, "faults": faults, "warnings": warnings, "ok": not faults}, as_json=as_json, render=render)
    if faults:
        raise typer.Exit(Exit.NO)


@app.command("explain")
def explain_report(
    unit: Annotated[str, typer.Option(help="The unit that learned of it.")],
    area: Annotated[str, typer.Option(help="Division code, six digits.")],
    category: Annotated[Category, typer.Option()] = Category.ACCIDENT,
    level: Annotated[Level | None, typer.Option(help="I is the gravest; leave out where not graded.")] = None,
    kind: Annotated[ReportKind, typer.Option()] = ReportKind.INCIDENT,
    sensitive: Annotated[bool, typer.Option(help="A sensitive time, place or person: ignores grading.")] = False,
    policy: Annotated[Path | None, typer.Option(help="The policy file; default FENGHUO_POLICY.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say in plain words who would be told when, why, and by which line, if it were learned of and reported now."""
    settings = Settings()
    now = datetime.now(UTC)
    form = ReportForm.model_validate(
        {"kind": kind, "category": category, "level": level, "sensitive": sensitive, "unit": unit, "area": area}
        | {"occurred_at": now, "learned_at": now, "summary": "?"}
    )
    try:
        loaded = load_policy(policy or settings.policy)
        explained = explain(form, now, loaded, load_directory(settings.directory))
    except YamlFault as fault:
        fail(Exit.NO, str(fault), "mend the lines named above; `fenghuo policy check` finds the rest")
    answer(explained.model_dump(mode="json"), as_json=as_json, render=lambda _: _print(explained, now, loaded.name, settings))


def _print(explained: Explanation, now: datetime, name: str, settings: Settings) -> None:
    out.print(f"{explained.text.zh}\n{explained.text.en}  [dim]({explained.policy})[/]\n", highlight=False)
    table = Table("after", "at", "who", "post", "what", "channels", "rule", box=None, header_style="dim")
    for step in explained.steps:
        after = int((step.at - now).total_seconds())
        table.add_row(
            f"{after // 60:+d}:{after % 60:02d}",
            step.at.astimezone(settings.zone).strftime("%H:%M:%S"),
            step.person_name.zh,
            step.post_name.zh,
            f"{step.text.zh} · {step.text.en}",
            ", ".join(step.channels),
            f"{step.rule.path} ({name}:{step.rule.line})",
        )
    out.print(table)
