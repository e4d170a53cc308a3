"""`fenghuo trail query`: the trail searched, as a table that fits the terminal or as JSON.

Invariant: the last line says up to which checkpoint the answer holds, whether there is more, and how to have
it.
"""

import os
import time as clock
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from fenghuo.answers import AsJson, Exit, answer, fail, out
from fenghuo.client import ask, words_of
from fenghuo.speech import labelled, language, worded
from fenghuo.terminal import Terminal
from shared.message import N_
from shared.settings import Settings
from shared.vocabulary import Role

_PAGE = 500
_PATIENCE = 30.0
"""Seconds a page that is not full yet is gone on with."""
_NARROW, _WIDE = 100, 160
_PIPED = 240
"""Columns where the output is no terminal and COLUMNS is not set."""
_WRONG, _REFUSED = 422, 400
Moment = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="2026-11-01, 2026-11-01T08:00 (this office's zone) or with an offset."),
]
Criterion = Annotated[str | None, typer.Option()]


class EntryOrder(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"


def query(
    text: Annotated[
        str | None, typer.Option(help="A piece of the words people wrote, Chinese or not; no pattern.")
    ] = None,
    case: Criterion = None,
    kind: Annotated[
        str | None, typer.Option(help="reported, acknowledged, decided, delivered, failed …")
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option(help="Any unit the record names, or that reported its case, and all under it."),
    ] = None,
    exact: Annotated[bool, typer.Option("--exact", help="With --unit: without the units under it.")] = False,
    person: Annotated[str | None, typer.Option(help="Any person the record names, by id.")] = None,
    level: Annotated[str | None, typer.Option(help="I, II, III or IV.")] = None,
    category: Annotated[
        str | None, typer.Option(help="natural_disaster, accident, public_health or public_security.")
    ] = None,
    area: Annotated[str | None, typer.Option(help="A division's code, with all within it.")] = None,
    channel: Annotated[str | None, typer.Option(help="voice, sms, chat, email …")] = None,
    outcome: Annotated[
        str | None, typer.Option(help="delivered, failed, or an effect: opened, discharged, dark, lapsed …")
    ] = None,
    lapse: Annotated[
        bool | None,
        typer.Option("--lapse/--no-lapse", help="Only decisions by which a duty lapsed (or all others)."),
    ] = None,
    lapse_of: Annotated[str | None, typer.Option(help="The duty that lapsed.")] = None,
    month: Annotated[
        str | None, typer.Option(metavar="YYYY-MM", help="Instead of --since and --until.")
    ] = None,
    since: Moment = None,
    until: Moment = None,
    claimed_since: Annotated[
        str | None, typer.Option(metavar="TIME", help="When its author says it happened.")
    ] = None,
    claimed_until: Annotated[str | None, typer.Option(metavar="TIME")] = None,
    order: Annotated[EntryOrder, typer.Option(help="Which records come first.")] = EntryOrder.NEWEST,
    limit: Annotated[int, typer.Option(min=1, help="How many records at most.")] = 50,
    cursor: Annotated[
        str | None, typer.Option(help="Where the page before ended: its last line says it.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All there are, however many pages.")] = False,
    as_json: AsJson = False,
) -> None:
    """Search the trail (role auditor, discipline or supervisor). All that is given must hold."""
    zone = Settings().zone
    if month is not None:
        if since is not None or until is not None:
            fail(
                Exit.USAGE,
                worded("--month and --since or --until exclude each other"),
                worded("name the month, or from when until when"),
            )
        since, until = month_of(month)
    parameters: dict[str, Any] = {
        "text": text, "case": case, "kind": kind, "unit": unit, "under": "false" if exact else None, "person": person, "level": level,
        "category": category, "area": area, "channel": channel, "outcome": outcome, "lapse": lapse, "lapse_of": lapse_of,
        "since": moment("--since", since, zone), "until": moment("--until", until, zone, ends=True),
        "claimed_since": moment("--claimed-since", claimed_since, zone),
        "claimed_until": moment("--claimed-until", claimed_until, zone, ends=True), "order": order.value,
    }  # fmt: skip
    page = _ask(
        {name: value for name, value in parameters.items() if value is not None},
        cursor,
        None if everything else limit,
    )
    answer(page, as_json=as_json, render=lambda _: _show(page, zone))


# --- asking
# -----------------------------------------------------------------------------------------------------------


def _ask(params: dict[str, Any], cursor: str | None, limit: int | None) -> dict[str, Any]:
    """Page by page, until there are `limit` (None: all) or the patience is at its end."""
    entries: list[dict[str, Any]] = []
    began, page = clock.monotonic(), {}
    while True:
        at_once = _PAGE if limit is None else min(_PAGE, limit - len(entries))
        page = _page({**params, "limit": at_once, **({"cursor": cursor} if cursor else {})})
        entries += page["entries"]
        cursor = page["next"]
        if cursor is None or len(entries) == limit:
            break
        if limit is not None and clock.monotonic() - began > _PATIENCE:
            break
    return {**page, "entries": entries}


def _page(params: dict[str, Any]) -> dict[str, Any]:
    response = ask("audit", "GET", "/api/v1/trail/entries", role=Role.AUDITOR, params=params)
    if response.status_code == _WRONG:
        fail(
            Exit.USAGE,
            words_of(response),
            worded("correct what is named above and ask again (`fenghuo trail query --help`)"),
        )
    if response.status_code >= _REFUSED:
        fail(
            Exit.NO,
            words_of(response),
            worded("use a token of an auditor, the discipline organ or a supervisor (FENGHUO_TOKEN)"),
        )
    return response.json()


def month_of(text: str) -> tuple[str, str]:
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        fail(Exit.USAGE, worded("--month %(text)s: no month", text=text), worded("write it as 2026-11"))
    last = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return first.isoformat(), last.isoformat()


def moment(flag: str, text: str | None, zone: ZoneInfo, *, ends: bool = False) -> str | None:
    """A day begins at midnight of the office and, where it `ends` a span, belongs to it whole."""
    if text is None:
        return None
    try:
        if len(text) == len("2026-11-01"):
            at = datetime.combine(date.fromisoformat(text), time.max if ends else time.min, zone)
        else:
            at = datetime.fromisoformat(text)
    except ValueError:
        fail(
            Exit.USAGE,
            worded("%(flag)s %(text)s: no time", flag=flag, text=text),
            worded("write it as 2026-11-01, 2026-11-01T08:00 or 2026-11-01T08:00+08:00"),
        )
    return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).isoformat()


# --- showing
# ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Column:
    name: str
    share: int
    """Of what is left of the width; 0: as wide as it needs."""
    from_width: int = 0
    """Shown where the terminal is at least so wide."""


_COLUMNS = (
    _Column(N_("record"), 0),
    _Column(N_("time"), 0),
    _Column(N_("level"), 0, _NARROW),
    _Column(N_("case"), 0),
    _Column(N_("unit"), 2, _NARROW),
    _Column(N_("what"), 6),
)


def _show(page: dict[str, Any], zone: ZoneInfo) -> None:
    screen = _screen()
    entries = page["entries"]
    if entries:
        screen.print(table_of(entries, zone, screen.width), crop=True)
    checkpoint, following = page["checkpoint"], page["next"]
    counted = (
        worded("no record")
        if not entries
        else worded("1 record")
        if len(entries) == 1
        else worded("%(count)s records", count=len(entries))
    )
    signed = datetime.fromisoformat(checkpoint["time"]).astimezone(zone)
    words = worded(
        "%(counted)s; holds up to the checkpoint of %(size)s records, signed %(signed)s",
        counted=counted,
        size=checkpoint["size"],
        signed=f"{signed:%Y-%m-%d %H:%M:%S}",
    )
    if following is None:
        out.print(worded("[dim]%(words)s; that is all[/]", words=words), highlight=False)
        return
    where = (
        worded("; searched to record %(searched_to)s so far", searched_to=page["searched_to"])
        if page.get("cut")
        else ""
    )
    out.print(
        worded(
            "[dim]%(words)s%(where)s; more: --cursor %(following)s (or --all)[/]",
            words=words,
            where=where,
            following=following,
        ),
        highlight=False,
    )


def _screen() -> Terminal:
    """As wide as the terminal (COLUMNS goes before it); what is piped is cut late."""
    known = Terminal()
    return known if known.is_terminal or "COLUMNS" in os.environ else Terminal(width=_PIPED)


def table_of(entries: list[dict[str, Any]], zone: ZoneInfo, width: int) -> Table:
    """No line is wider than `width`. Cells are cut by what they take on the screen: a Han letter takes two
    columns.
    """
    shown = [column for column in _COLUMNS if width >= column.from_width]
    rows = [_cells(entry, zone, width) for entry in entries]
    widths = _widths(shown, rows, width)
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
    for column in shown:
        table.add_column(worded(column.name), no_wrap=True, overflow="ellipsis", width=widths[column.name])
    for entry, cells in zip(entries, rows, strict=True):
        table.add_row(
            *(Text(cells[column.name]) for column in shown), style="red" if entry["lapse"] else None
        )
    return table


def _widths(shown: list[_Column], rows: list[dict[str, str]], width: int) -> dict[str, int]:
    needs = {
        column.name: max(
            cell_len(text) for text in (worded(column.name), *(row[column.name] for row in rows))
        )
        for column in shown
    }
    left = width - (len(shown) - 1) - sum(needs[column.name] for column in shown if not column.share)
    flexible = [column for column in shown if column.share]
    # Whoever needs least of its share goes first, and leaves the rest to the others.
    flexible.sort(key=lambda column: needs[column.name] / column.share)
    for number, column in enumerate(flexible):
        share = left * column.share // sum(flexible_column.share for flexible_column in flexible[number:])
        needs[column.name] = max(1, min(needs[column.name], share))
        left -= needs[column.name]
    return needs


def _cells(entry: dict[str, Any], zone: ZoneInfo, width: int) -> dict[str, str]:
    at = datetime.fromisoformat(entry["time"]).astimezone(zone)
    case = entry["case"] or ""
    return {
        "record": str(entry["index"]),
        "time": f"{at:%Y-%m-%d %H:%M:%S}" if width >= _NARROW else f"{at:%m-%d %H:%M}",
        "level": entry["level"] or "",
        "case": case if width >= _WIDE else f"…{case[-8:]}" if case else "",
        "unit": entry["unit"] or "",
        "what": _entry_words(entry),
    }


def _entry_words(entry: dict[str, Any]) -> str:
    """The record in words; for an operator, who sees no words of people, what sort of record it is."""
    says = entry.get("says")
    return says[language()] if says else labelled("fact", entry["kind"])
