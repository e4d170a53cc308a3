"""From figures to answers. Pure.

Invariant: a line says nothing that is not a figure, so that each number on it can be traced by its name.
"""

from collections import defaultdict
from typing import Any

from services.audit.reports.counting import Counting
from services.audit.reports.figures import Figure, Figures
from services.audit.reports.matters import HolderPeriod, ReportedCase
from services.audit.reports.supervised import (
    MOST_LISTED,
    SUPERVISED,
    SUPERVISED_COLUMNS,
    SupervisedUnit,
)
from services.audit.reports.views import (
    ChainLine,
    CountLine,
    HeldLine,
    HolderLine,
    LeaderTimeliness,
    MatterLine,
    ReachLine,
    RowTimeliness,
    TrendLine,
    UnitTimeliness,
)
from shared.facts import HARM

CHAINS = 200
DUTY_COLUMNS = (
    "in_time",
    "late",
    "lapsed",
    "reported_late",
    "not_answered",
    "logged_calls",
    "contested",
    "excused",
)
MATTER_COLUMNS = (
    "reports",
    "responded",
    "resolved",
    "closed",
    "reopened",
    "withdrawn",
    "merged",
    "open",
    "overdue",
)
SCORES = range(1, 6)
Fields = dict[str, Any]


def share(part: int, of: int) -> float | None:
    return round(part / of, 4) if of > 0 else None


class Answering:
    def __init__(self, counting: Counting, *, with_records: bool = False) -> None:
        self._counting, self._with_records = counting, with_records

    @property
    def figures(self) -> Figures:
        return self._counting.figures

    def traced(self, table: str, row: str, columns: tuple[str, ...]) -> Fields:
        """The name of a line's figure, and the records behind its columns where they are asked for."""
        traced: Fields = {"figure": f"{table}/{row}"}
        if self._with_records:
            records = {column: tuple(self.figures.of(table, row, column).records()) for column in columns}
            traced["records"] = {column: indexes for column, indexes in records.items() if indexes}
        return traced

    # Duties

    def _duties(self, table: str, row: str, *, of_unit: bool = False) -> Fields:
        figures = self.figures
        counts = {column: figures.count(table, row, column) for column in DUTY_COLUMNS}
        held_against = (
            counts["lapsed"] - counts["excused"] - (_only_unanswered(figures, table, row) if of_unit else 0)
        )
        in_time = counts["in_time"] - figures.count(table, row, "contested_in_time")
        done, late = figures.of(table, row, "done"), figures.of(table, row, "late")
        return {
            **self.traced(table, row, ("opened", "done", *DUTY_COLUMNS)),
            "duties": figures.count(table, row, "opened"),
            **counts,
            "held_against": max(held_against, 0),
            "share_in_time": share(in_time, in_time + max(held_against, 0)),
            "median_seconds": done.median,
            "worst_seconds": done.worst,
            "median_late_seconds": late.median,
            "worst_late_seconds": late.worst,
        }

    def units(self) -> tuple[UnitTimeliness, ...]:
        figures = self.figures
        reporting = {
            row for row in figures.rows("matter_unit") if figures.count("matter_unit", row, "reports")
        }
        return tuple(
            UnitTimeliness(
                unit=row,
                cases=figures.count("matter_unit", row, "reports"),
                **self._duties("unit", row, of_unit=True),
            )
            for row in sorted({*figures.rows("unit"), *reporting})
        )

    def leaders(self) -> tuple[LeaderTimeliness, ...]:
        return tuple(
            LeaderTimeliness(person=row, **self._duties("leader", row)) for row in self.figures.rows("leader")
        )

    def duties_by(self, table: str) -> tuple[RowTimeliness, ...]:
        return tuple(self.duties(table, row) for row in self.figures.rows(table))

    def duties(self, table: str, row: str) -> RowTimeliness:
        return RowTimeliness(row=row, **self._duties(table, row))

    # Matters

    def matters_by(self, table: str) -> tuple[MatterLine, ...]:
        return tuple(self.matter(f"matter_{table}", row) for row in self.figures.rows(f"matter_{table}"))

    def matter(self, table: str, row: str) -> MatterLine:
        figures = self.figures
        responded, resolved = figures.of(table, row, "responded"), figures.of(table, row, "resolved")
        scores = {score: figures.count(table, row, f"satisfaction:{score}") for score in SCORES}
        return MatterLine(
            row=row,
            **self.traced(table, row, (*MATTER_COLUMNS, *(f"satisfaction:{score}" for score in SCORES))),
            **_counts(figures, table, row, MATTER_COLUMNS),
            median_response_seconds=responded.median,
            worst_response_seconds=responded.worst,
            median_resolution_seconds=resolved.median,
            worst_resolution_seconds=resolved.worst,
            satisfaction=_mean(scores),
            satisfaction_said=sum(scores.values()),
        )

    # Reach

    def reach(self, table: str, row: str) -> ReachLine:
        figures = self.figures
        lost = "failed" if table == "reach_channel" else "unreached"
        columns = ("sent", "delivered", lost, "asked", "answered", "arrived", "opened")
        sent, delivered, unreached, asked, answered, arrived, opened = (
            figures.of(table, row, column) for column in columns
        )
        traced = self.traced(table, row, columns)
        return ReachLine(
            row=row,
            **traced,
            sent=sent.count,
            delivered=delivered.count,
            arrived=arrived.count,
            opened=opened.count,
            unreached=unreached.count,
            share_delivered=share(delivered.count, sent.count),
            median_delivery_seconds=delivered.median,
            asked=asked.count,
            answered=answered.count,
            share_answered=share(answered.count, asked.count),
            median_answer_seconds=answered.median,
            worst_answer_seconds=answered.worst,
        )

    def reach_by(self, table: str) -> tuple[ReachLine, ...]:
        return tuple(self.reach(table, row) for row in self.figures.rows(table))

    # Holding

    def holders(self, table: str) -> tuple[HolderLine, ...]:
        return tuple(self._holder(table, row) for row in self.figures.rows(table))

    def _holder(self, table: str, row: str) -> HolderLine:
        figure: Figure = self.figures.of(table, row, "held")
        return HolderLine(
            unit=row,
            **self.traced(table, row, ("held", "still")),
            matters=figure.count,
            still=self.figures.count(table, row, "still"),
            held_seconds=round(figure.total, 3),
            median_seconds=figure.median,
            longest_seconds=figure.worst,
        )

    def chains(self) -> tuple[ChainLine, ...]:
        lines: list[ChainLine] = []
        for matter in self._counting.matters.values():
            if matter.exercise or matter.is_standing:
                continue
            for task, periods in ((None, matter.holders), *matter.tasks.items()):
                if len(periods) > 1 and any(
                    self._counting.window.asks_for(period.unit) for period in periods
                ):
                    lines.append(_chain(matter, task, periods))
        lines.sort(key=lambda line: (-len(line.chain), line.chain[0].since, line.case))
        return tuple(lines[:CHAINS])

    # Supervision

    def supervised(self) -> Fields:
        figures, tasks = self.figures, self._counting.supervision.listed()
        units = [
            SupervisedUnit(
                unit=row,
                **self.traced(SUPERVISED, row, SUPERVISED_COLUMNS),
                **_counts(figures, SUPERVISED, row, SUPERVISED_COLUMNS),
            )
            for row in figures.rows(SUPERVISED)
        ]
        return {
            "units": tuple(sorted(units, key=lambda line: (-line.overdue, line.unit))),
            "tasks": tuple(tasks[:MOST_LISTED]),
            "count": len(tasks),
            "cases": len({task.case for task in tasks}),
            "cut": len(tasks) > MOST_LISTED,
        }

    # Trend

    def days(self) -> tuple[TrendLine, ...]:
        by: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
        for (table, day, column), figure in self.figures:
            group, _, name = column.partition(":")
            if table == "day" and name:
                by[day, group][name] = figure.count
        return tuple(
            TrendLine(
                day=day,
                reports=self.figures.count("day", day, "reports"),
                **{
                    f"by_{group}": dict(sorted(by[day, group].items()))
                    for group in ("category", "level", "area", "kind")
                },
                harm=self._harm("day", day),
                **self.traced("day", day, ("reports", *HARM)),
            )
            for day in self.figures.rows("day")
        )

    def _harm(self, table: str, row: str) -> dict[str, int]:
        sums = {name: int(self.figures.of(table, row, name).total) for name in HARM}
        return {name: amount for name, amount in sums.items() if amount}

    def counts(self, table: str, *, most_first: bool = False) -> tuple[CountLine, ...]:
        figures = self.figures
        lines = [
            CountLine(
                row=row,
                **self.traced(table, row, ("reports", "lapsed", *HARM)),
                reports=figures.count(table, row, "reports"),
                lapsed=figures.count(table, row, "lapsed"),
                harm=self._harm(table, row),
            )
            for row in figures.rows(table)
        ]
        return tuple(sorted(lines, key=lambda line: (-line.reports, line.row)) if most_first else lines)


def _counts(figures: Figures, table: str, row: str, columns: tuple[str, ...]) -> Fields:
    return {column: figures.count(table, row, column) for column in columns}


def _only_unanswered(figures: Figures, table: str, row: str) -> int:
    """Of those a leader did not answer, those without an excuse: an excused one is not taken off twice."""
    return max(
        figures.count(table, row, "not_answered") - figures.count(table, row, "not_answered_excused"), 0
    )


def _mean(scores: dict[int, int]) -> float | None:
    number = sum(scores.values())
    return round(sum(score * count for score, count in scores.items()) / number, 2) if number else None


def _chain(matter: ReportedCase, task: str | None, periods: list[HolderPeriod]) -> ChainLine:
    return ChainLine(
        case=matter.case,
        task=task,
        kind=matter.kind,
        level=matter.level,
        summary=matter.summary,
        chain=tuple(
            HeldLine(
                unit=period.unit, since=period.since, until=period.until, how=period.how, index=period.index
            )
            for period in periods
        ),
    )
