"""Reading a log as C2SP tlog-tiles publishes it: its checkpoint, and hashes of its tree worked out from its tiles.

Invariant: nothing read here is believed: hashes either lead to a signed root or they don't.
"""

from collections.abc import Awaitable, Callable, Iterable

import httpx

from services.audit import layout, merkle
from services.audit.layout import CHECKPOINT_PATH, LayoutError, TileId
from services.audit.merkle import Node

_OK = 200
_CHECKPOINT_LIMIT = 256 * 1024

FetchTile = Callable[[TileId], Awaitable[bytes]]


class UnreadableError(RuntimeError):
    """The log did not answer, or not with what was asked. Says what."""


class LogReader:
    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client, self._url = client, url

    async def _get(self, path: str, limit: int) -> bytes:
        content = b""
        try:
            async with self._client.stream("GET", f"{self._url}/{path}") as response:
                if response.status_code != _OK:
                    raise UnreadableError(f"{self._url}/{path} answers {response.status_code}")
                async for part in response.aiter_bytes():
                    content += part
                    if len(content) > limit:
                        raise UnreadableError(f"{self._url}/{path} is longer than it can be")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnreadableError(f"{self._url}/{path}: {error or type(error).__name__}") from None
        return content

    async def checkpoint(self) -> bytes:
        return await self._get(CHECKPOINT_PATH, _CHECKPOINT_LIMIT)

    async def tile(self, tile: TileId) -> bytes:
        return await self._get(layout.path_of(tile), tile.width * merkle.HASH_SIZE)


async def range_roots(fetch: FetchTile, ranges: Iterable[tuple[int, int]], size: int) -> list[bytes]:
    """The roots of ranges of leaves within the tree of `size`, from its tiles. Raises UnreadableError for a tile of a wrong length."""
    tiles: dict[tuple[int, int], list[bytes]] = {}
    wanted = [merkle.range_nodes(start, end) for start, end in ranges]
    for node in (node for nodes in wanted for node in nodes):
        key = layout.tile_of(node)
        if key not in tiles:
            tile = TileId(*key, layout.width_in(*key, size))
            try:
                tiles[key] = layout.tile_hashes(await fetch(tile), tile.width)
            except LayoutError as error:
                raise UnreadableError(f"{layout.path_of(tile)}: {error}") from None

    def hash_of(node: Node) -> bytes:
        return layout.node_in(node, tiles[layout.tile_of(node)])

    return [merkle.join([hash_of(node) for node in nodes]) for nodes in wanted]


async def consistency(fetch: FetchTile, first: int, second: int) -> list[bytes]:
    """The proof that the tree of `second` begins with that of `first`; empty where none is needed."""
    if first in (0, second):
        return []
    return await range_roots(fetch, merkle.consistency_ranges(first, second), second)


async def root(fetch: FetchTile, size: int, within: int) -> bytes:
    """The root of the first `size` leaves, in the tree of `within`."""
    if size == 0:
        return merkle.EMPTY_ROOT
    (found,) = await range_roots(fetch, [(0, size)], within)
    return found
