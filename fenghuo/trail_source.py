"""Where `fenghuo trail` takes the public key and the trail from: pinned here, read there.

Invariant: the key never comes from where the trail comes from.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import httpx2
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from fenghuo.answers import Exit, err, fail
from fenghuo.client import service_url, token_for
from fenghuo.places import secrets_folder
from fenghuo.speech import also, worded
from shared.secrets import SecretFile
from shared.settings import Settings
from shared.vocabulary import Role

if TYPE_CHECKING:
    from shared.tlog.note import Verifier

Vkey = Annotated[
    str | None,
    typer.Option(
        help="The pinned public key, or a file with it. Default: FENGHUO_TRAIL_VKEY, else this machine's own."
    ),
]

T = TypeVar("T")
Progressed = Callable[[int, int], None]


def vkey_text(vkey: str | None) -> str:
    text = vkey or os.environ.get("FENGHUO_TRAIL_VKEY")
    if text is None:
        path = secrets_folder(Settings()) / SecretFile.TRAIL_VERIFY
        if not path.exists():
            fail(
                Exit.USAGE,
                worded("no public key to check against"),
                worded("give --vkey (the line the operator gave you, or a file with it)"),
            )
        return path.read_text().strip()
    return text.strip() if "+" in text else bytes_of(Path(text)).decode(errors="replace").strip()


def pinned(vkey: str | None) -> "Verifier":
    from shared.tlog.note import NoteError, Verifier

    try:
        return Verifier.read(vkey_text(vkey))
    except NoteError as error:
        fail(
            Exit.USAGE, str(error), worded("give --vkey (the line the operator gave you, or a file with it)")
        )


def before_text(before: str | None, vkey: str | None) -> str | None:
    """Of the key of the trail before: the one given; else, where this machine's own trail is checked (no
    `vkey`), the one that `fenghuo trail begin` kept here; None for neither.
    """
    if before is not None:
        return vkey_text(before)
    if vkey is not None or "FENGHUO_TRAIL_VKEY" in os.environ:
        return None
    kept = secrets_folder(Settings()) / f"trail-{trail_number() - 1}.vkey"
    return kept.read_text().strip() if kept.exists() else None


def pinned_before(before: str | None, vkey: str | None) -> "Verifier | None":
    from shared.tlog.note import NoteError, Verifier

    text = before_text(before, vkey)
    try:
        return Verifier.read(text) if text is not None else None
    except NoteError as error:
        fail(
            Exit.USAGE,
            str(error),
            worded(
                "give --follows (the line the operator gave you when that trail was new, or a file with it)"
            ),
        )


def bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        fail(
            Exit.USAGE,
            f"{path}: {also(error.strerror or str(error))}",
            worded("see that the file is there and can be read"),
        )


def with_source(
    work: Callable[[Any, Progressed], Awaitable[T]], folder: Path | None, mongo: str | None, what: str
) -> T:
    """Do `work` on the one source that was asked for, with a bar of progress."""
    from services.audit.checking.sources import SourceError, TrailUnreachable

    if folder is not None and mongo is not None:
        fail(
            Exit.USAGE,
            worded("--dir and --mongo exclude each other"),
            worded("name one place to read the trail from"),
        )

    async def run() -> T:
        async with source_at(folder, mongo) as source:
            with bar(what) as progress:
                return await work(source, progress)

    try:
        return asyncio.run(run())
    except TrailUnreachable as error:
        fail(
            Exit.UNREACHABLE,
            str(error),
            worded("see that it runs and that FENGHUO_TOKEN has role auditor (`fenghuo doctor`)"),
        )
    except SourceError as error:
        fail(Exit.NO, str(error), worded("run `fenghuo trail verify`: it says what is missing"))


def trail_number() -> int:
    """Which trail of the installation of this data folder is written; an ended one is read by
    FENGHUO_TRAIL_NUMBER.
    """
    from services.audit.writing.succession import Succession

    named = os.environ.get("FENGHUO_TRAIL_NUMBER")
    return int(named) if named else Succession.read(Settings().data_dir / "audit").number


@asynccontextmanager
async def source_at(folder: Path | None, mongo: str | None) -> AsyncIterator[Any]:
    """The one that was asked for: a folder, the store, else the running service."""
    from services.audit.checking.sources import FolderSource, ServiceSource
    from services.audit.reading.source import StoreSource

    if folder is not None:
        yield FolderSource(folder)
    elif mongo is not None:
        from services.audit.reading.reader import TrailReader
        from services.audit.store.trail import Trail

        trail = Trail(mongo, trail_number())
        try:
            yield StoreSource(TrailReader(trail))
        finally:
            trail.close()
    else:
        headers = {"Authorization": f"Bearer {token_for(Role.AUDITOR)}"}
        async with httpx2.AsyncClient(base_url=service_url("audit"), headers=headers, timeout=60) as client:
            yield ServiceSource(client)


@contextmanager
def bar(what: str) -> Iterator[Progressed]:
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
