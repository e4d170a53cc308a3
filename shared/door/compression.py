"""What a service answers goes out compressed to a client that takes it: pages, JSON, style and scripts.

Invariant: live streams and what is compressed already pass untouched; nothing of an answer is kept longer
than it takes to pack it, so that no answer needs more memory for it.
"""

from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.datastructures import Headers
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipResponder, IdentityResponder

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Any]

TINY = 1_000
"""Bytes; a shorter answer fits into one packet as it is."""
LEVEL = 6
AS_THEY_ARE = (
    *DEFAULT_EXCLUDED_CONTENT_TYPES,
    "application/jsonl",  # exports: a verifier on the same machine would pay twice
    "application/octet-stream",
    "application/ofd",
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "image/*",
)


def takes_gzip(accepts: str) -> bool:
    """By its `Accept-Encoding`."""
    codings = [coding.partition(";") for coding in accepts.lower().replace(" ", "").split(",")]
    takes = {name: quality.rstrip("0.") != "q=" for name, _, quality in codings}
    return takes.get("gzip", takes.get("*", False))


class Compression:
    """ASGI middleware."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if takes_gzip(Headers(scope=scope).get("accept-encoding", "")):
            responder = GZipResponder(self._app, TINY, LEVEL, exclude_content_types=AS_THEY_ARE)
        else:
            responder = IdentityResponder(self._app, TINY, exclude_content_types=AS_THEY_ARE)
        await responder(scope, receive, send)
