"""Messages in English as they are marked in the source, filled in, and said again in the reader's language where
they are shown. It stands alone, so that any module may mark its own.
"""

from collections.abc import Callable, Iterable
from typing import Protocol, Self, cast, runtime_checkable


def N_(message: str) -> str:  # noqa: N802 - the name every extractor knows
    """Marks a message that is translated where it is shown."""
    return message


@runtime_checkable
class Bilingual(Protocol):
    """A name of the directory, in both languages."""

    @property
    def zh(self) -> str: ...

    @property
    def en(self) -> str: ...


Value = object
"""A name of the directory, several of them, another filled message, an error that was raised with one; anything
else is said as it is.
"""


class Said(str):
    """Made by `said`."""

    __slots__ = ("_message", "_values")
    _message: str
    _values: dict[str, Value]

    @classmethod
    def of(cls, message: str, values: dict[str, Value]) -> Self:
        text = cls(_filled(message, values, lambda name: name.en, ", "))
        text._message, text._values = message, values
        return text

    def again(self, gettext: Callable[[str], str], named: Callable[[Bilingual], str], comma: str) -> str:
        return _filled(gettext(self._message), self._values, named, comma, gettext)


def said(message: str, **values: Value) -> Said:
    """`message` is marked with N_ where it is written, and names what is filled in: `%(unit)s`."""
    return Said.of(message, values)


def _filled(
    message: str,
    values: dict[str, Value],
    named: Callable[[Bilingual], str],
    comma: str,
    gettext: Callable[[str], str] = str,
) -> str:
    """`gettext` puts the messages among the values into the reader's language; `message` is in it already."""

    def shown(value: Value) -> object:
        if isinstance(value, Exception) and value.args:
            value = value.args[0] if isinstance(value.args[0], Said) else str(value)
        if isinstance(value, Said):
            return value.again(gettext, named, comma)
        if isinstance(value, Bilingual):
            return named(value)
        return (
            comma.join(map(str, map(shown, cast(Iterable[object], value))))
            if isinstance(value, tuple)
            else value
        )

    return message % {key: shown(value) for key, value in values.items()} if values else message
