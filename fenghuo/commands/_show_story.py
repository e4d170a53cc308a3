"""A case in words on a terminal: what happened, by whom, and what came of it.

Invariant: nothing a person wrote is read as markup.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from rich.text import Text

from fenghuo.answers import out
from fenghuo.commands._names import clock


def show_story(moments: Iterable[Mapping[str, Any]]) -> None:
    for moment in moments:
        style = "bold red" if moment["lapse"] else "yellow" if moment["refused"] else "bold"
        out.print(
            Text.assemble((clock(datetime.fromisoformat(moment["at"])), "dim"), " ", (moment["words"], style))
        )
        for line in (moment.get("text") or "").splitlines():
            out.print(Text(f"    {line}", "italic"))
        for sentence in moment["followed"]:
            out.print(Text(f"    → {sentence}"))
