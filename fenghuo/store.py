"""Who may do what in the store: the replica set, the roles and their users, declared here and nowhere else.

Invariant: nobody who writes records can change or remove one. The audit may find and insert; what makes collections and
indexes writes no record; what may remove (personal data, on a legal basis) reaches the payloads alone, never the trail.
Safe to repeat; a password changed in its file is taken over.
"""

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

Client = MongoClient[dict[str, Any]]

TRAIL_DATABASE = "fenghuo_trail"
PAYLOADS_DATABASE = "fenghuo_payloads"

_LOOK = ("find", "listCollections", "listIndexes", "collStats", "dbStats")
_SETUP = ("listCollections", "listIndexes", "createCollection", "createIndex", "collMod")

ROLES: dict[str, dict[str, tuple[str, ...]]] = {
    "trail_writer": {TRAIL_DATABASE: (*_LOOK, "insert"), PAYLOADS_DATABASE: (*_LOOK, "insert")},
    "trail_setup": {TRAIL_DATABASE: _SETUP, PAYLOADS_DATABASE: _SETUP},
    "redactor": {PAYLOADS_DATABASE: ("find", "remove")},
}
"""Role → database → actions, in every collection of that database."""

USERS = {"audit": "trail_writer", "setup": "trail_setup", "redactor": "redactor"}

NOT_YET_INITIALIZED = 94
PATIENCE = 60.0
"""Seconds. The image starts a first server for itself alone before the real one, and an election takes its time."""


def connect_root(host: str, password: str, *, patience: float = PATIENCE) -> Client:
    """As root, directly to one member: before there is a replica set. Raises the last error after `patience` seconds."""
    deadline = time.monotonic() + patience
    while True:
        client: Client = MongoClient(
            f"mongodb://{host}/", username="root", password=password, directConnection=True, serverSelectionTimeoutMS=2000
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
    """Make `host` a replica set of one unless it is in one, and wait for it to take writes. True where it was made now."""
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
            raise TimeoutError(f"{host} takes no writes after {patience:.0f} s: see the log of mongo")
        time.sleep(0.2)
    return made


def declare_roles(client: Client) -> None:
    for role, databases in ROLES.items():
        privileges = [{"resource": {"db": database, "collection": ""}, "actions": list(actions)} for database, actions in databases.items()]
        known = client.admin.command("rolesInfo", {"role": role, "db": "admin"})["roles"]
        client.admin.command("updateRole" if known else "createRole", role, privileges=privileges, roles=[])


def declare_users(client: Client, passwords: Mapping[str, str]) -> None:
    for user, role in USERS.items():
        known = client.admin.command("usersInfo", {"user": user, "db": "admin"})["users"]
        verb = "updateUser" if known else "createUser"
        client.admin.command(verb, user, pwd=passwords[user], roles=[{"role": role, "db": "admin"}])


async def make_collections(host: str, password: str) -> None:
    """As `setup`, the trail's collections with their validators and indexes: the audit itself has no right to make them."""
    from services.audit.trail import Trail

    trail = Trail(f"mongodb://setup:{quote(password, safe='')}@{host}/?authSource=admin&directConnection=true")
    try:
        await trail.prepare()
    finally:
        trail.close()
