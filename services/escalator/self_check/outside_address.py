"""The outside address: called while all is well, so that its silence is the alarm.

Invariant: no call goes out unless every service wrote a moment ago that it is ready.
"""

from collections.abc import Callable, Sequence

import structlog
from nats.aio.client import Client

from shared.broker.forever import error_text
from shared.broker.walk import walk
from shared.lights import lights_out, read_light
from shared.streams import LIGHTS

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def all_lights_are_on(connection: Callable[[], Client], services: Sequence[str]) -> bool:
    """Whether every service wrote a moment ago that it is ready: that it can store, that its queues move,
    that its channels take.
    """
    lights = [
        read_light(stored.subject, stored.at, stored.data)
        async for stored in walk(connection, f"KV_{LIGHTS}", f"$KV.{LIGHTS}.>")
    ]
    out = lights_out([light for light in lights if light is not None], services)
    if out:
        log.error("lights_out", out=out, next="no call goes out to the outside address")
    return not out


async def call_address(url: str) -> None:
    """Says that all is well; an address that does not answer is somebody else's to notice: that is what it is
    for.
    """
    import httpx2  # only where an address is set: it costs 8 MB

    try:
        async with httpx2.AsyncClient(timeout=10) as client:
            (await client.get(url)).raise_for_status()
    except httpx2.HTTPError as error:
        log.warning("deadman_not_reached", error=error_text(error))
