"""Whether the store keeps what it is given: the last checkpoint it took is read back as it was, and is not
old.

Invariant: nothing is written for the sake of looking. Nobody can delete from the trail, and a checkpoint is
written each minute even when nothing happens: that one is the small write that is stored and read.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from services.audit.store.trail import Trail
from services.audit.writing.signer import CheckpointSigner

LEAST = timedelta(minutes=1)


class StoreKeeps:
    """`heartbeat`: how often silence is signed."""

    def __init__(
        self, trail: Trail, signer: CheckpointSigner, clock: Callable[[], datetime], heartbeat: timedelta
    ) -> None:
        self._trail, self._signer, self._clock = trail, signer, clock
        self._oldest = max(heartbeat * 2.5, LEAST)

    async def check(self) -> None:
        """For readiness. Raises StoreError where the store does not answer, RuntimeError with words where it
        does not keep.
        """
        await self._trail.ping()
        checkpoint = self._signer.stored
        if checkpoint is None:
            return  # nothing was signed yet: the sequencer's own check says why
        if await self._trail.checkpoints.at(checkpoint.number) != checkpoint:
            raise RuntimeError(f"the store no longer has checkpoint {checkpoint.number} as it took it")
        age = self._clock() - datetime.fromisoformat(checkpoint.time)
        if age > self._oldest:
            raise RuntimeError(
                f"the store took no checkpoint for {age.total_seconds():.0f} s: is its disk full?"
            )
