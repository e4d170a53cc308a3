"""Where the versions are kept: the KV bucket POLICIES, `text.<digest>` for the YAML and `version.<digest>`
for where it stands.

Invariant: a text is written before the version that names it and never again; a version changes by
compare-and-set alone. Every policy a case began under stays, so that no later one changes under it.
"""

from collections.abc import Callable
from typing import Protocol

from nats.aio.client import Client

from shared.broker.bucket_follower import BucketEntry, BucketFollower
from shared.broker.stored import asking, value_of
from shared.broker.write import write
from shared.streams import POLICIES

TEXT, VERSION = "text.", "version."
TIMEOUT = 3.0


class Following(Protocol):
    """What BucketFollower does."""

    async def open(self) -> None: ...

    async def run(self) -> None: ...

    async def check(self) -> None: ...


class PolicyStore(Protocol):
    async def read(self, key: str) -> tuple[bytes, int] | None:
        """(value, revision); None where there is none."""
        ...

    async def write(self, key: str, raw: bytes, revision: int) -> None:
        """Over exactly `revision` (0: it must not be there). Raises ConflictError."""
        ...

    def follower(self, take: Callable[[BucketEntry], None]) -> Following:
        """Tells every key as it is, and as it changes. `take` raises ValueError for what can't be read."""
        ...


class BucketStore:
    """The bucket of the broker."""

    def __init__(self, connection: Callable[[], Client]) -> None:
        self._connection = connection

    async def read(self, key: str) -> tuple[bytes, int] | None:
        stored = await value_of(asking(self._connection, TIMEOUT), POLICIES, key)
        return None if stored is None or stored.is_deletion else (stored.data, stored.sequence)

    async def write(self, key: str, raw: bytes, revision: int) -> None:
        await write(self._connection(), POLICIES, key, raw, over=revision, timeout=TIMEOUT)

    def follower(self, take: Callable[[BucketEntry], None]) -> BucketFollower:
        return BucketFollower(POLICIES, self._connection, take)
