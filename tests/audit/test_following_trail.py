"""A trail that follows an ended one holds a note by that one's key, which whoever checks it looks at."""

import base64
from pathlib import Path

import pytest
from msgspec.structs import replace

from fenghuo.bootstrap import note_key
from services.audit.checking.sources import FolderSource
from services.audit.checking.verify import Verdict, verify
from services.audit.records.record import FOLLOWING_VERSION, Rec
from shared.facts import rfc3339
from shared.tlog import layout
from shared.tlog.checkpoint import Checkpoint
from shared.tlog.ended import end_note
from shared.tlog.layout import ENTRIES, TileId
from shared.tlog.merkle import Edge, leaf_hash
from shared.tlog.note import Signer, Verifier
from tests.audit.test_verify_large import AT, write

ROOT = bytes(range(32))
OLD, OLD_VKEY = note_key("fenghuo.test")
NEW, NEW_VKEY = note_key("fenghuo.test/2")
OTHER, OTHER_VKEY = note_key("fenghuo.test")
"""Somebody else's, of the same name."""


def exported(folder: Path, follows: str | None) -> None:
    """A trail of one record, soundly signed by the new key."""
    record = Rec(
        actor="0" * 32, broker=rfc3339(AT), case="C", claimed=None, created=rfc3339(AT), digest="0" * 64, epoch=1, form="fact", index=0,
        ingested=rfc3339(AT), message_id="m", number=1, previous=None, sequence=1, stream="FACTS", subject="fact.1.acknowledged",
    )  # fmt: skip
    record = (record if follows is None else replace(record, follows=follows, v=FOLLOWING_VERSION)).write()
    edge = Edge()
    list(edge.append(leaf_hash(record)))
    write(folder, TileId(ENTRIES, 0, 1), layout.bundle_bytes([record]))
    write(folder, TileId(0, 0, 1), layout.tile_bytes(edge.rows[0]))
    (folder / "checkpoint").write_text(
        Checkpoint("fenghuo.test/2", 1, edge.root(), AT).sign(Signer.read(NEW)).write()
    )


async def checked(folder: Path, before: str | None = OLD_VKEY) -> Verdict:
    old = Verifier.read(before) if before else None
    return await verify(FolderSource(folder), Verifier.read(NEW_VKEY), payloads=False, before=old)


def the_end(signed_by: str = OLD, size: int = 7, names: str = NEW_VKEY) -> str:
    return end_note(Signer.read(signed_by), size, ROOT, names).write()


async def test_the_end_of_the_trail_before_is_told_and_its_signature_checked(tmp_path: Path) -> None:
    exported(tmp_path, the_end())
    verdict = await checked(tmp_path)
    assert verdict.faults == []
    assert verdict.follows is not None
    assert (verdict.follows.name, verdict.follows.size, verdict.follows.root) == ("fenghuo.test", 7, ROOT)
    assert (await checked(tmp_path, before=None)).follows == verdict.follows, (
        "whose key is not known is told all the same"
    )


@pytest.mark.parametrize(
    ("note", "says"),
    [
        pytest.param(the_end().replace("\n7\n", "\n5\n"), "the note was altered", id="cut shorter"),
        pytest.param(the_end(OTHER), "was not signed by the key given", id="by another key of the same name"),
        pytest.param(the_end(names=OTHER_VKEY), "has named another key", id="of another trail that followed"),
        pytest.param(end_note(Signer.read(OLD), 7, b"", NEW_VKEY).write(), "no root", id="without a root"),
        pytest.param(
            Signer.read(OLD).sign("fenghuo trail ended\n").write(),
            "no note about the end",
            id="without anything",
        ),
        pytest.param("nothing", "no signatures", id="no note"),
        pytest.param(None, "does not say that it follows another trail", id="taken away"),
    ],
)
async def test_a_forged_end_is_found_however_soundly_the_rest_is_signed(
    tmp_path: Path, note: str | None, says: str
) -> None:
    exported(tmp_path, note)
    faults = (await checked(tmp_path)).faults
    assert [(fault.index, says in fault.words) for fault in faults] == [(0, True)], faults
    assert base64.b64encode(ROOT).decode() in the_end()
