"""What someone with the payload database's password can do to a payload."""

from dataclasses import replace
from typing import Any

from services.audit.records import payloads
from services.audit.records.payloads import Payload

Collection = Any


def payload_of(collection: Collection, index: int) -> Payload:
    return next(payload for payload in _chunk(collection, index) if payload.index == index)


def edit_payload(collection: Collection, index: int, **changes: Any) -> None:
    held = _chunk(collection, index)
    collection.delete_one({"_id": held[0].index})
    data = payloads.pack(
        [replace(payload, **changes) if payload.index == index else payload for payload in held]
    )
    collection.insert_one({"_id": held[0].index, "count": len(held), "data": data})


def delete_payload(collection: Collection, index: int) -> None:
    """It alone: the others of its chunk are put back."""
    held = _chunk(collection, index)
    collection.delete_one({"_id": held[0].index})
    for start, count, data in payloads.chunks([payload for payload in held if payload.index != index]):
        collection.insert_one({"_id": start, "count": count, "data": data})


def _chunk(collection: Collection, index: int) -> list[Payload]:
    for start in payloads.starts_of([index]):
        doc = collection.find_one({"_id": start})
        if doc is not None and start + doc["count"] > index:
            return payloads.unpack(start, bytes(doc["data"]))
    raise AssertionError(f"no payload of record {index}")
