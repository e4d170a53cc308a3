"""Messages in English as they are marked in the source, filled in, and said again in the reader's language where
they are shown. It stands alone, so that any module may mark its own.
"""

from collections.abc import Callable, Iterable
from typing import NewType, Protocol, Self, cast, runtime_checkable

Marked = NewType("Marked", str)
"""A message as it stands in the source. Only N_ makes one, and the catalogues have each of them: what takes no
other text can say nothing in one language alone.
"""


def N_(message: str) -> Marked:  # noqa: N802 - the name every extractor knows
    """Marks a message that is translated where it is shown."""
    return Marked(message)


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


Sayable = Marked | Said
"""Text that every reader gets in their own language."""


def said(message: Marked, **values: Value) -> Said:
    """`message` names what is filled in: `%(unit)s`."""
    return Said.of(message, values)


def foreign(text: str) -> Said:
    """What is not ours to say again: a name, a parser's own words."""
    return Said.of("%(text)s", {"text": text})


class Placed(Said):
    """A fault of a file, where it stands."""

    __slots__ = ()

    @property
    def where(self) -> str:
        """`line 12: duties.half_hour.within`."""
        return f"line {self._values['line']}: {self._values.get('path', '')}"

    @property
    def line(self) -> int:
        return cast(int, self._values["line"])

    @property
    def path(self) -> str:
        """Empty for a fault of the line itself."""
        return str(self._values.get("path", ""))

    @property
    def what(self) -> Said:
        return cast(Said, self._values["what"])


def placed(file: str, line: int, path: str, what: Sayable) -> Placed:
    """`policy.yaml:12: duties.half_hour.within: …`: as editors find it; without a path, of the line itself."""
    values: dict[str, Value] = {"file": file, "line": line, "what": marked(what)}
    if not path:
        return Placed.of("%(file)s:%(line)s: %(what)s", values)
    return Placed.of("%(file)s:%(line)s: %(path)s: %(what)s", values | {"path": path})


def marked(message: Sayable) -> Said:
    """As a value of another message, to be said again with it."""
    return message if isinstance(message, Said) else Said.of(message, {})


def because(error: Exception) -> Said:
    """What was wrong, in the words it was raised with."""
    words = error.args[0] if error.args else ""
    return words if isinstance(words, Said) else marked(Marked(str(error) or type(error).__name__))


def listed(parts: Iterable[Value]) -> Said:
    """`a, b`, `a、b`."""
    return Said.of("%(parts)s", {"parts": tuple(parts)})


def on_lines(messages: Iterable[Sayable]) -> Said:
    """Several, each on a line of its own."""
    values: dict[str, Value] = {f"line{number}": marked(message) for number, message in enumerate(messages)}
    return Said.of("\n".join(f"%({name})s" for name in values), values)


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
