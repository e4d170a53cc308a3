"""Terms of the policy: `PT30M`, `P1M`, `P5WD` (working days), `50%` (of another term), `day 10` (of a month).

Invariant: a term is its text; when it ends is computed from that text, the start and the policy's calendar
alone.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from services.escalator.policy.durations import parse_fixed, write_fixed
from services.escalator.policy.holidays import WorkCalendar, working_day_after
from shared.message import N_, Said, said

_MONTHS = re.compile(r"^P(?P<months>\d{1,3})M(?P<rest>(?:\d+D)?(?:T.+)?)$")
_WORKING = re.compile(r"^P(?P<days>\d{1,3})WD$")
_PERCENT = re.compile(r"^(?P<share>\d{1,3})%$")
_DAY = re.compile(r"^day (?P<day>\d{1,2})$")
_BEFORE = re.compile(r"^before (?P<span>P\S+)$")
_HOW = N_(
    "write PT30M, P3D, P1M, P5WD (working days), 50% (of the whole term), before PT5M (its end) or day 10 (of the month)"
)
PATTERN = r"^(P\d{1,3}M(\d+D)?(T.+)?|P\d{1,3}WD|P(\d+W)?(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?|\d{1,3}%|before P\S+|day \d{1,2})$"


class TermError(ValueError):
    """A text that is no term, or a term asked for what it can't say."""

    def __init__(self, text: Said) -> None:
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Term:
    """Exactly one of `fixed` (alone), `months` (with a fixed rest), `working`, `percent`, `day` is set."""

    text: str
    fixed: timedelta | None = None
    months: int = 0
    working: int = 0
    percent: int = 0
    day: int = 0
    is_before: bool = False
    """`fixed` counts back from the end of another term."""

    def __str__(self) -> str:
        return self.text

    @property
    def is_share(self) -> bool:
        """A moment of another term, a percentage of it or so long before its end: `within` says when, not
        `after`.
        """
        return self.percent > 0 or self.is_before

    def after(self, start: datetime, calendar: WorkCalendar) -> datetime:
        """When a term that starts at `start` ends, UTC. Raises TermError for a percentage."""
        if self.fixed is not None and not self.months and not self.is_before:
            return start + self.fixed
        if self.is_share:
            raise TermError(
                said(N_("%(text)s is a share of another term: it has no end of its own"), text=self.text)
            )
        zone = calendar.zone
        local = start.astimezone(zone)
        if self.working:
            return _at_wall(working_day_after(local.date(), self.working, calendar), local, zone)
        if self.months:
            return _at_wall(_months_on(local.date(), self.months), local, zone) + (self.fixed or timedelta(0))
        day = local.date().replace(day=self.day)
        if local.date() > day:
            day = _months_on(day, 1)
        return datetime.combine(day, time.max, zone).astimezone(UTC)

    def share(self, of_start: datetime, of_due: datetime) -> datetime:
        """When this percentage of the term from `of_start` to `of_due` has gone. Raises TermError for any
        other term.
        """
        if not self.percent:
            raise TermError(said(N_("%(text)s is no percentage"), text=self.text))
        return of_start + (of_due - of_start) * self.percent / 100

    def within(self, start: datetime, due: datetime, calendar: WorkCalendar) -> datetime:
        """A moment of the term from `start` to `due`: its share for a percentage, else counted from
        `start`.
        """
        if self.is_before:
            return due - (self.fixed or timedelta(0))
        return self.share(start, due) if self.percent else self.after(start, calendar)

    @property
    def at_least(self) -> timedelta:
        """The shortest it can be; zero for a percentage and a day of the month."""
        if self.working:
            return timedelta(days=self.working - 1, hours=23)
        return (self.fixed or timedelta(0)) + timedelta(days=28) * self.months

    @property
    def at_most(self) -> timedelta:
        """The longest it can be (eleven days off in a row are more than any holiday has had)."""
        if self.working:
            return timedelta(days=self.working + 11 * (1 + self.working // 3))
        return (self.fixed or timedelta(0)) + timedelta(days=31) * (self.months or (1 if self.day else 0))


@lru_cache(maxsize=4096)
def parse_term(text: str) -> Term:
    """Raises TermError that shows how to write it."""
    if match := _WORKING.match(text):
        if not int(match["days"]):
            raise TermError(said(N_("%(text)s is no time at all: write at least P1WD"), text=repr(text)))
        return Term(text, working=int(match["days"]))
    if match := _PERCENT.match(text):
        if not 0 < int(match["share"]) <= 100:
            raise TermError(
                said(N_("%(text)s: a percentage of a term lies between 1%% and 100%%"), text=repr(text))
            )
        return Term(text, percent=int(match["share"]))
    if match := _DAY.match(text):
        if not 1 <= int(match["day"]) <= 28:
            raise TermError(
                said(
                    N_("%(text)s: a day that every month has lies between day 1 and day 28"), text=repr(text)
                )
            )
        return Term(text, day=int(match["day"]))
    try:
        if match := _BEFORE.match(text):
            return Term(text, fixed=parse_fixed(match["span"]), is_before=True)
        if (match := _MONTHS.match(text)) and int(match["months"]):
            return Term(
                text,
                months=int(match["months"]),
                fixed=parse_fixed("P" + match["rest"]) if match["rest"] else None,
            )
        return Term(text, fixed=parse_fixed(text))
    except ValueError:
        raise TermError(
            said(N_("%(text)s is not a term: %(how)s"), text=repr(text), how=said(_HOW))
        ) from None


def fixed_term(span: timedelta) -> Term:
    return Term(write_fixed(span), fixed=span)


def _term(value: Any) -> Term:
    return value if isinstance(value, Term) else parse_term(str(value))


TermField = Annotated[
    Term,
    BeforeValidator(_term),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": PATTERN}),
]
"""A term in the policy's document."""


def _months_on(day: date, months: int) -> date:
    """The same day `months` later, or the last of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1]))


def _at_wall(day: date, like: datetime, zone: ZoneInfo) -> datetime:
    """The clock time of `like` on `day`, UTC; a time the clock skips is the moment after the skip."""
    return datetime.combine(day, like.time(), zone).replace(fold=like.fold).astimezone(UTC)
