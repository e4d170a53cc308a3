"""Keeps the threads of a library from connecting to private addresses, at the moment they connect.

Invariant: a thread that is marked opens no connection to a private address, whichever library it runs and
whatever a name led to before: the interpreter asks before each connect and each datagram (PEP 578). Threads
that are not marked, and the loop, are left alone.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EACCES
from typing import Any, cast

from shared.reach import is_private

_marked = threading.local()
_hooked = threading.Event()


@contextmanager
def only_public() -> Iterator[list[str]]:
    """Marks this thread. Yields the private addresses that it was kept from."""
    if not _hooked.is_set():
        _hooked.set()
        sys.addaudithook(_ask)  # for good: there is no way to take one away
    refused: list[str] = []
    _marked.refused = refused
    try:
        yield refused
    finally:
        del _marked.refused


def _ask(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in ("socket.connect", "socket.sendto"):
        return
    refused: list[str] | None = getattr(_marked, "refused", None)
    if refused is None:
        return
    address = cast(object, arguments[1])
    host = str(cast(tuple[object, ...], address)[0]) if isinstance(address, tuple) else str(address)
    try:
        private = is_private(host)
    except ValueError:  # a name or a path: nobody knows where it leads
        private = True
    if private:
        refused.append(host)
        raise PermissionError(EACCES, "a private address")
