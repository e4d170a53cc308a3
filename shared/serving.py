"""How an application is served over HTTP: bounded connections, heads and silences, and what is for those
inside on a port of its own.

Invariant: it ends with code 0 on SIGTERM and SIGINT, after the answers under way are given.
"""

import asyncio
import contextlib
import resource
import signal
from collections.abc import Generator
from types import FrameType
from typing import Any

import uvicorn
import uvloop

from shared.door.connections import bounded
from shared.settings import Settings

OWN_FILES = 1024
"""Open files besides connections: broker, store, journal, libraries."""
INSIDE = 64
"""Connections to the internal port."""


class _Inside(uvicorn.Server):
    """A server beside the one that hears the signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def run(app: Any, host: str, port: int, *, settings: Settings, internal: Any = None) -> None:
    """Serve `app` until SIGTERM or SIGINT; with `internal` on the internal port as well."""
    for wanted in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal again when it is done; a clean stop ends with code 0.
        signal.signal(wanted, _leave)
    _make_room(settings.connections + INSIDE)
    outside = uvicorn.Server(_config(app, host, port, settings.connections, settings.proxies))
    inside = None
    if internal is not None:
        inside = _Inside(
            _config(
                internal, settings.internal_host or host, settings.internal_port, INSIDE, "", lifespan="off"
            )
        )

    async def serve() -> None:
        beside = asyncio.create_task(inside.serve()) if inside else None
        try:
            await outside.serve()
        finally:
            if inside and beside:
                inside.should_exit = True
                await beside

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())


def _config(app: Any, host: str, port: int, connections: int, proxies: str, **more: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=bounded(connections),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        timeout_graceful_shutdown=5,
        **more,
    )


def _make_room(connections: int) -> None:
    """A place in the table of open files for each connection, as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + OWN_FILES
    if hard != resource.RLIM_INFINITY:
        needed = min(needed, hard)
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _leave(_: int, __: FrameType | None) -> None:
    raise SystemExit(0)
