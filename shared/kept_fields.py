"""Fields of a stored value that this version does not know, so that it can put them back when it writes the
value anew. Pure.

Invariant: what a newer version has written beside what is known here is never lost by an older one that
changes the value. Parts of a list are told apart by their `id`, so that a field stays with its part when
others come and go.
"""

from collections.abc import Mapping
from typing import Any, cast

import orjson

Unknown = Mapping[str, Any]
"""Field, or `id` of a part, to what is not known there: a whole value, or the same of what lies below."""
_BELOW = "\0below"
"""Marks what lies below a field that is known."""


def unknown_in(raw: bytes, rewritten: bytes) -> Unknown:
    """What stands in `raw` and not in `rewritten`, which is the same value written again by this version. Empty
    where they are alike.
    """
    return {} if raw == rewritten else _missing(orjson.loads(raw), orjson.loads(rewritten))


def put_back(written: bytes, unknown: Unknown) -> bytes:
    """`written` with what is not known here."""
    if not unknown:
        return written
    value = orjson.loads(written)
    _add(value, unknown)
    return orjson.dumps(value)


def below(unknown: Unknown, name: str) -> Unknown:
    """What is not known below the field `name`."""
    held = unknown.get(name)
    return cast(Unknown, held[_BELOW]) if isinstance(held, dict) and _BELOW in held else {}


def _missing(raw: object, known: object) -> dict[str, Any]:
    before, after = _parts(raw), _parts(known)
    missing: dict[str, Any] = {}
    for name, value in before.items():
        if name not in after:
            # A part of a list that is gone was known: only its fields may not be.
            if isinstance(raw, dict):
                missing[name] = value
        elif below := _missing(value, after[name]):
            missing[name] = {_BELOW: below}
    return missing


def _add(value: object, unknown: Unknown) -> None:
    parts = _parts(value)
    for name, kept in unknown.items():
        if isinstance(kept, dict) and _BELOW in kept:
            if name in parts:
                _add(parts[name], cast(Unknown, kept[_BELOW]))
        elif isinstance(value, dict) and name not in value:
            value[name] = kept


def _parts(value: object) -> dict[str, Any]:
    """Fields of an object, or the parts of a list by their id."""
    if isinstance(value, dict):
        return cast(dict[str, Any], value)
    if isinstance(value, list):
        parts = [cast(dict[str, Any], part) for part in cast(list[object], value) if isinstance(part, dict)]
        return {str(part["id"]): part for part in parts if "id" in part}
    return {}
