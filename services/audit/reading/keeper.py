"""What stands on record about the record, read from the store: in order, and only as far as a checkpoint
covers it.
"""

import asyncio

from services.audit.records.keeping import Keeping, act_of
from services.audit.records.record import Rec
from services.audit.store.trail import Trail

_AT_ONCE = 256


class Keeper:
    """The acts on record, read as far as they are covered."""

    def __init__(self, trail: Trail) -> None:
        self.state = Keeping()
        self.unread: list[int] = []
        """Acts that are listed and gone from the store: a hold among them is not known here."""
        self._trail = trail
        self._lock = asyncio.Lock()

    async def refresh(self, size: int) -> Keeping:
        """Takes what lies below `size` in."""
        async with self._lock:
            indexes = [index for index in await self._trail.acts.since(self.state.last + 1) if index < size]
            for at in range(0, len(indexes), _AT_ONCE):
                part = indexes[at : at + _AT_ONCE]
                payloads = await self._trail.payloads.at(part)
                entries = await self._trail.entries.some(part)
                self.unread = sorted({*self.unread, *part} - {entry.index for entry in entries})
                for entry in entries:
                    payload = payloads.get(entry.index)
                    act = act_of(Rec.read(entry.rec), payload.envelope if payload else {})
                    if act is not None:
                        self.state.take(act)
        return self.state
