"""A case in words on a terminal: what happened, by whom, and what came of it.

Invariant: nothing a person wrote is read as markup.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from rich.padding import Padding
from rich.text import Text

from fenghuo.answers import out
from fenghuo.commands._names import clock


def show_story(moments: Iterable[Mapping[str, Any]]) -> None:
    for moment in moments:
        style = "bold red" if moment["lapse"] else "yellow" if moment["refused"] else "bold"
        out.print(
            Text.assemble((clock(datetime.fromisoformat(moment["at"])), "dim"), " ", (moment["words"], style))
        )
        if moment.get("text"):
            out.print(Padding(Text(moment["text"]), (0, 0, 0, 15)))
        for sentence in moment["followed"]:
            out.print(Padding(Text(f"→ {sentence}"), (0, 0, 0, 15)))
