"""The public read path, exactly as C2SP tlog-tiles says: what it serves proves itself, so it needs no token.

Invariant: a tile once served under a path is served the same for ever, a partial one too (its width is in the
path), so all are cached as immutable; no tile reaches beyond the last checkpoint. Records hold digests and
pseudonyms only: no personal data here.
"""

import asyncio
import gzip
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import PlainTextResponse, Response

from services.audit.reading.reader import TrailReader
from services.audit.reading.views import NotInTrail
from shared.bodies import sends
from shared.door import doorway
from shared.door.compression import takes_gzip
from shared.http_fields import Words
from shared.tlog import layout
from shared.tlog.layout import ENTRIES, LayoutError

_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_NOT_AT_ALL = {"Cache-Control": "no-cache"}


async def packed(content: bytes, accepts: str) -> tuple[bytes, dict[str, str]]:
    """The body and its headers: gzip for a client that takes it (half of a bundle), plain for any other."""
    headers = {**_FOR_EVER, "Vary": "Accept-Encoding"}
    if not takes_gzip(accepts):
        return content, headers
    # A fixed time: the same bytes each time, for whoever compares copies.
    return await asyncio.to_thread(gzip.compress, content, 5, mtime=0), {
        **headers,
        "Content-Encoding": "gzip",
    }


def tiles_router(reader: TrailReader, vkey: str) -> APIRouter:
    router = APIRouter(tags=["tlog-tiles"])

    @router.head("/checkpoint", include_in_schema=False)
    @router.get("/checkpoint", response_class=PlainTextResponse)
    @doorway(is_open=True)
    async def checkpoint() -> PlainTextResponse:
        """The last signed checkpoint, a C2SP signed note."""
        return PlainTextResponse((await reader.checkpoints.newest()).note, headers=_NOT_AT_ALL)

    @router.get("/api/v1/trail/checkpoint/sealed", response_class=PlainTextResponse)
    @doorway(is_open=True)
    async def sealed(quorum: Annotated[int | None, Query(ge=1, le=16)] = None) -> PlainTextResponse:
        """The newest checkpoint that so many witnesses cosigned, with their lines."""
        signed = await reader.checkpoints.sealed(quorum)
        if signed is None:
            raise NotInTrail(
                "no checkpoint has been cosigned by so many witnesses (FENGHUO_WITNESSES names them)"
            )
        return PlainTextResponse(signed.note, headers=_NOT_AT_ALL)

    @router.get("/api/v1/trail/vkey", response_class=PlainTextResponse)
    @doorway(is_open=True)
    async def verifier_key() -> PlainTextResponse:
        """The public key to pin. Take it once, by another way if you can, and keep it."""
        return PlainTextResponse(vkey + "\n")

    @router.head("/tile/{path:path}", include_in_schema=False)
    @router.get("/tile/{path:path}", response_class=Response, responses=sends("application/octet-stream"))
    @doorway(is_open=True)
    async def tile(path: Words, accept_encoding: Annotated[Words, Header()] = "") -> Response:
        """`/tile/<L>/<N>[.p/<W>]` and `/tile/entries/<N>[.p/<W>]`."""
        try:
            tile_id = layout.parse_path(f"tile/{path}")
        except LayoutError as error:
            raise NotInTrail(str(error)) from None
        content, headers = await reader.proofs.tile(tile_id), _FOR_EVER
        if tile_id.level == ENTRIES:
            content, headers = await packed(content, accept_encoding)
        return Response(content, media_type="application/octet-stream", headers=headers)

    return router
