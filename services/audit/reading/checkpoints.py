"""The signed checkpoints: the newest, the sealed one, and those before them.

Invariant: whatever a reader is shown lies below the newest of these, so that it can be proven.
"""

from dataclasses import replace

from services.audit.reading.seen import up_to
from services.audit.reading.views import NotInTrail
from services.audit.records.stored import SignedCheckpoint
from services.audit.records.timestamp import Stamp
from services.audit.store.cosignatures import Cosigned
from services.audit.store.trail import Trail
from shared.tlog.cosignature import with_lines

_PAGE = 500


class SignedCheckpoints:
    """Raises NotInTrail where nothing has been signed yet."""

    def __init__(self, trail: Trail, cosigned: Cosigned) -> None:
        self.cosigned = cosigned
        self._store, self._timestamps = trail.checkpoints, trail.timestamps
        self._count = 0
        self._newest: SignedCheckpoint | None = None

    async def newest(self) -> SignedCheckpoint:
        """The last signed checkpoint."""
        self._count = await self._store.count(self._count)
        signed = self._newest
        if signed is None or signed.number != self._count - 1:
            # What is signed stays as it is: it is read once.
            signed = self._newest = await self._store.at(self._count - 1) if self._count else None
        if signed is None:
            raise NotInTrail("no checkpoint has been signed yet: the audit has not begun its work")
        up_to(signed.size)
        return await self._with_cosignatures(signed)

    async def _with_cosignatures(self, signed: SignedCheckpoint) -> SignedCheckpoint:
        return replace(signed, note=with_lines(signed.note, await self.cosigned.lines(signed.number)))

    async def sealed(self, quorum: int | None = None) -> SignedCheckpoint | None:
        """The newest checkpoint that enough witnesses cosigned, with their lines; None where there is
        none.
        """
        seal = await self.cosigned.sealed(quorum)
        signed = await self._store.at(seal.checkpoint) if seal else None
        return await self._with_cosignatures(signed) if signed else None

    async def sealed_size(self) -> int | None:
        """Records under it; None where no witness is configured."""
        if not self.cosigned.witnesses:
            return None
        seal = await self.cosigned.sealed()
        return seal.size if seal else 0

    async def between(self, start: int, end: int) -> list[SignedCheckpoint]:
        return await self._store.between(start, end)

    async def notes_before(self, limit: int) -> list[bytes]:
        """The last `limit` checkpoints before the newest, the oldest first."""
        newest = (await self.newest()).number
        notes: list[bytes] = []
        for start in range(max(0, newest - limit), newest, _PAGE):
            notes += [
                signed.note.encode()
                for signed in await self._store.between(start, min(newest, start + _PAGE))
            ]
        return notes

    async def timestamps(self) -> list[Stamp]:
        """All of them, the oldest first."""
        return await self._timestamps.between(0, (await self.newest()).number + 1)
