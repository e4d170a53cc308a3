"""Whether what the broker confirms outlives a power cut: it is on the disk before, or it lies in three
places.

Invariant: one broker that syncs lazily says so at each start and in the doctor's findings; what nobody can
tell is not claimed.
"""

import asyncio
import json
from http.client import HTTPException
from urllib.request import urlopen

from fenghuo.speech import worded
from shared.settings import Settings

ENOUGH_COPIES = 3


def syncs_always(monitor: str) -> bool | None:
    """Whether the broker has on the disk what it confirms; None where its monitoring does not say."""
    try:
        with urlopen(f"{monitor.rstrip('/')}/varz", timeout=2) as answer:  # noqa: S310 - the operator's own address
            return bool(json.load(answer)["jetstream"]["config"].get("sync_always", False))
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return None


def lazily_kept(copies: int, syncs: list[bool | None]) -> str:
    """What a power cut may take, in words; empty where it takes nothing, or where nobody can tell."""
    if copies >= ENOUGH_COPIES or False not in syncs:
        return ""
    return worded(
        "the record has %(kept)s and the broker syncs lazily: a power cut takes up to two minutes of what was receipted. "
        "Set FENGHUO_NATS_SYNC=always, or FENGHUO_REPLICAS=3 with three brokers",
        kept=worded("1 copy") if copies == 1 else worded("%(copies)s copies", copies=copies),
    )


async def power_cut_words(copies: int, monitors: tuple[str, ...]) -> str:
    """As `lazily_kept`, the brokers asked."""
    return lazily_kept(
        copies, [*await asyncio.gather(*(asyncio.to_thread(syncs_always, monitor) for monitor in monitors))]
    )


async def looked_up(settings: Settings) -> str:
    """The same of a broker that answers, asked with the admin's key."""
    from shared import streams
    from shared.broker.connection import connect

    connection = await connect(settings, "admin", timeout=10)
    try:
        facts = await connection.jetstream(timeout=5).stream_info(streams.FACTS)
        return await power_cut_words(streams.copies_of(facts.config), settings.monitors)
    finally:
        await connection.close()
