"""Salts: fresh for each message, lasting for each principal, all from the operating system's randomness.

Invariant: no salt can be made again. A digest whose salt is erased is a number nobody can find anything
behind; so the salts live in the payloads' database alone, and a record built again after a crash takes the
salts that are stored already.
"""

import os
from collections.abc import Mapping
from typing import NamedTuple

from services.audit.records.record import pseudonym

SALT_SIZE = 32


def fresh_salts(count: int) -> list[bytes]:
    """One question to the system for all: asked for each alone it is the dearest part of a record."""
    pool = os.urandom(SALT_SIZE * count)
    return [pool[at : at + SALT_SIZE] for at in range(0, len(pool), SALT_SIZE)]


class RecentIds:
    """Message ids of late, so that a message that came twice is recorded as a repetition. Bounded: ids far
    back are forgotten.
    """

    WIDTH = 65_536

    def __init__(self) -> None:
        self._of: dict[str, int] = {}

    def add(self, message_id: str, index: int) -> int | None:
        """Returns the earlier record with that id. Safe to say again of the same record."""
        if not message_id:
            return None
        known = self._of.get(message_id)
        if known is not None and known < index:
            return known
        self._of[message_id] = index
        if len(self._of) > self.WIDTH:
            del self._of[next(iter(self._of))]
        return None


class Pseudonym(NamedTuple):
    """What stands for a principal in the trail, and the salt that shows it."""

    salt: bytes
    pseudonym: str

    @classmethod
    def of(cls, principal: str, salt: bytes) -> "Pseudonym":
        return cls(salt, pseudonym(salt, principal))


Actors = Mapping[str, Pseudonym]
"""By principal."""
