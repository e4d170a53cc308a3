"""The page where someone lays down a receipt or an evidence bundle and sees the verdict.

Invariant: what is laid down is read once in memory and kept nowhere; the verdict is computed by the program
that travels in the bundles.
"""

import asyncio
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import APIRouter, Request, Response
from starlette.datastructures import UploadFile

from services.audit.evidence.bundle import verify
from services.audit.evidence.receipts import ReceiptAnswer, ReceiptError, answer, read_receipt
from services.audit.reading.reader import TrailReader
from services.audit.web.trail import READERS
from shared.directory import Directory
from shared.door import MB, doorway
from shared.language.catalogue import N_
from shared.problems import Problem
from shared.vocabulary import Language
from shared.web import Pages
from shared.web.names import Names

UPLOADED, UNPACKED = 16 * MB, 64 * MB
"""Bytes of a bundle as it comes, and of what it unpacks to: the whole audit lives in 384 MB."""
TOO_LARGE = N_("The file is too large to be checked here: use verify.py.")
log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LONGEST_WORDS, MOST_WORDS = 1_000, 200
"""Of one sentence of a verdict, and sentences: names in it are the bundle's own, and may be anything."""
NOTHING = N_("Choose an evidence bundle (zip), or paste a receipt.")


@dataclass(frozen=True)
class Shown:
    """A verdict in the reader's language."""

    holds: bool
    words: str
    proven: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    receipt: ReceiptAnswer | None = None


def check_router(
    reader: TrailReader,
    pages: Pages,
    key: Ed25519PublicKey,
    vkey: str,
    directory: Callable[[], Directory],
) -> APIRouter:
    """`key`: intake's, with which receipts are verified. `vkey`: the trail's own, with which bundles are."""
    router = pages.router()
    names = Names(directory)
    one_at_a_time = asyncio.Lock()

    @router.get("/check")
    async def ask(request: Request) -> Response:
        pages.admit(request, *READERS)
        return pages.show(request, "check.html", shown=None, names=names)

    @router.post("/check")
    @doorway(body_limit=UPLOADED)
    async def check(request: Request) -> Response:
        pages.admit_form(request, *READERS)
        language = pages.language(request)
        async with request.form(max_files=1, max_fields=4) as form, one_at_a_time:
            file, receipt = form.get("bundle"), form.get("receipt")
            content = await file.read() if isinstance(file, UploadFile) else b""
            shown = await asyncio.to_thread(_bundle, content, vkey, language) if content else None
        if shown is None:
            given = receipt if isinstance(receipt, str) and receipt.strip() else None
            shown = (
                await _receipt(reader, given, key, pages.zone, language)
                if given
                else Shown(False, pages.text(request, NOTHING))
            )
        return pages.show(request, "check.html", shown=shown, names=names)

    return router


def _bundle(content: bytes, vkey: str, language: Language) -> Shown:
    column = 0 if language is Language.EN else 1
    if _unpacked(content) > UNPACKED:
        raise Problem(413, N_("Too large"), TOO_LARGE)
    try:
        verdict = verify.check(io.BytesIO(content), vkey, [])
    except verify.BrokenError as error:
        return Shown(False, verify.HEADINGS["broken"][column] + error.words[column][:LONGEST_WORDS])
    except Exception as error:  # whatever a forger thought of ends in words, as in the verifier itself
        log.warning("bundle_unreadable", kind=type(error).__name__, error=str(error)[:LONGEST_WORDS])
        return Shown(False, f"{verify.HEADINGS['broken'][column]}{type(error).__name__}")
    proven, unproven, notes = (
        tuple(words[column][:LONGEST_WORDS] for words in part[:MOST_WORDS])
        for part in (verdict.proven, verdict.unproven, verdict.notes)
    )
    return Shown(True, verify.HEADINGS["holds"][column], proven, unproven, notes)


def _unpacked(content: bytes) -> int:
    """Bytes that a zip says it unpacks to; no more are ever taken from it. 0 for what is no zip: the verifier
    says so in words.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, ValueError, LookupError, OverflowError, NotImplementedError):
        return 0


async def _receipt(
    reader: TrailReader, text: str, key: Ed25519PublicKey, zone: ZoneInfo, language: Language
) -> Shown:
    try:
        answered = await answer(reader, read_receipt(text, key), zone)
    except ReceiptError as error:
        return Shown(False, str(error))
    return Shown(
        answered.record is not None, answered.en if language is Language.EN else answered.zh, receipt=answered
    )
