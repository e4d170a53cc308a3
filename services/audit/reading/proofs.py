"""Proofs that a record is in the trail and that a trail begins with an earlier one, and the tiles they are
made of.

Invariant: no proof and no tile reaches beyond the last signed checkpoint.
"""

import asyncio
from collections.abc import Sequence

from services.audit.reading.checkpoints import SignedCheckpoints
from services.audit.reading.seen import mark_seen
from services.audit.reading.views import ConsistencyProof, InclusionProof, NotInTrail, checkpoint_view
from services.audit.store.trail import Trail
from services.audit.store.tree import StoredTree
from shared.tlog import layout
from shared.tlog.layout import ENTRIES, TileId
from shared.tlog.merkle import EMPTY_ROOT, ProofError, inclusion_ranges, range_nodes
from shared.tlog.proof import tlog_proof

GONE = "record {} was signed and is no longer in the store: an alarm for whoever runs this trail"


class Proofs:
    def __init__(self, trail: Trail, checkpoints: SignedCheckpoints) -> None:
        self._entries, self._checkpoints = trail.entries, checkpoints
        self._tree = StoredTree(trail)

    async def tile(self, tile: TileId, read_size: int | None = None) -> bytes:
        """The bytes of a tile or an entry bundle. Raises NotInTrail beyond the last checkpoint. `read_size`: its
        size, where it was just read.
        """
        size = (await self._checkpoints.newest()).size if read_size is None else read_size
        if layout.width_in(tile.level, tile.number, size) < tile.width:
            raise NotInTrail(f"{layout.path_of(tile)}: the last checkpoint of {size} does not reach so far")
        if tile.level == ENTRIES:
            start = tile.number * layout.TILE_WIDTH
            entries = await self._entries.between(start, start + tile.width)
            mark_seen(entry.index for entry in entries)
            return layout.bundle_bytes([entry.rec for entry in entries])
        return layout.tile_bytes(await self._tree.tile(tile))

    async def inclusion(self, index: int, size: int | None = None) -> InclusionProof:
        signed = await self._checkpoints.newest()
        size = signed.size if size is None else size
        if not 0 <= index < size <= signed.size:
            raise NotInTrail(
                f"record {index} in a tree of {size}: the last checkpoint covers {signed.size} records, 0 to {signed.size - 1}"
            )
        entry, sealed = await asyncio.gather(self._entries.at(index), self._checkpoints.sealed_size())
        if entry is None:
            raise NotInTrail(GONE.format(index))
        hashes = await self._tree.inclusion(index, size)
        current = size == signed.size
        return InclusionProof(
            index=index,
            size=size,
            leaf=entry.leaf.hex(),
            root=(signed.root if current else await self._tree.root(size)).hex(),
            hashes=tuple(node_hash.hex() for node_hash in hashes),
            checkpoint=checkpoint_view(signed) if current else None,
            sealed=None if sealed is None else index < sealed,
            tlog_proof=tlog_proof(index, hashes, signed.note) if current else None,
        )

    async def proof_file(self, index: int) -> str:
        """A `.tlog-proof` under the sealed checkpoint where it covers the record, else under the newest; with
        the record's bytes.
        """
        sealed, entry = await self._checkpoints.sealed(), await self._entries.at(index)
        signed = sealed if sealed is not None and index < sealed.size else await self._checkpoints.newest()
        if not 0 <= index < signed.size:
            raise NotInTrail(f"record {index}: the last checkpoint covers {signed.size} records")
        return tlog_proof(
            index, await self._tree.inclusion(index, signed.size), signed.note, entry.rec if entry else None
        )

    async def paths(self, indexes: Sequence[int], size: int) -> list[list[bytes]]:
        """The bare hashes of inclusion proofs: what they share is read and hashed once."""
        wanted = [inclusion_ranges(index, size) for index in indexes]
        ranges = list(dict.fromkeys(span for path in wanted for span in path))
        roots = dict(zip(ranges, await self._tree.ranges(ranges, size), strict=True))
        return [[roots[span] for span in path] for path in wanted]

    async def peaks(self, leaves: int, size: int) -> list[bytes]:
        """The roots of the perfect subtrees that make the first `leaves` records, the largest first."""
        return await self._tree.ranges(
            [(node.number << node.level, node.number + 1 << node.level) for node in range_nodes(0, leaves)],
            size,
        )

    async def consistency(self, first: int, second: int | None = None) -> ConsistencyProof:
        signed = await self._checkpoints.newest()
        second = signed.size if second is None else second
        if not 0 <= first <= second <= signed.size:
            raise NotInTrail(f"from {first} to {second}: the last checkpoint covers {signed.size} records")
        try:
            hashes = await self._tree.consistency(first, second)
        except ProofError as error:
            raise NotInTrail(str(error)) from None
        return ConsistencyProof(
            first=first,
            second=second,
            first_root=(await self._root(first)).hex(),
            second_root=(await self._root(second)).hex(),
            hashes=tuple(node_hash.hex() for node_hash in hashes),
        )

    async def _root(self, size: int) -> bytes:
        return await self._tree.root(size) if size else EMPTY_ROOT
