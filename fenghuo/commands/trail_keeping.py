"""`fenghuo trail redact|hold|release|holds`: erase personal data on a legal basis, and forbid it.

Invariant: the service puts it on record first; the command says what was erased, and what was not.
"""

from typing import Annotated, Any

import typer
from rich.markup import escape

from fenghuo.answers import AsJson, Exit, answer, fail, out
from fenghuo.client import call
from fenghuo.speech import worded
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
    file: Annotated[
        list[str] | None,
        typer.Option(
            help="A file that these records name, by its hash: its content goes, in every case that has it."
        ),
    ] = None,
    basis: Annotated[
        str, typer.Option(help="The legal basis: the provision, or the order. Anyone may read it.")
    ] = "",
    reason: Annotated[str | None, typer.Option(help="Why, in your words; can be erased itself.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase personal fields, or the content of files (role redactor). It can't be undone; that it was done, by whom and on what basis
    stays on record.
    """
    if not basis:
        fail(
            Exit.USAGE,
            worded("no legal basis"),
            worded("say on what it rests: --basis 'PIPL Art. 47, request 2026-118'"),
        )
    if bool(records) == (case is not None):
        fail(
            Exit.USAGE,
            worded("which records?"),
            worded("name them (`fenghuo trail redact 17 18 …`), or a case with --case"),
        )
    what = (
        worded("case %(case)s", case=case)
        if case
        else worded("records %(map)s", map=", ".join(map(str, records or ())))
    )
    if not yes and not as_json:
        typer.confirm(
            worded(
                "Erase %(field)s of %(what)s for good?",
                field=", ".join(
                    [*(field or ()), *map(_file_words, file or ())] or [worded("all personal fields")]
                ),
                what=what,
            ),
            abort=True,
        )
    body: dict[str, Any] = {
        "entries": records or [],
        "case": case,
        "fields": field or (None if file else ALL),
        "files": file or [],
        "legal_basis": basis,
        "reason": reason,
    }
    result = call("audit", "POST", "/api/v1/trail/redactions", role=Role.REDACTOR, json=body).json()
    answer(result, as_json=as_json, render=_show_erased)


def _file_words(sha256: str) -> str:
    return worded("the content of file %(hash)s", hash=sha256)


def _show_erased(result: dict[str, Any]) -> None:
    for record in result["erased"]:
        out.print(
            worded(
                "record %(index)s: %(fields)s",
                index=record["index"],
                fields=", ".join([*record["fields"], *map(_file_words, record["files"])]),
            ),
            highlight=False,
        )
    done = (
        worded("erased")
        if result["carried_out"]
        else worded("on record, and erased as soon as a checkpoint covers it")
    )
    out.print(
        worded("%(done)s; on record as %(map)s", done=done, map=", ".join(map(str, result["records"]))),
        highlight=False,
    )
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
        fail(Exit.USAGE, worded("no reason"), worded("say why: --why 'inquiry 2026-7'"))
    body = {"case": case, "first": first, "last": last, "why": why}
    result = call("audit", "POST", "/api/v1/trail/holds", role=Role.AUDITOR, json=body).json()
    answer(
        result,
        as_json=as_json,
        render=lambda _: out.print(
            worded("hold %(hold)s, record %(record)s", hold=result["hold"], record=result["record"]),
            highlight=False,
        ),
    )


def release(
    hold: Annotated[str, typer.Argument(help="The hold (`fenghuo trail holds`).")],
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """End a legal hold (role auditor or discipline)."""
    if not why:
        fail(Exit.USAGE, worded("no reason"), worded("say why: --why 'inquiry 2026-7 is closed'"))
    result = call(
        "audit", "POST", f"/api/v1/trail/holds/{hold}/release", role=Role.AUDITOR, json={"why": why}
    ).json()
    answer(
        result,
        as_json=as_json,
        render=lambda _: out.print(
            worded("released, record %(record)s", record=result["record"]), highlight=False
        ),
    )


def holds(as_json: AsJson = False) -> None:
    """The holds in force."""
    result = call("audit", "GET", "/api/v1/trail/holds", role=Role.AUDITOR).json()

    def render(_: Any) -> None:
        for hold in result:
            what = (
                worded("case %(case)s", case=hold["case"])
                if hold["case"]
                else worded("records %(first)s to %(last)s", first=hold["first"], last=hold["last"])
            )
            out.print(
                worded(
                    "%(hold)s  %(what)s  since %(time)s by %(by)s: %(why)s",
                    hold=hold["hold"],
                    what=what,
                    time=hold["time"],
                    by=escape(hold["by"]),
                    why=escape(hold["why"]),
                ),
                highlight=False,
            )
        if not result:
            out.print(worded("no hold is in force"), highlight=False)

    answer(result, as_json=as_json, render=render)
