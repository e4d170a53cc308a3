"""How things are said in a document: in its language, with names for ids, times of the office's zone, spans
and shares for people.
"""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from services.audit.reports.documents.blocks import Cell, Paragraph, paragraph
from shared.facts import Name
from shared.language.catalogue import catalogue, name_in
from shared.language.labels import LABELS, label
from shared.vocabulary import Language
from shared.web.names import Names

_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60
NOTHING = "–"


class Words:
    def __init__(
        self, language: Language, names: Names, zone: ZoneInfo, titles: Mapping[str, Name] | None = None
    ) -> None:
        """`titles`: what the policy calls its duties."""
        self.language, self.names, self.zone, self._titles = language, names, zone, titles or {}
        self._words = catalogue(language)

    @property
    def is_chinese(self) -> bool:
        return self.language is Language.ZH

    def of(self, message: str, **values: object) -> str:
        """The message of the catalogue, filled in."""
        return self._words.gettext(message) % values if values else self._words.gettext(message)

    def say(self, message: str, *, style: str = "body", **values: Cell | str | int) -> Paragraph:
        return paragraph(self._words.gettext(message), style=style, **values)

    def label(self, group: str, value: object) -> str:
        return self._words.gettext(label(group, value)) if group in LABELS else str(value)

    def name(self, name: Name) -> str:
        return name_in(name, self.language)

    def unit(self, unit: str | None) -> str:
        return self.name(self.names.unit(unit)) if unit else NOTHING

    def person(self, person: str | None) -> str:
        return self.name(self.names.by(person)) if person else NOTHING

    def rule(self, rule: str) -> str:
        """The title of a duty rule; its name where the policy on record does not tell."""
        title = self._titles.get(rule)
        return self.name(title) if title is not None else rule

    def area(self, area: str | None) -> str:
        return self.name(self.names.area(area)) if area and area != "-" else NOTHING

    def at(self, at: datetime | None) -> str:
        if at is None:
            return NOTHING
        local = at.astimezone(self.zone)
        return (
            f"{local.year}年{local.month}月{local.day}日{local:%H:%M}"
            if self.is_chinese
            else f"{local:%Y-%m-%d %H:%M}"
        )

    def span(self, seconds: float | None) -> str:
        """Two units at most: `3小时12分`, `2 d 4 h`."""
        if seconds is None:
            return NOTHING
        units = ("天", "小时", "分", "秒") if self.is_chinese else (" d", " h", " min", " s")
        rest, parts = round(abs(seconds)), list[str]()
        for size, unit in zip((_DAY, _HOUR, _MINUTE, 1), units, strict=True):
            number, rest = divmod(rest, size)
            if number:
                parts.append(f"{number}{unit}")
            elif parts:
                break
        return ("" if self.is_chinese else " ").join(parts[:2]) or f"0{units[-1]}"

    def share(self, share: float | None) -> str:
        return NOTHING if share is None else f"{share * 100:.1f}%"

    def listed(self, parts: list[str]) -> str:
        return ("、" if self.is_chinese else ", ").join(parts)
