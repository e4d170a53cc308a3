"""Sealed files over HTTP: what has left for them, which anybody may know; and that one was made, put on record.

Invariant: the fact comes from whoever made the file, with their name; the audit looks whether range and times are those of its own records.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from fastapi import APIRouter, Request
from ulid import ULID

from services.audit.reading.reader import TrailReader
from services.audit.reading.views import NotInTrail
from services.audit.records.record import Rec
from services.audit.retention.sealed_range import Digest, Manifest, is_range
from services.audit.retention.store import Dropped
from shared.bodies import form_of, takes
from shared.door import MB, doorway
from shared.facts import Actor, Fact, Frozen, Given
from shared.facts.retention import SealedRange
from shared.problems import Problem
from shared.subjects import fact_subject
from shared.tokens import Gate
from shared.vocabulary import Kind, Role

MAY_SEAL = (Role.SUPERVISOR, Role.DISCIPLINE)
"""Those who read all; the auditor among them changes nothing."""
SOURCE = "/services/audit"
_KEY = "trail"
MANIFEST_LIMIT = 4 * MB
"""Bytes of a manifest with its digest."""
Publish = Callable[[str, bytes, str], Awaitable[int]]
"""(subject, fact, message id) → the fact's sequence."""


class SealedForm(Given):
    manifest: Manifest
    digest: Digest


class SealedAnswer(Frozen):
    record: int
    """The record that says so, once a checkpoint covers it."""


def retention_router(reader: TrailReader, gate: Gate, publish: Publish, clock: Callable[[], datetime]) -> APIRouter:
    router = APIRouter(prefix="/api/v1/trail", tags=["sealed files"])

    @router.get("/sealed-ranges")
    @doorway(is_open=True)
    async def ranges() -> tuple[Dropped, ...]:  # pyright: ignore[reportUnusedFunction]
        """Which records lie in which sealed file and no longer here."""
        return tuple(await reader.sealed_ranges())

    @router.post("/sealed-ranges", status_code=201, openapi_extra=takes(SealedForm))
    @doorway(body_limit=MANIFEST_LIMIT)
    async def sealed(request: Request) -> SealedAnswer:  # pyright: ignore[reportUnusedFunction]
        """Put on record that these records lie in a sealed file too. From then on the store's administrator may drop them."""
        by = gate.admit(request, *MAY_SEAL).actor()
        said = await _said(reader, by, await form_of(request, SealedForm))
        fact_id, now = str(ULID.from_datetime(clock())), clock()
        raw = Fact.of(Kind.SEALED_RANGE, id=fact_id, source=SOURCE, subject=None, time=now, data=said).write()
        return SealedAnswer(record=await publish(fact_subject(_KEY, Kind.SEALED_RANGE), raw, fact_id) - 1)

    return router


async def _said(reader: TrailReader, by: Actor, form: SealedForm) -> SealedRange:
    manifest = form.manifest
    signed = await reader.checkpoint()
    if not is_range(manifest.start, manifest.end) or manifest.end > signed.size:
        raise NotInTrail(f"records {manifest.start} to {manifest.end} are no whole bundles below the checkpoint of {signed.size}")
    if form.digest != manifest.digest():
        raise _wrong("digest", "it is not the SHA-256 of this manifest")
    ends = [await reader.stored(at, at + 1) for at in (manifest.start, manifest.end - 1)]
    first, last = (Rec.read(entry.rec).broker for (entry,) in ends)
    if (manifest.first_at, manifest.last_at) != (first, last):
        raise _wrong("manifest", f"records {manifest.start} and {manifest.end - 1} were stored at {first} and {last}, not when it says")
    proven = await reader.consistency(manifest.size) if manifest.size <= signed.size else None
    if proven is None or proven.first_root != manifest.root:
        raise _wrong("manifest", f"its checkpoint of {manifest.size} records is not one of this trail")
    return SealedRange(
        by=by,
        start=manifest.start,
        end=manifest.end,
        manifest=form.digest,
        checkpoint=manifest.size,
        first_at=datetime.fromisoformat(first),
        last_at=datetime.fromisoformat(last),
    )


def _wrong(field: str, words: str) -> Problem:
    return Problem(422, "Invalid request", f"{field}: {words}.", errors=[(field, words)])
