"""Old records moved to sealed files: the data of `sealed_range`, which is about no case. Written by the audit.

Invariant: it names the file by the digest of its manifest, which names every byte of it. Only what stands here may leave the store.
"""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from shared.facts.acts import Actor
from shared.facts.bounds import Frozen, Instant


class SealedRange(Frozen):
    """The data of `sealed_range`: records [start, end) lie in a sealed file."""

    by: Actor
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=1)]
    manifest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of the file's manifest."""
    checkpoint: Annotated[int, Field(ge=1)]
    """The size of the signed checkpoint the file holds: its records prove themselves against it."""
    first_at: Instant
    """The broker's time of the first record, and of the last."""
    last_at: Instant

    @model_validator(mode="after")
    def is_a_range(self) -> Self:
        if not self.start < self.end <= self.checkpoint:
            raise ValueError("a sealed range has its `start` below its `end`, and its checkpoint covers it")
        return self
