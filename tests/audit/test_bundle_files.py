"""The files of a case lie in its bundle, and its verifier lays each beside the hash on record."""

import asyncio
import hashlib
import io
import zipfile
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

from services.audit.evidence.bundle import verify
from services.audit.evidence.bundle.make import Bundles
from shared.facts import Actor, CaseAct, Fact, FileRef
from shared.files.kinds import FileType
from shared.files.store import FileDamagedError, FileEntry, FileStore
from shared.vocabulary import Kind, Role
from tests.audit.made import MadeTrail
from tests.audit.story import a_story
from tests.audit.test_bundle import Files, bundles, fault_of, signed_anew, verdict_on
from tests.intake.pictures import png

SHEET, CLIP = png(size=20) + b"x" * 200_000, b"%PDF-1.7 minutes"


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class KeptFiles(FileStore):
    """A store in memory, as far as a bundle asks it."""

    def __init__(self, *contents: bytes) -> None:
        self.contents = {hash_of(content): content for content in contents}

    async def entry(self, sha256: str) -> FileEntry | None:
        content = self.contents.get(sha256)
        if content is None:
            return None
        kind = FileType.PNG if content.startswith(b"\x89PNG") else FileType.PDF
        return FileEntry(name=sha256, nuid="x", size=len(content), chunks=1, metadata={"type": kind.value})

    async def read(self, entry: FileEntry) -> AsyncGenerator[bytes]:
        content = self.contents[entry.name]
        yield content[:1000]
        if hash_of(content) != entry.name:
            raise FileDamagedError(entry.name)
        yield content[1000:]


def a_trail() -> tuple[str, MadeTrail]:
    case, facts = a_story()
    by = Actor(principal="officer", role=Role.DUTY_OFFICER)
    refs = (
        FileRef(sha256=hash_of(SHEET), name="签收表.png", type="image/png", bytes=len(SHEET)),
        FileRef(sha256=hash_of(CLIP), name="minutes.pdf", type="application/pdf", bytes=len(CLIP)),
    )
    at = facts[-1][1] + timedelta(seconds=9)
    followed = Fact.of(
        Kind.FOLLOWED_UP,
        id="follow",
        source="/services/intake",
        subject=case,
        time=at,
        data=CaseAct(by=by, text="已发放到户", files=refs),
    )
    return case, MadeTrail([*facts, (followed, at)])


CASE, TRAIL = a_trail()


def bundle_with(store: FileStore, *, redacted: bool = False) -> Files:
    made = bundles(TRAIL)
    made = Bundles(made.reader, made.directory, made.zone, made.origin, made.sign, store)
    with zipfile.ZipFile(io.BytesIO(asyncio.run(made.make(CASE, redacted=redacted)))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def said(verdict: verify.Verdict) -> str:
    return " ".join(en for en, _ in (*verdict.proven, *verdict.notes))


def test_the_files_of_a_case_are_in_its_bundle_and_proven_by_their_hashes(tmp_path: Path) -> None:
    files = bundle_with(KeptFiles(SHEET, CLIP))
    assert files[f"files/{hash_of(SHEET)}.png"] == SHEET
    assert "2 of the 2 files that the records name are here" in said(verdict_on(files, tmp_path, TRAIL.key))
    page = files["timeline.zh.html"].decode()
    assert "签收表.png" in page
    assert hash_of(SHEET) in page


def test_an_altered_file_is_found_even_where_the_list_was_made_again(tmp_path: Path) -> None:
    files = bundle_with(KeptFiles(SHEET, CLIP))
    files[f"files/{hash_of(CLIP)}.pdf"] += b"!"
    assert "is not the file that record" in fault_of(files, tmp_path, TRAIL.key)
    signed_anew(files, TRAIL.key)
    assert "minutes.pdf" in fault_of(files, tmp_path, TRAIL.key)
    files = bundle_with(KeptFiles(SHEET, CLIP))
    files[f"files/{hash_of(b'other')}.pdf"] = b"other"
    signed_anew(files, TRAIL.key)
    assert "no record of the case names it" in fault_of(files, tmp_path, TRAIL.key)


def test_a_file_that_is_gone_damaged_or_left_out_is_named(tmp_path: Path) -> None:
    damaged = KeptFiles(CLIP)
    damaged.contents[hash_of(SHEET)] = SHEET[:-1]
    for files in (
        bundle_with(damaged),
        bundle_with(KeptFiles(CLIP)),
    ):
        words = said(verdict_on(files, tmp_path, TRAIL.key))
        assert "1 of the 2 files" in words
        assert f"not in the bundle; its hash on record is {hash_of(SHEET)}" in words
    files = bundle_with(KeptFiles(SHEET, CLIP), redacted=True)
    assert not [name for name in files if name.startswith("files/")]
    assert hash_of(CLIP) in said(verdict_on(files, tmp_path, TRAIL.key))
