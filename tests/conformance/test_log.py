"""The log as a stranger sees it who has the specifications, its URL and its key."""

import gzip
import random
import time
from urllib.parse import unquote

import pytest

from tests.conformance.verifier.checkpoint import open_checkpoint
from tests.conformance.verifier.log import Monitor
from tests.conformance.verifier.proof import read_proof
from tests.conformance.verifier.tiles import ENTRIES, WIDTH, Tile, bundles, tile_of, tiles
from tests.conformance.verifier.tree import consistency_path, inclusion_path, leaf_hash, verify_inclusion
from tests.conformance.verifier.witness import Witness, cosignature, request
from tests.lab import until


async def test_checkpoints_grow_and_each_is_consistent_with_all_before(monitor: Monitor) -> None:
    sizes = [checkpoint.size for checkpoint in monitor.seen]
    assert sizes == sorted(set(sizes))
    assert sizes[0] == 0
    assert sizes[-1] > 2 * WIDTH
    assert not any(checkpoint.extensions for checkpoint in monitor.seen)


async def test_every_entry_gives_its_leaf_and_the_leaves_every_tile_and_the_root(monitor: Monitor) -> None:
    entries = await monitor.entries(monitor.seen[-1])
    assert len(set(entries)) == len(entries) == monitor.seen[-1].size


async def test_every_entry_is_proven_from_tiles(monitor: Monitor) -> None:
    for checkpoint in monitor.seen:
        tree = await monitor.tree(checkpoint.size)
        for index in {0, 1, 254, 255, 256, 257, checkpoint.size // 2, checkpoint.size - 1}:
            if 0 <= index < checkpoint.size:
                path = inclusion_path(index, checkpoint.size, tree.subtree)
                verify_inclusion(
                    index, checkpoint.size, tree.subtree(index, index + 1), path, checkpoint.root
                )


async def test_tiles_of_each_checkpointed_size_stay_as_they_were(monitor: Monitor) -> None:
    """A partial tile is the beginning of every wider one; it may go once its full tile is there, and must not
    before.
    """
    now = monitor.seen[-1].size
    for checkpoint in monitor.seen:
        for tile in (*tiles(checkpoint.size), *bundles(checkpoint.size)):
            later = _widest(tile, now)
            answer = await monitor.http.get(tile.path)
            if answer.status_code != 200:
                assert (answer.status_code, tile.width < WIDTH, later.width) == (404, True, WIDTH), tile.path
                continue
            assert (await monitor.get(later.path)).startswith(answer.content), tile.path


def _widest(tile: Tile, size: int) -> Tile:
    level = 0 if tile.level == ENTRIES else int(tile.level)
    return tile_of(level, tile.number * WIDTH, size)._replace(level=tile.level)


async def test_what_is_not_there_is_not_served(monitor: Monitor) -> None:
    size = monitor.seen[-1].size
    last, width = divmod(size, WIDTH)
    rows = (0, ENTRIES)
    absent = [
        Tile(level, last, wider).path for level in rows for wider in (width + 1, width + 2, WIDTH - 1, WIDTH)
    ]
    absent += [Tile(level, last + 1, wider).path for level in rows for wider in (1, WIDTH)]
    absent += [
        Tile(1, 0, last + 1).path,
        Tile(1, 0, WIDTH).path,
        Tile(1, 1, 1).path,
        Tile(2, 0, 1).path,
        Tile(63, 0, 1).path,
    ]
    for path in absent:
        assert (await monitor.http.get(path)).status_code == 404, path


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000",
        "tile/0/x000/000",
        "tile/0/000/000",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/-1",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/1/",
        "tile/0/+00",
        "tile/0/00%30",
        "tile/0/٠٠٠",
        "tile/00/000",
        "tile/+0/000",
        "tile/-1/000",
        "tile/64/000.p/1",
        "tile/0/",
        "tile/0",
        "tile/entries",
        "tile/entries/x000/000",
        "tile/data/000",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/999",
    ],
)
async def test_each_resource_has_one_path(monitor: Monitor, path: str) -> None:
    answer = await monitor.http.get(path)
    assert answer.status_code in (400, 404) or (path == "tile/0/00%30" and answer.status_code == 200), (
        answer.status_code
    )


async def test_no_other_path_serves_anything(monitor: Monitor) -> None:
    """Paths near the true ones: whatever is served stands at a path some checkpointed size names, and nothing
    is an error of the log's.
    """
    size = monitor.seen[-1].size
    named = {tile.path for older in range(size + 1) for tile in (*tiles(older), *bundles(older))}
    chance = random.Random(6962)
    some = sorted(named)
    for _ in range(300):
        path, at = (word := chance.choice(some)), chance.randrange(5, len(word) + 1)
        path = (
            path[:at]
            + chance.choice(["", "0", "1", "x", "/", ".", ".p/", "%2e", "%00", "%0a", "é", "-", "?", " "])
            + path[at + chance.randrange(2) :]
        )
        answer = await monitor.http.get(path)
        assert answer.status_code < 500, path
        # A space at the end the client drops; one newline there passes every router that ends its pattern
        # with `$`.
        assert answer.status_code != 200 or unquote(path.partition("?")[0]).rstrip(" \n") in named, path
        if answer.status_code != 200:
            assert "immutable" not in answer.headers.get("cache-control", ""), path


async def test_the_checkpoint_served_carries_its_cosignature(monitor: Monitor) -> None:
    (witness,) = monitor.witnesses

    async def cosigned() -> int | None:
        sealed = await monitor.checkpoint()
        assert sealed.checkpoint.size == monitor.seen[-1].size
        return sealed.cosigned.get(witness.name)

    stamp = await until(cosigned, what="the witness's cosignature is served")
    assert stamp is not None
    assert abs(stamp - time.time()) < 60


async def test_a_proof_file_proves_its_entry(monitor: Monitor, auditor: dict[str, str]) -> None:
    entries = await monitor.entries(monitor.seen[-1])
    for index in (0, 255, 256, len(entries) - 1):
        answer = await monitor.http.get(
            "api/v1/trail/proof/inclusion.tlog-proof", params={"index": index}, headers=auditor
        )
        proof = read_proof(answer.content)
        checkpoint = open_checkpoint(
            proof.checkpoint, monitor.origin, monitor.log, monitor.witnesses
        ).checkpoint
        assert proof.index == index
        verify_inclusion(proof.index, checkpoint.size, leaf_hash(entries[index]), proof.path, checkpoint.root)


async def test_types_and_caching_are_as_specified(monitor: Monitor) -> None:
    checkpoint = await monitor.http.get("checkpoint")
    assert checkpoint.headers["content-type"] == "text/plain; charset=utf-8"
    assert _longest(checkpoint.headers["cache-control"]) <= 5
    size = monitor.seen[-1].size
    for tile in (*tiles(size), *bundles(size)):
        answer = await monitor.http.get(tile.path)
        assert answer.headers["content-type"] == "application/octet-stream", tile.path
        assert _longest(answer.headers["cache-control"]) >= 3600, tile.path
        assert "immutable" in answer.headers["cache-control"], tile.path


def _longest(cache_control: str) -> int:
    """Seconds for which a cache may keep the answer."""
    names = [one.strip() for one in cache_control.split(",")]
    if "no-store" in names or "no-cache" in names:
        return 0
    return next(int(name.removeprefix("max-age=")) for name in names if name.startswith("max-age="))


async def test_entry_bundles_are_compressed_for_whom_asks_and_plain_for_others(monitor: Monitor) -> None:
    path = Tile(ENTRIES, 0, WIDTH).path
    async with monitor.http.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join([part async for part in answer.aiter_raw()])
        assert answer.headers["content-encoding"] == "gzip"
        assert "accept-encoding" in answer.headers["vary"].lower()
    for plainly in ("identity", "gzip;q=0, identity", "br"):
        plain = await monitor.http.get(path, headers={"Accept-Encoding": plainly})
        assert "content-encoding" not in plain.headers
    assert gzip.decompress(packed) == plain.content
    assert len(packed) < len(plain.content) // 2


async def test_the_read_path_is_for_reading(monitor: Monitor) -> None:
    for path in ("checkpoint", "tile/0/000", "tile/entries/000"):
        asked, whole = await monitor.http.head(path), await monitor.http.get(path)
        assert (asked.status_code, asked.content) == (200, b""), path
        assert asked.headers["content-type"] == whole.headers["content-type"]
        for method in ("POST", "PUT", "DELETE"):
            assert (await monitor.http.request(method, path)).status_code == 405, (method, path)
    for path in ("checkpoints", "tiles/0/000", "entries/000"):
        assert (await monitor.http.get(path)).status_code == 404, path


async def test_an_entry_is_found_by_its_hash_alone(monitor: Monitor) -> None:
    entries = await monitor.entries(monitor.seen[1])
    first = await monitor.get(Tile(0, 0, len(entries)).path)
    assert first == b"".join(leaf_hash(entry) for entry in entries)


async def test_a_witness_cosigns_the_log_size_by_size_with_proofs_from_its_tiles(
    log_witness: Witness, monitor: Monitor
) -> None:
    tree, old = await monitor.tree(monitor.seen[-1].size), 0
    for checkpoint, note in zip(monitor.seen, monitor.notes, strict=True):
        path = consistency_path(old, checkpoint.size, tree.subtree)
        answer = await log_witness.http.post("add-checkpoint", content=request(old, path, note))
        assert cosignature(answer, note, log_witness.key)
        cosigned = open_checkpoint(note + answer.content, monitor.origin, monitor.log, [log_witness.key])
        assert (cosigned.checkpoint, list(cosigned.cosigned)) == (checkpoint, [log_witness.key.name])
        old = checkpoint.size
