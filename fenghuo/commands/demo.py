"""`fenghuo demo`: everything embedded, one story on a compressed clock."""

import os
from typing import Annotated

import typer

from fenghuo.speech import worded


def demo(
    ends: Annotated[
        bool, typer.Option("--exit", help="End after the story (also DEMO_EXIT=1); code 1 if a step failed.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="At the end one JSON object: whether every step happened.")
    ] = False,
) -> None:
    """Play one story on the real parts, each step checked against the trail, then stay up until Ctrl-C.

    Its data is made anew each time (demo/ in FENGHUO_DATA_DIR). Ports: FENGHUO_PORT_BASE moves all,
    FENGHUO_PORT_<PART> one.
    """
    from fenghuo.answers import Exit, fail
    from fenghuo.launcher import LAUNCH_ERRORS, place_of, run_until_signalled
    from fenghuo.places import PlaceError, PortSettings
    from fenghuo.quiet import hush
    from fenghuo.terminal import Terminal

    hush()
    console = Terminal(stderr=as_json)
    from shared.settings import Settings

    settings = Settings()
    from fenghuo.demo.play import Demo

    play = Demo(
        place_of(settings, PortSettings().ports(), demo=True),
        settings,
        console,
        ends or os.environ.get("DEMO_EXIT", "0") == "1",
    )
    try:
        code = run_until_signalled(play.run())
    except LAUNCH_ERRORS as error:
        fail(
            Exit.NO,
            str(error),
            error.remedy
            if isinstance(error, PlaceError)
            else worded("mend that and start again; `fenghuo doctor` helps"),
        )
    if as_json:
        typer.echo(f'{{"every_step_happened": {str(code == 0).lower()}}}')
    raise typer.Exit(code)
