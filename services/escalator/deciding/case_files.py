"""The files that facts of a case name are kept with it, for whoever looks at the case.

Invariant: a content stands once, as it was named first; what does not fit any more is said, and stays on record
in its fact.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from services.escalator.deciding.draft import Draft
from shared.case.file import CaseFile
from shared.facts import EffectKind, FileRef, Reason
from shared.facts.file import MOST_FILES_OF_A_CASE, origin_of
from shared.vocabulary import Kind

UNNAMED = "file"
UNKNOWN_TYPE = "application/octet-stream"


def keep_files(draft: Draft, files: Iterable[FileRef], kind: Kind, by: str) -> None:
    there = {file.sha256: file for file in draft.case.files}
    for file in files:
        known = there.get(file.sha256)
        if known is not None and known.origin is None and file.from_record is not None:
            there[file.sha256] = replace(known, origin=origin_of(file))
        there.setdefault(
            file.sha256,
            CaseFile(
                sha256=file.sha256,
                name=file.name or UNNAMED,
                type=file.type or UNKNOWN_TYPE,
                bytes=file.bytes or 0,
                sequence=draft.sequence,
                kind=kind,
                at=draft.now,
                by=by,
                origin=origin_of(file),
            ),
        )
    kept = tuple(there.values())[:MOST_FILES_OF_A_CASE]
    if kept == draft.case.files:
        return
    if len(kept) < len(there):
        draft.note(EffectKind.LEFT_OUT, Reason.FILES_FULL, note=str(len(there) - len(kept)))
    draft.change(files=kept)
