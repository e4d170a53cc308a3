"""A store that demands a log-in, with the users and roles of a deployment."""

import os
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.uri_parser import parse_uri

from fenghuo import embedded, store
from tests.servers import start_mongo

PASSWORDS = {user: f"{user}-password" for user in store.USERS}


@pytest.fixture(scope="session")
def guarded_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[store.Client, int]]:
    """The wire server with log-in, as `fenghuo.deployment store` leaves it; its first user is made before
    log-in is demanded.
    `MONGO_TEST_URI` (as root, on this machine) puts a real MongoDB in its place.
    """
    if uri := os.environ.get("MONGO_TEST_URI"):
        with closing(MongoClient[dict[str, Any]](uri)) as root:
            store.declare_roles(root)
            store.declare_users(root, PASSWORDS)
            yield root, int(parse_uri(uri)["nodelist"][0][1] or 27017)
        return
    folder, port = tmp_path_factory.mktemp("store"), embedded.free_port()
    first = start_mongo(folder / "mongo", port=port, log=folder / "mongo.log")
    try:
        with closing(MongoClient[dict[str, Any]]("127.0.0.1", port, directConnection=True)) as client:
            client.admin.command("createUser", "root", pwd="root", roles=[{"role": "root", "db": "admin"}])
    finally:
        embedded.stop(first)
    server = embedded.start(
        [*embedded.mongo_command(folder / "mongo", port=port), "--auth"], log=folder / "mongo.log", cwd=folder
    )
    try:
        with closing(store.connect_root(f"127.0.0.1:{port}", "root", patience=20)) as root:
            store.initiate(root, f"127.0.0.1:{port}", patience=20)
            store.declare_roles(root)
            store.declare_users(root, PASSWORDS)
            yield root, port
    finally:
        embedded.stop(server)
