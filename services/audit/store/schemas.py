"""What a document of the trail looks like to the store itself (`$jsonSchema`), and how it is found (indexes).

Invariant: the store refuses a document that lacks a field, and an entry whose bytes or numbers are none,
whoever sends it. The parsed fields of an entry are looked at no closer here: each property costs 3 µs an
insert on the embedded store, all of them a tenth of its rate, and `verify` derives every one of them anew and
compares.
"""

from typing import Any

_INTEGER = {"bsonType": ["int", "long"], "minimum": 0}
_TEXT = {"bsonType": "string"}
_BYTES = {"bsonType": "binData"}
_BYTES_OR_NOTHING = {"bsonType": ["binData", "null"]}
_PARSED = (
    *("form", "time", "kind", "unit", "area", "level", "category"),
    *("units", "persons", "channels", "outcomes", "lapse", "lapses"),
)


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    fields = {"_id": _INTEGER, **properties}
    return {
        "bsonType": "object",
        "required": list(fields),
        "additionalProperties": False,
        "properties": fields,
    }


VALIDATORS: dict[str, dict[str, Any]] = {
    "entries": {
        "bsonType": "object",
        "required": ["_id", "rec", "leaf", "stream", "sequence", "case", "number", *_PARSED],
        "properties": {"rec": _BYTES, "leaf": _BYTES, "sequence": _INTEGER, "number": _INTEGER},
    },
    "tiles": _object(level=_INTEGER, hashes=_BYTES, root=_BYTES),
    "cosignatures": _object(checkpoint=_INTEGER, size=_INTEGER, key=_TEXT, time=_INTEGER, line=_TEXT),
    "checkpoints": _object(size=_INTEGER, root=_BYTES, time=_TEXT, note=_TEXT),
    "payloads": _object(count={**_INTEGER, "minimum": 1, "maximum": 16}, data=_BYTES),
    "search": _object(tile=_BYTES),
    "search_texts": _object(tile=_BYTES),
    "keeping": _object(),
    "timestamps": _object(size=_INTEGER, note=_TEXT, sm3=_TEXT, token=_BYTES_OR_NOTHING, at=_TEXT),
    "rest": _object(index=_INTEGER, data=_BYTES),
    "actors": {**_object(salt=_BYTES), "properties": {"_id": _TEXT, "salt": _BYTES}},
}

ENTRY_INDEXES: tuple[tuple[tuple[tuple[str, int], ...], bool], ...] = (
    ((("stream", 1), ("sequence", 1)), True),
    ((("case", 1), ("number", 1)), True),
)
"""(keys, unique). No other: each costs a quarter of the rate of all inserts. What is searched has an index of
its own, written behind.
"""

REST_INDEX = "index"
"""Of what erasures left: few, and found by their record."""
