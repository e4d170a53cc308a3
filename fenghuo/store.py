"""Who may do what in the store: the replica set, the roles and their users, declared here and nowhere else.

Invariant: nobody who writes records can change or remove one. The audit may find and insert; what makes
collections and indexes writes no record; an auditor's own tools find and do nothing else; what may remove
(personal data, on a legal basis) reaches the payloads alone, never the trail. Real MongoDB holds this for
each collection; the embedded store knows databases only, so that there a user may do in each collection what
it may do in any of that database. Safe to repeat; a password changed in its file is taken over.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from fenghuo.speech import worded
from services.audit.store.trail import database_of

Client = MongoClient[dict[str, Any]]

TRAIL_DATABASE = "fenghuo_trail"
PAYLOADS_DATABASE = "fenghuo_payloads"

TRAIL = ("entries", "tiles", "checkpoints", "cosignatures", "timestamps", "search", "keeping")
"""What the audit writes, for ever."""
PAYLOADS = ("payloads", "rest", "actors", "search_texts")
"""Personal data, and what is made of it."""

FIND, INSERT, UPDATE, REMOVE, DROP, INDEX = VERBS = (
    "find",
    "insert",
    "update",
    "remove",
    "dropCollection",
    "createIndex",
)
"""What there is to do to a collection; whoever may not `update` can neither change nor replace a document."""
_LOOK = ("listIndexes", "collStats")
_LOOK_AROUND = ("listCollections", "dbStats")
_MAKE = ("createCollection", "collMod", "listIndexes")

MAY: dict[str, dict[str, dict[str, tuple[str, ...]]]] = {
    "audit": {
        TRAIL_DATABASE: dict.fromkeys(TRAIL, (FIND, INSERT)),
        PAYLOADS_DATABASE: dict.fromkeys(PAYLOADS, (FIND, INSERT)),
    },
    "trail_reader": {
        TRAIL_DATABASE: dict.fromkeys(TRAIL, (FIND,)),
        PAYLOADS_DATABASE: dict.fromkeys(PAYLOADS, (FIND,)),
    },
    "redactor": {PAYLOADS_DATABASE: dict.fromkeys(PAYLOADS, (FIND, INSERT, REMOVE))},
    "setup": {
        TRAIL_DATABASE: dict.fromkeys(TRAIL, (INDEX,)),
        PAYLOADS_DATABASE: dict.fromkeys(PAYLOADS, (INDEX,)),
    },
}
"""User → database → collection → what it may do there. What is not named is refused."""

USERS = {
    "audit": "trail_writer",
    "trail_reader": "trail_reader",
    "redactor": "redactor",
    "setup": "trail_setup",
}
"""User → its role."""

EMBEDDED_SET = "secantus"
NOT_YET_INITIALIZED = 94
PATIENCE = 60.0
"""Seconds. The image starts a first server for itself alone before the real one, and an election takes its
time.
"""


def connect_root(host: str, password: str, *, patience: float = PATIENCE) -> Client:
    """As root, directly to one member: before there is a replica set. Raises the last error after `patience`
    seconds.
    """
    deadline = time.monotonic() + patience
    while True:
        client: Client = MongoClient(
            f"mongodb://{host}/",
            username="root",
            password=password,
            directConnection=True,
            serverSelectionTimeoutMS=2000,
        )
        try:
            client.admin.command("ping")
            return client
        except PyMongoError:
            client.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def initiate(client: Client, host: str, *, patience: float = PATIENCE) -> bool:
    """Make `host` a replica set of one unless it is in one, and wait for it to take writes. True where it was
    made now.
    """
    made = False
    try:
        client.admin.command("replSetGetStatus")
    except OperationFailure as error:
        if error.code != NOT_YET_INITIALIZED:
            raise
        client.admin.command("replSetInitiate", {"_id": "rs0", "members": [{"_id": 0, "host": host}]})
        made = True
    deadline = time.monotonic() + patience
    while not client.admin.command("hello").get("isWritablePrimary"):
        if time.monotonic() > deadline:
            raise TimeoutError(
                worded(
                    "%(host)s takes no writes after %(patience)s s: see the log of mongo",
                    host=host,
                    patience=f"{patience:.0f}",
                )
            )
        time.sleep(0.2)
    return made


def may(user: str, database: str, collection: str, *, by_collection: bool) -> frozenset[str]:
    """Which of VERBS the store allows; `by_collection` is False for the embedded one."""
    allowed = MAY[user].get(database, {})
    if by_collection:
        return frozenset(allowed.get(collection, ()))
    return frozenset(verb for verbs in allowed.values() for verb in verbs)


def knows_collections(client: Client) -> bool:
    """Whether its privileges act on collections, as MongoDB's do, or on whole databases."""
    return client.admin.command("hello").get("setName") != EMBEDDED_SET


def privileges(user: str, *, by_collection: bool, trails: int = 1) -> list[dict[str, Any]]:
    """What `createRole` takes. `trails`: how many this installation has had; each has databases of its own,
    with the same rights.
    """
    return [
        privilege
        for number in range(1, trails + 1)
        for privilege in _privileges(user, number, by_collection=by_collection)
    ]


def _privileges(user: str, number: int, *, by_collection: bool) -> list[dict[str, Any]]:
    also = _MAKE if user == "setup" else _LOOK

    def on(database: str, collection: str, actions: Iterable[str]) -> dict[str, Any]:
        return {
            "resource": {"db": database_of(database, number), "collection": collection},
            "actions": sorted(set(actions)),
        }

    if not by_collection:
        return [
            on(database, "", (*may(user, database, "", by_collection=False), *also, *_LOOK_AROUND))
            for database in MAY[user]
        ]
    whole = [on(database, "", _LOOK_AROUND) for database in MAY[user]]
    return whole + [
        on(database, name, (*verbs, *also))
        for database, verbs_by_name in MAY[user].items()
        for name, verbs in verbs_by_name.items()
    ]


def declare_roles(client: Client, trails: int = 1) -> None:
    by_collection = knows_collections(client)
    for user, role in USERS.items():
        known = client.admin.command("rolesInfo", {"role": role, "db": "admin"})["roles"]
        wanted = privileges(user, by_collection=by_collection, trails=trails)
        client.admin.command("updateRole" if known else "createRole", role, privileges=wanted, roles=[])


def declare_users(client: Client, passwords: Mapping[str, str]) -> None:
    for user, role in USERS.items():
        known = client.admin.command("usersInfo", {"user": user, "db": "admin"})["users"]
        verb = "updateUser" if known else "createUser"
        client.admin.command(verb, user, pwd=passwords[user], roles=[{"role": role, "db": "admin"}])


async def make_collections(host: str, password: str, trails: int = 1) -> None:
    """As `setup`, the trail's collections with their validators and indexes: the audit itself has no right to
    make them.
    """
    from services.audit.store.trail import Trail

    trail = Trail(
        f"mongodb://setup:{quote(password, safe='')}@{host}/?authSource=admin&directConnection=true", trails
    )
    try:
        await trail.prepare()
    finally:
        trail.close()
