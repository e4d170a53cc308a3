"""How things are said to one reader: in their language, with the marks it is written with. Pure.

Invariant: every page, message and document says a level, a list, a span alike; what a message of the
catalogue lacks shows in English rather than not at all.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from shared.language.catalogue import N_, catalogue, name_in
from shared.language.labels import LABELS, label, why_in_words
from shared.message import Bilingual, Said
from shared.vocabulary import Category, Language, Level, ReportKind

COLOURS: dict[Level | None, str] = {
    Level.I: "#b3261e",
    Level.II: "#b35900",
    Level.III: "#8a6d00",
    Level.IV: "#1f5fbf",
    None: "#555555",
}
"""Red, orange, yellow, blue, dark enough for white text on them; the word always stands beside."""
GRADED_BY_LAW = (ReportKind.INCIDENT, ReportKind.OPINION)
"""Only of these it is said that they have no level."""
_SIZES = (86_400, 3_600, 60, 1)
_UNITS = {Language.ZH: (" 天", " 小时", " 分钟", " 秒"), Language.EN: (" d", " h", " min", " s")}


class Words:
    def __init__(self, language: Language) -> None:
        self.language = language
        self._catalogue = catalogue(language)
        self._is_chinese = language is Language.ZH
        self.comma, self.semicolon, self.colon = (
            ("、", "；", "：") if self._is_chinese else (", ", "; ", ": ")
        )

    def of(self, message: str, **values: object) -> str:
        """A message of the catalogue, filled in."""
        text = self._catalogue.gettext(message)
        return text % values if values else text

    def again(self, message: str) -> str:
        """A message that was said in English, said to this reader."""
        if isinstance(message, Said):
            return message.again(self._catalogue.gettext, self.name, self.comma)
        return self.of(message)

    def label(self, group: str, value: object) -> str:
        """A value of a closed set; one of a group that has no words as it is."""
        return self.of(label(group, value)) if group in LABELS else str(value)

    def why(self, reason: str) -> str:
        return why_in_words(reason, self._catalogue.gettext)

    def name(self, name: Bilingual) -> str:
        return name_in(name, self.language)

    def names(self, names: Iterable[Bilingual]) -> str:
        return self.listed(map(self.name, names))

    def listed(self, parts: Iterable[str]) -> str:
        return self.comma.join(parts)

    def and_more(self, parts: Sequence[str], count: int) -> str:
        """The first of `count`: `甲、乙等`, `A, B and 3 more`."""
        left = count - len(parts)
        if not left:
            return self.listed(parts)
        return f"{self.listed(parts)}等" if self._is_chinese else f"{self.listed(parts)} and {left} more"

    def claims(self, parts: Iterable[str]) -> str:
        """Several things said one after the other."""
        return self.semicolon.join(parts)

    def of_somebody(self, who: str, text: str) -> str:
        """`张来：…`, `Zhang Lai: …`."""
        return f"{who}{self.colon}{text}"

    def aside(self, text: str, *more: str) -> str:
        """`张来（市应急办）`, `Zhang Lai (Emergency Office)`; without more the text alone."""
        parts = [part for part in more if part]
        if not parts:
            return text
        return (
            f"{text}（{'，'.join(parts)}）" if self._is_chinese else f"{text} ({', '.join(parts)})".lstrip()
        )

    def number(self, number: int, heading: str) -> str:
        """`一、总体情况`, `1. Overview`: up to ten."""
        return (
            f"{'〇一二三四五六七八九十'[number]}、{heading}" if self._is_chinese else f"{number}. {heading}"
        )

    def span(self, length: timedelta, *, exact: bool = False) -> str:
        """`12 分钟`, `1 小时 5 分钟`, `40 秒`: the two largest parts, rounded down; never empty. Seconds beside
        minutes only where it is to be exact.
        """
        rest, parts = int(abs(length).total_seconds()), list[str]()
        for size, unit in zip(_SIZES, _UNITS[self.language], strict=True):
            number, rest = divmod(rest, size)
            if len(parts) == 1 and size == 1 and not exact:
                break
            if number:
                parts.append(f"{number}{unit}")
            elif parts:
                break
        return " ".join(parts[:2]) or f"0{_UNITS[self.language][-1]}"

    def size(self, count: int) -> str:
        """`3.4 MB`, `12 KB`, `517 B`."""
        for unit, size in (("MB", 1 << 20), ("KB", 1 << 10)):
            if count >= size:
                return f"{count / size:.1f} {unit}" if count < 10 * size else f"{count // size} {unit}"
        return f"{count} B"

    def heading(self, kind: ReportKind, category: Category | None, level: Level | None) -> str:
        """How grave and of what sort, in one breath: `II级重大事故灾难`, `Level II (grave) accident`, `信访`."""
        if kind is ReportKind.ACCOUNTABILITY:  # level and category are those of the case in which it lapsed
            return self.label("kind", kind)
        grade = self.label("level", level) if level is not None or kind in GRADED_BY_LAW else ""
        sorts = [] if kind is ReportKind.INCIDENT and category is not None else [self.label("kind", kind)]
        sorts += [self.label("category", category)] if category is not None else []
        if self._is_chinese:
            return grade + "·".join(sorts)
        text = f"{grade} {', '.join(sorts)}".strip()
        return text[:1].upper() + text[1:]

    def grade(self, level: Level | None, *, sensitive: bool) -> str:
        """`II级重大·敏感`, `Level II (grave), sensitive`."""
        text = self.label("level", level)
        return self.of(N_("%(level)s, sensitive"), level=text) if sensitive else text
