"""Help and faults of the command line in another language than English: our own texts, and the library's.

Invariant: every command, every option and every argument of the tree is said in that language; names of
commands, options and values stay as they are typed.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NoReturn

import typer
import typer.core
from rich.cells import cell_len
from typer import Abort
from typer._click import Command, Context, HelpFormatter
from typer._click.exceptions import ClickException

from fenghuo.speech.library import TYPES, fault_words
from fenghuo.speech.words import worded
from shared.message import N_

ARGUMENTS, OPTIONS = N_("[OPTIONS]"), N_("COMMAND [ARGS]...")
_GAP = 2
_WIDEST = 30
"""Cells of an option beside its text; a wider one has its text below."""

_PIECES = re.compile(r"(?:[!-~]+|[^ ])[，。；：、）】！？…]* ?| ")
"""What stays on one line: a word, or a Han letter, with the marks after it."""


class CellFormatter(HelpFormatter):
    """Lays help out by the cells it takes on the screen: a Han letter takes two."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or worded(N_("Usage: ")))

    def write_heading(self, heading: str) -> None:
        self.write(f"{'':>{self.current_indent}}{heading}：\n")

    def write_text(self, text: str) -> None:
        paragraphs = (paragraph.replace("\n", "") for paragraph in text.split("\n\n"))
        indent = " " * self.current_indent
        self.write(
            "\n\n".join(
                "\n".join(indent + line for line in _wrapped(paragraph, self.width - self.current_indent))
                for paragraph in paragraphs
            )
            + "\n"
        )

    def write_dl(
        self, rows: Sequence[tuple[str, str]], col_max: int = _WIDEST, col_spacing: int = _GAP
    ) -> None:
        column = min(max(cell_len(first) for first, _ in rows), col_max) + col_spacing
        indent = " " * self.current_indent
        below = "\n" + indent + " " * column
        for first, second in rows:
            lines = list(_wrapped(second, max(self.width - column - self.current_indent, 10)))
            gap = " " * (column - cell_len(first)) if cell_len(first) <= column - col_spacing else below
            self.write(indent + (first + gap + below.join(lines)).rstrip() + "\n")


class CellContext(Context):
    formatter_class = CellFormatter


def _wrapped(text: str, width: int) -> Iterator[str]:
    """Lines of at most `width` cells: broken at spaces and between Han letters, no line begins with a mark
    that ends something.
    """
    line = ""
    for piece in _PIECES.findall(" ".join(text.split())):
        if line and cell_len(line + piece.rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += piece if line else piece.lstrip()
    if line.strip():
        yield line.rstrip()


def texts(command: Command) -> Iterator[str]:
    """Every text of ours in the help of `command` and of what is below it, in English."""
    yield from filter(None, (_plain(command.help), _plain(command.short_help)))
    for parameter in command.params:
        if help_text := _plain(getattr(parameter, "help", None)):
            yield help_text
    for inner in getattr(command, "commands", {}).values():
        yield from texts(inner)


def say(command: Command) -> Command:
    """`command` with all that is below it, in the operator's language."""
    setattr(typer.core, "_", worded)  # noqa: B010 - the library asks its catalogue by this name
    _say(command)
    return command


def _say(command: Command) -> None:
    command.context_class = CellContext
    command.help, command.short_help = _said(command.help), _said(command.short_help)
    command.options_metavar = worded(ARGUMENTS)
    if hasattr(command, "subcommand_metavar"):
        vars(command)["subcommand_metavar"] = worded(OPTIONS)
    # The help option is made when it is first asked for.
    own = command.get_help_option(CellContext(command))
    for parameter in (*command.params, *((own,) if own else ())):
        said: Any = parameter
        if getattr(said, "help", None):
            said.help = _said(said.help)
        said.display_type = partial(_type_words, said.display_type)
    for inner in getattr(command, "commands", {}).values():
        _say(inner)


def _plain(text: str | None) -> str:
    """A text as it stands in the catalogue: a paragraph is one line."""
    paragraphs = re.split(r"\n\s*\n", (text or "").strip())
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _said(text: str | None) -> str | None:
    return worded(_plain(text)) if text else text


def _type_words(original: Any, ctx: Context) -> str | None:
    kind: str | None = original(ctx=ctx)
    bare = (kind or "").strip("<>")
    return f"<{worded(TYPES[bare])}>" if bare in TYPES else kind


def run(command: Command, arguments: Sequence[str]) -> NoReturn:
    """As the library runs it, with its faults in the operator's language."""
    try:
        code: Any = command.main(list(arguments), "fenghuo", standalone_mode=False)
    except ClickException as error:
        typer.echo(fault_words(error), err=True)
        sys.exit(error.exit_code)
    except Abort:
        typer.echo(worded(N_("Aborted!")), err=True)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
