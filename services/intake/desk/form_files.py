"""A form of the desk with files in it, as a browser sends it without any script.

Invariant: a file that has come in is stored at once, and the form names it from then on: where the form comes
back with a fault, the file need not be chosen again. A file that is not taken is a fault of its field, and nothing
else that was filled in is lost by it.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from fastapi import Request

from services.intake.files.keeping import IncomingFiles
from services.intake.files.multipart import MOST_FIELDS, SEND_FEWER, form_with_files
from shared.door.body import too_large
from shared.door.ways import BODY_LIMIT
from shared.facts import FileRef
from shared.facts.file import MOST_FILES, SHA256
from shared.fault_texts import Fault
from shared.message import N_, said
from shared.problems import Problem

FILES, KEPT, STRIP = "files", "kept_file", "strip"
_KEPT = re.compile(rf"({SHA256.strip('^$')}) (.+)")
NOT_KEPT = N_("%(name)s: %(why)s")


@dataclass(frozen=True)
class DeskForm:
    values: dict[str, str]
    files: tuple[FileRef, ...] = ()
    """Stored, and named by the form."""
    faults: tuple[Fault, ...] = ()

    def check(self) -> None:
        """Raises Problem 422 where a file was not taken."""
        if self.faults:
            raise Problem(422, N_("Invalid request"), self.faults[0][1], errors=self.faults)


async def read_form(request: Request, files: IncomingFiles, principal: str) -> DeskForm:
    """Raises Problem 400, 413, 429, 503."""
    content_type = request.headers.get("content-type", "")
    if not content_type.startswith("multipart/form-data"):
        pairs = parse_qsl(
            (await _short_body(request)).decode("utf-8", "replace"), True, max_num_fields=MOST_FIELDS
        )
        return DeskForm(_joined(pairs), tuple(_kept(pairs))[:MOST_FILES])
    with files.place(principal):
        form = await form_with_files(request.stream(), content_type, files.folder)
        try:
            strip = any(name == STRIP for name, _ in form.values)
            refs, faults = _kept(form.values), list[Fault]()
            for one in form.files:
                if len(refs) >= MOST_FILES:
                    faults.append((FILES, SEND_FEWER))
                    break
                try:
                    if one.fault is not None:
                        raise one.fault
                    refs.append(await files.keep(one.spool, one.name, principal, strip=strip))
                except Problem as problem:
                    faults.append((FILES, said(NOT_KEPT, name=one.name[:80], why=problem.detail)))
            return DeskForm(_joined(form.values), tuple(refs), tuple(faults))
        finally:
            form.close()


async def _short_body(request: Request) -> bytes:
    """Of a form without files."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_LIMIT:
            raise too_large(BODY_LIMIT)
    return bytes(body)


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Several of one name joined by commas."""
    values: dict[str, str] = {}
    for name, value in pairs:
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def _kept(pairs: list[tuple[str, str]]) -> list[FileRef]:
    """What an earlier try of this form has brought; whether it has, is asked where the form is taken."""
    found = (_KEPT.fullmatch(value[:400]) for name, value in pairs if name == KEPT)
    return [FileRef(sha256=one[1], name=one[2]) for one in found if one is not None]
