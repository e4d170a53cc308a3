"""Following a log over HTTP: its checkpoint every few seconds, and from its tiles the proof that it grew out
of the last one.

Invariant: what the log serves as its own checkpoint is held against it; what merely could not be read is not.
"""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import structlog

from fenghuo.witness.evidence import Misdeed
from fenghuo.witness.folder import CosignedHead, Log
from fenghuo.witness.reading import LogReader, UnreadableError
from fenghuo.witness.request import AddCheckpoint
from fenghuo.witness.witnessing import Witnessing, is_signed
from shared.tlog import note, tile_roots
from shared.tlog.checkpoint import CheckpointError, Head, head_of, signed_at
from shared.tlog.layout import LayoutError
from shared.tlog.note import Note, NoteError

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
EVERY = 5.0
_SLOWEST = 60.0


class LogFollower:
    """`faults`: what stands in the way now, in words; empty while the log is read."""

    def __init__(
        self,
        witnessing: Witnessing,
        followed_log: Log,
        reader: LogReader,
        quiet_after: int,
        quiet: Callable[[Log, int], Awaitable[None]],
    ) -> None:
        self.fault = ""
        self.is_quiet = False
        self._witnessing, self._known, self._reader = witnessing, followed_log, reader
        self._quiet_after, self._tell_quiet = quiet_after, quiet
        self._since = witnessing.clock()

    async def run(self, every: float = EVERY) -> None:
        """Until cancelled."""
        tries = 0
        while True:
            if self._known.url:
                fault = await self._look()
                if fault and fault != self.fault:
                    log.warning(
                        "log_unread",
                        log=self._known.origin,
                        why=fault,
                        next="trying again; see whether the log runs and is reachable from here",
                    )
                elif self.fault and not fault:
                    log.info("log_read_again", log=self._known.origin)
                self.fault = fault
                tries = tries + 1 if fault else 0
            await self._watch_silence()
            await asyncio.sleep(min(_SLOWEST, every * 2 ** min(tries, 4)))

    async def _look(self) -> str:
        try:
            await self.look()
        except (UnreadableError, LayoutError) as error:
            return str(error)
        return ""

    async def look(self) -> None:
        """Once: fetch, judge, cosign or accuse. Raises UnreadableError or LayoutError."""
        raw = await self._reader.checkpoint()
        try:
            signed = note.parse(raw)
            head = head_of(signed.text)
        except (NoteError, CheckpointError) as error:
            raise UnreadableError(f"what it serves is no checkpoint: {error}") from None
        submission = AddCheckpoint(self._witnessing.last_head(self._known).size, (), signed, head)
        if head.origin != self._known.origin or not is_signed(self._known, submission):
            self._witnessing.accuse_of_note(
                self._known, raw.decode(errors="replace"), f"It was served at {self._known.url}."
            )
            raise UnreadableError(
                f"its checkpoint (of {head.origin}) is not signed by the key of {self._known.origin}"
            )
        last_head = self._witnessing.last_head(self._known)
        if last_head.note and signed.text == _text(last_head) and not self._is_later(signed, last_head):
            return
        if head.size < last_head.size:
            self._backwards(submission, last_head)
            return
        await self._forwards(submission, last_head)

    def _is_later(self, signed: Note, last_head: CosignedHead) -> bool:
        """Whether the log signed this after what was seen, by its own clock; the same text of a log that says
        no time is taken as new.
        """
        try:
            now = signed_at(signed, self._known.verifier)
            before = signed_at(note.parse(last_head.note.encode()), self._known.verifier)
        except NoteError:
            return False
        return signed.text == _text(last_head) if now is None or before is None else now > before

    def _backwards(self, submission: AddCheckpoint, last_head: CosignedHead) -> None:
        """An older checkpoint may come from a cache or a copy that lags; one signed later than the larger one
        may not.
        """
        if self._is_later(submission.signed, last_head):
            more = f"It had signed {last_head.size} records, and later, by its own clock, {submission.head.size}."
            self._witnessing.accuse(self._known, Misdeed.ROLLBACK, submission, more)
        raise UnreadableError(
            f"it serves a checkpoint of {submission.head.size} records, {last_head.size} were signed before"
        )

    async def _forwards(self, submission: AddCheckpoint, last_head: CosignedHead) -> None:
        hashes = await tile_roots.consistency(self._reader.tile, last_head.size, submission.head.size)
        if self._witnessing.last_head(self._known) != last_head:
            return  # meanwhile it came to us by itself
        submission = AddCheckpoint(last_head.size, tuple(hashes), submission.signed, submission.head)
        answer = self._witnessing.take(self._known, submission)
        if answer.status is HTTPStatus.UNPROCESSABLE_ENTITY:
            await self._refuse(submission, last_head, submission.head)

    async def _refuse(self, submission: AddCheckpoint, last_head: CosignedHead, head: Head) -> None:
        """The tiles do not join the two. Where they do lead to the new root, the new tree is another one than
        the old was part of.
        """
        if await tile_roots.root(self._reader.tile, head.size, head.size) != head.root:
            raise UnreadableError(f"its tiles do not lead to the root it signed for {head.size} records")
        now = await tile_roots.root(self._reader.tile, last_head.size, head.size)
        self._witnessing.accuse(
            self._known,
            Misdeed.FORK,
            submission,
            f"Its tiles lead to the root it signs now for {head.size} records; "
            f"the first {last_head.size} of these make the root {now.hex()}, it had signed {last_head.root}.",
        )
        raise UnreadableError(
            f"its tree of {head.size} does not contain the tree of {last_head.size} it had signed"
        )

    async def _watch_silence(self) -> None:
        age = self._witnessing.clock() - max(self._witnessing.last_head(self._known).time, self._since)
        is_quiet = age > self._quiet_after
        if is_quiet and not self.is_quiet:
            log.error(
                "log_quiet",
                log=self._known.origin,
                seconds=age,
                why=self.fault or "no new checkpoint",
                next="a running log signs even when nothing happens: ask whoever keeps it, and see that it can be reached from here",
            )
            await self._tell_quiet(self._known, age)
        elif self.is_quiet and not is_quiet:
            log.info("log_speaks_again", log=self._known.origin)
        self.is_quiet = is_quiet


def _text(last_head: CosignedHead) -> str:
    return last_head.note.rpartition("\n\n")[0] + "\n"
