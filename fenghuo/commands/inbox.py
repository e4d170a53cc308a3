"""`fenghuo inbox`: what was set aside, with the reason in words and what to do about it."""

from datetime import datetime
from typing import Annotated, Any

import typer

from fenghuo.speech import worded
from shared.facts.cause import Cause
from shared.message import N_
from shared.vocabulary import Kind, Role

WORDS: dict[Cause, tuple[str, str]] = {
    Cause.NOT_AUTHENTIC: (
        N_("it is no authentic fact, so nobody did what it says"),
        N_("find out who wrote it: `fenghuo trail verify` names them all; change the key that could"),
    ),
    Cause.CASE_UNREADABLE: (
        N_("its case could not be read"),
        N_(
            "`fenghuo rebuild cases` makes the case again from the record, and what was set aside of it is decided then"
        ),
    ),
    Cause.NO_CASE: (
        N_("it is about a case that was never reported"),
        N_("whoever meant another case says it again there"),
    ),
    Cause.UNDECIDABLE: (
        N_("it can't be decided on"),
        N_("read the words below; what it meant must be said again as an act that there is"),
    ),
    Cause.CASE_TOO_LARGE: (
        N_("its case has grown beyond what one message holds"),
        N_("split the case, then say it again"),
    ),
    Cause.UNKNOWN_POLICY: (
        N_("the policy that its case began under is not there"),
        N_("put the bucket POLICIES back, then say it again"),
    ),
    Cause.FAULT: (
        N_("we failed at it: a fault of ours"),
        N_("tell who maintains Fenghuo, with the sequence; then say it again"),
    ),
    Cause.NO_DECISION: (
        N_("it lies where decisions lie and is none; nobody was rung for it"),
        N_("look at its case: does somebody wait for a call?"),
    ),
    Cause.NOT_A_REPORT: (
        N_("what another system sent could not be taken"),
        N_("have its owner correct what is named below and send it again"),
    ),
    Cause.ID_USED: (
        N_("its id stands for something else that came before"),
        N_("have its owner give each message an id of its own"),
    ),
    Cause.DOOR: (
        N_("requests were turned away at the door"),
        N_("see who asks so often; nothing of it was taken"),
    ),
}
"""Cause → (why, what to do)."""
BEFORE = (N_("it could not be taken"), N_("read the words below"))
"""Of rejections from when none had a cause yet."""


def inbox(
    case: Annotated[str | None, typer.Option(help="Only what is about this case.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="2026-11-01T08:00, with or without an offset.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many, the newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Show what was set aside: when, about which case, from whom, why, and what to do (role auditor,
    discipline or supervisor).
    """
    from fenghuo.answers import answer
    from fenghuo.client import call
    from fenghuo.commands._typed import moment_text, option

    params = {
        "kind": Kind.REJECTED.value,
        "limit": limit,
        "case": case,
        "since": option("--since", since, moment_text) if since else None,
    }
    page = call("audit", "GET", "/api/v1/trail/entries", role=Role.AUDITOR, params=params).json()
    records = [
        call("audit", "GET", f"/api/v1/trail/entries/{entry['index']}", role=Role.AUDITOR).json()
        for entry in page["entries"]
    ]
    answer({"set_aside": [told(record) for record in records]}, as_json=as_json, render=_show)


def told(record: dict[str, Any]) -> dict[str, Any]:
    """One thing set aside, as the record has it. What was erased, or may not be seen in this role, is
    absent.
    """
    fact: dict[str, Any] = record.get("fact") or {}
    data: dict[str, Any] = fact.get("data") or {}
    why, do = WORDS[Cause(data["cause"])] if data.get("cause") in tuple(Cause) else BEFORE
    said = {
        "at": record["entry"]["time"],
        "case": data.get("case") or record["entry"].get("case"),
        "by": str(fact.get("source") or "").rpartition("/")[2],
        "came_on": data.get("subject"),
        "why": why,
        "words": data.get("reason"),
        "errors": data.get("errors"),
        "do": do,
        "stream": data.get("stream") or ("FACTS" if data.get("sequence") else None),
        "sequence": data.get("sequence"),
        "size": data.get("size"),
        "record": record["entry"]["index"],
    }
    return {name: value for name, value in said.items() if value not in (None, [], "")}


def _show(result: dict[str, Any]) -> None:
    from rich.markup import escape

    from fenghuo.answers import out
    from fenghuo.commands._names import clock

    if not result["set_aside"]:
        out.print(worded("[green]✓[/] nothing was set aside"), highlight=False)
    for record in result["set_aside"]:
        about = worded("case %(case)s", case=record["case"]) if record.get("case") else worded("no case")
        out.print(
            f"[bold]{clock(datetime.fromisoformat(record['at']))}[/]  {escape(about)}: {escape(worded(record['why']))}",
            highlight=False,
        )
        place = f"{record['stream']} {record['sequence']}, " if record.get("sequence") else ""
        out.print(
            worded(
                "  from %(get)s (%(place)sset aside by %(by)s)",
                get=escape(record.get("came_on") or worded("unknown")),
                place=place,
                by=escape(record["by"]),
            ),
            highlight=False,
        )
        for field, fault in record.get("errors", []):
            out.print(f"  {escape(field)}: {escape(fault)}", highlight=False)
        if record.get("words"):
            out.print(f"  [dim]{escape(record['words'])}[/]", highlight=False)
        out.print(f"  → {escape(worded(record['do']))}", highlight=False)
