"""What of a directory would not fit the broker: an object takes one key, and a key one message. Pure.

Invariant: what is named here is refused before anything is stored; how many objects there are is bounded by
the disk alone.
"""

from shared.directory.parts import PARTS, Ids, id_of, objects_of
from shared.directory.whole import Directory
from shared.facts.bounds import Frozen
from shared.lined_yaml import first_of
from shared.message import N_, Sayable, said

LARGEST_OBJECT = 300_000
"""Bytes of JSON; a fact about it has to fit the broker's 1 MB beside those who are told."""


def misfits(directory: Directory, ids: Ids | None = None) -> list[Sayable]:
    """Every object that is too large, and what to do; among these `ids` where they are given."""
    faults = [
        fault
        for what, part in PARTS.items()
        for value in (getattr(directory, part) if ids is None else objects_of(directory, part, ids))
        if (fault := _fault(what, value))
    ]
    return first_of(faults)


def _fault(kind: str, value: Frozen) -> Sayable | None:
    size = len(value.model_dump_json(exclude_none=True).encode())
    if size <= LARGEST_OBJECT:
        return None
    return said(
        N_(
            "%(kind)s %(value)s takes %(size)s bytes, more than %(largest_object)s: make it smaller, or two of it"
        ),
        kind=kind,
        value=id_of(value),
        size=size,
        largest_object=LARGEST_OBJECT,
    )
