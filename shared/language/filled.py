"""A message with names and figures filled in: English as it stands, and said again in the reader's language
where a page shows it.
"""

from collections.abc import Callable
from typing import Self

from shared.facts import Name

Value = str | int | Name | tuple[Name, ...]


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

    def again(self, gettext: Callable[[str], str], named: Callable[[Name], str], comma: str) -> str:
        return _filled(gettext(self._message), self._values, named, comma)


def said(message: str, **values: Value) -> Said:
    """`message` is marked with N_ where it is written, and names what is filled in: `%(unit)s`."""
    return Said.of(message, values)


def _filled(message: str, values: dict[str, Value], named: Callable[[Name], str], comma: str) -> str:
    def shown(value: Value) -> str | int:
        if isinstance(value, Name):
            return named(value)
        return comma.join(map(named, value)) if isinstance(value, tuple) else value

    return message % {key: shown(value) for key, value in values.items()}
