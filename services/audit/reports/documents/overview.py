"""What the analysis says first, in words: how much, how timely, how well reached, against the period before.
Pure.

Invariant: a comparison is made of the same figures of both periods; where the one before has none, it says so
instead of a share.
"""

from dataclasses import dataclass

from services.audit.reports.documents.period import Period
from services.audit.reports.documents.report_blocks import count
from services.audit.reports.views import (
    Holding,
    Lapses,
    Reachability,
    Resolution,
    RowTimeliness,
    Timeliness,
    Trend,
)
from shared.documents.blocks import Block, Cell, Paragraph
from shared.documents.words import DocumentWords
from shared.facts import LapseCause
from shared.language.catalogue import N_
from shared.vocabulary import Language


@dataclass(frozen=True)
class PeriodReports:
    """What the reports say of one period."""

    timeliness: Timeliness
    lapses: Lapses
    holding: Holding
    reachability: Reachability
    resolution: Resolution
    trend: Trend


def period_name(words: DocumentWords, period: Period) -> str:
    if words.language is not Language.ZH:
        return period.name
    if period.months == 1:
        return f"{period.year}年{period.month}月"
    return f"{period.year}年第{'一二三四'[(period.month - 1) // 3]}季度"


class Overview:
    def __init__(
        self, words: DocumentWords, period: Period, now: PeriodReports, before: PeriodReports
    ) -> None:
        self._words, self._period, self._now, self._before = words, period, now, before

    def blocks(self) -> list[Block]:
        words, whole, previous = self._words, self._now.resolution.whole, self._before.resolution.whole
        duties, earlier = _whole(self._now), _whole(self._before)
        reach = self._now.reachability.whole
        return [
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
                    "%(late)s reports came in after their limit without an excuse."
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
                    "Of %(sent)s messages %(delivered)s were handed to the gateway (%(share)s); "
                    "of those that asked for an answer %(answered)s were answered."
                ),
                response=Cell(
                    words.seconds(whole.median_response_seconds), f"{whole.figure}/responded/median"
                ),
                worst=Cell(words.seconds(whole.worst_response_seconds), f"{whole.figure}/responded/worst"),
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
        return [
            self._words.say(
                N_("The period is not over at this checkpoint: the figures are of its part so far."),
                style="small",
            )
        ]

    def _late_reports(self, duties: RowTimeliness) -> Cell:
        """A report is owed to several people: late once, it is late to each of them. Counted here by
        matter.
        """
        lines = [
            line
            for line in self._now.lapses.lapses
            if line.cause == LapseCause.REPORTED_LATE and not line.is_excused
        ]
        cases = {line.case for line in lines}
        return Cell(str(len(cases)), f"{duties.figure}/reported_late") if cases else Cell("0")

    def _left_out(self) -> Paragraph:
        return self._words.say(
            N_("%(number)s exercises were left out of all figures."),
            style="small",
            number=self._now.resolution.exercises_left_out,
        )

    def _change(self, now: int, before: int) -> str:
        """Against the period before, in words."""
        words = self._words
        if now == before:
            return words.of(N_("as many as in the period before"))
        if before == 0:
            return words.of(N_("none in the period before"))
        share = words.share(abs(now - before) / before)
        if now > before:
            return words.of(
                N_("%(share)s more than the %(before)s of the period before"), share=share, before=before
            )
        return words.of(
            N_("%(share)s fewer than the %(before)s of the period before"), share=share, before=before
        )

    def _points(self, now: float | None, before: float | None) -> str:
        words = self._words
        if now is None or before is None:
            return words.of(N_("which can't be compared with the period before"))
        points = f"{abs(now - before) * 100:.1f}"
        if points == "0.0":
            return words.of(N_("the same as in the period before"))
        if now > before:
            return words.of(
                N_("%(points)s percentage points better than in the period before"), points=points
            )
        return words.of(N_("%(points)s percentage points worse than in the period before"), points=points)


def _whole(period: PeriodReports) -> RowTimeliness:
    assert period.timeliness.whole is not None
    return period.timeliness.whole
