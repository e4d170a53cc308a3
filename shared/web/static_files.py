"""Style, script and sign of the pages: read once at the start, named by their digest, so that a browser may
keep them for ever.

Invariant: nothing but the files found at the start is ever served; no path from a request touches the disk.
"""

import hashlib
import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request, Response

from shared.door import doorway

PREFIX = "/static"
KEPT = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class StaticFile:
    content: bytes
    media_type: str
    version: str


class StaticFiles:
    def __init__(self, folders: Sequence[Path]) -> None:
        self._files = {
            path.name: _read(path)
            for folder in folders
            for path in sorted(folder.iterdir())
            if path.is_file()
        }

    def url(self, name: str) -> str:
        return f"{PREFIX}/{name}?v={self._files[name].version}"

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)

        @router.get(PREFIX + "/{name}")
        @doorway(is_open=True)
        async def static(name: str, request: Request) -> Response:
            file = self._files.get(name)
            if file is None:
                return Response(status_code=404)
            keep = KEPT if request.query_params.get("v") == file.version else "no-cache"
            headers = {
                "Cache-Control": keep,
                "X-Content-Type-Options": "nosniff",
                "Cross-Origin-Resource-Policy": "same-origin",
            }
            return Response(file.content, media_type=file.media_type, headers=headers)

        return router


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return StaticFile(content, media_type, hashlib.sha256(content).hexdigest()[:12])
