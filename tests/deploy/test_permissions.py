"""The real broker and the real store under their permissions: each user does its work, and is refused what is not its own."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import nats
import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import APIError
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from fenghuo import store
from shared import streams
from shared.broker import append, connect_options
from tests.deploy import nats_conf
from tests.deploy.conftest import PASSWORDS
from tests.lab import Lab, lab_in, until

NOT_ADMIN = [name for name in nats_conf.users() if name != "admin"]

PUBLISHED = {
    "fact.7.reported": {"intake", "escalator"},
    "fact.7.absorbed": {"escalator"},
    "fact.7.established": {"escalator"},
    "fact.7.matched": {"escalator"},
    "fact.7.checked": {"escalator"},
    "fact.7.heard": {"intake"},
    "fact.7.closed": {"intake"},
    "fact.7.acknowledged": {"intake", "notifier"},
    "fact.7.rejected": {"intake", "escalator"},
    "fact.7.decided": {"escalator"},
    "fact.7.delivered": {"notifier"},
    "fact.7.failed": {"notifier"},
    "fact.7.due": set[str](),
    "fact.7.directory_changed": {"intake"},
    "fact.7.read": {"audit"},
    "fact.7.sealed_range": {"audit"},
    "fact.7.redacted": {"audit"},
    "fact.7.held": {"audit"},
    "fact.7.released": {"audit"},
    "inbox.cap.any": {"publisher"},
    "report.submit": {"publisher"},
    "trail.checkpoint": {"audit"},
    "clock.armed.1.case": {"escalator"},
    "clock.due.1.case": set[str](),
    "$KV.CASES.case": {"escalator"},
    "$KV.POLICIES.text.any": {"escalator"},
    "$KV.DELIVERIES.notice": {"notifier"},
    "$KV.TRAIL.any": {"audit"},
    "$KV.THREADS.any": {"intake"},
    "$KV.DIRECTORY.current": {"intake"},
    "$JS.API.CONSUMER.CREATE.KV_DIRECTORY": {"intake", "escalator", "notifier", "audit"},
    "$JS.API.STREAM.PURGE.KV_DIRECTORY": set[str](),
    "$JS.API.STREAM.CREATE.OTHER": set[str](),
    "$JS.API.STREAM.UPDATE.FACTS": set[str](),
    "$JS.API.STREAM.DELETE.FACTS": set[str](),
    "$JS.API.STREAM.PURGE.FACTS": set[str](),
    "$JS.API.STREAM.MSG.DELETE.FACTS": set[str](),
    "$JS.API.STREAM.PURGE.CLOCKS": {"escalator"},
    "$JS.API.STREAM.DELETE.KV_CASES": set[str](),
    "$JS.API.CONSUMER.CREATE.FACTS": set[str](),
    "$JS.API.CONSUMER.DURABLE.CREATE.FACTS.mine": set[str](),
    "$JS.API.CONSUMER.DELETE.FACTS.audit": set[str](),
    "$JS.API.CONSUMER.MSG.NEXT.FACTS.audit": {"audit"},
    "$JS.API.CONSUMER.MSG.NEXT.FACTS.notifier": {"notifier"},
    "$JS.API.CONSUMER.MSG.NEXT.FACTS.escalator-3": {"escalator"},
    "$JS.API.CONSUMER.MSG.NEXT.FACTS.cross_check": {"escalator"},
    "$JS.ACK.FACTS.audit.1.1.1.1.0": {"audit"},
    "$SYS.REQ.SERVER.PING": set[str](),
}
"""Who may publish there. Everybody else is refused, the admin (`fenghuo bootstrap`) apart."""

HEARD = {
    "_INBOX.publisher.1": {"publisher"},
    "_INBOX.intake.1": {"intake"},
    "_INBOX.audit.1": {"audit"},
    "report.submit": {"intake"},
    "fact.>": set[str](),
    "inbox.>": set[str](),
    "$KV.CASES.>": set[str](),
    ">": set[str](),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """A broker of its own: what is allowed is really published here, and some of it is rubbish."""
    async with lab_in(tmp_path_factory.mktemp("permissions"), mongo=False) as lab:
        yield lab


class Asking:
    """A connection as one user that remembers what the broker refused it."""

    def __init__(self, connection: Client, refusals: list[str]) -> None:
        self.connection, self._refusals = connection, refusals

    async def refused(self, verb: str, subjects: Iterable[str]) -> set[str]:
        """Those of `subjects` that the broker refused to let be published (`publish to`) or heard (`subscription to`)."""
        for subject in subjects:
            if verb == "publish to":
                await self.connection.publish(subject, b"{}")
            else:
                await self.connection.subscribe(subject)
        # Refusals come in the order of what was asked: once this last one is here, all of them are.
        await self.connection.publish("nobody.may.say.this")
        await until(lambda: any("nobody.may.say.this" in refusal for refusal in self._refusals), seconds=5)
        return {subject for subject in subjects if any(f'{verb} "{subject.lower()}"' in refusal for refusal in self._refusals)}


@asynccontextmanager
async def asking(lab: Lab, user: str) -> AsyncIterator[Asking]:
    refusals: list[str] = []

    async def remember(error: Exception) -> None:
        refusals.append(str(error).lower())

    options: dict[str, Any] = {**connect_options(lab.settings(user), user), "error_cb": remember}
    connection = await nats.connect(**options)
    try:
        yield Asking(connection, refusals)
    finally:
        await connection.close()


@pytest.mark.parametrize("user", NOT_ADMIN)
async def test_each_user_publishes_what_is_its_own_and_nothing_else(broker: Lab, user: str) -> None:
    async with asking(broker, user) as one:
        assert await one.refused("publish to", PUBLISHED) == {subject for subject, who in PUBLISHED.items() if user not in who}


@pytest.mark.parametrize("user", NOT_ADMIN)
async def test_each_user_hears_what_is_its_own_and_nothing_else(broker: Lab, user: str) -> None:
    async with asking(broker, user) as one:
        assert await one.refused("subscription to", HEARD) == {subject for subject, who in HEARD.items() if user not in who}


async def test_nobody_comes_in_without_a_key(broker: Lab) -> None:
    with pytest.raises(NatsError):
        await nats.connect(broker.nats_url, allow_reconnect=False, max_reconnect_attempts=0, connect_timeout=2)


async def test_not_even_the_admin_takes_a_fact_out_of_the_record(broker: Lab) -> None:
    async with broker.connection("admin") as connection:
        js = connection.jetstream()
        stored = await js.publish("fact.7.closed", b"{}")
        for wipe in (js.delete_msg(streams.FACTS, stored.seq), js.purge_stream(streams.FACTS)):
            with pytest.raises(APIError):
                await wipe
        assert (await js.get_msg(streams.FACTS, stored.seq)).subject == "fact.7.closed"


def test_the_store_lets_the_audit_add_and_read_but_never_change_or_remove(guarded_store: tuple[store.Client, int]) -> None:
    _, port = guarded_store
    databases = (store.TRAIL_DATABASE, store.PAYLOADS_DATABASE)
    with as_user(port, "setup") as setup:
        for database in databases:
            setup[database].create_collection("scratch")
            setup[database]["scratch"].create_index("kind")
            refused(lambda c=setup[database]["scratch"]: c.insert_one({"_id": 1}))

    with as_user(port, "audit") as audit:
        for database in databases:
            scratch = audit[database]["scratch"]
            scratch.insert_one({"_id": 0, "kind": "reported"})
            assert scratch.find_one({"_id": 0}) == {"_id": 0, "kind": "reported"}
            refused(lambda c=scratch: c.update_one({"_id": 0}, {"$set": {"kind": "closed"}}))
            refused(lambda c=scratch: c.replace_one({"_id": 0}, {}))
            refused(lambda c=scratch: c.delete_one({"_id": 0}))
            refused(lambda c=scratch: c.drop())
            refused(lambda c=scratch: c.create_index("other"))
            refused(lambda d=audit[database]: d.command("collMod", "scratch", validator={}))

    with as_user(port, "redactor") as redactor:
        refused(lambda: redactor[store.PAYLOADS_DATABASE]["scratch"].update_one({"_id": 0}, {"$set": {"kind": "closed"}}))
        refused(lambda: redactor[store.TRAIL_DATABASE]["scratch"].delete_one({"_id": 0}))
        assert redactor[store.PAYLOADS_DATABASE]["scratch"].delete_one({"_id": 0}).deleted_count == 1


async def test_the_audit_keeps_its_trail_as_a_user_who_can_only_add_and_read(
    guarded_store: tuple[store.Client, int], broker: Lab, tmp_path: Path
) -> None:
    _, port = guarded_store
    await store.make_collections(f"127.0.0.1:{port}", PASSWORDS["setup"])
    password = tmp_path / "mongo-audit-password"
    password.write_text(PASSWORDS["audit"])
    audit = await broker.start_service(
        "audit",
        FENGHUO_MONGO_URL=f"mongodb://audit@127.0.0.1:{port}/?authSource=admin&directConnection=true",
        FENGHUO_MONGO_PASSWORD_FILE=str(password),
        FENGHUO_DATA_DIR=str(tmp_path),
        FENGHUO_SECRETS_DIR=str(broker.secrets),
    )
    async with broker.connection("intake") as connection:
        stored = await append(connection, "fact.7.closed", b"{}", "any")
    with as_user(port, "audit") as reader:
        entries = reader[store.TRAIL_DATABASE]["entries"]
        await until(lambda: entries.find_one({"sequence": stored.seq}), what=f"the fact on record; {audit.log.read_text()[-2000:]}")


def test_a_changed_password_is_taken_over_when_users_are_declared_again(guarded_store: tuple[store.Client, int]) -> None:
    root, port = guarded_store
    store.declare_roles(root)
    store.declare_users(root, {**PASSWORDS, "audit": "another"})
    with pytest.raises(OperationFailure), as_user(port, "audit") as audit:
        audit[store.TRAIL_DATABASE]["entries"].find_one()
    store.declare_users(root, PASSWORDS)
    with as_user(port, "audit") as audit:
        audit[store.TRAIL_DATABASE]["entries"].find_one()


def refused(act: Callable[[], object]) -> None:
    with pytest.raises(OperationFailure, match="not authorized"):
        act()


@contextmanager
def as_user(port: int, user: str) -> Iterator[store.Client]:
    client: store.Client = MongoClient("127.0.0.1", port, directConnection=True, username=user, password=PASSWORDS[user])
    try:
        yield client
    finally:
        client.close()
