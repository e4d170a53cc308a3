"""The key the words of the search index are kept under: made once, and kept outside the store, so that the
store alone tells no words.

Invariant: lost, nothing is lost but the words' tiles: under a new key they are built anew, and the old ones
can't be read by anyone.
"""

import os
import secrets
from pathlib import Path

from services.audit.records.search_terms import Macs

_SIZE = 32


NAME = "audit/search.key"
"""Within the data folder."""


def stored_macs(path: Path) -> Macs | None:
    """With the key in this file, where there is one."""
    try:
        return Macs(bytes.fromhex(path.read_text()))
    except FileNotFoundError:
        return None


def macs_of(path: Path) -> Macs:
    """With the key in this file, which is made where there is none."""
    if (macs := stored_macs(path)) is not None:
        return macs
    path.parent.mkdir(parents=True, exist_ok=True)
    key = secrets.token_bytes(_SIZE)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key.hex())
        file.flush()
        os.fsync(file.fileno())
    return Macs(key)
