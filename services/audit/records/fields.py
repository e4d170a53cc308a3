"""The fields a record is searched by, derived from its header and its fact alone, so that `verify` can derive
them again.

Invariant: whatever bytes a fact has, its fields are defined; what can't be read is left out, never guessed. A
case's unit, area, level and category stand in its report and are carried to its later records.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.audit.records.record import Rec
from shared.facts import EXCUSES, Excuse

GAP, UNTRUSTED = "gap", "untrusted"
"""Kinds of records that are no facts: the broker had lost it; it is not what it claims to be."""
_FIELD_LIMIT = 120
_TEXT_LIMIT = 500
_LIST_LIMIT = 200
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class About:
    """What a case is about, from its report; carried to all its records."""

    unit: str | None = None
    area: str | None = None
    level: str | None = None
    category: str | None = None


NOTHING = About()


@dataclass(slots=True)
class Fields:
    kind: str
    about: About = NOTHING
    units: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    lapses: tuple[str, ...] = ()

    def stored(self) -> Json:
        """The searchable fields as `entries` holds them."""
        about = self.about
        return {
            "kind": self.kind,
            "unit": about.unit,
            "area": about.area,
            "level": about.level,
            "category": about.category,
            "units": list(self.units),
            "persons": list(self.persons),
            "channels": list(self.channels),
            "outcomes": list(self.outcomes),
            "lapse": bool(self.lapses),
            "lapses": list(self.lapses),
        }


def kind_of(rec: Rec) -> str:
    """What the record is of. A message that is no authentic fact is none of the kind it claims, whoever
    asks.
    """
    return UNTRUSTED if rec.distrust else of_subject(rec.subject)


def of_subject(subject: str) -> str:
    """`fact.<lane>.<kind>`; a fact the broker lost has no subject."""
    return subject.rsplit(".", 1)[-1] if subject else GAP


def about_of(kind: str, envelope: Json) -> About:
    """What the report of a case says it is about, or the fact that a standing case began with."""
    if kind not in ("reported", "established"):
        return NOTHING
    data = _object(envelope.get("data"))
    return About(
        _text(data.get("unit")),
        _text(data.get("area")),
        _text(data.get("level")),
        _text(data.get("category")),
    )


def derive(kind: str, envelope: Json, carried: About) -> Fields:
    """`carried`: what the case's report said, or NOTHING. Of what is not trusted nobody is found by what it
    says of them.
    """
    if kind == UNTRUSTED:
        return Fields(kind, carried)
    data = _object(envelope.get("data"))
    get = data.get
    about = carried if carried != NOTHING else about_of(kind, envelope)
    by = _object(get("by"))
    units: list[object] = [about.unit, get("unit"), get("to_unit"), by.get("unit")]
    persons: list[object] = [
        get("person"),
        by.get("principal"),
        get("reported_by"),
        get("to_person"),
        get("owner"),
    ]
    channels: list[object] = []
    outcomes: list[object] = []
    lapses: list[object] = []
    for effect in _objects(get("effects")):
        says = effect.get
        units.append(says("unit"))
        persons += (says("person"), says("stood_in"))
        outcomes.append(says("kind"))
        if says("kind") == "lapsed":
            lapses.append(says("duty"))
    notices, deliveries = _objects(get("notices")), _objects(get("deliveries"))
    for one in (*notices, *deliveries):
        persons.append(one.get("person"))
    for one in deliveries:
        channels.append(one.get("channel"))
    for one in notices:
        channels += _list(one.get("channels"))
    if kind in ("delivered", "failed"):
        outcomes = [kind]
    elif kind == "acknowledged":
        outcomes = [get("via")]
    return Fields(
        kind,
        about,
        _distinct(units),
        _distinct(persons),
        _distinct(channels),
        _distinct(outcomes),
        _distinct(lapses),
    )


def effects_of(envelope: Json) -> list[Json]:
    """The effects of a decision; none where it is none."""
    return _objects(_object(envelope.get("data")).get("effects"))


def excused_in(envelope: Json) -> dict[str, tuple[str, ...]]:
    """Lapsed duty → what excuses it; without those that nothing excuses. From the message, so that records of
    before have it too.
    """
    found: dict[str, tuple[str, ...]] = {}
    for effect in effects_of(envelope):
        # Records of before name the stand-in alone.
        excuses = _distinct(_list(effect.get("excuses"))) or (
            (Excuse.STOOD_IN.value,) if effect.get("stood_in") else ()
        )
        if (
            effect.get("kind") == "lapsed"
            and isinstance(effect.get("duty"), str)
            and not EXCUSES.isdisjoint(excuses)
        ):
            found[effect["duty"]] = excuses
    return found


def words_of(envelope: Json) -> str | None:
    """Free words of people, by which a fact is found: never stored by themselves, so that they are erased
    with the payload.
    """
    data = _object(envelope.get("data"))
    for field in ("summary", "title", "text", "note", "error", "reason"):
        words = data.get(field)
        if isinstance(words, str) and words:
            return words[:_TEXT_LIMIT]
    return None


_SEARCHED_LIMIT = 4_000
_SEARCHED = ("summary", "details", "title", "text", "note", "error", "reason")


def searched_words(envelope: Json) -> str:
    """All the words a fact is searched by, one line each; what lies beyond 4,000 letters is not found."""
    data = _object(envelope.get("data"))
    words = [data.get(field) for field in _SEARCHED]
    words += [
        one.get(field)
        for part, field in (("effects", "note"), ("deliveries", "error"), ("tasks", "title"))
        for one in _objects(data.get(part))
    ]
    return "\n".join(one for one in words if isinstance(one, str) and one)[:_SEARCHED_LIMIT]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= _FIELD_LIMIT else None


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]


def _objects(value: object) -> list[Json]:
    return [_object(one) for one in _list(value)] if value else []


def _distinct(values: Sequence[object]) -> tuple[str, ...]:
    if not values:
        return ()
    found: dict[str, None] = {}
    for value in values:
        if isinstance(value, str) and 0 < len(value) <= _FIELD_LIMIT:
            found[value] = None
    return tuple(found)[:_LIST_LIMIT]


def searchable(rec: Rec, fields: Fields) -> Json:
    """All fields of a record beside what is hashed: what `entries` stores, and what `verify` demands to find
    there.
    """
    return {
        "stream": rec.stream,
        "sequence": rec.sequence,
        "case": rec.case,
        "number": rec.number,
        "form": rec.form,
        "time": rec.broker,
        **fields.stored(),
    }
