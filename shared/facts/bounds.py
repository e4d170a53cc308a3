"""What may be given from outside: how long, how many, how large, how early, which letters; each bound at the
type it belongs to.

Invariant: a bound marked `WhenGiven` holds in a `Given` form (or inside `given()`) and nowhere else. What is
on record is read as it is, so that no bound drawn today makes a fact, a case or a directory of yesterday
unreadable.
"""

import re
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    model_validator,
)
from pydantic.functional_validators import ModelWrapValidatorHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from shared.message import N_, said
from shared.plain_text import NOT_IN_LINE, NOT_IN_TEXT, in_words

OUT_OF_BOUNDS = "out_of_bounds"
"""The type of such a fault; its message is in words for people already."""
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
LONGEST_TERM = timedelta(days=3660)
ID_LIMIT = 128
NAME_LIMIT = 120
VERSION_LIMIT = 80
ID = re.compile(rf"[A-Za-z0-9_.-]{{1,{ID_LIMIT}}}")
_in_a_form: ContextVar[bool] = ContextVar("in_a_form", default=False)


class Frozen(BaseModel):
    """A value: immutable. A field it does not know is of a newer version, and is kept; where somebody fills
    in a form or a file, it is refused (`extra="forbid"` at the edge).
    """

    model_config = ConfigDict(frozen=True, extra="allow")


class Closed(BaseModel):
    """A part of a file that an operator writes: immutable, and a field that is not known is a fault of its
    line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


@contextmanager
def from_outside() -> Iterator[None]:
    """What is validated in here comes from outside: all bounds hold."""
    before = _in_a_form.set(True)
    try:
        yield
    finally:
        _in_a_form.reset(before)


class Given(Frozen):
    """A form that somebody fills in: all bounds hold in it and in its parts."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="wrap")
    @classmethod
    def within_bounds(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        with from_outside():
            return handler(data)


@dataclass(frozen=True, slots=True)
class WhenGiven:
    """Marks a type with a bound. `fault` says what is wrong with a value and what to do, None where nothing
    is.
    """

    fault: Callable[[Any], str | None]
    schema: tuple[tuple[str, int], ...] = ()
    """What the JSON schema of a form says of it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(core), **dict(self.schema)}

    def _check(self, value: Any) -> Any:
        if _in_a_form.get() and value is not None and (words := self.fault(value)) is not None:
            raise PydanticCustomError(OUT_OF_BOUNDS, "{words}", {"words": words})
        return value


def at_most(many: int) -> WhenGiven:
    """Entries of a list."""

    def fault(entries: Sized) -> str | None:
        return (
            said(
                N_("has %(count)s entries: give at most %(many)s, and the others apart"),
                count=len(entries),
                many=many,
            )
            if len(entries) > many
            else None
        )

    return WhenGiven(fault, (("maxItems", many),))


def between(least: int, most: int) -> WhenGiven:
    """A whole number, both ends included."""

    def fault(value: int) -> str | None:
        return (
            None
            if least <= value <= most
            else said(
                N_("is out of bounds: give a number from %(least)s to %(most)s"), least=least, most=most
            )
        )

    return WhenGiven(fault, (("minimum", least), ("maximum", most)))


OTHER_AGE = said(
    N_("lies outside the years %(first)s to %(last)s: correct the year"),
    first=EARLIEST.year,
    last=LATEST.year - 1,
)


def _untimely(at: datetime) -> str | None:
    # By the year: a time near year 1 or 9999 has no UTC, and one without an offset none to compare with.
    return None if EARLIEST.year <= at.year < LATEST.year else OTHER_AGE


def _no_day(day: date) -> str | None:
    return None if EARLIEST.date() <= day < LATEST.date() else OTHER_AGE


def _no_wall_time(at: time) -> str | None:
    return None if at.tzinfo is None else N_("has an offset: write the time of the wall clock, as in 08:30")


def _no_term(span: timedelta) -> str | None:
    if timedelta(0) < span <= LONGEST_TERM:
        return None
    return said(
        N_(
            "must be longer than nothing and at most %(days)s days: write it as in PT10M (ten minutes), P1D (a day)"
        ),
        days=LONGEST_TERM.days,
    )


def _odd_letters(text: str, forbidden: re.Pattern[str]) -> str | None:
    found = forbidden.search(text)
    return (
        said(N_("holds a letter that can't be seen (%(letter)s): remove it"), letter=in_words(found[0]))
        if found
        else None
    )


def _no_name(text: str) -> str | None:
    if not 0 < len(text) <= NAME_LIMIT:
        return said(N_("must have 1 to %(limit)s characters"), limit=NAME_LIMIT)
    return _odd_letters(text, NOT_IN_LINE)


def _no_version(text: str) -> str | None:
    if not 0 < len(text) <= VERSION_LIMIT:
        return said(N_("must have 1 to %(limit)s characters"), limit=VERSION_LIMIT)
    return _odd_letters(text, NOT_IN_LINE)


def _no_id(text: str) -> str | None:
    return (
        None
        if ID.fullmatch(text)
        else said(N_("is no id: letters, digits, . _ and -, at most %(limit)s"), limit=ID_LIMIT)
    )


PLAIN_LINE = WhenGiven(lambda text: _odd_letters(text, NOT_IN_LINE))
PLAIN_TEXT = WhenGiven(lambda text: _odd_letters(text, NOT_IN_TEXT))
PLAIN_NAME = WhenGiven(_no_name, (("minLength", 1), ("maxLength", NAME_LIMIT)))
PLAIN_VERSION = WhenGiven(_no_version, (("minLength", 1), ("maxLength", VERSION_LIMIT)))
PLAIN_ID = WhenGiven(_no_id, (("minLength", 1), ("maxLength", ID_LIMIT)))
"""An id as ours are: nothing that means something to the broker (`*`, `>`, spaces), to a path or to a
page.
"""


def rfc3339(at: datetime) -> str:
    """UTC with microseconds and `Z`: one spelling for every time on the wire, so that text order is time
    order.
    """
    # isoformat is six times as fast as strftime, and every case holds some forty times.
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


Instant = Annotated[
    AwareDatetime, WhenGiven(_untimely), PlainSerializer(rfc3339, return_type=str, when_used="json")
]
"""An aware time, stored UTC."""
AnyTime = Annotated[datetime, WhenGiven(_untimely)]
"""With an offset or without: whoever takes it says what one without means."""
Day = Annotated[date, WhenGiven(_no_day)]
WallTime = Annotated[time, WhenGiven(_no_wall_time)]
Term = Annotated[timedelta, WhenGiven(_no_term)]
"""How long something may take."""
