"""A fact in plain words: which of its fields a reader cares for, in which order, under which name.

Invariant: pure, and forgiving: a field that is missing or new is left to the raw text below; nothing here can
hide a record.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import msgspec

from services.audit.reading.plain_fields import EXCUSE, FIELDS, OTHERWISE
from services.audit.reading.plain_reads import words_of
from shared.facts import Name, Outage
from shared.facts.envelope import TYPE_PREFIX
from shared.web.names import Names


@dataclass(frozen=True)
class Line:
    """One field: exactly one of the values is given."""

    term: str
    text: str | None = None
    name: Name | None = None
    at: datetime | None = None
    label: tuple[str, str] | None = None


@dataclass(frozen=True)
class EffectLine:
    """One effect of a decision, with the reason and the policy's line."""

    kind: str
    why: str
    who: Name | None
    """The person, or the unit where no person is named."""
    duty: str | None
    task: str | None
    due: datetime | None
    was: datetime | None
    """The limit before it moved."""
    late: float | None
    cause: str | None
    case: str | None
    """The other case it is about."""
    note: str | None
    rule: str | None
    excuses: tuple[str, ...] = ()
    """What speaks for whoever let the limit pass."""
    outage: Outage | None = None
    """When we were away ourselves."""


@dataclass(frozen=True)
class NoticeLine:
    who: Name
    purpose: str
    channels: tuple[str, ...]
    held: str | None
    """Why nobody was rung."""


@dataclass(frozen=True)
class HandOverLine:
    """What became of one notice on one channel."""

    who: Name
    channel: str
    address: str
    attempts: str
    done: datetime | None
    error: str | None


@dataclass(frozen=True)
class ErasedLine:
    """A record of which something was erased."""

    index: int
    fields: tuple[str, ...]
    whole: bool


@dataclass(frozen=True)
class ReadingLine:
    """One question of a reader."""

    route: str
    words: str
    asked: str
    times: int
    records: int


def lines(fact: Mapping[str, Any] | None, names: Names) -> tuple[Line, ...]:
    """The fields of the fact's data that people read."""
    data = _mapping(fact, "data")
    kind = str((fact or {}).get("type", "")).removeprefix(TYPE_PREFIX).removesuffix(".v1")
    read = {field: OTHERWISE.get((kind, field), known) for field, known in FIELDS.items()}
    said = [
        _line(term, how, data[field], names)
        for field, (term, how) in read.items()
        if _is_said(data.get(field), how)
    ]
    return (*said, *(Line(EXCUSE, label=("excuse", excuse)) for excuse in _texts(data.get("excuses"))))


def _is_said(value: Any, how: str) -> bool:
    """What is not so goes without saying, unless that is the answer; a list or a whole object is left to the
    raw text.
    """
    if value is None or (value is False and how != "yes_or_no"):
        return False
    return how == "actor" or not isinstance(value, list | dict)


def _line(term: str, how: str, value: Any, names: Names) -> Line:
    match how:
        case "at":
            return Line(term, at=_instant(value))
        case "unit":
            return Line(term, name=names.unit(str(value)))
        case "area":
            return Line(term, name=names.area(str(value)))
        case "person":
            return Line(term, name=names.person(str(value)))
        case "post":
            return Line(term, name=names.post(str(value)))
        case "source":
            return Line(term, name=names.by(f"source:{value}"))
        case "yes" | "yes_or_no":
            return Line(term, label=("answer", "yes" if value else "no"))
        case "by":
            return Line(term, name=names.by(str(value)))
        case "actor":
            return Line(term, name=names.by(str(_mapping({how: value}, how).get("principal", ""))))
        case "text":
            return Line(term, text=str(value))
        case _:
            return Line(term, label=(how, str(value)))


def effects(fact: Mapping[str, Any] | None, names: Names) -> tuple[EffectLine, ...]:
    return tuple(
        EffectLine(
            kind=str(effect.get("kind")),
            why=str(effect.get("why", "")),
            who=_who(effect, names),
            duty=effect.get("duty"),
            task=effect.get("task"),
            due=_instant(effect.get("due_at")),
            was=_instant(effect.get("was")),
            late=effect.get("late_by_seconds"),
            cause=effect.get("cause"),
            case=effect.get("case"),
            note=effect.get("note"),
            rule=_rule(effect.get("rule")),
            excuses=_texts(effect.get("excuses")),
            outage=_outage(effect.get("outage")),
        )
        for effect in _list(fact, "effects")
    )


def _who(effect: Mapping[str, Any], names: Names) -> Name | None:
    if effect.get("person"):
        return names.person(str(effect["person"]))
    return names.unit(str(effect["unit"])) if effect.get("unit") else None


def notices(fact: Mapping[str, Any] | None, names: Names) -> tuple[NoticeLine, ...]:
    return tuple(
        NoticeLine(
            who=names.person(str(notice.get("person"))),
            purpose=str(notice.get("purpose")),
            channels=tuple(map(str, notice.get("channels", ()))),
            held=notice.get("held"),
        )
        for notice in _list(fact, "notices")
    )


def hand_overs(fact: Mapping[str, Any] | None, names: Names) -> tuple[HandOverLine, ...]:
    return tuple(
        HandOverLine(
            who=names.person(str(one.get("person"))),
            channel=str(one.get("channel")),
            address=str(one.get("address", "")),
            attempts=str(one.get("attempts", "")),
            done=_instant(one.get("done_at")),
            error=one.get("error"),
        )
        for one in _list(fact, "deliveries")
    )


_WHOLE = "*"


def erased_fields(fact: Mapping[str, Any] | None) -> tuple[ErasedLine, ...]:
    """What a redaction names."""
    found: list[ErasedLine] = []
    for one in _list(fact, "entries"):
        index, fields = one.get("index"), one.get("fields")
        if isinstance(index, int) and isinstance(fields, list):
            paths = tuple(str(path) for path in cast(list[Any], fields))
            found.append(ErasedLine(index, tuple(path for path in paths if path != _WHOLE), _WHOLE in paths))
    return tuple(found)


def readings(fact: Mapping[str, Any] | None) -> tuple[ReadingLine, ...]:
    """What a reader asked."""
    return tuple(
        ReadingLine(
            route=str(one.get("route", "")),
            words=words_of(str(one.get("route", ""))),
            asked="  ".join(f"{name}={value}" for name, value in sorted(_mapping(one, "criteria").items())),
            times=int(one.get("times", 1)),
            records=int(one.get("records", 0)),
        )
        for one in _list(fact, "readings")
    )


def about(fact: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """What a decision was made on."""
    return _mapping(_mapping(fact, "data"), "about")


def _mapping(whole: Mapping[str, Any] | None, key: str) -> Mapping[str, Any]:
    value = (whole or {}).get(key)
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}


def _list(fact: Mapping[str, Any] | None, key: str) -> list[dict[str, Any]]:
    value = _mapping(fact, "data").get(key)
    return [one for one in cast(list[Any], value) if isinstance(one, dict)] if isinstance(value, list) else []


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, cast(list[object], value))) if isinstance(value, list) else ()


def _outage(value: object) -> Outage | None:
    try:
        return None if value is None else msgspec.convert(value, Outage)
    except msgspec.ValidationError:
        return None


def _instant(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at if at.tzinfo else None


def _rule(rule: object) -> str | None:
    if not isinstance(rule, dict):
        return None
    known = cast(dict[str, Any], rule)
    return f"{known.get('path')}:{known.get('line')}"
