"""What the launcher tells whoever watches: lines for people, or one JSON object a line for programs.

Each message is an event with a name and fields first, and a sentence for people second.
"""

import sys
from typing import Any, Protocol

from rich.console import Console
from rich.markup import escape

from fenghuo.places import Installation
from fenghuo.speech import worded
from fenghuo.terminal import json_text

MARKS = {"ready": "[green]✓[/]", "alarm": "[bold red]![/]", "again": "[yellow]↻[/]", "step": "[dim]·[/]"}
"""`again` and `alarm` go to whoever watches with a mark of their own; everything else is a step."""


class Screen(Protocol):
    def tell(self, event: str, text: str, **fields: Any) -> None: ...


class ConsoleScreen:
    """For people; without a terminal plain lines without colour."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def tell(self, event: str, text: str, **_: Any) -> None:
        self.console.print(
            f"{MARKS.get(event, MARKS['step'])} {escape(text)}", highlight=False, soft_wrap=False
        )


class JsonScreen:
    def tell(self, event: str, text: str, **fields: Any) -> None:
        sys.stdout.write(json_text({"event": event, "text": text, **fields}) + "\n")
        sys.stdout.flush()


def in_column(name: str, text: str) -> str:
    """`name` in a column of its own; further lines of `text` under the first."""
    return f"{name:<10} " + text.replace("\n", "\n" + " " * 13)


def tell_addresses(screen: Screen, place: Installation) -> None:
    """Where to look, and with which token."""
    policy = f"{place.url('escalator')}/"
    for name, where, what in (
        ("desk", place.url("intake"), worded("the duty desk: the open cases, live")),
        ("explorer", place.url("audit"), worded("the explorer: the trail and its proofs")),
        ("policy", policy, worded("the rules in force")),
        ("gateway", f"{place.url('gateway')}/", worded("what the telephones got")),
        ("tokens", str(place.tokens), worded("log in with one of these")),
        ("logs", str(place.data / "logs"), worded("what each part logs")),
    ):
        screen.tell("address", in_column(name, f"{where}  {what}"), name=name, where=where)
