"""Reading a log over HTTP as C2SP tlog-tiles publishes it. Nothing read here is believed (tile_roots.py)."""

import httpx2

from shared.tlog import layout, merkle
from shared.tlog.layout import CHECKPOINT_PATH, TileId

_OK = 200
_CHECKPOINT_LIMIT = 256 * 1024


class UnreadableError(RuntimeError):
    """The log did not answer, or not with what was asked. Says what."""


class LogReader:
    def __init__(self, client: httpx2.AsyncClient, url: str) -> None:
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
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise UnreadableError(f"{self._url}/{path}: {error or type(error).__name__}") from None
        return content

    async def checkpoint(self) -> bytes:
        return await self._get(CHECKPOINT_PATH, _CHECKPOINT_LIMIT)

    async def tile(self, tile: TileId) -> bytes:
        return await self._get(layout.path_of(tile), tile.width * merkle.HASH_SIZE)
