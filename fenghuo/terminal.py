"""The one way to a terminal: what others wrote is shown there, and does nothing there.

Invariant: the only control sequences that leave are those of our own styles; every letter that moves the
cursor, turns the direction of writing or can't be seen leaves written out (`<U+001B>`), in JSON as JSON
writes it.
"""

import json
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from shared.plain_text import NOT_IN_TEXT, shown


class Terminal(Console):
    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(shown(segment.text), segment.style)


def json_text(value: Any, *, indent: int | None = None) -> str:
    """For programs, and for people who look at it."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    return NOT_IN_TEXT.sub(lambda match: json.dumps(match[0])[1:-1], text)
