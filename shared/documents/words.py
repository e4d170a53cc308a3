"""How things are said in a document: besides the words of every reader names for ids, times of the office's
zone, shares and notes.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.documents.blocks import Cell, Paragraph, paragraph
from shared.facts import Name
from shared.language.catalogue import N_
from shared.language.words import Words as ReadersWords
from shared.vocabulary import Language
from shared.web.names import Names

NOTHING = "–"


class DocumentWords(ReadersWords):
    def __init__(
        self, language: Language, names: Names, zone: ZoneInfo, titles: Mapping[str, Name] | None = None
    ) -> None:
        """`titles`: what the policy calls its duties."""
        super().__init__(language)
        self.directory_names, self.zone, self._titles = names, zone, titles or {}

    def say(self, message: str, *, style: str = "body", **values: Cell | str | int) -> Paragraph:
        return paragraph(self.of(message), style=style, **values)

    def unit(self, unit: str | None) -> str:
        return self.name(self.directory_names.unit(unit)) if unit else NOTHING

    def person(self, person: str | None) -> str:
        return self.name(self.directory_names.by(person)) if person else NOTHING

    def rule(self, rule: str) -> str:
        """The title of a duty rule; its name where the policy on record does not tell."""
        title = self._titles.get(rule)
        return self.name(title) if title is not None else rule

    def area(self, area: str | None) -> str:
        return self.name(self.directory_names.area(area)) if area and area != "-" else NOTHING

    def at(self, at: datetime | None) -> str:
        """`2026年11月30日09:00`, `2026-11-30 09:00`."""
        if at is None:
            return NOTHING
        local = at.astimezone(self.zone)
        given = {"year": local.year, "month": local.month, "day": local.day, "clock": f"{local:%H:%M}"}
        return self.of(N_("%(year)04d-%(month)02d-%(day)02d %(clock)s"), **given)

    def seconds(self, seconds: float | None) -> str:
        return NOTHING if seconds is None else self.span(timedelta(seconds=seconds), exact=True)

    def share(self, share: float | None) -> str:
        return NOTHING if share is None else f"{share * 100:.1f}%"
