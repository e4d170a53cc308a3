"""What a document of the trail looks like to the store itself (`$jsonSchema`), and how it is found (indexes).

Invariant: the store refuses a document that no sequencer would write, whoever sends it.
"""

from typing import Any

_INTEGER = {"bsonType": ["int", "long"], "minimum": 0}
_TEXT = {"bsonType": "string"}
_TEXT_OR_NOTHING = {"bsonType": ["string", "null"]}
_TEXTS = {"bsonType": "array", "items": _TEXT}
_BYTES = {"bsonType": "binData"}
_BYTES_OR_NOTHING = {"bsonType": ["binData", "null"]}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    fields = {"_id": _INTEGER, **properties}
    return {"bsonType": "object", "required": list(fields), "additionalProperties": False, "properties": fields}


VALIDATORS: dict[str, dict[str, Any]] = {
    "entries": _object(
        rec=_BYTES,
        leaf=_BYTES,
        stream=_TEXT,
        sequence=_INTEGER,
        case=_TEXT,
        number={**_INTEGER, "minimum": 1},
        form={"enum": ["fact", "gap"]},
        time=_TEXT,
        kind=_TEXT,
        unit=_TEXT_OR_NOTHING,
        area=_TEXT_OR_NOTHING,
        level=_TEXT_OR_NOTHING,
        category=_TEXT_OR_NOTHING,
        units=_TEXTS,
        persons=_TEXTS,
        channels=_TEXTS,
        outcomes=_TEXTS,
        lapse={"bsonType": "bool"},
        lapses=_TEXTS,
    ),
    "tiles": _object(level=_INTEGER, hashes=_BYTES, root=_BYTES),
    "cosignatures": _object(checkpoint=_INTEGER, size=_INTEGER, key=_TEXT, time=_INTEGER, line=_TEXT),
    "checkpoints": _object(size=_INTEGER, root=_BYTES, time=_TEXT, note=_TEXT),
    "payloads": _object(count={**_INTEGER, "minimum": 1, "maximum": 16}, data=_BYTES),
    "search": _object(tile=_BYTES),
    "search_texts": _object(tile=_BYTES),
    "keeping": _object(),
    "timestamps": _object(size=_INTEGER, note=_TEXT, sm3=_TEXT, token=_BYTES_OR_NOTHING, at=_TEXT),
    "sealed_ranges": _object(end=_INTEGER, manifest=_TEXT, fact=_INTEGER, nobody=_INTEGER, last_at=_TEXT, at=_TEXT),
    "rest": _object(index=_INTEGER, data=_BYTES),
    "actors": {**_object(salt=_BYTES), "properties": {"_id": _TEXT, "salt": _BYTES}},
}

ENTRY_INDEXES: tuple[tuple[tuple[tuple[str, int], ...], bool], ...] = (
    ((("stream", 1), ("sequence", 1)), True),
    ((("case", 1), ("number", 1)), True),
)
"""(keys, unique). No other: each costs a quarter of the rate of all inserts. What is searched has an index of its own, written behind."""

REST_INDEX = "index"
"""Of what erasures left: few, and found by their record."""
