"""`fenghuo up`: everything embedded on real clocks, going on where it was, until Ctrl-C."""

import asyncio
from typing import Annotated

import typer

from fenghuo.speech import worded


def up(
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line instead of sentences.")
    ] = False,
) -> None:
    """Start broker, store, a local gateway and the four services, and keep them running until Ctrl-C.

    Data stays in FENGHUO_DATA_DIR (.fenghuo). Ports: FENGHUO_PORT_BASE moves all, FENGHUO_PORT_<PART> one.
    """
    from fenghuo.answers import Exit, fail
    from fenghuo.launcher import LAUNCH_ERRORS, launched, place_of, run_until_signalled
    from fenghuo.places import PlaceError, PortSettings
    from fenghuo.quiet import hush
    from fenghuo.screen import ConsoleScreen, JsonScreen, tell_addresses
    from fenghuo.terminal import Terminal
    from shared.lined_yaml import YamlFault
    from shared.message import because
    from shared.settings import Settings

    hush()
    settings = Settings()
    screen = JsonScreen() if as_json else ConsoleScreen(Terminal())
    place = place_of(settings, PortSettings().ports())

    async def work() -> int:
        async with launched(place, settings, screen):
            tell_addresses(screen, place)
            screen.tell("step", worded("running; Ctrl-C stops everything"))
            await asyncio.Event().wait()
        return Exit.DONE

    try:
        code = run_until_signalled(work())
    except LAUNCH_ERRORS as error:
        fail(
            Exit.NO,
            str(error),
            error.remedy
            if isinstance(error, PlaceError)
            else worded("mend that and start again; `fenghuo doctor` helps"),
        )
    except YamlFault as fault:
        fail(Exit.NO, because(fault), worded("mend the line named above and start again"))
    raise typer.Exit(code)
