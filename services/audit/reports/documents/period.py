"""Weeks, months and quarters of the office's calendar, and the ones before them. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.facts.bounds import EARLIEST, LATEST
from shared.message import N_, said

_MONTH, _QUARTER = re.compile(r"([0-9]{4})-([0-9]{2})"), re.compile(r"([0-9]{4})-Q([1-4])")
_WEEK = re.compile(r"([0-9]{4})-W([0-9]{2})")
_MOMENT = timedelta(microseconds=1)


class PeriodError(ValueError):
    """No week, or no month and no quarter."""


def _is_meant(year: str) -> bool:
    return EARLIEST.year < int(year) < LATEST.year


@dataclass(frozen=True, slots=True)
class Period:
    """`months` of them from `month` (1 to 12) of `year` on."""

    year: int
    month: int
    months: int

    @classmethod
    def read(cls, text: str) -> "Period":
        """`2026-10` or `2026-Q3`. Raises PeriodError."""
        if (match := _MONTH.fullmatch(text)) and 1 <= int(match[2]) <= 12 and _is_meant(match[1]):
            return cls(int(match[1]), int(match[2]), 1)
        if (match := _QUARTER.fullmatch(text)) and _is_meant(match[1]):
            return cls(int(match[1]), 3 * int(match[2]) - 2, 3)
        raise PeriodError(
            said(
                N_("%(text)s is no period: write a month as 2026-10 or a quarter as 2026-Q3"),
                text=repr(text[:60]),
            )
        )

    @property
    def name(self) -> str:
        return f"{self.year}-{self.month:02}" if self.months == 1 else f"{self.year}-Q{(self.month + 2) // 3}"

    @property
    def before(self) -> "Period":
        month = self.month - self.months
        return Period(self.year - (month < 1), month + 12 * (month < 1), self.months)

    def since(self, zone: ZoneInfo) -> datetime:
        return datetime(self.year, self.month, 1, tzinfo=zone).astimezone(UTC)

    def until(self, zone: ZoneInfo) -> datetime:
        """Its last moment."""
        month = self.month + self.months
        return (
            datetime(self.year + (month > 12), month - 12 * (month > 12), 1, tzinfo=zone).astimezone(UTC)
            - _MOMENT
        )


@dataclass(frozen=True, slots=True)
class Week:
    """From Monday to Sunday."""

    monday: date

    @classmethod
    def read(cls, text: str) -> "Week":
        """`2026-W48`, as ISO 8601 counts them. Raises PeriodError."""
        match = _WEEK.fullmatch(text)
        try:
            if match and _is_meant(match[1]):
                return cls(date.fromisocalendar(int(match[1]), int(match[2]), 1))
        except ValueError:
            pass
        raise PeriodError(said(N_("%(text)s is no week: write it as 2026-W48"), text=repr(text[:60])))

    @classmethod
    def of(cls, day: date) -> "Week":
        return cls(day - timedelta(days=day.weekday()))

    @property
    def name(self) -> str:
        year, week, _ = self.monday.isocalendar()
        return f"{year}-W{week:02}"

    @property
    def before(self) -> "Week":
        return Week(self.monday - timedelta(days=7))

    @property
    def days(self) -> tuple[str, ...]:
        return tuple((self.monday + timedelta(days=day)).isoformat() for day in range(7))

    def since(self, zone: ZoneInfo) -> datetime:
        return datetime(self.monday.year, self.monday.month, self.monday.day, tzinfo=zone).astimezone(UTC)

    def until(self, zone: ZoneInfo) -> datetime:
        """Its last moment."""
        return Week(self.monday + timedelta(days=7)).since(zone) - _MOMENT
