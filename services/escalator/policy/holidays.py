"""Which days are worked: the official Chinese calendar, and what the `holidays` file says otherwise.

Invariant: a working day is a function of the day and the policy alone. The file's text becomes a part of the
policy's text, so that a case is counted by the holidays it began under, and a replay counts the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated, Self
from zoneinfo import ZoneInfo

import chinese_calendar
from pydantic import Field, StringConstraints, model_validator

from services.escalator.policy.written import WrittenPart
from shared.lined_yaml import PlacedError
from shared.message import N_, Sayable, said

LIBRARY_YEARS = range(
    min(day.year for day in chinese_calendar.constants.holidays),
    max(day.year for day in chinese_calendar.constants.holidays) + 1,
)
"""The years whose arrangement the library knows."""
MOST_DAYS = 60
"""Days off, or make-up workdays, that one year may name."""

HolidayName = Annotated[str, StringConstraints(min_length=1, max_length=40)]
CalendarYear = Annotated[int, Field(ge=2000, le=2100)]


class HolidayYear(WrittenPart):
    """One year's days that differ from Monday to Friday."""

    announced: bool
    """Whether the State Council's arrangement is in: days in lieu and make-up workdays. Otherwise these are
    the days that the law itself names.
    """
    off: Annotated[dict[date, HolidayName], Field(default_factory=dict, max_length=MOST_DAYS)]
    """Days off, with the name of the holiday."""
    work: Annotated[dict[date, HolidayName], Field(default_factory=dict, max_length=MOST_DAYS)]
    """Make-up workdays (a Saturday or Sunday that is worked), with the holiday they make up for."""


class Holidays(WrittenPart):
    """The `holidays` file, and the section of the same name in a policy's text."""

    years: Annotated[dict[CalendarYear, HolidayYear], Field(default_factory=dict, max_length=20)]

    @model_validator(mode="after")
    def every_day_is_of_its_year(self) -> Self:
        if faults := [*self._misplaced()]:
            raise PlacedError(faults)
        return self

    def _misplaced(self) -> Iterator[tuple[tuple[str | int, ...], Sayable]]:
        for number, year in self.years.items():
            for part, days in (("off", year.off), ("work", year.work)):
                for day in days:
                    if day.year != number:
                        yield (
                            ("years", number, part),
                            said(
                                N_("%(day)s is no day of %(number)s: put it under years.%(year)s"),
                                day=day,
                                number=number,
                                year=day.year,
                            ),
                        )
            for day in year.off.keys() & year.work.keys():
                yield (
                    ("years", number, "work"),
                    said(N_("%(day)s is a day off and a workday: take one of the two away"), day=day),
                )


@dataclass(frozen=True)
class WorkCalendar:
    """Which days are worked, in the zone where a day begins and ends."""

    zone: ZoneInfo
    off: frozenset[date] = frozenset()
    work: frozenset[date] = frozenset()
    announced: frozenset[int] = field(default=frozenset(LIBRARY_YEARS))
    """The years whose whole arrangement is known."""

    @classmethod
    def of(cls, zone: ZoneInfo, holidays: Holidays) -> "WorkCalendar":
        years = holidays.years
        return cls(
            zone,
            frozenset(day for year in years.values() for day in year.off),
            frozenset(day for year in years.values() for day in year.work),
            frozenset({*LIBRARY_YEARS, *(number for number, year in years.items() if year.announced)}),
        )

    def is_working_day(self, day: date) -> bool:
        """By the holidays file, else by the library where it knows the year, else Monday to Friday."""
        if day in self.off or day in self.work:
            return day in self.work
        return chinese_calendar.is_workday(day) if day.year in LIBRARY_YEARS else day.weekday() < 5


@lru_cache(maxsize=4096)
def working_day_after(start: date, count: int, calendar: WorkCalendar) -> date:
    """The `count`-th working day after `start`."""
    day = start
    while count:
        day += timedelta(days=1)
        count -= calendar.is_working_day(day)
    return day
