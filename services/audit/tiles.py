"""The public read path, exactly as C2SP tlog-tiles says: what it serves proves itself, so it needs no token.

Invariant: a tile once served under a path is served the same for ever (full ones are cached as immutable); no tile reaches
beyond the last checkpoint. Records hold digests and pseudonyms only: no personal data can be read here.
"""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from services.audit import layout
from services.audit.layout import ENTRIES, LayoutError, TileId
from services.audit.query import TrailReader
from services.audit.views import NotInTrail

_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_NOT_AT_ALL = {"Cache-Control": "no-cache"}


async def tile_content(reader: TrailReader, tile: TileId) -> bytes:
    """The bytes of a tile or an entry bundle. Raises NotInTrail beyond the last checkpoint."""
    size = (await reader.checkpoint()).size
    if layout.width_in(tile.level, tile.number, size) < tile.width:
        raise NotInTrail(f"{layout.path_of(tile)}: the last checkpoint of {size} does not reach so far")
    if tile.level == ENTRIES:
        start = tile.number * layout.TILE_WIDTH
        return layout.bundle_bytes([entry.rec for entry in await reader.stored(start, start + tile.width)])
    return layout.tile_bytes(await reader.tile(tile))


def tiles_router(reader: TrailReader, vkey: str) -> APIRouter:
    router = APIRouter(tags=["tlog-tiles"])

    @router.get("/checkpoint", response_class=PlainTextResponse)
    async def checkpoint() -> PlainTextResponse:  # pyright: ignore[reportUnusedFunction]
        """The last signed checkpoint, a C2SP signed note."""
        return PlainTextResponse((await reader.checkpoint()).note, headers=_NOT_AT_ALL)

    @router.get("/api/v1/trail/vkey", response_class=PlainTextResponse)
    async def verifier_key() -> PlainTextResponse:  # pyright: ignore[reportUnusedFunction]
        """The public key to pin. Take it once, by another way if you can, and keep it."""
        return PlainTextResponse(vkey + "\n")

    @router.get("/tile/{path:path}", response_class=Response)
    async def tile(path: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        """`/tile/<L>/<N>[.p/<W>]` and `/tile/entries/<N>[.p/<W>]`."""
        try:
            wanted = layout.parse_path(f"tile/{path}")
        except LayoutError as error:
            raise NotInTrail(str(error)) from None
        headers = _FOR_EVER if wanted.is_full else _NOT_AT_ALL
        return Response(await tile_content(reader, wanted), media_type="application/octet-stream", headers=headers)

    return router
