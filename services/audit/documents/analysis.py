"""The monthly or quarterly analysis, as the office hands it to its leaders: content only. Pure.

Invariant: every figure in it is one of the reports' figures and carries its name; it says what it holds up to, and nothing it can't show.
"""

from dataclasses import dataclass

from services.audit.documents import definitions
from services.audit.documents.blocks import Bars, Block, Cell, Document, Heading, Paragraph, Table, row
from services.audit.documents.period import Period
from services.audit.documents.report_blocks import (
    chains_table,
    count,
    counts_bars,
    duties_table,
    holders_table,
    lapses_table,
    leader_rows,
    matter_rows,
    matters_table,
    named_rows,
    outcome_words,
    place_name,
    reachability_blocks,
    share_bars,
    unit_rows,
)
from services.audit.documents.words import Words
from services.audit.reports.views import Holding, Lapses, MatterLine, Reachability, Resolution, RowTimeliness, Timeliness, Trend
from shared.web.languages import N_

LISTED = 40
REPEATED = 2
"""So many lapses of one unit, or matters of one sort in one place, are a pattern to look at."""


@dataclass(frozen=True)
class Found:
    """What the reports say of one period."""

    timeliness: Timeliness
    lapses: Lapses
    holding: Holding
    reachability: Reachability
    resolution: Resolution
    trend: Trend


@dataclass(frozen=True, slots=True)
class OpenMatter:
    """Not closed at the period's end."""

    case: str
    index: int
    kind: str | None
    level: str | None
    summary: str | None
    holder: str | None
    since: str
    overdue: int


def analysis(words: Words, period: Period, city: str, vkey: str, now: Found, before: Found, open_matters: list[OpenMatter]) -> Document:
    writer = _Writer(words, period, now, before)
    blocks: list[Block] = [
        *writer.overview(),
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
    return Document(
        title=words.of(N_("Analysis of the reporting and handling of emergencies in %(city)s, %(period)s"), city=city, period=name),
        subtitle=words.of(N_("As the record stood at %(at)s"), at=words.at(checkpoint.time)),
        language=words.language.value,
        blocks=tuple(blocks),
        foot=words.of(
            N_("Counted from the trail up to the checkpoint of %(size)s records, root %(root)s."),
            size=checkpoint.size,
            root=checkpoint.root,
        ),
    )


def period_name(words: Words, period: Period) -> str:
    if not words.is_chinese:
        return period.name
    if period.months == 1:
        return f"{period.year}年{period.month}月"
    return f"{period.year}年第{'一二三四'[(period.month - 1) // 3]}季度"


class _Writer:
    def __init__(self, words: Words, period: Period, now: Found, before: Found) -> None:
        self._words, self._period, self._now, self._before = words, period, now, before
        self._sections = 0

    def _heading(self, message: str) -> Heading:
        """`一、总体情况` or `1. Overview`."""
        self._sections += 1
        number = f"{'〇一二三四五六七八九十'[self._sections]}、" if self._words.is_chinese else f"{self._sections}. "
        return Heading(number + self._words.of(message))

    def _change(self, now: int, before: int) -> str:
        """Against the period before, in words."""
        words = self._words
        if now == before:
            return words.of(N_("as many as in the period before"))
        if before == 0:
            return words.of(N_("none in the period before"))
        share = words.share(abs(now - before) / before)
        if now > before:
            return words.of(N_("%(share)s more than the %(before)s of the period before"), share=share, before=before)
        return words.of(N_("%(share)s fewer than the %(before)s of the period before"), share=share, before=before)

    def _points(self, now: float | None, before: float | None) -> str:
        words = self._words
        if now is None or before is None:
            return words.of(N_("which can't be compared with the period before"))
        points = f"{abs(now - before) * 100:.1f}"
        if points == "0.0":
            return words.of(N_("the same as in the period before"))
        if now > before:
            return words.of(N_("%(points)s percentage points better than in the period before"), points=points)
        return words.of(N_("%(points)s percentage points worse than in the period before"), points=points)

    # Sections

    def overview(self) -> list[Block]:
        words, whole, previous = self._words, self._now.resolution.whole, self._before.resolution.whole
        duties, earlier = _whole(self._now), _whole(self._before)
        reach = self._now.reachability.whole
        return [
            self._heading(N_("Overview")),
            words.say(
                N_(
                    "In %(period)s %(reports)s matters were reported, %(change)s; %(resolved)s were resolved and %(closed)s closed. "
                    "At the end of the period %(open)s were open, of which %(overdue)s had something overdue."
                ),
                period=period_name(words, self._period),
                reports=count(whole, "reports"),
                change=self._change(whole.reports, previous.reports),
                resolved=count(whole, "resolved"),
                closed=count(whole, "closed"),
                open=count(whole, "open"),
                overdue=count(whole, "overdue"),
            ),
            words.say(
                N_(
                    "Of the duties that came to their limit, %(in_time)s were done in time and %(lapsed)s lapsed, "
                    "%(excused)s of them with an excuse on record. The share in time was %(share)s, %(points)s. "
                    "%(late)s reports came in after their limit."
                ),
                in_time=count(duties, "in_time"),
                lapsed=count(duties, "lapsed"),
                excused=count(duties, "excused"),
                share=words.share(duties.share_in_time),
                points=self._points(duties.share_in_time, earlier.share_in_time),
                late=self._late_reports(duties),
            ),
            words.say(
                N_(
                    "The first response came after %(response)s in the median and %(worst)s at the latest. "
                    "Of %(sent)s messages %(delivered)s were delivered (%(share)s); "
                    "of those that asked for an answer %(answered)s were answered."
                ),
                response=Cell(words.span(whole.median_response_seconds), f"{whole.figure}/responded/median"),
                worst=Cell(words.span(whole.worst_response_seconds), f"{whole.figure}/responded/worst"),
                sent=count(reach, "sent"),
                delivered=count(reach, "delivered"),
                share=words.share(reach.share_delivered),
                answered=words.share(reach.share_answered),
            ),
            *self._not_over(),
            self._left_out(),
        ]

    def _not_over(self) -> list[Block]:
        """An analysis made too early says so."""
        answer = self._now.timeliness
        if answer.until is None or answer.checkpoint.time > answer.until:
            return []
        return [self._words.say(N_("The period is not over at this checkpoint: the figures are of its part so far."), style="small")]

    def _late_reports(self, duties: RowTimeliness) -> Cell:
        """A report is owed to several people: late once, it is late to each of them. Counted here by matter."""
        lines = [line for line in self._now.lapses.lapses if line.cause == "reported_late"]
        cases = {line.case for line in lines}
        return Cell(str(len(cases)), f"{duties.figure}/reported_late") if cases else Cell("0")

    def _left_out(self) -> Paragraph:
        return self._words.say(
            N_("%(number)s exercises were left out of all figures."), style="small", number=self._now.resolution.exercises_left_out
        )

    def matters(self) -> list[Block]:
        words, found, previous = self._words, self._now.resolution, self._before.resolution
        return [
            self._heading(N_("What was reported")),
            self._compared(words.of(N_("Kind")), matter_rows(words, "kind", found.kinds), matter_rows(words, "kind", previous.kinds)),
            matters_table(words, N_("Area"), matter_rows(words, "area", found.areas), words.of(N_("By area"))),
            matters_table(words, N_("Category"), matter_rows(words, "category", found.categories), words.of(N_("By category"))),
            matters_table(words, N_("Level"), matter_rows(words, "level", found.levels), words.of(N_("By level"))),
            matters_table(words, N_("Unit"), [(words.unit(line.row), line) for line in found.units], words.of(N_("By reporting unit"))),
            *self._satisfaction(found.whole),
        ]

    def _compared(self, first: str, now: list[tuple[str, MatterLine]], before: list[tuple[str, MatterLine]]) -> Table:
        words, earlier = self._words, dict(before)
        names = list(dict.fromkeys([*(name for name, _ in now), *earlier]))
        current = dict(now)
        rows: list[tuple[Cell, ...]] = []
        for name in names:
            line, was = current.get(name), earlier.get(name)
            number, number_before = line.reports if line else 0, was.reports if was else 0
            rows.append(row(name, count(line, "reports") if line else 0, number_before, f"{number - number_before:+d}"))
        columns = (first, words.of(N_("this period")), words.of(N_("period before")), words.of(N_("change")))
        return Table(columns, tuple(rows), words.of(N_("By kind")))

    def _satisfaction(self, whole: MatterLine) -> list[Block]:
        if whole.satisfaction is None:
            return [self._words.say(N_("Nobody who reported or complained was asked how satisfied they were, or no answer is on record."))]
        return [
            self._words.say(
                N_("%(said)s of those who reported or complained said how satisfied they were: %(mean)s of 5 in the mean."),
                said=whole.satisfaction_said,
                mean=str(whole.satisfaction),
            )
        ]

    def timeliness(self) -> list[Block]:
        words, found = self._words, self._now.timeliness
        units = unit_rows(words, found.units)
        return [
            self._heading(N_("Timeliness")),
            share_bars(words, units, words.of(N_("Share in time by unit"))),
            duties_table(words, N_("Unit"), units, words.of(N_("By unit"))),
            duties_table(words, N_("Leader"), leader_rows(words, found.leaders), words.of(N_("By leader"))),
            duties_table(words, N_("Level"), named_rows(words, "level", found.levels), words.of(N_("By level"))),
            duties_table(words, N_("Category"), named_rows(words, "category", found.categories), words.of(N_("By category"))),
            duties_table(words, N_("Channel"), named_rows(words, "channel", found.channels), words.of(N_("By channel"))),
        ]

    def lapses(self) -> list[Block]:
        words, found = self._words, self._now.lapses
        causes: dict[str, list[int]] = {}
        outcomes: dict[str, list[int]] = {}
        for line in found.lapses:
            causes.setdefault(words.label("cause", line.cause), []).append(line.index)
            if line.accountability is not None:
                outcomes.setdefault(outcome_words(words, line), []).append(line.index)
        referred = [line for line in found.lapses if line.accountability is not None]
        return [
            self._heading(N_("Lapses and what became of them")),
            words.say(
                N_(
                    "%(lapses)s duties lapsed; %(referred)s referrals opened a case of accountability. "
                    "How these stand now, and why limits passed:"
                ),
                lapses=Cell(str(len(found.lapses)), "duty/all/lapsed"),
                referred=Cell(str(len(referred)), None, tuple(sorted({line.index for line in referred}))),
            ),
            _numbers(words.of(N_("By cause")), words.of(N_("Cause")), words.of(N_("lapses")), causes),
            _numbers(words.of(N_("By outcome")), words.of(N_("Outcome")), words.of(N_("referrals")), outcomes),
            lapses_table(words, referred, LISTED),
            *self._not_all(len(referred), LISTED),
        ]

    def _not_all(self, number: int, most: int) -> list[Block]:
        return [self._words.say(N_("The first %(most)s of %(number)s are listed."), style="small", most=most, number=number)] * (
            number > most
        )

    def reach(self) -> list[Block]:
        return [self._heading(N_("Reachability")), *reachability_blocks(self._words, self._now.reachability)]

    def patterns(self) -> list[Block]:
        words, trend = self._words, self._now.trend
        places = [line for line in trend.places if line.reports >= REPEATED]
        units = [line for line in self._now.timeliness.units if line.lapsed - line.not_answered >= REPEATED]
        units.sort(key=lambda line: (line.not_answered - line.lapsed, line.unit))
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
                    N_("Most lapses of its own: %(unit)s, %(lapsed)s duties."),
                    unit=words.unit(units[0].unit),
                    lapsed=Cell(str(units[0].lapsed - units[0].not_answered), f"{units[0].figure}/lapsed"),
                )
            )
        hours = sorted(trend.hours, key=lambda line: (-line.lapsed, line.row))
        if hours and hours[0].lapsed:
            blocks.append(
                words.say(
                    N_("The hour in which most limits passed: %(hour)s o'clock, %(lapsed)s times."),
                    hour=hours[0].row,
                    lapsed=count(hours[0], "lapsed"),
                )
            )
        return [
            *blocks,
            counts_bars(words.of(N_("Reports by place and category")), [(place_name(words, line.row), line) for line in places[:12]]),
            counts_bars(words.of(N_("Reports by hour of the day")), [(line.row, line) for line in trend.hours]),
            Bars(
                words.of(N_("Lapses by unit, without those a leader did not answer")),
                tuple(
                    (
                        words.unit(line.unit),
                        float(line.lapsed - line.not_answered),
                        Cell(str(line.lapsed - line.not_answered), f"{line.figure}/lapsed"),
                    )
                    for line in units[:12]
                ),
            ),
        ]

    def open_matters(self, matters: list[OpenMatter]) -> list[Block]:
        words, holding = self._words, self._now.holding
        columns = tuple(
            words.of(name) for name in (N_("Record"), N_("Matter"), N_("Kind"), N_("Level"), N_("Held by"), N_("Open since"), N_("overdue"))
        )
        rows = [
            row(
                Cell(str(one.index), None, (one.index,)),
                one.summary or one.case,
                words.label("kind", one.kind),
                words.label("level", one.level),
                words.unit(one.holder),
                one.since,
                one.overdue,
            )
            for one in matters[:LISTED]
        ]
        return [
            self._heading(N_("Open matters, and who holds them")),
            Table(columns, tuple(rows), texts=len(columns) - 1),
            *self._not_all(len(matters), LISTED),
            holders_table(words, holding.units, words.of(N_("Matters by holder"))),
            chains_table(words, holding),
        ]

    def definitions(self, vkey: str) -> list[Block]:
        words, checkpoint = self._words, self._now.timeliness.checkpoint
        told = (
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
            *(words.say(one, style="small") for one in told),
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


def _whole(found: Found) -> RowTimeliness:
    assert found.timeliness.whole is not None
    return found.timeliness.whole


def _numbers(title: str, first: str, second: str, counted: dict[str, list[int]]) -> Table:
    """How many records of each sort, the most first."""
    ordered = sorted(counted.items(), key=lambda item: (-len(item[1]), item[0]))
    rows = [row(name, Cell(str(len(indexes)), None, tuple(sorted(set(indexes))))) for name, indexes in ordered]
    return Table((first, second), tuple(rows), title)
