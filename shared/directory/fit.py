"""What of a directory would not fit the broker: an object takes one key, and a key one message. Pure.

Invariant: what is named here is refused before anything is stored; how many objects there are is bounded by the disk alone.
"""

from collections.abc import Iterable

from shared.directory.changes import PARTS, id_of
from shared.directory.whole import Directory
from shared.facts.bounds import Frozen
from shared.facts.directory import Change

LARGEST_OBJECT = 300_000
"""Bytes of JSON; a fact about it has to fit the broker's 1 MB beside those who are told."""


def misfits(directory: Directory) -> list[str]:
    """Every object that is too large, and what to do."""
    return [fault for what, part in PARTS.items() for value in getattr(directory, part) if (fault := _fault(what, value))]


def too_large(changes: Iterable[Change]) -> list[str]:
    """The same of what changes put."""
    puts = ((one.op.removeprefix("put_"), one) for one in changes if one.op.startswith("put_"))
    return [fault for what, one in puts if (fault := _fault(what, getattr(one, what)))]


def _fault(what: str, value: Frozen) -> str | None:
    size = len(value.model_dump_json(exclude_none=True).encode())
    if size <= LARGEST_OBJECT:
        return None
    return f"{what} {id_of(value)} takes {size} bytes, more than {LARGEST_OBJECT}: make it smaller, or two of it"
