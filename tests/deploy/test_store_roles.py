"""Who may do what in the store, asked of the store itself: each user, each collection, each verb, beside the
declared table.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from fenghuo import store
from tests.deploy.conftest import PASSWORDS
from tools import roles_page

UNAUTHORIZED = 13
PLACES = [
    *((store.TRAIL_DATABASE, name) for name in store.TRAIL),
    *((store.PAYLOADS_DATABASE, name) for name in store.PAYLOADS),
    ("fenghuo_other", "any"),
    ("admin", "system.users"),
]
NOBODY: dict[str, Any] = {"_id": "nobody"}
TRIES: dict[str, Callable[[Collection[dict[str, Any]]], object]] = {
    store.FIND: lambda c: c.find_one(NOBODY),
    store.INSERT: lambda c: c.insert_one({"_id": -1}),
    store.UPDATE: lambda c: c.update_one(NOBODY, {"$set": {"a": 1}}),
    store.REMOVE: lambda c: c.delete_one(NOBODY),
    store.DROP: lambda c: c.drop(),
    store.INDEX: lambda c: c.create_index("tried"),
}


@pytest.fixture(params=sorted(store.USERS))
def user(
    request: pytest.FixtureRequest, guarded_store: tuple[store.Client, int]
) -> Iterator[tuple[str, store.Client]]:
    _, port = guarded_store
    name: str = request.param
    with closing(
        MongoClient[dict[str, Any]](
            "127.0.0.1", port, directConnection=True, username=name, password=PASSWORDS[name]
        )
    ) as client:
        yield name, client


def test_the_store_allows_what_the_table_says_and_nothing_else(
    guarded_store: tuple[store.Client, int], user: tuple[str, store.Client]
) -> None:
    root, _ = guarded_store
    name, client = user
    by_collection = store.knows_collections(root)
    for database, collection in PLACES:
        try:
            allowed = {
                verb
                for verb, attempt in TRIES.items()
                if _allowed(lambda a=attempt, c=client[database][collection]: a(c))
            }
        finally:
            if database != "admin":
                root[database].drop_collection(collection)
        assert allowed == store.may(name, database, collection, by_collection=by_collection), (
            f"{name} in {database}.{collection}"
        )


def test_what_a_user_may_do_to_a_whole_database_is_to_look_around(user: tuple[str, store.Client]) -> None:
    name, client = user
    for database in (store.TRAIL_DATABASE, store.PAYLOADS_DATABASE):
        assert not _allowed(lambda d=database: client.drop_database(d)), f"{name} drops {database}"
        into = {"$out": {"db": store.TRAIL_DATABASE, "coll": "elsewhere"}}
        assert not _allowed(lambda d=database, i=into: list(client[d]["payloads"].aggregate([i]))), (
            f"{name} writes the trail by $out"
        )


def test_nobody_but_the_redactor_removes_and_nobody_updates_or_drops() -> None:
    for name in store.USERS:
        for database, collection in PLACES:
            allowed = store.may(name, database, collection, by_collection=False)
            assert not allowed & {store.UPDATE, store.DROP}
            assert store.REMOVE not in allowed or (name, database) == ("redactor", store.PAYLOADS_DATABASE)


def test_every_user_and_collection_stands_in_the_printed_table() -> None:
    page = roles_page.roles_page()
    assert all(f"`{name}`" in page for name in (*store.USERS, *store.TRAIL, *store.PAYLOADS))


def _allowed(act: Callable[[], object]) -> bool:
    """A refusal for any other reason than the right to do it is not one of rights."""
    try:
        act()
    except OperationFailure as error:
        return error.code != UNAUTHORIZED
    return True
