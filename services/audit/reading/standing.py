"""How the trail stands now: what is signed and sealed, how far it is behind the broker, and who keeps it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from services.audit.reading.checkpoints import SignedCheckpoints
from services.audit.reading.views import NotInTrail, State, WitnessView, checkpoint_view
from services.audit.records.stored import SignedCheckpoint
from services.audit.store.trail import Trail
from shared.tlog.merkle import EMPTY_ROOT


class TrailStanding:
    """`stream_last`: the last sequence of FACTS. `sequencer`: what it does, in words."""

    def __init__(
        self,
        trail: Trail,
        checkpoints: SignedCheckpoints,
        vkey: str,
        stream_last: Callable[[], Awaitable[int | None]],
        sequencer: Callable[[], str],
    ) -> None:
        self.vkey = vkey
        self._trail, self._checkpoints = trail, checkpoints
        self._stream_last, self._sequencer = stream_last, sequencer

    async def state(self) -> State:
        try:
            signed: SignedCheckpoint | None = await self._checkpoints.newest()
        except NotInTrail:
            signed = None
        server = await self._trail.server()
        last = await self._stream_last()
        size = signed.size if signed else 0
        return State(
            size=size,
            root=(signed.root if signed else EMPTY_ROOT).hex(),
            checkpoint=checkpoint_view(signed) if signed else None,
            origin=self.vkey.partition("+")[0],
            vkey=self.vkey,
            stream_last=last,
            behind=None if last is None else max(0, last - size),
            sequencer=self._sequencer(),
            sealed=await self._checkpoints.sealed_size(),
            witnesses=tuple(
                [
                    await self._witness(witness.name, witness.id)
                    for witness in self._checkpoints.cosigned.witnesses.values()
                ]
            ),
            store=server.name,
            product=server.product,
            replica_set=server.replica_set,
            retained=not server.embedded,
        )

    async def _witness(self, name: str, key: str) -> WitnessView:
        last = await self._checkpoints.cosigned.last_of(key)
        return WitnessView(
            name=name, size=last and last.size, time=datetime.fromtimestamp(last.time, UTC) if last else None
        )
