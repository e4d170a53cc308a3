"""The fields a record is searched by, derived from its header and its fact alone, so that `verify` can derive
them again.

Invariant: whatever bytes a fact has, its fields are defined; what can't be read is left out, never guessed. A
case's unit, area, level and category stand in its report and are carried to its later records.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from services.audit.records.record import Rec
from shared.facts import EXCUSES, EffectKind
from shared.facts.body import FactBody

GAP, UNTRUSTED = "gap", "untrusted"
"""Kinds of records that are no facts: the broker had lost it; it is not what it claims to be."""
_FIELD_LIMIT = 120
_TEXT_LIMIT = 500
_LIST_LIMIT = 200
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CaseTopic:
    """What a case is about, from its report; carried to all its records."""

    unit: str | None = None
    area: str | None = None
    level: str | None = None
    category: str | None = None


NOTHING = CaseTopic()


@dataclass(slots=True)
class Fields:
    kind: str
    about: CaseTopic = NOTHING
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


def about_of(kind: str, envelope: Json) -> CaseTopic:
    """What the report of a case says it is about, or the fact that a standing case began with."""
    if kind not in ("reported", "established"):
        return NOTHING
    data = FactBody(envelope).part("data")
    return CaseTopic(
        _short(data, "unit"), _short(data, "area"), _short(data, "level"), _short(data, "category")
    )


def derive(kind: str, envelope: Json, carried: CaseTopic) -> Fields:
    """`carried`: what the case's report said, or NOTHING. Of what is not trusted nobody is found by what it
    says of them.
    """
    if kind == UNTRUSTED:
        return Fields(kind, carried)
    data = FactBody(envelope).part("data")
    about = carried if carried != NOTHING else about_of(kind, envelope)
    by = data.part("by")
    units = [about.unit, data.text("unit"), data.text("to_unit"), by.text("unit")]
    persons = [
        data.text("person"),
        by.text("principal"),
        *map(data.text, ("reported_by", "to_person", "owner")),
    ]
    outcomes: list[str | None] = []
    lapses: list[str | None] = []
    for effect in data.effects:
        units.append(effect.text("unit"))
        persons += (effect.text("person"), effect.text("stood_in"))
        outcomes.append(effect.text("kind"))
        if effect.kind == EffectKind.LAPSED:
            lapses.append(effect.duty)
    notices, deliveries = data.parts("notices"), data.parts("deliveries")
    persons += [told.text("person") for told in (*notices, *deliveries)]
    channels = [delivery.text("channel") for delivery in deliveries]
    for notice in notices:
        channels += notice.texts("channels")
    if kind in ("delivered", "failed"):
        outcomes = [kind]
    elif kind == "acknowledged":
        outcomes = [data.text("via")]
    return Fields(
        kind,
        about,
        _distinct(units),
        _distinct(persons),
        _distinct(channels),
        _distinct(outcomes),
        _distinct(lapses),
    )


def excused_in(envelope: Json) -> dict[str, tuple[str, ...]]:
    """Lapsed duty → what excuses it; without those that nothing excuses. From the message, so that records of
    before have it too.
    """
    return {
        effect.duty: effect.excuses
        for effect in FactBody(envelope).part("data").effects
        if effect.kind == EffectKind.LAPSED
        and effect.duty is not None
        and not EXCUSES.isdisjoint(effect.excuses)
    }


def words_of(envelope: Json) -> str | None:
    """Free words of people, by which a fact is found: never stored by themselves, so that they are erased
    with the payload.
    """
    data = FactBody(envelope).part("data")
    fields = ("summary", "title", "text", "note", "error", "reason")
    return next((words[:_TEXT_LIMIT] for field in fields if (words := data.text(field)) is not None), None)


_SEARCHED_LIMIT = 4_000
_SEARCHED = ("summary", "details", "title", "text", "note", "error", "reason")


def searched_words(envelope: Json) -> str:
    """All the words a fact is searched by, one line each; what lies beyond 4,000 letters is not found."""
    data = FactBody(envelope).part("data")
    words = [data.text(field) for field in _SEARCHED]
    words += _texts_in(data.part("form").fields)
    for part, field in (("effects", "note"), ("deliveries", "error"), ("tasks", "title")):
        words += [element.text(field) for element in data.parts(part)]
    return "\n".join(filter(None, words))[:_SEARCHED_LIMIT]


def _texts_in(block: Mapping[str, Any]) -> Iterator[str]:
    """What a typed block says, with the cells of its tables; which of its fields are texts the trail can't know, since the
    declaration of a form may change.
    """
    for part in ("fields", "personal"):
        fields = block.get(part)
        values = list(cast(Json, fields).values()) if isinstance(fields, dict) else []
        for value in values:
            yield from _cells(cast(list[Any], value)) if isinstance(value, list) else _text(value)


def _cells(table: list[Any]) -> Iterator[str]:
    for row in table:
        if isinstance(row, dict):
            for cell in cast(Json, row).values():
                yield from _text(cell)


def _text(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value


def _short(data: FactBody, name: str) -> str | None:
    text = data.text(name)
    return text if text is not None and len(text) <= _FIELD_LIMIT else None


def _distinct(values: Sequence[str | None]) -> tuple[str, ...]:
    if not values:
        return ()
    distinct: dict[str, None] = {}
    for value in values:
        if value and len(value) <= _FIELD_LIMIT:
            distinct[value] = None
    return tuple(distinct)[:_LIST_LIMIT]


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
