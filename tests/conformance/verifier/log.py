"""A monitor of one log over HTTP: it believes a checkpoint only, and everything else by it.

`grow` accepts a checkpoint if it is signed, its tiles give its root, and they prove it consistent with every
one accepted before.
"""

import asyncio
from collections.abc import Sequence

import httpx2

from tests.conformance.verifier.checkpoint import Checkpoint, Sealed, open_checkpoint
from tests.conformance.verifier.note import Key
from tests.conformance.verifier.strict import Refused
from tests.conformance.verifier.tiles import Tile, Tree, bundles, read_bundle, read_tile, tiles
from tests.conformance.verifier.tree import consistency_path, leaf_hash, tree_hash, verify_consistency


class Monitor:
    """`prefix` is the log's URL prefix."""

    def __init__(self, prefix: str, origin: str, log: Sequence[Key], witnesses: Sequence[Key] = ()) -> None:
        self.http = httpx2.AsyncClient(base_url=prefix, timeout=10)
        self.origin, self.log, self.witnesses = origin, log, witnesses
        self.seen: list[Checkpoint] = []
        self.notes: list[bytes] = []

    async def checkpoint(self) -> Sealed:
        return open_checkpoint(await self.get("checkpoint"), self.origin, self.log, self.witnesses)

    async def get(self, path: str) -> bytes:
        answer = await self.http.get(path)
        if answer.status_code != 200:
            raise Refused(f"{path}: {answer.status_code}")
        return answer.content

    async def tree(self, size: int) -> Tree:
        """The tree of a checkpointed size with all its tiles read beforehand (a test log is small)."""
        all_tiles = list(tiles(size))
        held = dict(
            zip(all_tiles, await asyncio.gather(*(self.get(tile.path) for tile in all_tiles)), strict=True)
        )
        return Tree(size, held.__getitem__)

    async def grow(self) -> Sealed:
        sealed = await self.checkpoint()
        now = sealed.checkpoint
        tree = await self.tree(now.size)
        if tree.root() != now.root:
            raise Refused(f"the tiles of size {now.size} give another root than its checkpoint")
        for before in self.seen:
            path = consistency_path(before.size, now.size, tree.subtree)
            verify_consistency(before.size, now.size, before.root, now.root, path)
        self.seen.append(now)
        self.notes.append(sealed.note)
        return sealed

    async def entries(self, checkpoint: Checkpoint) -> list[bytes]:
        """All entries, each tile of every level checked against them."""
        wanted: list[Tile] = list(bundles(checkpoint.size))
        raw = await asyncio.gather(*(self.get(bundle.path) for bundle in wanted))
        entries = [
            entry for bundle, one in zip(wanted, raw, strict=True) for entry in read_bundle(one, bundle.width)
        ]
        leaves = [leaf_hash(entry) for entry in entries]
        for tile in tiles(checkpoint.size):
            assert isinstance(tile.level, int)
            span = 256**tile.level
            first = tile.number * 256
            expected = [
                tree_hash(leaves[i * span : (i + 1) * span]) for i in range(first, first + tile.width)
            ]
            if read_tile(await self.get(tile.path), tile.width) != expected:
                raise Refused(f"{tile.path} does not hold the hashes of its entries")
        if tree_hash(leaves) != checkpoint.root:
            raise Refused("the entries give another root than the checkpoint")
        return entries
