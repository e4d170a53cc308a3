"""The page where someone lays down a receipt or an evidence bundle and sees the verdict.

Invariant: what is laid down is read once in memory and kept nowhere; the verdict is computed by the program that travels in the bundles.
"""

import asyncio
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import APIRouter, Request, Response
from starlette.datastructures import UploadFile

from services.audit.api import READERS
from services.audit.bundle import verify
from services.audit.reading.reader import TrailReader
from services.audit.receipts.answer import ReceiptAnswer, ReceiptError, answer, read_receipt
from shared.directory import Directory
from shared.problems import Problem
from shared.tokens import Gate
from shared.vocabulary import Language
from shared.web import Pages
from shared.web.languages import N_
from shared.web.names import Names

BYTES = 64 * 1024 * 1024
TOO_LARGE = N_("The file is too large to be checked here: use verify.py.")
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
    gate: Gate,
    zone: ZoneInfo,
    secure: bool,
    clock: Callable[[], datetime],
    key: Ed25519PublicKey,
    *,
    directory: Directory | None = None,
) -> APIRouter:
    """`key`: intake's, with which receipts are verified."""
    pages = Pages("explorer", gate, zone, secure=secure, folder=Path(__file__).parent, clock=clock)
    router = pages.router()
    names = Names(directory)

    @router.get("/check")
    async def ask(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        pages.admit(request, *READERS)
        return pages.show(request, "check.html", shown=None, names=names)

    @router.post("/check")
    async def check(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        pages.admit_form(request, *READERS)
        if int(request.headers.get("content-length") or BYTES + 1) > BYTES:
            raise Problem(413, "Invalid request", TOO_LARGE)
        language = pages.language(request)
        async with request.form(max_files=1, max_fields=4) as form:
            file, receipt = form.get("bundle"), form.get("receipt")
            content = await file.read() if isinstance(file, UploadFile) else b""
        if content:
            shown = await asyncio.to_thread(_bundle, content, (await reader.state()).vkey, language)
        elif isinstance(receipt, str) and receipt.strip():
            shown = await _receipt(reader, receipt, key, zone, language)
        else:
            shown = Shown(False, pages.text(request, NOTHING))
        return pages.show(request, "check.html", shown=shown, names=names)

    return router


def _bundle(content: bytes, vkey: str, language: Language) -> Shown:
    said = 0 if language is Language.EN else 1
    try:
        verdict = verify.check(io.BytesIO(content), vkey, [])
    except verify.BrokenError as error:
        return Shown(False, verify.HEADINGS["broken"][said] + error.words[said])
    proven, unproven, notes = (tuple(words[said] for words in part) for part in (verdict.proven, verdict.unproven, verdict.notes))
    return Shown(True, verify.HEADINGS["holds"][said], proven, unproven, notes)


async def _receipt(reader: TrailReader, text: str, key: Ed25519PublicKey, zone: ZoneInfo, language: Language) -> Shown:
    try:
        found = await answer(reader, read_receipt(text, key), zone)
    except ReceiptError as error:
        return Shown(False, str(error))
    return Shown(found.record is not None, found.en if language is Language.EN else found.zh, receipt=found)
