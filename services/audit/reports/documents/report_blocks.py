"""The six reports as blocks: the same tables on the explorer's pages and in the analysis. Pure.

Invariant: each number is a cell that names its figure, so that one click, or one note, leads to its records.
"""

from collections.abc import Sequence

from services.audit.records.body import instant
from services.audit.reports.documents.blocks import Bars, Block, Cell, Table, row
from services.audit.reports.documents.words import NOTHING, Words
from services.audit.reports.views import (
    CountLine,
    DutyLine,
    HolderLine,
    Holding,
    LapseLine,
    Lapses,
    LeaderTimeliness,
    MatterLine,
    Reachability,
    ReachLine,
    Resolution,
    RowTimeliness,
    Timeliness,
    Trend,
    UnitTimeliness,
)
from shared.facts import LapseCause
from shared.web.languages import N_

MOST_ROWS = 60
_DUTIES = (
    ("in_time", N_("in time")),
    ("lapsed", N_("lapsed")),
    ("excused", N_("of these excused")),
    ("late", N_("done after the limit")),
    ("logged_calls", N_("by logged call")),
    ("contested", N_("contested")),
)


def count(
    line: DutyLine | MatterLine | ReachLine | HolderLine | CountLine, field: str, column: str | None = None
) -> Cell:
    """A number of a line with the name of its figure."""
    value = getattr(line, field)
    return Cell(str(value), f"{line.figure}/{column or field}") if value else Cell("0")


def measured(
    words: Words, line: DutyLine | MatterLine | ReachLine | HolderLine, field: str, column: str, which: str
) -> Cell:
    """A median or a worst: its records are those that took just so long."""
    value = getattr(line, field)
    return Cell(words.span(value), f"{line.figure}/{column}/{which}") if value is not None else Cell(NOTHING)


# Timeliness


def duties_table(words: Words, first: str, named: Sequence[tuple[str, DutyLine]], title: str = "") -> Table:
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
        for name, line in [one for one in named if one[1].in_time or one[1].lapsed or one[1].late][:MOST_ROWS]
    ]
    return Table(columns, tuple(rows), title)


def unit_rows(words: Words, lines: Sequence[UnitTimeliness]) -> list[tuple[str, DutyLine]]:
    """Those with the most lapses that nothing excuses first."""
    return [
        (words.unit(line.unit), line)
        for line in sorted(lines, key=lambda line: (-line.held_against, line.unit))
    ]


def leader_rows(words: Words, lines: Sequence[LeaderTimeliness]) -> list[tuple[str, DutyLine]]:
    return [
        (words.person(line.person), line)
        for line in sorted(lines, key=lambda line: (-line.held_against, line.person))
    ]


def named_rows(words: Words, group: str, lines: Sequence[RowTimeliness]) -> list[tuple[str, DutyLine]]:
    return [(row_name(words, group, line.row), line) for line in lines]


def row_name(words: Words, group: str, name: str) -> str:
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


def share_bars(words: Words, rows: Sequence[tuple[str, DutyLine]], title: str) -> Bars:
    bars = [
        (name, line.share_in_time, Cell(words.share(line.share_in_time)))
        for name, line in rows
        if line.share_in_time is not None
    ]
    return Bars(title, tuple(bars[:20]), 1.0)


def timeliness_blocks(words: Words, found: Timeliness) -> list[Block]:
    units = unit_rows(words, found.units)
    whole: list[tuple[str, DutyLine]] = (
        [(words.of(N_("all")), found.whole)] if found.whole is not None else []
    )
    return [
        duties_table(words, N_("All duties"), whole),
        share_bars(words, units, words.of(N_("Share in time by unit"))),
        duties_table(words, N_("Unit"), units, words.of(N_("By unit"))),
        duties_table(words, N_("Leader"), leader_rows(words, found.leaders), words.of(N_("By leader"))),
        duties_table(words, N_("Level"), named_rows(words, "level", found.levels), words.of(N_("By level"))),
        duties_table(
            words,
            N_("Category"),
            named_rows(words, "category", found.categories),
            words.of(N_("By category")),
        ),
        duties_table(words, N_("Area"), named_rows(words, "area", found.areas), words.of(N_("By area"))),
        duties_table(
            words, N_("Channel"), named_rows(words, "channel", found.channels), words.of(N_("By channel"))
        ),
        duties_table(words, N_("Duty rule"), named_rows(words, "rule", found.rules), words.of(N_("By duty"))),
    ]


# Lapses


def outcome_words(words: Words, line: LapseLine) -> str:
    """How it stands: `reviewed and upheld: reminder of the duty`."""
    said = words.of(OUTCOMES[line.outcome])
    measure = line.measure or next((step.measure for step in reversed(line.steps) if step.measure), None)
    return f"{said}{'：' if words.is_chinese else ': '}{words.label('measure', measure)}" if measure else said


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


def lapses_table(words: Words, lines: Sequence[LapseLine], most: int = MOST_ROWS) -> Table:
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
            Cell(str(line.index), None, (line.index,)),
            words.at(instant(line.due_at)),
            words.rule(line.rule),
            words.unit(line.unit),
            words.person(line.person),
            words.label("cause", line.cause),
            done_late(words, line.cause, line.late_by_seconds, line.done_index, line.done_late_by_seconds),
            words.listed([words.label("excuse", one) for one in line.excuses]),
            Cell(outcome_words(words, line), None, tuple(step.index for step in line.steps)),
        )
        for line in lines[:most]
    ]
    return Table(columns, tuple(rows), texts=len(columns))


def done_late(
    words: Words, cause: str | None, late_by: float | None, done: int | None, done_late_by: float | None
) -> Cell:
    """How late it was done; a report that came late was, by that, whoever has answered it since."""
    if cause == LapseCause.REPORTED_LATE:
        return Cell(words.of(N_("%(span)s late"), span=words.span(late_by)))
    if done is None:
        return Cell(words.of(N_("not done")))
    return Cell(words.of(N_("%(span)s late"), span=words.span(done_late_by)), None, (done,))


def lapses_blocks(words: Words, found: Lapses) -> list[Block]:
    return [lapses_table(words, found.lapses, 500)]


# Holding


def holders_table(words: Words, lines: Sequence[HolderLine], title: str) -> Table:
    columns = tuple(
        words.of(name) for name in (N_("Unit"), N_("held"), N_("held still"), N_("median"), N_("longest"))
    )
    ordered = sorted(lines, key=lambda line: (-line.held_seconds, line.unit))
    rows = [
        row(
            words.unit(line.unit),
            count(line, "matters", "held"),
            count(line, "still"),
            measured(words, line, "median_seconds", "held", "median"),
            measured(words, line, "longest_seconds", "held", "worst"),
        )
        for line in ordered[:MOST_ROWS]
    ]
    return Table(columns, tuple(rows), title)


def chains_table(words: Words, found: Holding) -> Table:
    columns = (words.of(N_("Matter")), words.of(N_("From hand to hand")))
    rows: list[tuple[Cell, ...]] = []
    for line in found.chains[:MOST_ROWS]:
        steps = [
            f"{words.unit(one.unit)}（{words.label('held', one.how)}，{words.at(one.since)}）"
            if words.is_chinese
            else f"{words.unit(one.unit)} ({words.label('held', one.how)}, {words.at(one.since)})"
            for one in line.chain
        ]
        rows.append(
            row(
                Cell(line.summary or line.case, href=f"/cases/{line.case}"),
                Cell(" → ".join(steps), None, tuple(o.index for o in line.chain)),
            )
        )
    return Table(columns, tuple(rows), words.of(N_("Matters that went from hand to hand")), 2)


def holding_blocks(words: Words, found: Holding) -> list[Block]:
    return [
        holders_table(words, found.units, words.of(N_("Matters by holder"))),
        holders_table(words, found.tasks, words.of(N_("Tasks by holder"))),
        chains_table(words, found),
    ]


# Reachability


def reach_table(
    words: Words,
    first: str,
    named: Sequence[tuple[str, ReachLine]],
    title: str = "",
    *,
    by_channel: bool = False,
) -> Table:
    lost = "failed" if by_channel else "unreached"
    head = [words.of(first), words.of(N_("sent")), words.of(N_("delivered")), words.of(N_("not reached"))]
    head += [words.of(N_("share delivered")), words.of(N_("median until delivered"))]
    if not by_channel:
        head += [words.of(N_("share answered")), words.of(N_("median until answered"))]
    rows: list[tuple[Cell, ...]] = []
    for name, line in named[:MOST_ROWS]:
        cells = [Cell(name), count(line, "sent"), count(line, "delivered"), count(line, "unreached", lost)]
        cells += [
            Cell(words.share(line.share_delivered)),
            measured(words, line, "median_delivery_seconds", "delivered", "median"),
        ]
        if not by_channel:
            cells += [
                Cell(words.share(line.share_answered)),
                measured(words, line, "median_answer_seconds", "answered", "median"),
            ]
        rows.append(tuple(cells))
    return Table(tuple(head), tuple(rows), title)


def reachability_blocks(words: Words, found: Reachability) -> list[Block]:
    people = sorted(
        found.people,
        key=lambda line: (
            line.share_answered if line.share_answered is not None else 2,
            -line.sent,
            line.row,
        ),
    )
    channels = [(words.label("channel", line.row), line) for line in found.channels]
    return [
        reach_table(words, N_("All messages"), [(words.of(N_("all")), found.whole)]),
        Bars(
            words.of(N_("Share delivered by channel")),
            tuple(
                (name, line.share_delivered or 0.0, Cell(words.share(line.share_delivered)))
                for name, line in channels
            ),
            1.0,
        ),
        reach_table(words, N_("Channel"), channels, words.of(N_("By channel")), by_channel=True),
        reach_table(
            words,
            N_("Person"),
            [(words.person(line.row), line) for line in people],
            words.of(N_("By person")),
        ),
    ]


# Resolution


def matters_table(
    words: Words, first: str, named: Sequence[tuple[str, MatterLine]], title: str = ""
) -> Table:
    head = (
        first,
        N_("reports"),
        N_("responded"),
        N_("median response"),
        N_("resolved"),
        N_("median resolution"),
        N_("closed"),
        N_("not closed"),
    )
    columns = (*(words.of(name) for name in head), words.of(N_("overdue")), words.of(N_("satisfaction")))
    rows = [
        row(
            name,
            count(line, "reports"),
            count(line, "responded"),
            measured(words, line, "median_response_seconds", "responded", "median"),
            count(line, "resolved"),
            measured(words, line, "median_resolution_seconds", "resolved", "median"),
            count(line, "closed"),
            count(line, "open"),
            count(line, "overdue"),
            f"{line.satisfaction} ({line.satisfaction_said})" if line.satisfaction is not None else NOTHING,
        )
        for name, line in named[:MOST_ROWS]
    ]
    return Table(columns, tuple(rows), title)


def resolution_blocks(words: Words, found: Resolution) -> list[Block]:
    return [
        matters_table(words, N_("All matters"), [(words.of(N_("all")), found.whole)]),
        matters_table(words, N_("Kind"), matter_rows(words, "kind", found.kinds), words.of(N_("By kind"))),
        matters_table(
            words, N_("Level"), matter_rows(words, "level", found.levels), words.of(N_("By level"))
        ),
        matters_table(
            words,
            N_("Category"),
            matter_rows(words, "category", found.categories),
            words.of(N_("By category")),
        ),
        matters_table(words, N_("Area"), matter_rows(words, "area", found.areas), words.of(N_("By area"))),
        matters_table(
            words, N_("Unit"), [(words.unit(line.row), line) for line in found.units], words.of(N_("By unit"))
        ),
    ]


def matter_rows(words: Words, group: str, lines: Sequence[MatterLine]) -> list[tuple[str, MatterLine]]:
    return [(row_name(words, group, line.row), line) for line in lines]


# Trend


def counts_bars(title: str, named: Sequence[tuple[str, CountLine]], field: str = "reports") -> Bars:
    return Bars(title, tuple((name, float(getattr(line, field)), count(line, field)) for name, line in named))


def trend_blocks(words: Words, found: Trend) -> list[Block]:
    days = [
        (line.day, float(line.reports), Cell(str(line.reports), f"{line.figure}/reports"))
        for line in found.days
    ]
    return [
        Bars(words.of(N_("Reports by day")), tuple(days[-92:])),
        counts_bars(words.of(N_("Reports by hour of the day")), [(line.row, line) for line in found.hours]),
        counts_bars(
            words.of(N_("Lapses by hour of the day, without those excused")),
            [(line.row, line) for line in found.hours],
            "lapsed",
        ),
        counts_bars(
            words.of(N_("Reports by weekday")),
            [(words.label("weekday", line.row), line) for line in found.weekdays],
        ),
        counts_bars(
            words.of(N_("Reports by place and category")),
            [(place_name(words, line.row), line) for line in found.places[:20]],
        ),
    ]


def place_name(words: Words, place: str) -> str:
    area, _, category = place.partition(":")
    return f"{words.area(area)} · {words.label('category', category) if category != '-' else NOTHING}"
