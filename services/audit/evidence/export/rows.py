"""An exported record as a row of a table that people read: which columns, in which words. Pure.

Invariant: a column stands for one field of the answer to a search, in this order, in every format; an id that
has a name shows both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from services.audit.reading.views import Entry, Filter
from shared.facts import Name
from shared.language.catalogue import N_, catalogue, name_in
from shared.language.labels import LABELS
from shared.vocabulary import Language
from shared.web.names import Names

Cell = str | int | datetime | None
"""A time is local to the office and has no offset any more: the column's head says the zone."""


@dataclass(frozen=True)
class Column:
    head: str
    width: int
    """In characters, for a table that has widths."""
    cell: Callable[["Words", Entry], Cell]


@dataclass(frozen=True)
class Words:
    """How things are said to this reader."""

    language: Language
    names: Names
    zone: ZoneInfo

    def say(self, message: str) -> str:
        return catalogue(self.language).gettext(message)

    def label(self, group: str, value: object) -> str | None:
        return None if value is None else self.say(LABELS[group].get(str(value), str(value)))

    def labels(self, group: str, values: Sequence[str]) -> str | None:
        return self._joined([str(self.label(group, value)) for value in values])

    def named(self, name: Name, key: str) -> str:
        said = name_in(name, self.language)
        return said if said == key else f"{said} ({key})"

    def units(self, units: Sequence[str]) -> str | None:
        return self._joined([self.named(self.names.unit(unit), unit) for unit in units])

    def persons(self, persons: Sequence[str]) -> str | None:
        return self._joined([self.named(self.names.by(person), person) for person in persons])

    def area(self, area: str | None) -> str | None:
        return None if area is None else self.named(self.names.area(area), area)

    def yes_or_no(self, value: bool | None) -> str | None:
        return None if value is None else self.label("answer", "yes" if value else "no")

    def local(self, at: datetime | None) -> datetime | None:
        return None if at is None else at.astimezone(self.zone).replace(tzinfo=None)

    def kind(self, entry: Entry) -> str | None:
        return self.say(N_("lost by the broker")) if entry.form == "gap" else self.label("fact", entry.kind)

    def _joined(self, parts: Sequence[str]) -> str | None:
        return ("、" if self.language is Language.ZH else ", ").join(parts) or None


COLUMNS: tuple[Column, ...] = (
    Column(N_("Record"), 9, lambda _, entry: entry.index),
    Column(N_("Stored"), 19, lambda words, entry: words.local(entry.time)),
    Column(N_("Happened, as its author says"), 19, lambda words, entry: words.local(entry.claimed)),
    Column(N_("What"), 14, lambda words, entry: words.kind(entry)),
    Column(N_("Case"), 28, lambda _, entry: entry.case),
    Column(N_("Number in its case"), 9, lambda _, entry: entry.number),
    Column(N_("Unit"), 24, lambda words, entry: words.units((entry.unit,) if entry.unit else ())),
    Column(N_("Units named"), 30, lambda words, entry: words.units(entry.units)),
    Column(N_("Persons"), 30, lambda words, entry: words.persons(entry.persons)),
    Column(N_("Area"), 18, lambda words, entry: words.area(entry.area)),
    Column(N_("Level"), 12, lambda words, entry: words.label("level", entry.level)),
    Column(N_("Category"), 14, lambda words, entry: words.label("category", entry.category)),
    Column(N_("Channels"), 16, lambda words, entry: words.labels("channel", entry.channels)),
    Column(
        N_("Outcome"),
        24,
        lambda words, entry: words.labels("effect", [one for one in entry.outcomes if one != entry.kind]),
    ),
    Column(N_("Duties lapsed"), 24, lambda _, entry: ", ".join(entry.lapses) or None),
    Column(N_("Of these excused"), 24, lambda _, entry: ", ".join(entry.excused) or None),
    Column(N_("Excuse"), 30, lambda words, entry: words.labels("excuse", entry.excuses)),
    Column(N_("Text"), 60, lambda _, entry: entry.text),
    Column(N_("Sequence of the fact"), 9, lambda _, entry: entry.sequence),
    Column(N_("Sealed by witnesses"), 9, lambda words, entry: words.yes_or_no(entry.sealed)),
)


def heads(words: Words) -> list[str]:
    """The times' columns say the zone."""
    said = [words.say(column.head) for column in COLUMNS]
    return [f"{head} ({words.zone.key})" if at in (1, 2) else head for at, head in enumerate(said)]


def row(words: Words, entry: Entry) -> list[Cell]:
    return [column.cell(words, entry) for column in COLUMNS]


def criteria(what: Filter) -> dict[str, str]:
    """What was asked for, as it was asked; empty where everything was."""
    asked = what.model_dump(exclude_defaults=True)
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value)
        for name, value in asked.items()
    }
