"""`fenghuo trail redact|hold|release|holds`: erase personal data on a legal basis, and forbid it.

Invariant: the service puts it on record first; the command says what was erased, and what was not.
"""

from typing import Annotated, Any

import typer
from rich.markup import escape

from fenghuo.answers import AsJson, Exit, answer, fail, out
from fenghuo.client import call
from shared.vocabulary import Role

Why = Annotated[str, typer.Option(help="Why: it stands on record.")]
Case = Annotated[str | None, typer.Option(help="All records of this case.")]
ALL = "all"


def redact(
    records: Annotated[list[int] | None, typer.Argument(help="The records; or --case.")] = None,
    case: Case = None,
    field: Annotated[
        list[str] | None,
        typer.Option(help="A path as the record's header names it (data.summary), `*` for all."),
    ] = None,
    basis: Annotated[
        str, typer.Option(help="The legal basis: the provision, or the order. Anyone may read it.")
    ] = "",
    reason: Annotated[str | None, typer.Option(help="Why, in your words; can be erased itself.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase personal fields (role redactor). It can't be undone; that it was done, by whom and on what basis
    stays on record.
    """
    if not basis:
        fail(Exit.USAGE, "no legal basis", "say on what it rests: --basis 'PIPL Art. 47, request 2026-118'")
    if bool(records) == (case is not None):
        fail(
            Exit.USAGE, "which records?", "name them (`fenghuo trail redact 17 18 …`), or a case with --case"
        )
    what = f"case {case}" if case else f"records {', '.join(map(str, records or ()))}"
    if not yes and not as_json:
        typer.confirm(f"Erase {', '.join(field or ['all personal fields'])} of {what} for good?", abort=True)
    body: dict[str, Any] = {
        "entries": records or [],
        "case": case,
        "fields": field or ALL,
        "legal_basis": basis,
        "reason": reason,
    }
    result = call("audit", "POST", "/api/v1/trail/redactions", role=Role.REDACTOR, json=body).json()
    answer(result, as_json=as_json, render=_show_erased)


def _show_erased(result: dict[str, Any]) -> None:
    for record in result["erased"]:
        out.print(f"record {record['index']}: {', '.join(record['fields'])}", highlight=False)
    done = "erased" if result["carried_out"] else "on record, and erased as soon as a checkpoint covers it"
    out.print(f"{done}; on record as {', '.join(map(str, result['records']))}", highlight=False)
    out.print(f"[dim]{result['also']}[/]", highlight=False)


def hold(
    case: Case = None,
    first: Annotated[int | None, typer.Option(min=0, help="Or the records from this one …")] = None,
    last: Annotated[int | None, typer.Option(min=0, help="… to this one.")] = None,
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Legal hold (role auditor or discipline): nothing of these records may be erased until it is
    released.
    """
    if not why:
        fail(Exit.USAGE, "no reason", "say why: --why 'inquiry 2026-7'")
    body = {"case": case, "first": first, "last": last, "why": why}
    result = call("audit", "POST", "/api/v1/trail/holds", role=Role.AUDITOR, json=body).json()
    answer(
        result,
        as_json=as_json,
        render=lambda _: out.print(f"hold {result['hold']}, record {result['record']}", highlight=False),
    )


def release(
    hold: Annotated[str, typer.Argument(help="The hold (`fenghuo trail holds`).")],
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """End a legal hold (role auditor or discipline)."""
    if not why:
        fail(Exit.USAGE, "no reason", "say why: --why 'inquiry 2026-7 is closed'")
    result = call(
        "audit", "POST", f"/api/v1/trail/holds/{hold}/release", role=Role.AUDITOR, json={"why": why}
    ).json()
    answer(
        result,
        as_json=as_json,
        render=lambda _: out.print(f"released, record {result['record']}", highlight=False),
    )


def holds(as_json: AsJson = False) -> None:
    """The holds in force."""
    result = call("audit", "GET", "/api/v1/trail/holds", role=Role.AUDITOR).json()

    def render(_: Any) -> None:
        for hold in result:
            what = f"case {hold['case']}" if hold["case"] else f"records {hold['first']} to {hold['last']}"
            out.print(
                f"{hold['hold']}  {what}  since {hold['time']} by {escape(hold['by'])}: {escape(hold['why'])}",
                highlight=False,
            )
        if not result:
            out.print("no hold is in force", highlight=False)

    answer(result, as_json=as_json, render=render)
