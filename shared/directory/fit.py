"""What of a directory would not fit the broker: an object takes one key, and a key one message. Pure.

Invariant: what is named here is refused before anything is stored; how many objects there are is bounded by
the disk alone.
"""

from shared.directory.parts import PARTS, Ids, id_of, objects_of
from shared.directory.whole import Directory
from shared.facts.bounds import Frozen
from shared.lined_yaml import first_of

LARGEST_OBJECT = 300_000
"""Bytes of JSON; a fact about it has to fit the broker's 1 MB beside those who are told."""


def misfits(directory: Directory, ids: Ids | None = None) -> list[str]:
    """Every object that is too large, and what to do; among these `ids` where they are given."""
    faults = [
        fault
        for what, part in PARTS.items()
        for value in (getattr(directory, part) if ids is None else objects_of(directory, part, ids))
        if (fault := _fault(what, value))
    ]
    return first_of(faults)


def _fault(kind: str, value: Frozen) -> str | None:
    size = len(value.model_dump_json(exclude_none=True).encode())
    if size <= LARGEST_OBJECT:
        return None
    return (
        f"{kind} {id_of(value)} takes {size} bytes, more than {LARGEST_OBJECT}: make it smaller, or two of it"
    )
