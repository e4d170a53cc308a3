"""The command `fenghuo`: one file a command, loaded only when it is called, so that help is there at once."""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from keyword import iskeyword
from typing import Annotated

import typer

from fenghuo.speech import Unknown, choose, chosen, language
from shared.private_files import keep_private
from shared.version import __version__
from shared.vocabulary import Language

COMMANDS = {
    "up": "Start everything here on real clocks; data is kept",
    "demo": "Start everything here and play one story",
    "gateway": "Show what would be rung, and ring nobody",
    "bootstrap": "Make keys; declare streams and durables",
    "doctor": "Check this installation and say what to do",
    "report": "Report an emergency",
    "acknowledge": "Say that you know, or log a telephone call",
    "act": "Do any act on a case; alone, list them all",
    "case": "Show one case: duties, tasks, who is lit, who is dark",
    "cases": "List the open cases, the next due first",
    "tasks": "List the open tasks, the reddest slip first",
    "document": "List what a case hands out; write one to sign",
    "campaign": "Show a campaign unit by unit; write its ledger",
    "roster": "Show who is on duty, and whether they signed in",
    "suspicions": "List suspected omissions",
    "inbox": "Show what was set aside, why, and what to do",
    "import": "Hand in reports or tasks from a table",
}
"""Name → line in the help, in this order. Each is the function of that name in fenghuo/commands/<name>.py
(`import_` for a keyword).
"""
GROUPS = {
    "token": "Issue bearer tokens, list them, take them back",
    "directory": "Check, show and change who is who",
    "policy": "Check, explain and simulate the policy",
    "forms": "Check and show what each kind of case is about",
    "notify": "Preview messages; try how people are reached",
    "source": "Make and take back the keys of sources",
    "trail": "Query, verify, export and prove the trail",
    "witness": "Watch over a trail from another machine",
    "rebuild": "Make again from the record what can't be read",
}
"""Each is the `app` of fenghuo/commands/<name>.py."""
HELP = (
    "Fenghuo 烽火: report emergencies in time, and answer for it.\n\n"
    "Every command has --json. Exit codes: 0 done, 1 the answer is no, 2 usage, 3 a service can't be reached, 4 too few witnesses."
)


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


def build(arguments: Sequence[str]) -> typer.Typer:
    """The command with all its names, of which only the one that is called has its file loaded."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        help=HELP,
        pretty_exceptions_enable=False,
    )
    app.callback(help=HELP)(_whole)
    called = next((argument for argument in arguments if not argument.startswith("-")), None)
    for name, line in COMMANDS.items():
        function: Callable[..., object] = (
            getattr(_module(name), _python_name(name)) if name == called else _not_loaded
        )
        app.command(name, short_help=line)(function)
    for name, line in GROUPS.items():
        if find_spec(f"fenghuo.commands.{name}"):
            app.add_typer(
                _module(name).app if name == called else typer.Typer(callback=_not_loaded),
                name=name,
                short_help=line,
            )
    return app


def _whole(
    _: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Say the version and end.")
    ] = False,
    __: Annotated[
        Language | None,
        typer.Option(
            "--lang", help="Speak Chinese or English. Default: FENGHUO_LANG, LC_ALL, LANG, else en."
        ),
    ] = None,
) -> None:
    """What may stand before the name of a command."""


def _module(name: str):
    return import_module(f"fenghuo.commands.{_python_name(name)}")


def _python_name(name: str) -> str:
    return f"{name}_" if iskeyword(name) else name


def _not_loaded() -> None:
    """Stands in the help for a command that is not called."""


def main() -> None:
    keep_private()
    try:
        wanted, arguments = chosen(sys.argv[1:], os.environ)
    except Unknown as wish:
        sys.exit(_refuse_language(str(wish)))
    choose(wanted)
    try:
        _run(arguments)
    except BrokenPipeError:
        sys.stderr.close()


def _refuse_language(wish: str) -> int:
    from fenghuo.answers import Exit, err

    # In both, since nobody knows what whoever typed it reads.
    err.print(
        f"fenghuo: --lang {wish!r}\n  → --lang zh (中文), --lang en (English)", markup=False, highlight=False
    )
    return Exit.USAGE


def _run(arguments: list[str]) -> None:
    app = build(arguments)
    if language() is Language.EN:
        app(arguments)
    else:
        from fenghuo.speech import tree

        tree.run(tree.say(typer.main.get_command(app)), arguments)
