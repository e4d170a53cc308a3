"""Paths, bundles, notes and checkpoints: what is written is read again, and nothing else is."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.bootstrap import note_key
from shared.tlog import checkpoint, layout, note
from shared.tlog.checkpoint import Checkpoint, CheckpointError
from shared.tlog.layout import LayoutError, TileId
from shared.tlog.note import NoteError, Signer, Verifier

SKEY, VKEY = note_key("fenghuo.test")
SIGNER, VERIFIER = Signer.read(SKEY), Verifier.read(VKEY)
AT = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)
SIGNED = Checkpoint("fenghuo.test", 3, bytes(range(32)), AT).sign(SIGNER).write()

tiles = st.builds(TileId, st.integers(-1, 63), st.integers(0, 10**12), st.integers(1, 256))


@given(tiles)
def test_each_tile_has_one_path(tile: TileId) -> None:
    assert layout.parse_path(layout.path_of(tile)) == tile


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (TileId(0, 0), "tile/0/000"),
        (TileId(0, 1234067), "tile/0/x001/x234/067"),
        (TileId(1, 5, 17), "tile/1/005.p/17"),
        (TileId(layout.ENTRIES, 1067, 9), "tile/entries/x001/067.p/9"),
    ],
)
def test_paths_are_spelled_as_tlog_tiles_says(tile: TileId, path: str) -> None:
    assert layout.path_of(tile) == path


@pytest.mark.parametrize(
    "path",
    [
        "", "tile/0/0", "tile/0/1234", "tile/0/x000/067", "tile/00/000", "tile/64/000", "tile/0/000.p/0", "tile/0/000.p/256",
        "tile/0/000.p/007", "tile/0/001/067",
        "tile/x/000", "tile/0/../000", "tile/entries/000.p/", "/tile/0/000", "tile/0/٠٠٠", "tile/0/000\n",
    ],
)  # fmt: skip
def test_no_other_spelling_is_taken(path: str) -> None:
    with pytest.raises(LayoutError):
        layout.parse_path(path)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_holds_its_records(records: list[bytes]) -> None:
    content = layout.bundle_bytes(records)
    assert layout.bundle_records(content, len(records)) == records
    for wrong in (content[:-1], content + b"\0", content + b"\0\0"):
        with pytest.raises(LayoutError):
            layout.bundle_records(wrong, len(records))


def test_a_record_too_long_for_a_bundle_is_refused() -> None:
    layout.bundle_bytes([bytes(65_535)])
    with pytest.raises(LayoutError):
        layout.bundle_bytes([bytes(65_536)])


def test_a_tile_of_the_wrong_length_is_refused() -> None:
    assert layout.tile_hashes(bytes(64), 2) == [bytes(32)] * 2
    for wrong in (b"", bytes(63), bytes(96)):
        with pytest.raises(LayoutError):
            layout.tile_hashes(wrong, 2)


def test_a_checkpoint_is_read_as_it_was_signed() -> None:
    assert checkpoint.read(SIGNED.encode(), VERIFIER) == Checkpoint("fenghuo.test", 3, bytes(range(32)), AT)


def test_the_note_format_is_c2sps() -> None:
    """The example of the C2SP specification's Go implementation (golang.org/x/mod/sumdb/note)."""
    peter = Verifier.read("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    raw = (
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    assert peter.signed(note.parse(raw.encode()))


@given(st.integers(0, len(SIGNED.encode()) - 1), st.integers(1, 255))
def test_no_byte_of_a_checkpoint_can_be_changed(at: int, flip: int) -> None:
    raw = bytearray(SIGNED.encode())
    raw[at] ^= flip
    with pytest.raises(CheckpointError):
        checkpoint.read(bytes(raw), VERIFIER)


def test_a_checkpoint_by_another_key_is_refused() -> None:
    skey, _ = note_key("fenghuo.test")
    forged = Checkpoint("fenghuo.test", 3, bytes(32), AT).sign(Signer.read(skey)).write()
    with pytest.raises(CheckpointError, match="pinned key"):
        checkpoint.read(forged.encode(), VERIFIER)


@pytest.mark.parametrize(
    "body",
    [
        "fenghuo.other\n3\n{root}\ntime 2026-11-01T03:00:00Z\n", "fenghuo.test\n03\n{root}\ntime 2026-11-01T03:00:00Z\n",
        "fenghuo.test\n-3\n{root}\ntime 2026-11-01T03:00:00Z\n", "fenghuo.test\n3\nAAAA\ntime 2026-11-01T03:00:00Z\n",
        "fenghuo.test\n3\n{root}\n", "fenghuo.test\n3\n{root}\ntime then\n", "fenghuo.test\n3\n\n{root}\n",
    ],
)  # fmt: skip
def test_what_is_signed_but_no_checkpoint_is_refused(body: str) -> None:
    raw = SIGNER.sign(body.format(root=base64.b64encode(bytes(32)).decode())).write().encode()
    with pytest.raises(CheckpointError):
        checkpoint.read(raw, VERIFIER)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n\n- me AAAAAAAA\n",
        "t\n\n— me AAAA\n".encode(),
        b"t\x01\n\n",
        b"\xff\n\n",
    ],
)
def test_what_is_no_note_is_refused(raw: bytes) -> None:
    with pytest.raises(NoteError):
        note.parse(raw)


@pytest.mark.parametrize(
    "vkey",
    ["", "a+b+c", VKEY[:-4], VKEY.replace("fenghuo", "fenghua"), SKEY],
    ids=["nothing", "not a key", "cut off", "another name", "private"],
)
def test_what_is_no_key_is_refused(vkey: str) -> None:
    with pytest.raises(NoteError):
        Verifier.read(vkey)
