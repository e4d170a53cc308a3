"""The key the words of the search index are kept under: made once, and kept outside the store, so that the
store alone tells no words.

Invariant: lost, nothing is lost but the words' tiles: under a new key they are built anew, and the old ones
can't be read by anyone.
"""

import secrets
from pathlib import Path

from services.audit.records.search_terms import Macs
from shared.synced_files import write_new

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
    write_new(path, key.hex().encode())
    return Macs(key)
