"""How every command answers: a result on stdout (`--json` for machines), an error on stderr that says what to do, a code for scripts."""

import json
from collections.abc import Callable
from enum import IntEnum
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)


class Exit(IntEnum):
    DONE = 0
    NO = 1
    """The answer is no: the trail is broken, the policy has a fault."""
    USAGE = 2
    UNREACHABLE = 3
    """A service could not be reached."""
    UNWITNESSED = 4
    """The trail holds by its own key; too few of the witnesses given have cosigned it."""


def fail(code: Exit, message: str, remedy: str) -> NoReturn:
    """End the command. `remedy` says what to do next."""
    err.print(f"[bold red]fenghuo:[/] {escape(message)}\n  → {escape(remedy)}", highlight=False)
    raise typer.Exit(code)


def answer(result: Any, *, as_json: bool, render: Callable[[Any], None]) -> None:
    """Print `result` as JSON, or for people with `render`."""
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, indent=2, default=str))
    else:
        render(result)
