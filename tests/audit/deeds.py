"""What someone with the database's password, or even the signing key, can do to a trail by hand."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson

from shared.facts import rfc3339
from shared.tlog import merkle
from shared.tlog.checkpoint import Checkpoint
from shared.tlog.merkle import leaf_hash
from shared.tlog.note import Signer
from tests.audit.by_hand import delete_payload, edit_payload, payload_of
from tests.audit.given import AT

Doc = dict[str, Any]
Database = Any
FAR_FIELDS = {
    "sequence": "sequence",
    "case": "case",
    "number": "number",
    "form": "form",
    "broker": "time",
    "stream": "stream",
}


def put(collection: Any, index: object, **fields: Any) -> None:
    """As someone with the database's password can."""
    doc = collection.find_one({"_id": index})
    collection.delete_one({"_id": index})
    collection.insert_one({**doc, **fields})


def rec_with(collection: Any, index: int, **fields: Any) -> bytes:
    rec = orjson.loads(collection.find_one({"_id": index})["rec"])
    return orjson.dumps({**rec, **fields}, option=orjson.OPT_SORT_KEYS)


def rewrite(db: Database, changes: Mapping[int, Doc]) -> None:
    """Records with another header, their hashes and search fields to match."""
    entries = db.fenghuo_trail.entries
    for index, fields in changes.items():
        rec = rec_with(entries, index, **fields)
        put(
            entries,
            index,
            rec=rec,
            leaf=leaf_hash(rec),
            **{FAR_FIELDS[name]: value for name, value in fields.items() if name in FAR_FIELDS},
        )


def tree_again(db: Database) -> merkle.Edge:
    """All tiles made anew from the records as they are now: the store is consistent with itself again."""
    tiles, edge = db.fenghuo_trail.tiles, merkle.Edge()
    tiles.delete_many({})
    docs: list[Doc] = []
    for doc in sorted(db.fenghuo_trail.entries.find({}, {"leaf": 1}), key=lambda doc: doc["_id"]):
        for tile in edge.append(bytes(doc["leaf"])):
            content = {"level": tile.level, "hashes": b"".join(tile.hashes), "root": merkle.fold(tile.hashes)}
            docs.append({"_id": tile.level << 40 | tile.number, **content})
    if docs:
        tiles.insert_many(docs)
    return edge


def sign_again(
    db: Database, key: Signer, edge: merkle.Edge, *, keep: int = 0, at: datetime = AT
) -> Checkpoint:
    """The first `keep` checkpoints stay; a new one, signed with `key`, covers all there is. Whoever holds the
    key can.
    """
    checkpoints = db.fenghuo_trail.checkpoints
    checkpoints.delete_many({"_id": {"$gte": keep}})
    forged = Checkpoint(key.name, edge.size, edge.root(), at)
    note = forged.sign(key).write()
    checkpoints.insert_one(
        {"_id": keep, "size": edge.size, "root": edge.root(), "time": rfc3339(at), "note": note}
    )
    return forged


def forge(db: Database, key: Signer, changes: Mapping[int, Doc]) -> Checkpoint:
    """A trail that says something else and is whole in itself."""
    rewrite(db, changes)
    return sign_again(db, key, tree_again(db))


# --- deeds: each returns the first record it was done to, and words that must be said of it
# ------------------------------------


def edited_record(db: Database) -> tuple[int, str]:
    put(
        db.fenghuo_trail.entries, 300, rec=rec_with(db.fenghuo_trail.entries, 300, subject="fact.1.delivered")
    )
    return 300, "the record is not the one that was signed: it was altered"


def edited_record_and_its_hash(db: Database) -> tuple[int, str]:
    rewrite(db, {70: {"ingested": "2020-01-01T00:00:00.000000Z"}})
    return 70, "the record is not the one that was signed: it was altered"


def edited_record_after_the_last_full_tile(db: Database) -> tuple[int, str]:
    """Record and hash both lie with whoever edits: earlier checkpoints say between which."""
    rewrite(db, {599: {"epoch": 77}})
    return -1, "the records do not make the root that was signed: the trail was changed somewhere in records"


def edited_hash_beside_a_record(db: Database) -> tuple[int, str]:
    put(db.fenghuo_trail.entries, 301, leaf=bytes(32))
    return 301, "the hash stored beside the record is not the record's"


def edited_search_field(db: Database) -> tuple[int, str]:
    put(db.fenghuo_trail.entries, 12, units=["somebody_else"])
    return 12, "units says ['somebody_else'], the record says ['water_office']"


def edited_case_field(db: Database) -> tuple[int, str]:
    put(db.fenghuo_trail.entries, 13, case="01HIDDEN", number=77)
    return 13, "case says '01HIDDEN', the record says"


def deleted_record(db: Database) -> tuple[int, str]:
    db.fenghuo_trail.entries.delete_one({"_id": 255})
    return 255, "was signed and is missing"


def deleted_record_after_the_last_full_tile(db: Database) -> tuple[int, str]:
    db.fenghuo_trail.entries.delete_one({"_id": 550})
    return 550, "was signed and is missing"


def inserted_record(db: Database) -> tuple[int, str]:
    """All behind it moved on by one."""
    entries = db.fenghuo_trail.entries
    docs = sorted(entries.find({"_id": {"$gte": 200}}), key=lambda doc: doc["_id"])
    entries.delete_many({"_id": {"$gte": 200}})
    invented = {**docs[0], "case": "01INVENTED", "number": 1}
    moved = [{**doc, "_id": doc["_id"] + 1, "sequence": doc["sequence"] + 1} for doc in docs]
    entries.insert_many([invented, *moved])
    return 200, "case says '01INVENTED', the record says"


def swapped_records(db: Database) -> tuple[int, str]:
    entries = db.fenghuo_trail.entries
    a, b = entries.find_one({"_id": 100}), entries.find_one({"_id": 101})
    put(entries, 100, rec=b["rec"], leaf=b["leaf"])
    put(entries, 101, rec=a["rec"], leaf=a["leaf"])
    return 100, "it says it is record 101, fact 102: records were moved, inserted or removed"


def cut_tail(db: Database) -> tuple[int, str]:
    db.fenghuo_trail.entries.delete_many({"_id": {"$gte": 590}})
    return 590, "records 590 to 599 were signed and are missing: the trail was cut there"


def edited_tile(db: Database) -> tuple[int, str]:
    hashes = bytearray(db.fenghuo_trail.tiles.find_one({"_id": 1})["hashes"])
    hashes[5 * 32] ^= 1
    put(db.fenghuo_trail.tiles, 1, hashes=bytes(hashes))
    return 261, "the published tile has another hash for it than was signed: the tile was altered"


def shortened_tile(db: Database) -> tuple[int, str]:
    put(db.fenghuo_trail.tiles, 0, hashes=bytes(db.fenghuo_trail.tiles.find_one({"_id": 0})["hashes"])[:-32])
    return -1, "tile/0/000 has 8160 bytes, 8192 were signed"


def edited_payload(db: Database) -> tuple[int, str]:
    raw = payload_of(db.fenghuo_payloads.payloads, 402).raw
    assert raw
    edit_payload(db.fenghuo_payloads.payloads, 402, raw=raw.replace(b"Embankment", b"Nothing at"))
    return 402, "its payload is not the one that was recorded: it was altered"


def edited_author(db: Database) -> tuple[int, str]:
    put(db.fenghuo_payloads.actors, "p_reporter", salt=b"0" * 32)
    return 0, "author"


def scrambled_payloads(db: Database) -> tuple[int, str]:
    doc = db.fenghuo_payloads.payloads.find_one({"_id": {"$in": list(range(353, 400))}})
    put(db.fenghuo_payloads.payloads, doc["_id"], data=b"nothing")
    return int(doc["_id"]), "its payload is not the one that was recorded: it was altered"


def deleted_payload(db: Database) -> tuple[int, str]:
    delete_payload(db.fenghuo_payloads.payloads, 500)
    return 500, "its payload is missing, and no redaction says why"


DEEDS: list[Callable[[Database], tuple[int, str]]] = [
    edited_record,
    edited_record_and_its_hash,
    edited_record_after_the_last_full_tile,
    edited_hash_beside_a_record,
    edited_search_field,
    edited_case_field,
    deleted_record,
    deleted_record_after_the_last_full_tile,
    inserted_record,
    swapped_records,
    cut_tail,
    edited_tile,
    shortened_tile,
    edited_payload,
    edited_author,
    scrambled_payloads,
    deleted_payload,
]
