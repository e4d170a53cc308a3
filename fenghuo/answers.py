"""How every command answers: a result on stdout (`--json` for machines), an error on stderr that says what to
do, a code for scripts.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Annotated, Any, NoReturn

import typer
from rich.markup import escape

from fenghuo.speech import also
from fenghuo.terminal import Terminal, json_text
from shared.vocabulary import Language

out = Terminal(soft_wrap=True)
err = Terminal(stderr=True, soft_wrap=True)


AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
InLanguage = Annotated[Language, typer.Option(help="zh or en.")]


class Exit(IntEnum):
    DONE = 0
    NO = 1
    """The answer is no: the trail is broken, the policy has a fault."""
    USAGE = 2
    UNREACHABLE = 3
    """A service could not be reached."""
    UNWITNESSED = 4
    """The trail holds by its own key; too few of the witnesses given have cosigned it."""
    NOT_AUTHENTIC = 5
    """The trail holds; it has messages that are no authentic facts: somebody wrote into the record what they
    may not.
    """


def fail(code: Exit, message: str, remedy: str) -> NoReturn:
    """End the command. `remedy` says what to do next."""
    err.print(f"[bold red]fenghuo:[/] {escape(also(message))}\n  → {escape(also(remedy))}", highlight=False)
    raise typer.Exit(code)


def answer(result: Any, *, as_json: bool, render: Callable[[Any], None]) -> None:
    """Print `result` as JSON, or for people with `render`."""
    if as_json:
        typer.echo(json_text(result, indent=2))
    else:
        render(result)
