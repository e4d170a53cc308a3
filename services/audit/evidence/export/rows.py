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
from shared.forms import NO_FORMS, Forms
from shared.language.catalogue import N_
from shared.language.words import Words as ReadersWords
from shared.story.narrator import Narrator
from shared.vocabulary import Language
from shared.web.names import Names
from shared.xlsx import Cell


@dataclass(frozen=True)
class Column:
    head: str
    width: int
    """In characters, for a table that has widths."""
    cell: Callable[["ExportWords", Entry], Cell]


class ExportWords(ReadersWords):
    """How things are said to this reader; None is an empty cell."""

    def __init__(self, language: Language, names: Names, zone: ZoneInfo, forms: Forms = NO_FORMS) -> None:
        super().__init__(language)
        self.directory_names, self.zone = names, zone
        self._narrator = Narrator(self, zone, names, forms=forms)

    def cell(self, group: str, value: object) -> str | None:
        return None if value is None else self.label(group, value)

    def labels(self, group: str, values: Sequence[str]) -> str | None:
        return self.listed(self.label(group, value) for value in values) or None

    def named(self, name: Name, key: str) -> str:
        text = self.name(name)
        return text if text == key else f"{text} ({key})"

    def units(self, units: Sequence[str]) -> str | None:
        return self.listed(self.named(self.directory_names.unit(unit), unit) for unit in units) or None

    def persons(self, persons: Sequence[str]) -> str | None:
        return self.listed(self.named(self.directory_names.by(person), person) for person in persons) or None

    def area(self, area: str | None) -> str | None:
        return None if area is None else self.named(self.directory_names.area(area), area)

    def yes_or_no(self, value: bool | None) -> str | None:
        return None if value is None else self.label("answer", "yes" if value else "no")

    def local(self, at: datetime | None) -> datetime | None:
        return None if at is None else at.astimezone(self.zone).replace(tzinfo=None)

    def block(self, entry: Entry) -> str | None:
        return None if entry.block is None else self._narrator.form(entry.block)

    def kind(self, entry: Entry) -> str | None:
        return self.of(N_("lost by the broker")) if entry.form == "gap" else self.label("fact", entry.kind)


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
    Column(N_("Level"), 12, lambda words, entry: words.cell("level", entry.level)),
    Column(N_("Category"), 14, lambda words, entry: words.cell("category", entry.category)),
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
    Column(N_("Form"), 60, lambda words, entry: words.block(entry)),
    Column(N_("Sequence of the fact"), 9, lambda _, entry: entry.sequence),
    Column(N_("Sealed by witnesses"), 9, lambda words, entry: words.yes_or_no(entry.sealed)),
)


def heads(words: ExportWords) -> list[str]:
    """The times' columns say the zone."""
    said = [words.of(column.head) for column in COLUMNS]
    return [f"{head} ({words.zone.key})" if at in (1, 2) else head for at, head in enumerate(said)]


def row(words: ExportWords, entry: Entry) -> list[Cell]:
    return [column.cell(words, entry) for column in COLUMNS]


def criteria(record_filter: Filter) -> dict[str, str]:
    """What was asked for, as it was asked; empty where everything was."""
    values = record_filter.model_dump(exclude_defaults=True)
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value)
        for name, value in values.items()
    }
