"""The audit's light of the store: what was written last is read back, and silence of the store is told."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from services.audit.records.stored import SignedCheckpoint
from services.audit.store.trail import Trail
from services.audit.writing.kept import StoreKeeps
from services.audit.writing.signer import CheckpointSigner

AT = datetime(2026, 11, 30, 3, tzinfo=UTC)
TAKEN = SignedCheckpoint(7, 12, b"root", "2026-11-30T03:00:00Z", "note")


@dataclass
class StoreOf:
    """Answers for the store: which checkpoint it has as the seventh."""

    has: SignedCheckpoint | None

    async def ping(self) -> None:
        return

    @property
    def checkpoints(self) -> "StoreOf":
        return self

    async def at(self, number: int) -> SignedCheckpoint | None:
        assert number == TAKEN.number
        return self.has


@dataclass
class SignerOf:
    stored: SignedCheckpoint | None


def light(
    has: SignedCheckpoint | None, taken: SignedCheckpoint | None = TAKEN, age: timedelta = timedelta(0)
) -> StoreKeeps:
    trail, signer = cast(Trail, StoreOf(has)), cast(CheckpointSigner, SignerOf(taken))
    return StoreKeeps(trail, signer, lambda: AT + age, heartbeat=timedelta(minutes=1))


async def test_a_store_that_gives_back_a_young_checkpoint_keeps() -> None:
    await light(TAKEN, age=timedelta(seconds=150)).check()
    await light(None, taken=None).check()


async def test_a_store_that_lost_or_changed_the_last_checkpoint_does_not() -> None:
    for has in (None, SignedCheckpoint(7, 12, b"other", TAKEN.time, "note")):
        with pytest.raises(RuntimeError, match="no longer has checkpoint 7"):
            await light(has).check()


async def test_a_store_that_takes_nothing_is_told_after_two_and_a_half_heartbeats() -> None:
    with pytest.raises(RuntimeError, match="took no checkpoint for 151 s"):
        await light(TAKEN, age=timedelta(seconds=151)).check()
