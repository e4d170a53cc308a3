"""The sentences of one notice, by name, each fit for where it is read: an exercise marked, an SMS in plain signs, a call as
it is said aloud.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from jinja2.environment import TemplateModule

from services.notifier.messages import words
from services.notifier.messages.aloud import aloud
from shared.sms import written_plainly
from shared.vocabulary import Language

SENTENCES = ("subject", "short", "spoken", "lead", "ask", "settles")
UNMARKED = frozenset({"ask", "settles"})
"""What stands below the first line, which has said already that it is an exercise."""


class NoticeSentences(Mapping[str, str]):
    """Of one notice; each is put into words when it is asked for, since an SMS has two of the six."""

    def __init__(self, macros: TemplateModule, mark: str, language: Language, desk: str) -> None:
        self._macros, self._mark, self._said = macros, mark, dict[str, str]()
        self._fitted: Mapping[str, Callable[[str], str]] = {
            "short": written_plainly,
            "spoken": partial(aloud, language=language, telephones=(desk,)),
        }

    def __getitem__(self, name: str) -> str:
        if (said := self._said.get(name)) is None:
            sentence = words.on_one_line(str(getattr(self._macros, name)()))
            marked = sentence if name in UNMARKED else self._mark + sentence
            self._said[name] = said = self._fitted[name](marked) if name in self._fitted else marked
        return said

    def __iter__(self) -> Iterator[str]:
        return iter(SENTENCES)

    def __len__(self) -> int:
        return len(SENTENCES)
