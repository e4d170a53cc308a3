"""The six reports as blocks: the same tables on the explorer's pages and in the analysis. Pure.

Invariant: each number is a cell that names its figure, so that one click, or one note, leads to its records.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from services.audit.reports.views import (
    DutyLine,
    LapseLine,
    Lapses,
    LeaderTimeliness,
    MatterLine,
    RowTimeliness,
    Timeliness,
    Traced,
    UnitTimeliness,
)
from shared.documents.blocks import Bars, Block, Cell, TableBlock, record_cell, row
from shared.documents.words import NOTHING, DocumentWords
from shared.facts import LapseCause
from shared.facts.body import instant
from shared.language.catalogue import N_

MOST_ROWS = 60
_GROUPS = {
    "kind": (N_("Kind"), N_("By kind")),
    "level": (N_("Level"), N_("By level")),
    "category": (N_("Category"), N_("By category")),
    "area": (N_("Area"), N_("By area")),
    "channel": (N_("Channel"), N_("By channel")),
    "rule": (N_("Duty rule"), N_("By duty")),
}
_Row = TypeVar("_Row", RowTimeliness, MatterLine)
_DUTIES = (
    ("in_time", N_("in time")),
    ("lapsed", N_("lapsed")),
    ("excused", N_("of these excused")),
    ("late", N_("done after the limit")),
    ("logged_calls", N_("by logged call")),
    ("contested", N_("contested")),
)


def count(line: Traced, field: str, column: str | None = None) -> Cell:
    """A number of a line with the name of its figure."""
    value = getattr(line, field)
    return Cell(str(value), f"{line.figure}/{column or field}") if value else Cell("0")


def measured(words: DocumentWords, line: Traced, field: str, column: str, measure: str) -> Cell:
    """A median or a worst: its records are those that took just so long."""
    value = getattr(line, field)
    return (
        Cell(words.seconds(value), f"{line.figure}/{column}/{measure}")
        if value is not None
        else Cell(NOTHING)
    )


HOTTEST = 5
"""The last shade of a map."""


def heat_of(number: float, hottest: float) -> int:
    return max(round(HOTTEST * number / hottest), 1) if hottest > 0 else 0


# Timeliness


def duties_table(
    words: DocumentWords, first: str, named: Sequence[tuple[str, DutyLine]], title: str = ""
) -> TableBlock:
    columns = (
        words.of(first),
        *(words.of(name) for _, name in _DUTIES),
        words.of(N_("share in time")),
        words.of(N_("median taken")),
        words.of(N_("worst lateness")),
    )
    rows = [
        row(
            name,
            *(count(line, field) for field, _ in _DUTIES),
            Cell(words.share(line.share_in_time)),
            measured(words, line, "median_seconds", "done", "median"),
            measured(words, line, "worst_late_seconds", "late", "worst"),
        )
        for name, line in [
            named_line
            for named_line in named
            if named_line[1].in_time or named_line[1].lapsed or named_line[1].late
        ][:MOST_ROWS]
    ]
    return TableBlock(columns, tuple(rows), title)


def unit_rows(words: DocumentWords, lines: Sequence[UnitTimeliness]) -> list[tuple[str, DutyLine]]:
    """Those with the most lapses that nothing excuses first."""
    return [
        (words.unit(line.unit), line)
        for line in sorted(lines, key=lambda line: (-line.held_against, line.unit))
    ]


def leader_rows(words: DocumentWords, lines: Sequence[LeaderTimeliness]) -> list[tuple[str, DutyLine]]:
    return [
        (words.person(line.person), line)
        for line in sorted(lines, key=lambda line: (-line.held_against, line.person))
    ]


def named_rows(words: DocumentWords, group: str, lines: Sequence[_Row]) -> list[tuple[str, _Row]]:
    return [(row_name(words, group, line.row), line) for line in lines]


def tables_by(
    words: DocumentWords,
    table: Callable[[DocumentWords, str, Sequence[tuple[str, _Row]], str], TableBlock],
    groups: Mapping[str, Sequence[_Row]],
) -> list[TableBlock]:
    """One table for each way to group the same lines."""
    return [
        table(words, _GROUPS[group][0], named_rows(words, group, lines), words.of(_GROUPS[group][1]))
        for group, lines in groups.items()
    ]


def row_name(words: DocumentWords, group: str, name: str) -> str:
    if group == "area":
        return words.area(name)
    if group == "channel" and name == "none":
        return words.of(N_("over none"))
    if group == "rule":
        return words.rule(name)
    return (
        words.label(group, None if name == "-" and group == "level" else name)
        if name != "-" or group == "level"
        else NOTHING
    )


def share_bars(words: DocumentWords, rows: Sequence[tuple[str, DutyLine]], title: str) -> Bars:
    bars = [
        (name, line.share_in_time, Cell(words.share(line.share_in_time)))
        for name, line in rows
        if line.share_in_time is not None
    ]
    return Bars(title, tuple(bars[:20]), 1.0)


def timeliness_blocks(words: DocumentWords, timeliness: Timeliness) -> list[Block]:
    units = unit_rows(words, timeliness.units)
    whole: list[tuple[str, DutyLine]] = (
        [(words.of(N_("all")), timeliness.whole)] if timeliness.whole is not None else []
    )
    return [
        duties_table(words, N_("All duties"), whole),
        share_bars(words, units, words.of(N_("Share in time by unit"))),
        duties_table(words, N_("Unit"), units, words.of(N_("By unit"))),
        duties_table(words, N_("Leader"), leader_rows(words, timeliness.leaders), words.of(N_("By leader"))),
        *tables_by(
            words,
            duties_table,
            {
                "level": timeliness.levels,
                "category": timeliness.categories,
                "area": timeliness.areas,
                "channel": timeliness.channels,
                "rule": timeliness.rules,
            },
        ),
    ]


# Lapses


def outcome_words(words: DocumentWords, line: LapseLine) -> str:
    """How it stands: `reviewed and upheld: reminder of the duty`."""
    said = words.of(OUTCOMES[line.outcome])
    measure = line.measure or next((step.measure for step in reversed(line.steps) if step.measure), None)
    return words.of_somebody(said, words.label("measure", measure)) if measure else said


OUTCOMES = {
    "not_referred": N_("not referred"),
    "open": N_("referred, nothing proposed yet"),
    "proposed": N_("proposed, not decided yet"),
    "decided": N_("decided by the organ"),
    "upheld": N_("reviewed and upheld"),
    "set_aside": N_("reviewed and set aside"),
    "corrected": N_("corrected"),
    "refuted": N_("suspicion refuted"),
}


def lapses_table(words: DocumentWords, lines: Sequence[LapseLine], most: int = MOST_ROWS) -> TableBlock:
    columns = tuple(
        words.of(name)
        for name in (
            N_("Record"),
            N_("Limit"),
            N_("Duty"),
            N_("Unit"),
            N_("Person"),
            N_("Cause"),
            N_("Done"),
            N_("Excuse"),
            N_("Outcome"),
        )
    )
    rows = [
        row(
            record_cell(line.index),
            words.at(instant(line.due_at)),
            words.rule(line.rule),
            words.unit(line.unit),
            words.person(line.person),
            words.label("cause", line.cause),
            done_late(words, line.cause, line.late_by_seconds, line.done_index, line.done_late_by_seconds),
            words.listed([words.label("excuse", excuse) for excuse in line.excuses]),
            Cell(outcome_words(words, line), None, tuple(step.index for step in line.steps)),
        )
        for line in lines[:most]
    ]
    return TableBlock(columns, tuple(rows), texts=len(columns))


def done_late(
    words: DocumentWords,
    cause: str | None,
    late_by: float | None,
    done: int | None,
    done_late_by: float | None,
) -> Cell:
    """How late it was done; a report that came late was, by that, whoever has answered it since."""
    if cause == LapseCause.REPORTED_LATE:
        return Cell(words.of(N_("%(span)s late"), span=words.seconds(late_by)))
    if done is None:
        return Cell(words.of(N_("not done")))
    return Cell(words.of(N_("%(span)s late"), span=words.seconds(done_late_by)), None, (done,))


def lapses_blocks(words: DocumentWords, lapses: Lapses) -> list[Block]:
    return [lapses_table(words, lapses.lapses, 500)]
