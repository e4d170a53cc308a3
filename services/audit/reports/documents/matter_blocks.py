"""Who held what, who was reached, what became of matters and how they went on, as blocks. Pure."""

from collections.abc import Sequence

from services.audit.reports.documents.report_blocks import MOST_ROWS, count, measured, tables_by
from services.audit.reports.views import (
    CountLine,
    HolderLine,
    Holding,
    MatterLine,
    Reachability,
    ReachLine,
    Resolution,
    Trend,
    TrendLine,
)
from shared.acts.fields import FIELDS
from shared.documents.blocks import Bars, Block, Cell, TableBlock, row
from shared.documents.words import NOTHING, DocumentWords
from shared.facts import HARM
from shared.language.catalogue import N_

# Holding


def holders_table(words: DocumentWords, lines: Sequence[HolderLine], title: str) -> TableBlock:
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
    return TableBlock(columns, tuple(rows), title)


def chains_table(words: DocumentWords, holding: Holding) -> TableBlock:
    columns = (words.of(N_("Matter")), words.of(N_("From hand to hand")))
    rows: list[tuple[Cell, ...]] = []
    for line in holding.chains[:MOST_ROWS]:
        steps = [
            words.aside(words.unit(holder.unit), words.label("held", holder.how), words.at(holder.since))
            for holder in line.chain
        ]
        rows.append(
            row(
                Cell(line.summary or line.case, href=f"/cases/{line.case}"),
                Cell(" → ".join(steps), None, tuple(o.index for o in line.chain)),
            )
        )
    return TableBlock(columns, tuple(rows), words.of(N_("Matters that went from hand to hand")), 2)


def holding_blocks(words: DocumentWords, holding: Holding) -> list[Block]:
    return [
        holders_table(words, holding.units, words.of(N_("Matters by holder"))),
        holders_table(words, holding.tasks, words.of(N_("Tasks by holder"))),
        chains_table(words, holding),
    ]


# Reachability


def reach_table(
    words: DocumentWords,
    first: str,
    named: Sequence[tuple[str, ReachLine]],
    title: str = "",
    *,
    by_channel: bool = False,
) -> TableBlock:
    lost = "failed" if by_channel else "unreached"
    head = [words.of(first), words.of(N_("sent")), words.of(N_("handed to the gateway"))]
    head += [words.of(N_("delivered")), words.of(N_("not reached"))]
    head += [words.of(N_("share handed over")), words.of(N_("median until handed over"))]
    if not by_channel:
        head += [
            words.of(N_("link opened")),
            words.of(N_("share answered")),
            words.of(N_("median until answered")),
        ]
    rows: list[tuple[Cell, ...]] = []
    for name, line in named[:MOST_ROWS]:
        cells = [Cell(name), count(line, "sent"), count(line, "delivered"), count(line, "arrived")]
        cells.append(count(line, "unreached", lost))
        cells += [
            Cell(words.share(line.share_delivered)),
            measured(words, line, "median_delivery_seconds", "delivered", "median"),
        ]
        if not by_channel:
            cells += [
                count(line, "opened"),
                Cell(words.share(line.share_answered)),
                measured(words, line, "median_answer_seconds", "answered", "median"),
            ]
        rows.append(tuple(cells))
    return TableBlock(tuple(head), tuple(rows), title)


def reachability_blocks(words: DocumentWords, reachability: Reachability) -> list[Block]:
    people = sorted(
        reachability.people,
        key=lambda line: (
            line.share_answered if line.share_answered is not None else 2,
            -line.sent,
            line.row,
        ),
    )
    channels = [(words.label("channel", line.row), line) for line in reachability.channels]
    return [
        reach_table(words, N_("All messages"), [(words.of(N_("all")), reachability.whole)]),
        Bars(
            words.of(N_("Share handed over, by channel")),
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
    words: DocumentWords, first: str, named: Sequence[tuple[str, MatterLine]], title: str = ""
) -> TableBlock:
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
    return TableBlock(columns, tuple(rows), title)


def resolution_blocks(words: DocumentWords, resolution: Resolution) -> list[Block]:
    return [
        matters_table(words, N_("All matters"), [(words.of(N_("all")), resolution.whole)]),
        *tables_by(
            words,
            matters_table,
            {
                "kind": resolution.kinds,
                "level": resolution.levels,
                "category": resolution.categories,
                "area": resolution.areas,
            },
        ),
        matters_table(
            words,
            N_("Unit"),
            [(words.unit(line.row), line) for line in resolution.units],
            words.of(N_("By unit")),
        ),
    ]


# Trend


def counts_bars(title: str, named: Sequence[tuple[str, CountLine]], field: str = "reports") -> Bars:
    return Bars(title, tuple((name, float(getattr(line, field)), count(line, field)) for name, line in named))


def trend_blocks(words: DocumentWords, trend: Trend) -> list[Block]:
    days = [
        (line.day, float(line.reports), Cell(str(line.reports), f"{line.figure}/reports"))
        for line in trend.days
    ]
    return [
        Bars(words.of(N_("Reports by day")), tuple(days[-92:])),
        counts_table(
            words, N_("Day"), [(line.day, line) for line in trend.days if line.harm], N_("Harm by day")
        ),
        counts_bars(words.of(N_("Reports by hour of the day")), [(line.row, line) for line in trend.hours]),
        counts_bars(
            words.of(N_("Lapses by hour of the day, without those excused")),
            [(line.row, line) for line in trend.hours],
            "lapsed",
        ),
        counts_bars(
            words.of(N_("Reports by weekday")),
            [(words.label("weekday", line.row), line) for line in trend.weekdays],
        ),
        counts_bars(
            words.of(N_("Reports by place and category")),
            [(place_name(words, line.row), line) for line in trend.places[:20]],
        ),
        *(
            counts_table(words, first, [(name(words, line.row), line) for line in lines], title)
            for first, name, lines, title in (
                (N_("Place and category"), place_name, trend.places, N_("By place and category")),
                (N_("Topic and area"), topic_name, trend.topics, N_("By topic and area")),
                (N_("Unit"), DocumentWords.unit, trend.units, N_("By the unit that reported")),
            )
        ),
    ]


def counts_table(
    words: DocumentWords, first: str, named: Sequence[tuple[str, CountLine | TrendLine]], title: str
) -> TableBlock:
    """How many were reported, and the harm as far as anybody has said any."""
    shown = named[:MOST_ROWS]
    said = [name for name in HARM if any(name in line.harm for _, line in shown)]
    heads = [words.of(first), words.of(N_("reports")), *(words.of(FIELDS[name].term) for name in said)]
    rows = [row(name, count(line, "reports"), *(_harm(line, what) for what in said)) for name, line in shown]
    return TableBlock(tuple(heads), tuple(rows), words.of(title))


def _harm(line: CountLine | TrendLine, name: str) -> Cell:
    amount = line.harm.get(name, 0)
    return Cell(f"{amount:,}", f"{line.figure}/{name}", number=amount) if amount else Cell("")


def topic_name(words: DocumentWords, row_name: str) -> str:
    topic, _, area = row_name.partition(":")
    return f"{words.label('topic', topic) if topic != '-' else NOTHING} · {words.area(area)}"


def place_name(words: DocumentWords, place: str) -> str:
    area, _, category = place.partition(":")
    return f"{words.area(area)} · {words.label('category', category) if category != '-' else NOTHING}"
