"""Whether a trail is the one its witnesses saw: the check that finds a forged trail, whole in itself and
signed with the stolen key.

Invariant: a cosignature counts only by a key pinned here, over a checkpoint whose root is that of the records
as they are now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from services.audit.checking.sources import SourceError, TrailSource
from shared.tlog import checkpoint, cosignature, note, tile_roots
from shared.tlog.checkpoint import Checkpoint, CheckpointError
from shared.tlog.cosignature import Witness
from shared.tlog.layout import LayoutError
from shared.tlog.note import NoteError, Verifier


@dataclass(frozen=True)
class Witnessed:
    """`size`: records under the newest checkpoint that a quorum cosigned. `times`: witness → when it last
    cosigned it, POSIX seconds.
    """

    quorum: int
    size: int
    times: dict[str, int]
    faults: tuple[str, ...] = ()

    @property
    def is_met(self) -> bool:
        return bool(self.times)

    def words(self) -> str:
        if not self.is_met:
            return f"no checkpoint carries the cosignatures of {self.quorum} of the witnesses given: all rests on the trail's own key alone"
        at = {name.partition("+")[0]: datetime.fromtimestamp(time, UTC) for name, time in self.times.items()}
        who = ", ".join(f"{name} ({time:%Y-%m-%d %H:%M:%S}Z)" for name, time in at.items())
        return f"{self.size} records were seen so by {who}"


async def check(
    source: TrailSource,
    key: Verifier,
    witnesses: Sequence[Witness],
    quorum: int,
    *,
    kept: bytes | None = None,
    sealed: bytes | None,
) -> Witnessed:
    """`kept`: an earlier checkpoint of the caller's own: what it carries of the witnesses nobody can take out
    of the store.
    `sealed`: of `Source.sealed_checkpoint`. Raises CheckpointError where the trail's own checkpoint does not
    hold.
    """
    best, faults = Witnessed(quorum, 0, {}), list[str]()
    newest_raw = await source.checkpoint()
    newest = checkpoint.read(newest_raw, key)
    for raw in (newest_raw, *(note_kept for note_kept in (sealed, kept) if note_kept)):
        try:
            signed = checkpoint.read(raw, key)
            times = cosignature.cosigned(note.parse(raw), witnesses)
        except (CheckpointError, NoteError) as error:
            faults.append(str(error))
            continue
        if times and (fault := await _cosigned_fault(source, signed, newest, times)):
            faults.append(fault)
        elif len(times) >= quorum and signed.size >= best.size:
            best = Witnessed(quorum, signed.size, times)
    return Witnessed(quorum, best.size, best.times, tuple(dict.fromkeys(faults)))


async def _cosigned_fault(
    source: TrailSource, signed: Checkpoint, newest: Checkpoint, times: dict[str, int]
) -> str:
    """The fault in words, empty where the records now make the root that was cosigned."""
    names = ", ".join(name.partition("+")[0] for name in times)
    if signed.size > newest.size:
        return f"{names} cosigned {signed.size} records, the trail shows {newest.size}: it was cut or replaced by an older copy"
    try:
        root = await tile_roots.root(source.tile, signed.size, newest.size)
    except (SourceError, LayoutError) as error:
        return f"what {names} cosigned can't be compared: {error}"
    if root != signed.root:
        return (
            f"the first {signed.size} records are not those {names} cosigned: the trail was made anew with its own key after they "
            "were seen; "
            f"the root was {signed.root.hex()}, these records make {root.hex()}"
        )
    return ""
