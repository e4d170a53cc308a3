"""The directory as it is now, followed at run time: `live.now` is always a whole valid one.

Invariant: it only ever moves forward in revision, from one whole directory to the next: a change is seen with
its head, never in pieces. Before the first value, and where the broker is away, the last one known stays (at
first that of the file).
"""

import asyncio
from collections.abc import Callable

import msgspec
import structlog
from nats.aio.client import Client

from shared.broker.bucket_follower import BucketEntry, BucketFollower
from shared.directory.change_facts import Change, DirectoryChange
from shared.directory.kept import CURRENT, TOLD, KeptDirectory
from shared.directory.keyed import HEAD, OBJECT, PART, DirectoryHead, Objects, part_key
from shared.directory.whole import Directory
from shared.facts import Fact
from shared.streams import DIRECTORY
from shared.unavailable import UnavailableError

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class _Peek(msgspec.Struct):
    """Of a single value as much as says whether it is to be read."""

    revision: int


class LiveDirectory:
    """Give it as `Callable[[], Directory]`, or read `now`. `open` belongs to a service's `prepare`, `run` to
    its `tasks`.
    """

    def __init__(self, first: Directory | Callable[[], Directory], connection: Callable[[], Client]) -> None:
        """`first`: that of the file, or how it is read; it is read only where the bucket has none, since a
        large one takes seconds.
        """
        self._first = first
        self._now = first if isinstance(first, Directory) else None
        self.revision: int = 0
        """0 while `now` is the file's."""
        self.head: DirectoryHead | None = None
        self.head_sequence: int = 0
        """Of the head in the bucket, 0 where it has none: then the directory is the file's, or an older
        single value's.
        """
        self.told: str | None = None
        self.single: KeptDirectory | None = None
        """The single value that `now` was taken from, where it is ahead of the head: of the version
        before.
        """
        self.objects = Objects()
        self._parts: dict[str, tuple[Change, ...]] = {}
        self._is_open = False
        self.listeners: list[Callable[[Directory], None]] = []
        """Called with each new directory, at once."""
        keys = (HEAD, TOLD, CURRENT, f"{OBJECT}>", f"{PART}>")
        self._follower = BucketFollower(
            DIRECTORY, connection, self._take, keys=keys, on_current=self._read_all
        )
        self.run, self.check = self._follower.run, self._follower.check

    @property
    def is_read(self) -> bool:
        return self._now is not None

    @property
    def now(self) -> Directory:
        """Raises UnavailableError before `open` where the file's is read only when it is needed."""
        if self._now is None:
            raise UnavailableError("the directory is not read yet")
        return self._now

    def __call__(self) -> Directory:
        return self.now

    async def open(self) -> None:
        """Know the directory of this moment; also beside `run`, and again and again."""
        await self._follower.open()
        if self._now is None and not isinstance(self._first, Directory):
            self._now = await asyncio.to_thread(self._first)

    def changes_of_head(self) -> tuple[Change, ...]:
        """What the head's revision changed; nothing where its parts are gone, since all is written then."""
        head = self.head
        if head is None:
            return ()
        if head.fact is not None:
            return DirectoryChange.model_validate(Fact.read(head.fact.encode()).data).changes
        parts = [self._parts.get(part_key(head.change, number)) for number in range(1, head.parts + 1)]
        return tuple(change for part in parts for change in part or ()) if None not in parts else ()

    # What the bucket tells

    def _take(self, entry: BucketEntry) -> None:
        key, raw = entry.key, entry.value
        if key == HEAD and raw is not None:
            self._take_head(raw, entry.revision)
        elif key == TOLD:
            self.told = raw.decode() if raw else None
            if self._is_complete():
                self._show()
        elif key == CURRENT and raw is not None:
            self._take_single(raw)
        elif key.startswith(PART):
            self._take_part(key, raw)
        elif key.startswith(OBJECT):
            what, _, name = key.removeprefix(OBJECT).partition(".")
            if what in self.objects.rows:
                self.objects.read(what, name, raw, entry.revision)

    def _take_head(self, raw: bytes, sequence: int) -> None:
        head = DirectoryHead.model_validate_json(raw)
        self.head, self.head_sequence = head, sequence
        if head.revision < self.revision or (head.revision == self.revision and self.single is None):
            return
        changes = self.changes_of_head()
        self.objects.apply(changes)
        if changes or self._is_complete():
            self._show()

    def _take_part(self, key: str, raw: bytes | None) -> None:
        if raw is None:
            self._parts.pop(key, None)
        else:
            self._parts[key] = DirectoryChange.model_validate(Fact.read(raw).data).changes

    def _take_single(self, raw: bytes) -> None:
        """Of the version before this one, or for it."""
        revision = msgspec.json.decode(raw, type=_Peek).revision
        head_revision = self.head.revision if self.head is not None else 0
        if revision <= max(self.revision, head_revision):
            return
        self.single = KeptDirectory.read(raw)
        self.objects.adopt(self.single.directory)
        self._now, self.revision = self.single.directory, revision
        self._tell()

    def _read_all(self, current: bool) -> None:
        if current:
            self._is_open = True
            self._show()

    def _is_complete(self) -> bool:
        """Whether all objects of the head are written."""
        return self.head is not None and self.told == self.head.change

    def _show(self) -> None:
        """Make the head's revision that of now, once all that was there at the start has been read."""
        head = self.head
        if (
            head is None
            or not self._is_open
            or head.revision < self.revision
            or (head.revision == self.revision and self.single is None)
        ):
            return
        self._now, self.revision, self.single = self.objects.directory(head.version), head.revision, None
        self._tell()

    def _tell(self) -> None:
        now = self.now
        log.info("directory", revision=self.revision, version=now.version, people=len(now.people))
        for listener in self.listeners:
            listener(now)
