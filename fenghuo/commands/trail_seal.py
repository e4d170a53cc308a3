"""`fenghuo trail seal-range`, `check-sealed`, `drop-range`: old records into sealed files, and out of the store.

Invariant: nothing leaves the store but by `drop-range`, run by its administrator, and never before the file was checked here, its making
is on record under a signed checkpoint, the records are old enough and nobody holds them.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fenghuo.answers import Exit, answer, fail, out
from fenghuo.client import call
from fenghuo.trail_source import Progressed, bar, bytes_of, pinned, vkey_text, with_source
from shared.vocabulary import Role

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from services.audit.log.note import Verifier
    from services.audit.retention.sealed_range import Manifest
    from services.audit.retention.sealed_read import SealedFolder

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Vkey = Annotated[
    str | None, typer.Option(help="The pinned public key, or a file with it. Default: FENGHUO_TRAIL_VKEY, else this machine's own.")
]
Sealed = Annotated[Path, typer.Argument(help="The folder of the sealed file.")]
KEEP = 183
"""Days: six months at the least, by the cybersecurity law."""


def seal_range(
    to: Annotated[Path, typer.Option("-o", "--to", help="The folder; must be empty or not there yet.")],
    before: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="All records the broker stored before this day (UTC).")
    ] = None,
    records: Annotated[str | None, typer.Option(help="Or FIRST-LAST, as in 0-99999; rounded inwards to whole bundles of 256.")] = None,
    mongo: Annotated[str | None, typer.Option(help="Read the store itself at this address.")] = None,
    on_record: Annotated[
        bool, typer.Option("--on-record/--not-on-record", help="Put it on record (role supervisor or discipline).")
    ] = True,
    vkey: Vkey = None,
    as_json: AsJson = False,
) -> None:
    """Write old records into a sealed file that proves itself, and put that on record. The store keeps them until `drop-range`."""
    from services.audit.checking.sources import dropped_of
    from services.audit.log import checkpoint
    from services.audit.retention import sealed_write as sealed_range_write
    from services.audit.retention.sealed_range import SealedRangeError
    from shared.facts import rfc3339

    if (before is None) == (records is None):
        fail(Exit.USAGE, "which records?", "give --before DATE or --records FIRST-LAST")
    if to.exists() and any(to.iterdir()):
        fail(Exit.USAGE, f"{to} is not empty", "name a new folder, so that nothing old is taken for part of the file")
    key, text = pinned(vkey), vkey_text(vkey)
    wanted = _range(records) if records is not None else None

    async def work(source: Any, progress: Progressed) -> "tuple[Manifest, str]":
        size = checkpoint.read(await source.checkpoint(), key).size
        start = max((one.end for one in await dropped_of(source)), default=0)
        if wanted is None:
            assert before is not None
            end = await sealed_range_write.first_at_or_after(source, start, size, rfc3339(before.replace(tzinfo=UTC)))
        else:
            start, end = wanted[0], min(wanted[1], size)
        start, end = sealed_range_write.whole_bundles(start, end)
        if start >= end:
            raise SealedRangeError(f"there is no whole bundle of 256 records among those asked for (the checkpoint covers {size})")
        return await sealed_range_write.seal(source, start, end, to, key, text, progress)

    try:
        manifest, digest = with_source(work, None, mongo, "sealing")
    except (SealedRangeError, checkpoint.CheckpointError) as error:
        fail(Exit.NO, str(error), "nothing was put on record; a folder without a manifest is no sealed file")
    _checked(to, key)
    result: dict[str, Any] = {"folder": str(to), "start": manifest.start, "end": manifest.end, "manifest": digest, "record": None}
    if on_record:
        said = {"manifest": manifest.model_dump(mode="json"), "digest": digest}
        result |= call("audit", "POST", "/api/v1/trail/sealed-ranges", role=Role.SUPERVISOR, json=said).json()
    answer(result, as_json=as_json, render=lambda _: _show(result))


def check_sealed(folder: Sealed, vkey: Vkey = None, as_json: AsJson = False) -> None:
    """Check a sealed file by itself: every byte, every record, and that the signed tree has them."""
    sealed = _checked(folder, pinned(vkey))
    result = {"holds": True, "start": sealed.manifest.start, "end": sealed.manifest.end, "manifest": sealed.digest}
    words = (
        f"[bold green]✓ the sealed file holds:[/] records {sealed.manifest.start} to {sealed.manifest.end - 1}, manifest {sealed.digest}"
    )
    answer(result, as_json=as_json, render=lambda _: out.print(words, highlight=False))


def drop_range(
    folder: Sealed,
    record: Annotated[int, typer.Option(help="The record that says it was sealed (`seal-range` names it).")],
    mongo: Annotated[str, typer.Option(envvar="FENGHUO_MONGO_ADMIN_URL", help="The store, as its administrator.")],
    keep_days: Annotated[int, typer.Option(min=KEEP, help="Records younger than this stay.")] = KEEP,
    vkey: Vkey = None,
    as_json: AsJson = False,
) -> None:
    """Take records that lie in a sealed file out of the store. Proofs go on as before; so do numbering, holds and redactions."""
    from services.audit.retention.drop import RefusedDrop
    from services.audit.store.trail import StoreError

    key = pinned(vkey)
    sealed = _checked(folder, key)
    try:
        with bar("dropping") as progress:
            stay = asyncio.run(drop(sealed, key, record, mongo, datetime.now(UTC), timedelta(days=keep_days), progress))
    except RefusedDrop as error:
        fail(Exit.NO, str(error), "nothing was removed")
    except StoreError as error:
        fail(Exit.UNREACHABLE, str(error), "repeat it: what was begun is finished, nothing is lost")
    manifest = sealed.manifest
    result = {"start": manifest.start, "end": manifest.end, "manifest": sealed.digest, "stay": stay}
    words = f"records {manifest.start} to {manifest.end - 1} have left the store but for {stay}; keep {folder} where archives are kept"
    answer(result, as_json=as_json, render=lambda _: out.print(words, highlight=False))


async def drop(
    sealed: "SealedFolder", key: "Verifier", fact: int, url: str, now: datetime, keep: timedelta, progress: Progressed = lambda _, __: None
) -> int:
    """Returns how many records stay. Raises RefusedDrop before anything is removed, StoreError."""
    from services.audit.keeping.redaction import Keeper
    from services.audit.log import checkpoint
    from services.audit.reading.reader import TrailReader
    from services.audit.reading.views import NotInTrail
    from services.audit.retention.drop import RangeDropper, RefusedDrop
    from services.audit.store.trail import Trail

    async def nobody() -> None:
        return None

    trail = Trail(url)
    dropper = RangeDropper(url, trail)
    try:
        reader = TrailReader(trail, vkey="", stream_last=nobody, sequencer=lambda: "not asked")
        try:
            signed = checkpoint.read((await reader.checkpoint()).note.encode(), key)
            proven = await reader.consistency(sealed.manifest.size, signed.size)
        except (NotInTrail, checkpoint.CheckpointError) as error:
            raise RefusedDrop(f"the store is not the trail of this sealed file: {error}") from None
        if proven.first_root != sealed.manifest.root:
            raise RefusedDrop(f"the store's tree of {sealed.manifest.size} records is not the one of this sealed file")
        await dropper.refuse(sealed, fact, signed.size, await Keeper(trail).refresh(signed.size), now, keep)
        return await dropper.drop(sealed, fact, now, progress)
    finally:
        dropper.close()
        trail.close()


def joined(source: Any, folders: list[Path]) -> Any:
    """The source together with sealed files, for `verify --sealed`."""
    from services.audit.checking.sources import SourceError
    from services.audit.retention.sealed_range import SealedRangeError
    from services.audit.retention.sealed_read import SealedFolder, SealedSource

    try:
        return SealedSource(source, [SealedFolder(folder) for folder in folders]) if folders else source
    except SealedRangeError as error:
        raise SourceError(str(error)) from None


def authorities(path: Path | None) -> "list[Certificate]":
    """The time-stamping authorities that are trusted."""
    from services.audit.stamps.stamp import certificates

    try:
        return certificates(bytes_of(path)) if path is not None else []
    except ValueError as error:
        fail(Exit.USAGE, f"{path} holds no certificates ({error})", "name a file in PEM form, as the authority publishes it")


def _checked(folder: Path, key: "Verifier") -> "SealedFolder":
    from services.audit.retention.sealed_range import SealedRangeError
    from services.audit.retention.sealed_read import SealedFolder, check

    try:
        sealed = SealedFolder(folder)
        with bar("checking") as progress:
            check(sealed, key, progress)
    except SealedRangeError as error:
        fail(Exit.NO, f"the sealed file does not hold: {error}", "take another copy of it from the archive; drop nothing")
    return sealed


def _range(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and last.isdecimal()) or int(first) > int(last):
        fail(Exit.USAGE, f"{text!r} is no range of records", "write FIRST-LAST, as in 0-99999")
    return int(first), int(last) + 1


def _show(result: dict[str, Any]) -> None:
    out.print(f"records {result['start']} to {result['end'] - 1} sealed in {result['folder']}", highlight=False)
    out.print(f"manifest {result['manifest']}", highlight=False)
    if result["record"] is not None:
        out.print(
            f"on record as {result['record']}: once a checkpoint covers it, `drop-range --record {result['record']}`", highlight=False
        )
