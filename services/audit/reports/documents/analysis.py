"""The monthly or quarterly analysis, as the office hands it to its leaders: content only. Pure.

Invariant: every figure in it is one of the reports' figures and carries its name; it says what it holds up
to, and nothing it can't show.
"""

from services.audit.reports.documents import definitions
from services.audit.reports.documents.matter_blocks import (
    chains_table,
    counts_bars,
    holders_table,
    matters_table,
    place_name,
    reachability_blocks,
)
from services.audit.reports.documents.overview import Overview, PeriodReports, period_name
from services.audit.reports.documents.period import Period
from services.audit.reports.documents.report_blocks import (
    count,
    duties_table,
    lapses_table,
    leader_rows,
    named_rows,
    outcome_words,
    share_bars,
    tables_by,
    unit_rows,
)
from services.audit.reports.matters import ReportedCase
from services.audit.reports.views import MatterLine
from shared.documents.blocks import (
    Bars,
    Block,
    Cell,
    Heading,
    TableBlock,
    WrittenDocument,
    record_cell,
    row,
)
from shared.documents.words import DocumentWords
from shared.language.catalogue import N_

LISTED = 40
REPEATED = 2
"""So many lapses of one unit, or matters of one sort in one place, are a pattern to look at."""


def analysis(
    words: DocumentWords,
    period: Period,
    city: str,
    vkey: str,
    now: PeriodReports,
    before: PeriodReports,
    open_matters: list[ReportedCase],
) -> WrittenDocument:
    writer = _Writer(words, period, now, before)
    blocks: list[Block] = [
        *writer.overview(before),
        *writer.matters(),
        *writer.timeliness(),
        *writer.lapses(),
        *writer.reach(),
        *writer.patterns(),
        *writer.open_matters(open_matters),
        *writer.definitions(vkey),
    ]
    name = period_name(words, period)
    checkpoint = now.timeliness.checkpoint
    return WrittenDocument(
        title=words.of(
            N_("Analysis of the reporting and handling of emergencies in %(city)s, %(period)s"),
            city=city,
            period=name,
        ),
        subtitle=words.of(N_("As the record stood at %(at)s"), at=words.at(checkpoint.time)),
        language=words.language.value,
        blocks=tuple(blocks),
        foot=words.of(
            N_("Counted from the trail up to the checkpoint of %(size)s records, root %(root)s."),
            size=checkpoint.size,
            root=checkpoint.root,
        ),
    )


def _no_topic(pair: str) -> bool:
    return pair.startswith("-")


class _Writer:
    def __init__(
        self, words: DocumentWords, period: Period, now: PeriodReports, before: PeriodReports
    ) -> None:
        self._words, self._period, self._now, self._before = words, period, now, before
        self._sections = 0

    def _heading(self, message: str) -> Heading:
        """`一、总体情况` or `1. Overview`."""
        self._sections += 1
        return Heading(self._words.number(self._sections, self._words.of(message)))

    # Sections

    def overview(self, before: PeriodReports) -> list[Block]:
        return [
            self._heading(N_("Overview")),
            *Overview(self._words, self._period, self._now, before).blocks(),
        ]

    def matters(self) -> list[Block]:
        words, resolution, previous = self._words, self._now.resolution, self._before.resolution
        return [
            self._heading(N_("What was reported")),
            self._compared(
                words.of(N_("Kind")),
                named_rows(words, "kind", resolution.kinds),
                named_rows(words, "kind", previous.kinds),
            ),
            *self._topics(),
            *tables_by(
                words,
                matters_table,
                {"area": resolution.areas, "category": resolution.categories, "level": resolution.levels},
            ),
            matters_table(
                words,
                N_("Unit"),
                [(words.unit(line.row), line) for line in resolution.units],
                words.of(N_("By reporting unit")),
            ),
            *self._satisfaction(resolution.whole),
        ]

    def _topics(self) -> list[Block]:
        """Topic by area, each beside the period before; what nobody gave a topic comes last."""
        words = self._words
        before = {line.row: line for line in self._before.trend.topics}
        current = {line.row: line for line in self._now.trend.topics}
        pairs = sorted(dict.fromkeys([*current, *before]), key=_no_topic)
        rows: list[tuple[Cell, ...]] = []
        for pair in pairs[:LISTED]:
            topic, _, area = pair.partition(":")
            now, was = current.get(pair), before.get(pair)
            number, number_before = now.reports if now else 0, was.reports if was else 0
            name = words.label("topic", topic) if topic != "-" else words.of(N_("no topic given"))
            reports = count(now, "reports") if now else "0"
            change = f"{number - number_before:+d}"
            rows.append(row(name, words.area(area), reports, str(number_before), change))
        columns = tuple(
            words.of(name)
            for name in (N_("Topic"), N_("Area"), N_("this period"), N_("period before"), N_("change"))
        )
        table = TableBlock(columns, tuple(rows), words.of(N_("By topic and area")))
        return [table, *self._not_all(len(pairs), LISTED)]

    def _compared(
        self, first: str, now: list[tuple[str, MatterLine]], before: list[tuple[str, MatterLine]]
    ) -> TableBlock:
        words, earlier = self._words, dict(before)
        names = list(dict.fromkeys([*(name for name, _ in now), *earlier]))
        current = dict(now)
        rows: list[tuple[Cell, ...]] = []
        for name in names:
            line, was = current.get(name), earlier.get(name)
            number, number_before = line.reports if line else 0, was.reports if was else 0
            rows.append(
                row(
                    name, count(line, "reports") if line else 0, number_before, f"{number - number_before:+d}"
                )
            )
        columns = (first, words.of(N_("this period")), words.of(N_("period before")), words.of(N_("change")))
        return TableBlock(columns, tuple(rows), words.of(N_("By kind")))

    def _satisfaction(self, whole: MatterLine) -> list[Block]:
        if whole.satisfaction is None:
            return [
                self._words.say(
                    N_(
                        "Nobody who reported or complained was asked how satisfied they were, or no answer is on record."
                    )
                )
            ]
        return [
            self._words.say(
                N_(
                    "%(said)s of those who reported or complained said how satisfied they were: %(mean)s of 5 in the mean."
                ),
                said=whole.satisfaction_said,
                mean=str(whole.satisfaction),
            )
        ]

    def timeliness(self) -> list[Block]:
        words, timeliness = self._words, self._now.timeliness
        units = unit_rows(words, timeliness.units)
        return [
            self._heading(N_("Timeliness")),
            share_bars(words, units, words.of(N_("Share in time by unit"))),
            duties_table(words, N_("Unit"), units, words.of(N_("By unit"))),
            duties_table(
                words, N_("Leader"), leader_rows(words, timeliness.leaders), words.of(N_("By leader"))
            ),
            *tables_by(
                words,
                duties_table,
                {
                    "level": timeliness.levels,
                    "category": timeliness.categories,
                    "channel": timeliness.channels,
                },
            ),
        ]

    def lapses(self) -> list[Block]:
        words, lapses = self._words, self._now.lapses
        causes: dict[str, list[int]] = {}
        outcomes: dict[str, list[int]] = {}
        for line in lapses.lapses:
            cause = (
                words.of(N_("with an excuse on record"))
                if line.is_excused
                else words.label("cause", line.cause)
            )
            causes.setdefault(cause, []).append(line.index)
            if line.accountability is not None:
                outcomes.setdefault(outcome_words(words, line), []).append(line.index)
        referred = [line for line in lapses.lapses if line.accountability is not None]
        return [
            self._heading(N_("Lapses and what became of them")),
            words.say(
                N_(
                    "%(lapses)s duties lapsed, %(excused)s of them with an excuse on record; "
                    "%(referred)s referrals opened a case of accountability. "
                    "How these stand now, and why limits passed:"
                ),
                lapses=Cell(str(len(lapses.lapses)), "duty/all/lapsed"),
                excused=Cell(str(sum(line.is_excused for line in lapses.lapses)), "duty/all/excused"),
                referred=Cell(str(len(referred)), None, tuple(sorted({line.index for line in referred}))),
            ),
            _numbers(words.of(N_("By cause")), words.of(N_("Cause")), words.of(N_("lapses")), causes),
            _numbers(
                words.of(N_("By outcome")), words.of(N_("Outcome")), words.of(N_("referrals")), outcomes
            ),
            lapses_table(words, referred, LISTED),
            *self._not_all(len(referred), LISTED),
        ]

    def _not_all(self, number: int, most: int) -> list[Block]:
        return [
            self._words.say(
                N_("The first %(most)s of %(number)s are listed."), style="small", most=most, number=number
            )
        ] * (number > most)

    def reach(self) -> list[Block]:
        return [self._heading(N_("Reachability")), *reachability_blocks(self._words, self._now.reachability)]

    def patterns(self) -> list[Block]:
        words, trend = self._words, self._now.trend
        places = [line for line in trend.places if line.reports >= REPEATED]
        units = [line for line in self._now.timeliness.units if line.held_against >= REPEATED]
        units.sort(key=lambda line: (-line.held_against, line.unit))
        blocks: list[Block] = [self._heading(N_("Patterns"))]
        if places:
            blocks.append(
                words.say(
                    N_("Most matters of one sort in one place: %(place)s, %(reports)s times."),
                    place=place_name(words, places[0].row),
                    reports=count(places[0], "reports"),
                )
            )
        if units:
            blocks.append(
                words.say(
                    N_("Most lapses of its own that nothing excuses: %(unit)s, %(lapsed)s duties."),
                    unit=words.unit(units[0].unit),
                    lapsed=Cell(str(units[0].held_against), f"{units[0].figure}/lapsed"),
                )
            )
        hours = sorted(trend.hours, key=lambda line: (-line.lapsed, line.row))
        if hours and hours[0].lapsed:
            blocks.append(
                words.say(
                    N_(
                        "The hour in which most limits passed without an excuse: %(hour)s o'clock, %(lapsed)s times."
                    ),
                    hour=hours[0].row,
                    lapsed=count(hours[0], "lapsed"),
                )
            )
        return [
            *blocks,
            counts_bars(
                words.of(N_("Reports by place and category")),
                [(place_name(words, line.row), line) for line in places[:12]],
            ),
            counts_bars(
                words.of(N_("Reports by hour of the day")), [(line.row, line) for line in trend.hours]
            ),
            Bars(
                words.of(N_("Lapses by unit, without those excused and those a leader did not answer")),
                tuple(
                    (
                        words.unit(line.unit),
                        float(line.held_against),
                        Cell(str(line.held_against), f"{line.figure}/lapsed"),
                    )
                    for line in units[:12]
                ),
            ),
        ]

    def open_matters(self, matters: list[ReportedCase]) -> list[Block]:
        words, holding = self._words, self._now.holding
        columns = tuple(
            words.of(name)
            for name in (
                N_("Record"),
                N_("Matter"),
                N_("Kind"),
                N_("Level"),
                N_("Held by"),
                N_("Open since"),
                N_("overdue"),
            )
        )
        rows = [
            row(
                record_cell(matter.index),
                matter.summary or matter.case,
                words.label("kind", matter.kind),
                words.label("level", matter.level),
                words.unit(matter.holder),
                words.at(matter.reported_at),
                matter.overdue,
            )
            for matter in matters[:LISTED]
        ]
        return [
            self._heading(N_("Open matters, and who holds them")),
            TableBlock(columns, tuple(rows), texts=len(columns) - 1),
            *self._not_all(len(matters), LISTED),
            holders_table(words, holding.units, words.of(N_("Matters by holder"))),
            chains_table(words, holding),
        ]

    def definitions(self, vkey: str) -> list[Block]:
        words, checkpoint = self._words, self._now.timeliness.checkpoint
        texts = (
            *definitions.TIMELINESS,
            *definitions.LAPSES,
            *definitions.HOLDING,
            *definitions.REACHABILITY,
            *definitions.RESOLUTION,
            *definitions.TREND,
            *definitions.ALWAYS,
        )
        return [
            self._heading(N_("Definitions, and how to check this")),
            *(words.say(text, style="small") for text in texts),
            words.say(
                N_(
                    "Every figure is counted from records of the trail, named in the annex by their index. The trail holds %(size)s "
                    "records up to the checkpoint signed at %(at)s; its root is %(root)s and its public key %(vkey)s. "
                    "Whoever has the key from elsewhere can check the trail with `fenghuo trail verify`, "
                    "and have this document counted again with "
                    "`fenghuo trail analysis %(period)s`."
                ),
                style="small",
                size=checkpoint.size,
                at=words.at(checkpoint.time),
                root=checkpoint.root,
                vkey=vkey,
                period=self._period.name,
            ),
        ]


def _numbers(title: str, first: str, second: str, counted: dict[str, list[int]]) -> TableBlock:
    """How many records of each sort, the most first."""
    ordered = sorted(counted.items(), key=lambda item: (-len(item[1]), item[0]))
    rows = [
        row(name, Cell(str(len(indexes)), None, tuple(sorted(set(indexes))))) for name, indexes in ordered
    ]
    return TableBlock((first, second), tuple(rows), title)
