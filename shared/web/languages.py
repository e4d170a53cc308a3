"""English is written in the source; `locale/zh.po` says the same in Chinese.

Invariant: every page exists whole in both languages (a test compares the catalogue with the sources), and the
reader's own choice goes before the browser's.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po
from fastapi import Request

from shared.facts import Name
from shared.message import N_
from shared.vocabulary import Language

__all__ = ["COOKIE", "LOCALE", "N_", "Catalogue", "catalogue", "language_of", "name_in", "preferred"]

COOKIE = "fenghuo_language"
LOCALE = Path(__file__).parent / "locale"


class Catalogue:
    """The messages of one language; one that is missing shows in English rather than not at all."""

    def __init__(self, messages: Mapping[str, str], plurals: Mapping[str, str]) -> None:
        self._messages, self._plurals = messages, plurals

    def gettext(self, message: str) -> str:
        return self._messages.get(message, message)

    def ngettext(self, one: str, many: str, count: int) -> str:
        """Chinese has one form for all numbers."""
        return self._plurals.get(one) or (one if count == 1 else many)


@cache
def catalogue(language: Language) -> Catalogue:
    if language is Language.EN:
        return Catalogue({}, {})
    with (LOCALE / f"{language}.po").open("rb") as file:
        messages = {
            message.id: message.string
            for message in read_po(file, locale=language.value)
            if message.id and message.string
        }
    return Catalogue(
        {key: text for key, text in messages.items() if isinstance(key, str) and isinstance(text, str)},
        {
            key[0]: text[0]
            for key, text in messages.items()
            if isinstance(key, tuple) and isinstance(text, tuple)
        },
    )


def language_of(request: Request) -> Language:
    """`?lang=`, else what was chosen before, else what the browser prefers, else English."""
    for chosen in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if chosen in tuple(Language):
            return Language(chosen)
    return preferred(request.headers.get("accept-language", ""))


def preferred(accept: str) -> Language:
    """The first of ours in the order of the browser's weights."""
    wishes: list[tuple[float, Language]] = []
    for part in accept.split(","):
        tag, _, rest = part.strip().partition(";")
        base = tag.strip().lower().partition("-")[0]
        if base in tuple(Language):
            wishes.append((_weight(rest), Language(base)))
    wishes.sort(key=lambda wish: -wish[0])
    return wishes[0][1] if wishes and wishes[0][0] > 0 else Language.EN


def _weight(parameter: str) -> float:
    key, _, value = parameter.strip().partition("=")
    try:
        return float(value) if key.strip() == "q" else 1.0
    except ValueError:
        return 0.0


def name_in(name: Name, language: Language) -> str:
    return name.zh if language is Language.ZH else name.en
