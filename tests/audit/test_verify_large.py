"""Tampering anywhere in two hundred thousand records is located to the record; how far behind the trail is,
is told.
"""

import random
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from fenghuo.bootstrap import note_key
from fenghuo.trail_source import source_at
from services.audit.checking.sources import FolderSource
from services.audit.checking.verify import verify
from services.audit.records.record import Rec
from services.audit.writing.pace import CatchUpPace
from shared.facts import rfc3339
from shared.tlog import layout, merkle
from shared.tlog.checkpoint import Checkpoint
from shared.tlog.layout import ENTRIES, TileId
from shared.tlog.merkle import TILE_WIDTH, Edge, leaf_hash
from shared.tlog.note import Signer, Verifier

AT = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)
SIZE = 200_000
CASES = 997
SKEY, VKEY = note_key("fenghuo.test")


def record(index: int) -> bytes:
    return Rec(
        actor="0" * 32, broker=rfc3339(AT + timedelta(milliseconds=index)), case=f"C{index % CASES}", claimed=None, created=rfc3339(AT),
        digest="0" * 64, epoch=1, form="fact", index=index, ingested=rfc3339(AT), message_id=f"m{index}", number=index // CASES + 1,
        previous=index - CASES if index >= CASES else None, sequence=index + 1, stream="FACTS", subject="fact.1.acknowledged",
    ).write()  # fmt: skip


def write(folder: Path, tile: TileId, content: bytes) -> None:
    path = folder / layout.path_of(tile)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def exported(folder: Path) -> None:
    """A trail of SIZE records as `fenghuo trail export` writes it, without payloads."""
    edge = Edge()
    for number in range(-(-SIZE // TILE_WIDTH)):
        records = [
            record(index) for index in range(number * TILE_WIDTH, min(SIZE, (number + 1) * TILE_WIDTH))
        ]
        write(folder, TileId(ENTRIES, number, len(records)), layout.bundle_bytes(records))
        for raw in records:
            for tile in edge.append(leaf_hash(raw)):
                write(folder, TileId(tile.level, tile.number), layout.tile_bytes(tile.hashes))
    for level, row in enumerate(edge.rows):
        if row:
            write(
                folder,
                TileId(level, edge.size >> (merkle.TILE_HEIGHT * (level + 1)), len(row)),
                layout.tile_bytes(row),
            )
    (folder / "checkpoint").write_text(
        Checkpoint("fenghuo.test", SIZE, edge.root(), AT).sign(Signer.read(SKEY)).write()
    )


async def test_tampering_anywhere_in_200000_records_is_located_to_the_record(tmp_path: Path) -> None:
    exported(tmp_path)
    source, key = FolderSource(tmp_path), Verifier.read(VKEY)
    verdict = await verify(source, key, payloads=False)
    assert (verdict.faults, verdict.checked) == ([], SIZE)
    chosen = sorted(random.Random().sample(range(SIZE), 12))
    for index in chosen:
        number = index // TILE_WIDTH
        tile = TileId(ENTRIES, number, layout.width_in(0, number, SIZE))
        path = tmp_path / layout.path_of(tile)
        records = layout.bundle_records(path.read_bytes(), tile.width)
        records[index % TILE_WIDTH] = records[index % TILE_WIDTH].replace(b"acknowledged", b"acknowledgeD")
        path.write_bytes(layout.bundle_bytes(records))
    verdict = await verify(source, key, payloads=False)
    assert [fault.index for fault in verdict.faults] == chosen
    assert {fault.words for fault in verdict.faults} == {
        "the record is not the one that was signed: it was altered"
    }
    assert [fault.case for fault in verdict.faults] == [f"C{index % CASES}" for index in chosen]
    by_two = await verify(source, key, payloads=False, opener=partial(source_at, tmp_path, None), processes=2)
    assert by_two == verdict


def test_catching_up_says_how_far_behind_how_fast_and_until_when() -> None:
    now = AT
    pace = CatchUpPace(lambda: now)
    pace.stream_has(1_000_000)
    pace.recorded(0)
    assert (pace.behind, pace.left, pace.words()) == (1_000_000, None, "1000000 facts behind")
    now += timedelta(seconds=10)
    pace.recorded(40_000)
    assert (
        pace.words()
        == "catching up: 960000 facts behind, 4000 a second, done about 2026-11-01T03:04:10+00:00"
    )
    assert (pace.worth_a_line(), pace.worth_a_line()) == (True, False)
    now += timedelta(seconds=240)
    pace.recorded(1_000_000)
    assert (pace.behind, pace.words()) == (0, "")
