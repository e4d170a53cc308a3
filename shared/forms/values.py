"""One value of a form: what is taken for it, and what is said of what is not.

Invariant: what `read_value` returns is JSON, and is read as the same value again.
"""

import re
from datetime import date, datetime
from typing import Any

from shared.directory import Directory
from shared.facts.bounds import EARLIEST, LATEST, rfc3339
from shared.forms.model import LARGEST_NUMBER, LONGEST_TEXT, NUMBERS, DeclaredColumn, FieldType
from shared.message import N_, Said, said
from shared.plain_text import NOT_IN_TEXT, in_words

LONGEST_URL = 500
_URL = re.compile(r"https?://[^\s<>\"'\\]{3,}")
_DECIMALS = 2

NOT_TEXT = N_("must be text")
TOO_LONG = N_("is too long: keep it to %(most)s characters")
ODD_LETTER = N_("holds a letter that can't be seen (%(letter)s): remove it")
NOT_A_NUMBER = N_("must be a number, such as 12.5")
NOT_WHOLE = N_("must be a whole number")
NOT_MONEY = N_("must be yuan with at most two decimals, such as 3.50")
TOO_SMALL = N_("must be %(least)s or more")
TOO_LARGE = N_("must be %(most)s or less")
NOT_A_DATE = N_("is not a day: write it as in 2026-11-23")
NOT_A_TIME = N_("is not a time: write it as in 2026-11-23T03:05:00+08:00")
NOT_PAST = N_("lies in the future: give what has happened already")
NOT_FUTURE = N_("lies in the past: give what is still to come")
NO_SUCH_YEAR = N_("lies outside the years 1970 to 2199: correct the year")
NOT_YES_NO = N_("must be yes or no (true or false)")
NOT_A_CHOICE = N_("is none of the choices: give one of %(choices)s")
NO_SUCH_AREA = N_("is no area of the directory: give its code of 6, 9 or 12 digits")
NO_SUCH_UNIT = N_("is no unit of the directory: give its id")
NO_SUCH_PERSON = N_("is no person of the directory: give their id")
NOT_A_URL = N_("is no address: write it as in https://example.org/page")


class ValueFault(ValueError):
    def __init__(self, words: Said) -> None:
        super().__init__(words)
        self.said = words


def is_empty(value: object) -> bool:
    return value is None or (not value and isinstance(value, (str, list)))


def read_value(column: DeclaredColumn, value: object, directory: Directory, now: datetime) -> Any:
    """Raises ValueFault."""
    if column.type in NUMBERS:
        return _number(column, value)
    if column.type is FieldType.YES_NO:
        if not isinstance(value, bool):
            raise ValueFault(said(NOT_YES_NO))
        return value
    text = _text(value, LONGEST_URL if column.type is FieldType.URL else _longest(column))
    match column.type:
        case FieldType.DATE:
            return _date(column, text, now)
        case FieldType.TIME:
            return _time(column, text, now)
        case FieldType.CHOICE if text not in column.choices:
            raise ValueFault(said(NOT_A_CHOICE, choices=", ".join(column.choices)))
        case FieldType.AREA if text not in directory.areas_by_code:
            raise ValueFault(said(NO_SUCH_AREA))
        case FieldType.UNIT if text not in directory.units_by_id:
            raise ValueFault(said(NO_SUCH_UNIT))
        case FieldType.PERSON if text not in directory.people_by_id:
            raise ValueFault(said(NO_SUCH_PERSON))
        case FieldType.URL if not _URL.fullmatch(text):
            raise ValueFault(said(NOT_A_URL))
        case _:
            return text


def _longest(column: DeclaredColumn) -> int:
    return column.length if column.type is FieldType.TEXT else LONGEST_TEXT


def _text(value: object, longest: int) -> str:
    if not isinstance(value, str):
        raise ValueFault(said(NOT_TEXT))
    text = value.strip()
    if len(text) > longest:
        raise ValueFault(said(TOO_LONG, most=longest))
    if odd := NOT_IN_TEXT.search(text):
        raise ValueFault(said(ODD_LETTER, letter=in_words(odd[0])))
    return text


def _number(column: DeclaredColumn, value: object) -> int | float:
    # A truth is a whole number in Python, and nobody means it as one.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueFault(said(NOT_A_NUMBER))
    if not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:  # NaN too
        raise ValueFault(said(NOT_A_NUMBER))
    if column.type is FieldType.INTEGER and value != int(value):
        raise ValueFault(said(NOT_WHOLE))
    if column.type is FieldType.MONEY and round(value, _DECIMALS) != value:
        raise ValueFault(said(NOT_MONEY))
    if column.least is not None and value < column.least:
        raise ValueFault(said(TOO_SMALL, least=f"{column.least:g}"))
    if column.most is not None and value > column.most:
        raise ValueFault(said(TOO_LARGE, most=f"{column.most:g}"))
    # One spelling of a number: 60.0 and 60 are the same on record.
    return int(value) if value == int(value) else value


def _date(column: DeclaredColumn, text: str, now: datetime) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueFault(said(NOT_A_DATE)) from None
    if not EARLIEST.date() <= day < LATEST.date():
        raise ValueFault(said(NO_SUCH_YEAR))
    today = now.date()
    # A day of ours may have begun that has not in UTC, and the other way round: one day is let pass.
    if column.lies == "past" and (day - today).days > 1:
        raise ValueFault(said(NOT_PAST))
    if column.lies == "future" and (today - day).days > 1:
        raise ValueFault(said(NOT_FUTURE))
    return day.isoformat()


def _time(column: DeclaredColumn, text: str, now: datetime) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueFault(said(NOT_A_TIME)) from None
    if at.tzinfo is None:
        raise ValueFault(said(NOT_A_TIME))
    if not EARLIEST.year < at.year < LATEST.year:
        raise ValueFault(said(NO_SUCH_YEAR))
    if column.lies == "past" and at > now:
        raise ValueFault(said(NOT_PAST))
    if column.lies == "future" and at < now:
        raise ValueFault(said(NOT_FUTURE))
    return rfc3339(at)
