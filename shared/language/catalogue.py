"""English is written in the source; `locale/zh.po` and its neighbours say the same in Chinese.

Invariant: every page and every message exists whole in both languages; a test compares the catalogue with the
sources.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from shared.message import N_, Bilingual
from shared.vocabulary import Language

__all__ = ["LOCALE", "N_", "Catalogue", "catalogue", "name_in"]

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


def entries(language: Language) -> Iterator[Message]:
    """Of all files of the language: the pages' (`zh.po`), the errors', the command's."""
    for path in sorted(LOCALE.glob(f"{language}*.po")):
        with path.open("rb") as file:
            yield from read_po(file, locale=language.value)


@cache
def catalogue(language: Language) -> Catalogue:
    if language is Language.EN:
        return Catalogue({}, {})
    messages = {message.id: message.string for message in entries(language) if message.id and message.string}
    return Catalogue(
        {key: text for key, text in messages.items() if isinstance(key, str) and isinstance(text, str)},
        {
            key[0]: text[0]
            for key, text in messages.items()
            if isinstance(key, tuple) and isinstance(text, tuple)
        },
    )


def name_in(name: Bilingual, language: Language) -> str:
    return name.zh if language is Language.ZH else name.en
