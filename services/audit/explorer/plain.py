"""A fact in plain words: which of its fields a reader cares for, in which order, under which name.

Invariant: pure, and forgiving: a field that is missing or new is left to the raw text below; nothing here can hide a record.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from shared.facts import Name
from shared.web.languages import N_
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
    duty: str | None
    due: datetime | None
    late: float | None
    cause: str | None
    rule: str | None


@dataclass(frozen=True)
class NoticeLine:
    who: Name
    purpose: str
    channels: tuple[str, ...]


@dataclass(frozen=True)
class HandOverLine:
    """What became of one notice on one channel."""

    who: Name
    channel: str
    address: str
    attempts: str
    done: datetime | None
    error: str | None


_FIELDS: Mapping[str, tuple[str, str]] = {
    "summary": (N_("Summary"), "text"),
    "details": (N_("Details"), "text"),
    "kind": (N_("Kind"), "kind"),
    "category": (N_("Category"), "category"),
    "level": (N_("Level"), "level"),
    "unit": (N_("Unit"), "unit"),
    "area": (N_("Area"), "area"),
    "occurred_at": (N_("Occurred"), "at"),
    "learned_at": (N_("Learned of"), "at"),
    "handed_in_at": (N_("Handed in"), "at"),
    "received_at": (N_("Received"), "at"),
    "reported_by": (N_("Reported by"), "by"),
    "person": (N_("Person"), "person"),
    "via": (N_("By which way"), "via"),
    "by": (N_("Done by"), "actor"),
    "text": (N_("Text"), "text"),
    "note": (N_("Note"), "text"),
    "to_unit": (N_("To which unit"), "unit"),
    "into": (N_("Merged into"), "text"),
    "percent": (N_("Percent"), "text"),
    "duty": (N_("Duty"), "text"),
    "at": (N_("Set for"), "at"),
    "subject": (N_("Came on"), "text"),
    "reason": (N_("Reason"), "text"),
    "policy": (N_("Policy"), "text"),
}
"""Field → (its name, how it is read). Their order here is their order on the page."""


def lines(fact: Mapping[str, Any] | None, names: Names) -> tuple[Line, ...]:
    """The fields of the fact's data that people read."""
    data = _mapping(fact, "data")
    return tuple(_line(term, how, data[field], names) for field, (term, how) in _FIELDS.items() if data.get(field) is not None)


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
            who=names.person(str(effect["person"])) if effect.get("person") else None,
            duty=effect.get("duty"),
            due=_instant(effect.get("due_at")),
            late=effect.get("late_by_seconds"),
            cause=effect.get("cause"),
            rule=_rule(effect.get("rule")),
        )
        for effect in _list(fact, "effects")
    )


def notices(fact: Mapping[str, Any] | None, names: Names) -> tuple[NoticeLine, ...]:
    return tuple(
        NoticeLine(names.person(str(notice.get("person"))), str(notice.get("purpose")), tuple(map(str, notice.get("channels", ()))))
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


def about(fact: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """What a decision was made on."""
    return _mapping(_mapping(fact, "data"), "about")


def _mapping(whole: Mapping[str, Any] | None, key: str) -> Mapping[str, Any]:
    value = (whole or {}).get(key)
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}


def _list(fact: Mapping[str, Any] | None, key: str) -> list[dict[str, Any]]:
    value = _mapping(fact, "data").get(key)
    return [one for one in cast(list[Any], value) if isinstance(one, dict)] if isinstance(value, list) else []


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
