"""The operator's directory file, taken in when the service starts.

Invariant: an empty bucket is filled from the file; a file that says something new is taken in as a change,
against the file taken in before it, so that what was changed at run time stays. A file that can't be taken in
is left aside, and the log says why.
"""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from services.intake.directory.bucket import TRIES
from services.intake.directory.facts import ChangeFact
from services.intake.directory.in_force import OPERATOR_ACTOR, DirectoryInForce
from services.intake.directory.laying import (
    SettledDirectory,
    TooManyTouched,
    check_sizes,
    kept_after,
    lay,
)
from services.intake.recording.record import Unreachable
from shared.broker.forever import attempts
from shared.directory import Directory, DirectoryFault, load_directory
from shared.directory.change_facts import DirectoryChange
from shared.directory.changes import difference
from shared.directory.file_changes import file_changes
from shared.directory.kept import KeptDirectory
from shared.facts import Name, Signature
from shared.problems import Problem

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

SIGNATURE = Signature(name=Name(zh="系统管理员（名录文件）", en="the operator (directory file)"))


class OperatorFile:
    def __init__(self, in_force: DirectoryInForce, clock: Callable[[], datetime]) -> None:
        self._in_force, self._clock = in_force, clock

    async def take_at_start(self, path: Path) -> None:
        """A step of the service's `prepare`: raises OSError, on which it is tried again, while the broker
        does not answer, and YamlFault for a file that says something new and can't be read.
        """
        raw = await asyncio.to_thread(path.read_bytes)
        digest = hashlib.sha256(raw).hexdigest()
        try:
            before, _ = await self._in_force.kept()
            if before is not None and self._in_force.file_bytes == digest:
                await self._in_force.settle(before)
                return
            await self.take(await asyncio.to_thread(load_directory, path), digest)
        except Unreachable as away:
            raise OSError(away.detail) from away

    async def take(self, file: Directory, file_bytes: str | None = None) -> None:
        """One that can't be taken in (a post would be dark with what was changed at run time, too many people
        would have to be told) is logged and left aside. Raises Unreachable.
        """
        digest = hashlib.sha256(file.model_dump_json().encode()).hexdigest()
        async for _ in attempts(TRIES):
            before, head_sequence = await self._in_force.kept()
            addresses_at = await self._in_force.settle(before) if before is not None else 0
            if (
                before is not None
                and before.file == digest
                and file_bytes in (None, self._in_force.file_bytes)
            ):
                return
            try:
                if before is None:
                    after, facts = self._first(file, digest)
                else:
                    settled = SettledDirectory(before, head_sequence, addresses_at)
                    after, facts = await self._changed(settled, file, digest)
            except (DirectoryFault, TooManyTouched, Problem) as fault:
                log.error(
                    "directory_file_refused",
                    faults=str(fault),
                    next="mend the file or what was changed at run time; start again",
                )
                return
            if facts:
                await self._in_force.bucket.put_file(digest, file)
            if await self._in_force.replace(after, head_sequence, facts, file_bytes):
                if before is not None and before.file not in (None, digest):
                    await self._in_force.bucket.drop_file(before.file)
                return

    def _first(self, file: Directory, digest: str) -> tuple[KeptDirectory, list[ChangeFact]]:
        check_sizes(file)
        change = DirectoryChange(
            by=OPERATOR_ACTOR,
            why="first start",
            version=file.version,
            base=0,
            file=digest,
            changes=difference(None, file),
        )
        return kept_after(None, file, change, f"directory-file-{digest[:32]}", self._clock())

    async def _changed(
        self, settled: SettledDirectory, file: Directory, digest: str
    ) -> tuple[KeptDirectory, list[ChangeFact]]:
        before = settled.kept
        earlier = await self._in_force.bucket.file(before.file)
        changes = file_changes(earlier, file, before.directory)
        if not changes:
            return before.model_copy(update={"file": digest}), []
        change = DirectoryChange(
            by=OPERATOR_ACTOR,
            why="the file has changed",
            version=file.version if file.version != before.directory.version else settled.next_version,
            base=before.revision,
            file=digest,
            changes=changes,
        )
        laid = lay(settled, change, self._clock(), by=SIGNATURE)
        return laid.stored_as(f"directory-file-{digest[:32]}-{before.revision + 1}", self._clock())
