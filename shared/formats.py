"""The format of what is stored: facts, values of the buckets, headers of the trail. Versions of the product
live side by side by it.

Invariant: what is stored carries the number of its format in the field `fenghuoformat`; without one it is of
format 1. A reader takes every older format, ignores fields it does not know and keeps them where it writes
the value anew; what is of a newer format it waits for, is not ready, and says so. Nothing newer is ever set
aside. A field that an older reader may ignore needs no new format.
"""

import time
from collections.abc import Mapping

import msgspec

FORMAT = 2
"""The newest that this version reads: a case in parts (shared/case_parts.py). All else that it writes is of
format 1.
"""
FIELD = "fenghuoformat"
REMEMBERED = 15.0
"""Seconds; what waits is looked at again more often than this."""


class NewerError(OSError):
    """What is stored is of a newer format than this version reads. Handled as where the broker can not be
    reached: wait, and ask again. No kind of NatsError: who only reads facts loads no broker.
    """

    def __init__(self, found: int) -> None:
        super().__init__(
            f"it is of format {found}, this version reads up to {FORMAT}: it waits until this service has been upgraded"
        )


class _FormatHead(msgspec.Struct):
    fenghuoformat: int = 1


_head = msgspec.json.Decoder(_FormatHead).decode


def refuse_newer(fields: Mapping[str, object] | None) -> None:
    """Raises NewerError for an envelope or value, parsed already, of a newer format."""
    found = fields.get(FIELD) if fields else None
    if isinstance(found, int) and found > FORMAT:
        raise NewerError(found)


def refuse_newer_bytes(raw: bytes | None) -> None:
    """The same of what is stored. What is no JSON object is of format 1, as ids and texts are; whoever reads
    it says what is wrong.
    """
    if raw is None or FIELD.encode() not in raw:
        return
    try:
        number = _head(raw).fenghuoformat
    except msgspec.MsgspecError:
        return
    if number > FORMAT:
        raise NewerError(number)


class NewerSeen:
    """For readiness: whether something newer waits here. `saw` it each time it is looked at in vain."""

    def __init__(self) -> None:
        self._words, self._until = "", 0.0

    def saw(self, what: str, error: NewerError) -> None:
        self._words, self._until = f"{what} waits: {error}", time.monotonic() + REMEMBERED

    async def check(self) -> None:
        if time.monotonic() < self._until:
            raise RuntimeError(self._words)
