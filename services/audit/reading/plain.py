"""A fact in plain words: which of its fields a reader cares for, in which order, under which name.

Invariant: pure, and forgiving: a field that is missing or new is left to the raw text below; nothing here can
hide a record.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.audit.reading.plain_fields import EXCUSE, FIELDS, OTHERWISE
from shared.facts import Name
from shared.facts.body import FactBody, instant
from shared.facts.envelope import TYPE_PREFIX
from shared.web.names import Names


@dataclass(frozen=True)
class PlainLine:
    """One field: exactly one of the values is given."""

    term: str
    text: str | None = None
    name: Name | None = None
    at: datetime | None = None
    label: tuple[str, str] | None = None


def lines(fact: Mapping[str, Any] | None, names: Names) -> tuple[PlainLine, ...]:
    """The fields of the fact's data that people read."""
    data = data_of(fact)
    kind = (FactBody(fact).text("type") or "").removeprefix(TYPE_PREFIX).removesuffix(".v1")
    read = {field: OTHERWISE.get((kind, field), read_as) for field, read_as in FIELDS.items()}
    plain_lines = [
        _line(term, how, data.fields[field], names)
        for field, (term, how) in read.items()
        if _is_shown(data.fields.get(field), how)
    ]
    return (*plain_lines, *(PlainLine(EXCUSE, label=("excuse", excuse)) for excuse in data.texts("excuses")))


def _is_shown(value: Any, how: str) -> bool:
    """What is not so goes without saying, unless that is the answer; a list or a whole object is left to the
    raw text.
    """
    if value is None or (value is False and how != "yes_or_no"):
        return False
    return how == "actor" or not isinstance(value, list | dict)


def _line(term: str, how: str, value: Any, names: Names) -> PlainLine:
    match how:
        case "at":
            return PlainLine(term, at=instant(str(value)))
        case "unit":
            return PlainLine(term, name=names.unit(str(value)))
        case "area":
            return PlainLine(term, name=names.area(str(value)))
        case "person":
            return PlainLine(term, name=names.person(str(value)))
        case "post":
            return PlainLine(term, name=names.post(str(value)))
        case "source":
            return PlainLine(term, name=names.by(f"source:{value}"))
        case "yes" | "yes_or_no":
            return PlainLine(term, label=("answer", "yes" if value else "no"))
        case "by":
            return PlainLine(term, name=names.by(str(value)))
        case "actor":
            return PlainLine(term, name=names.by(FactBody(value).text("principal") or ""))
        case "text":
            return PlainLine(term, text=str(value))
        case _:
            return PlainLine(term, label=(how, str(value)))


def data_of(fact: Mapping[str, Any] | None) -> FactBody:
    return FactBody(fact).part("data")
