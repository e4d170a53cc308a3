"""Signs checkpoints, and never one that would take back an earlier one.

Invariant: a checkpoint is first in the state file (synced, outside the store), then in the store, then
announced. Whoever gives the store back an older copy is found out: the signer refuses to go on below what it
once signed.
"""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import structlog

from services.audit.records.stored import SignedCheckpoint
from services.audit.store.calls import TakenError
from services.audit.store.trail import Trail
from services.audit.store.tree import StoredTree
from shared.facts import rfc3339
from shared.synced_files import replace_synced
from shared.tlog.checkpoint import Checkpoint
from shared.tlog.merkle import EMPTY_ROOT
from shared.tlog.note import Signer

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


STATE_FILE = "signer.json"


class RefusedError(RuntimeError):
    """The trail must not go on; says why and what a person has to do."""


class StateFile:
    """The last signed checkpoint, replaced as a whole and synced to disk before anyone sees it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> SignedCheckpoint | None:
        try:
            state = json.loads(self.path.read_text())
            return SignedCheckpoint(
                state["number"], state["size"], bytes.fromhex(state["root"]), state["time"], state["note"]
            )
        except FileNotFoundError:
            return None
        except (ValueError, KeyError) as error:
            raise RefusedError(
                f"{self.path} is damaged ({error}): restore it from a copy, or remove it and set FENGHUO_TRAIL_ADOPT=true"
            ) from None

    def write(self, signed: SignedCheckpoint) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "number": signed.number,
            "size": signed.size,
            "root": signed.root.hex(),
            "time": signed.time,
            "note": signed.note,
        }
        replace_synced(self.path, json.dumps(content).encode())


class CheckpointSigner:
    def __init__(
        self,
        key: Signer,
        state: StateFile,
        trail: Trail,
        announce: Callable[[str], Awaitable[None]],
        *,
        adopt: bool = False,
        step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.key = key
        self.last: SignedCheckpoint | None = None
        self.stored: SignedCheckpoint | None = None
        """The last that the store is known to have."""
        self._state, self._trail, self._announce, self._adopt, self._step = (
            state,
            trail,
            announce,
            adopt,
            step,
        )
        self._unstored: SignedCheckpoint | None = None

    async def begin(self, tree: StoredTree) -> int:
        """Check the store against the last signature. Returns the size it covers. Raises RefusedError."""
        signed = self._state.read()
        if signed is None:
            signed = await self._without_state()
        if signed is None:
            return 0
        await self._covered(signed, tree)
        count = await self._trail.checkpoints.count(max(signed.number - 1, 0))
        if count < signed.number:
            raise RefusedError(
                f"the store has {count} checkpoints, {signed.number + 1} were signed: it was replaced by an older copy or cut. "
                "Restore the newer one; nothing is signed until then"
            )
        if count == signed.number:
            await self._store(signed)
        elif count > signed.number + 1:
            newest = await self._trail.checkpoints.at(count - 1)
            assert newest is not None
            log.warning(
                "signer_state_old",
                state=signed.size,
                store=newest.size,
                next="taking the newer one after checking it",
            )
            await self._covered(newest, tree)
            signed = newest
            self._state.write(signed)
        self.last = self.stored = signed
        return signed.size

    def rest(self) -> None:
        """Another signs now: what was signed is looked at anew before this one does."""
        self.last = self.stored = self._unstored = None

    async def _without_state(self) -> SignedCheckpoint | None:
        count = await self._trail.checkpoints.count()
        if count == 0 and await self._trail.entries.size() == 0:
            return None
        if not self._adopt:
            raise RefusedError(
                f"{self._state.path} is missing, but the store holds a trail: restore the file, or verify the trail against a checkpoint "
                "kept elsewhere (`fenghuo trail verify --since FILE`) and start once with FENGHUO_TRAIL_ADOPT=true"
            )
        newest = await self._trail.checkpoints.at(count - 1) if count else None
        log.warning("signer_state_adopted", size=newest.size if newest else 0)
        if newest is not None:
            self._state.write(newest)
        return newest

    async def _covered(self, signed: SignedCheckpoint, tree: StoredTree) -> None:
        """The store still has what was signed."""
        if signed.size and await self._trail.entries.at(signed.size - 1) is None:
            raise RefusedError(
                f"a trail of {signed.size} records was signed, the store no longer has the last of them: it was cut or replaced by an "
                "older copy. Restore the newer one; nothing is signed until then"
            )
        root = await tree.root(signed.size) if signed.size else EMPTY_ROOT
        if root != signed.root:
            raise RefusedError(
                f"the store's records do not make the root that was signed for {signed.size} of them: the trail was changed. "
                "`fenghuo trail verify` says where; nothing is signed until it is restored"
            )

    async def seal(self, size: int, root: bytes, now: datetime) -> None:
        """Sign, keep, store, announce."""
        if self._unstored is not None:
            await self._store(self._unstored)
        if self.last is not None and size < self.last.size:
            raise RefusedError(f"a trail of {self.last.size} was signed, {size} would take it back")
        note = Checkpoint(self.key.name, size, root, now).sign(self.key).write()
        signed = SignedCheckpoint(self.last.number + 1 if self.last else 0, size, root, rfc3339(now), note)
        self._state.write(signed)
        self.last = self._unstored = signed
        self._step("signed")
        await self._store(signed)
        await self._announce(note)

    async def _store(self, signed: SignedCheckpoint) -> None:
        try:
            await self._trail.checkpoints.insert(signed)
        except TakenError:
            # Our own insert, whose answer was lost, or another signer's.
            if await self._trail.checkpoints.at(signed.number) != signed:
                raise
        self.stored, self._unstored = signed, None
        self._step("checkpoint")
