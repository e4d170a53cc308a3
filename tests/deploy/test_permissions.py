"""The real broker and the real store under their permissions: each user does its work, and is refused what is
not its own.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nats
import orjson
import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.errors import APIError
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from fenghuo import store
from shared import streams
from shared.broker.append import append
from shared.broker.connection import connect_options
from shared.directory import load_directory
from shared.subjects import report_submit_subject
from shared.vocabulary import Kind
from tests.deploy import nats_conf
from tests.deploy.conftest import PASSWORDS
from tests.lab import Lab, lab_in, until

SERVICES = [name for name in nats_conf.users() if name != "admin"]
SOURCES = ("met-observatory", "wangshan-info")
"""Of the example's directory: one sends CAP, the other CloudEvents. Each connection has an account of its
own.
"""
USERS = [*SERVICES, *SOURCES]

STREAMS = [
    *(str(c.name) for c in streams.stream_configs()),
    *(f"KV_{b.bucket}" for b in streams.bucket_configs()),
]
DURABLES = [f"{stream}.{durable.durable_name}" for stream, durable in streams.durable_configs()]
CONSUMER_VERBS = ("MSG.NEXT", "DELETE", "DURABLE.CREATE")
PUBLISHED: dict[str, set[str]] = {
    "fact.7.reported": {"intake", "escalator"},
    "fact.7.absorbed": {"escalator"},
    "fact.7.established": {"escalator"},
    "fact.7.matched": {"escalator"},
    "fact.7.checked": {"escalator"},
    "fact.7.heard": {"intake"},
    "fact.7.closed": {"intake"},
    "fact.7.acknowledged": {"intake", "notifier"},
    "fact.7.rejected": {"intake", "escalator", "notifier", "audit"},
    "fact.7.decided": {"escalator"},
    "fact.7.delivered": {"notifier"},
    "fact.7.failed": {"notifier"},
    "fact.7.due": set[str](),
    "fact.7.directory_changed": {"intake"},
    "fact.7.directory_proposed": {"intake"},
    "fact.7.read": {"audit"},
    "fact.7.redacted": {"audit"},
    "fact.7.held": {"audit"},
    "fact.7.released": {"audit"},
    "inbox.cap.met-observatory": {"met-observatory"},
    "inbox.heartbeat.met-observatory": {"met-observatory"},
    "inbox.cloudevents.met-observatory": set(),
    "inbox.cloudevents.wangshan-info": {"wangshan-info"},
    "inbox.cap.any": set(),
    "report.submit": set(SOURCES),
    "report.submit.met-observatory": set(),
    "_INBOX.wangshan-info.any": set(),
    "_R_.any": {"intake"},
    "trail.checkpoint": {"audit"},
    "_INBOX.audit.writer": {"audit"},
    "_INBOX.redactor.any": set[str](),
    "_INBOX.intake.any": set[str](),
    "clock.armed.1.case": {"escalator"},
    "clock.due.1.case": set[str](),
    "$KV.CASES.case": {"escalator"},
    "$KV.POLICIES.text.any": {"escalator"},
    "$KV.DELIVERIES.notice": {"notifier"},
    "$KV.TRAIL.any": {"audit"},
    "$KV.BROWSERS.of.any": {"intake", "notifier"},
    "$KV.BROWSERS.offer": {"notifier"},
    "$KV.LINKS.any": {"notifier"},
    "$JS.API.STREAM.MSG.GET.KV_LINKS": {"notifier"},
    "$KV.LIGHTS.notifier.any": {"notifier"},
    "$KV.THREADS.any": {"intake"},
    "$KV.IDS.any": {"intake"},
    "$KV.POSITIONS.any": {"escalator"},
    "$O.FILES.C.any.any": {"intake"},
    "$O.FILES.M.any": {"intake", "redactor"},
    "$O.FILES.N.any.any": {"intake"},
    "$O.UPLOADS.C.any.any": {"intake"},
    "$O.UPLOADS.B.any.any": {"intake"},
    "$JS.API.DIRECT.GET.OBJ_FILES": {"intake", "notifier", "audit"},
    "$JS.API.DIRECT.GET.OBJ_UPLOADS": {"intake"},
    "$JS.API.STREAM.MSG.GET.OBJ_FILES": {"intake", "notifier", "audit", "redactor"},
    "$JS.API.STREAM.PURGE.OBJ_FILES": {"redactor"},
    "$JS.API.STREAM.PURGE.OBJ_UPLOADS": {"redactor"},
    "$JS.API.STREAM.UPDATE.OBJ_UPLOADS": set[str](),
    "$JS.API.STREAM.MSG.DELETE.OBJ_FILES": set[str](),
    "$JS.API.STREAM.UPDATE.OBJ_FILES": set[str](),
    "$KV.DIRECTORY.current": {"intake"},
    "$KV.TOKENS.revoked": set[str](),
    "$KV.TOKENS.issued.any": set[str](),
    "$JS.API.CONSUMER.CREATE.KV_TOKENS": {"intake", "escalator", "notifier", "audit"},
    "$JS.API.STREAM.PURGE.KV_TOKENS": set[str](),
    "$KV.SESSIONS.link.any": set[str](),
    "$KV.SESSIONS.open.any": {"intake"},
    "$KV.SESSIONS.used.any": {"intake", "escalator", "audit"},
    "$KV.SESSIONS.over.any": {"intake", "escalator", "audit"},
    "$JS.API.STREAM.MSG.GET.KV_SESSIONS": {"intake", "escalator", "audit"},
    "$JS.API.CONSUMER.CREATE.KV_SESSIONS": {"intake", "escalator", "audit"},
    "$JS.API.STREAM.PURGE.KV_SESSIONS": set[str](),
    "$KV.PULSES.intake": {"intake"},
    "$KV.PULSES.escalator": {"escalator"},
    "$KV.PULSES.notifier": {"notifier"},
    "$JS.API.CONSUMER.CREATE.KV_DIRECTORY": {"intake", "escalator", "notifier", "audit"},
    "$JS.API.STREAM.PURGE.KV_DIRECTORY": set[str](),
    "$JS.API.STREAM.CREATE.OTHER": set[str](),
    "$JS.API.STREAM.UPDATE.FACTS": set[str](),
    "$JS.API.STREAM.DELETE.FACTS": set[str](),
    "$JS.API.STREAM.PURGE.FACTS": set[str](),
    "$JS.API.STREAM.MSG.DELETE.FACTS": set[str](),
    "$JS.API.STREAM.PURGE.CLOCKS": {"escalator"},
    "$JS.API.STREAM.DELETE.KV_CASES": set[str](),
    "$JS.API.STREAM.MSG.GET.KV_CASES": {"intake", "escalator", "notifier"},
    "$JS.API.STREAM.MSG.GET.KV_DELIVERIES": {"notifier"},
    "$JS.API.STREAM.MSG.GET.KV_THREADS": {"intake"},
    "$JS.API.STREAM.MSG.GET.KV_POLICIES": {"escalator"},
    "$JS.API.STREAM.MSG.GET.KV_TRAIL": {"audit"},
    "$JS.API.STREAM.MSG.GET.KV_DIRECTORY": {"intake", "escalator", "notifier", "audit"},
    "$JS.API.STREAM.MSG.GET.KV_TOKENS": {"intake", "escalator", "notifier", "audit"},
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
    "_INBOX.met-observatory.1": set(SOURCES),
    "_INBOX.intake.1": {"intake", *SOURCES},
    "_INBOX.audit.1": {"audit", *SOURCES},
    "report.submit": set[str](),
    "report.submit.*": {"intake"},
    "report.submit.met-observatory": {"intake"},
    "_R_.>": set[str](),
    "inbox.cap.met-observatory": set[str](),
    "fact.>": set[str](),
    "inbox.>": set[str](),
    "$KV.CASES.>": set[str](),
    ">": set[str](),
}
"""Who may listen there. A source may listen on any inbox *of its own account*, where nobody else is: the walk
below sends it something.
"""

REPLIES = (
    *(f"fact.{lane}.{kind}" for lane in (0, 1) for kind in Kind),
    *("clock.due.0.case", "clock.armed.0.case", "trail.checkpoint"),
    *(f"$KV.{bucket.bucket}.case" for bucket in streams.bucket_configs()),
    *(
        f"$JS.API.STREAM.{verb}.{stream}"
        for verb in ("PURGE", "DELETE", "CREATE", "UPDATE", "MSG.DELETE", "INFO")
        for stream in STREAMS
    ),
    *(
        f"$JS.API.CONSUMER.{verb}.{stream}.{durable.durable_name}"
        for verb in CONSUMER_VERBS
        for stream, durable in streams.durable_configs()
    ),
    *(f"_INBOX.{user}.any" for user in USERS),
    *(f"inbox.{name}.{source}" for name in ("cap", "cloudevents", "heartbeat") for source in SOURCES),
    *(
        "report.submit",
        *(f"report.submit.{source}" for source in SOURCES),
        "_R_.any.any",
        "$SYS.REQ.SERVER.PING",
    ),
)
"""Where whoever publishes may ask for the answer to go: permissions do not look at it."""


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
        """Those of `subjects` that the broker refused to let be published (`publish to`) or heard
        (`subscription to`).
        """
        for subject in subjects:
            if verb == "publish to":
                await self.connection.publish(subject, b"{}")
            else:
                await self.connection.subscribe(subject)
        # Refusals come in the order of what was asked: once this last one is here, all of them are.
        await self.connection.publish("nobody.may.say.this")
        await until(lambda: any("nobody.may.say.this" in refusal for refusal in self._refusals))
        return {
            subject
            for subject in subjects
            if any(f'{verb} "{subject.lower()}"' in refusal for refusal in self._refusals)
        }


@asynccontextmanager
async def asking(lab: Lab, user: str) -> AsyncIterator[Asking]:
    refusals: list[str] = []

    async def remember(error: Exception) -> None:
        refusals.append(str(error).lower())

    settings = lab.settings("admin" if user in SOURCES else user)
    if user in SOURCES:
        settings = settings.model_copy(update={"nats_credentials": lab.sources.seed(user)})
    options: dict[str, Any] = {**connect_options(settings, user), "error_cb": remember}
    connection = await nats.connect(**options)
    try:
        yield Asking(connection, refusals)
    finally:
        await connection.close()


@pytest.mark.parametrize("user", USERS)
async def test_each_user_publishes_what_is_its_own_and_nothing_else(broker: Lab, user: str) -> None:
    async with asking(broker, user) as one:
        assert await one.refused("publish to", PUBLISHED) == {
            subject for subject, who in PUBLISHED.items() if user not in who
        }


@pytest.mark.parametrize("user", USERS)
async def test_each_user_hears_what_is_its_own_and_nothing_else(broker: Lab, user: str) -> None:
    async with asking(broker, user) as one:
        assert await one.refused("subscription to", HEARD) == {
            subject for subject, who in HEARD.items() if user not in who
        }


async def ends(broker: Lab) -> dict[str, int]:
    """The last sequence of every stream and bucket."""
    async with broker.connection("admin") as admin:
        return {
            info.config.name or "": info.state.last_seq for info in await admin.jetstream().streams_info()
        }


@asynccontextmanager
async def overhearing(broker: Lab, besides: str) -> AsyncIterator[list[Msg]]:
    """Everyone who could hear something they should not: all of the core, and every other source in its own
    account.
    """
    heard: list[Msg] = []

    async def hear(message: Msg) -> None:
        heard.append(message)

    async with AsyncExitStack() as stack:
        core = await stack.enter_async_context(broker.connection("admin"))
        await core.subscribe(">", cb=hear)
        clients = [core]
        for source in SOURCES:
            if source != besides:
                other = await stack.enter_async_context(broker.source(source))
                await other.subscribe("_INBOX.>", cb=hear)
                clients.append(other)
        for client in clients:
            await client.flush()
        yield heard


@pytest.mark.parametrize("source", SOURCES)
async def test_wherever_a_source_asks_for_its_answer_nothing_lands_there(broker: Lab, source: str) -> None:
    own = [subject for subject, who in PUBLISHED.items() if source in who]
    before = await ends(broker)
    async with overhearing(broker, besides=source) as heard, asking(broker, source) as one:
        for subject in own:
            for reply in REPLIES:
                await one.connection.publish(subject, b"{}", reply=reply)
        await one.connection.flush()
        inbox = [subject for subject in own if subject.startswith("inbox.")]
        # Acknowledged in the order of what was published: once this last one is, all of them are stored, and
        # answered.
        await one.connection.jetstream().publish(inbox[0], b"{}")
        await one.connection.flush()
    after = await ends(broker)
    assert after.pop("INBOX") > before.pop("INBOX")
    assert after == before
    allowed = {*inbox, report_submit_subject(source)}
    # `$JS.S.`: the broker's own, by which FACTS draws on CLOCKS; a sign of life of it may fall into the time
    # that was listened.
    answers = ("_R_.", "$JS.EVENT.", "$JS.API.STREAM.LIST", "_INBOX.admin", "$JS.S.")
    strange = {
        message.subject
        for message in heard
        if message.subject not in allowed and not message.subject.startswith(answers)
    }
    assert strange == set(), "nobody heard anything but what the source may say"
    asked = {message.reply for message in heard if message.subject in allowed and message.reply}
    assert all(reply.startswith("_R_.") for reply in asked), (
        "the core never sees the subject that was asked for"
    )


@pytest.mark.parametrize("target", ["fact.0.closed", "$KV.CASES.stolen", "clock.due.0.stolen"])
@pytest.mark.parametrize("user", SERVICES)
async def test_what_a_service_lets_in_by_a_reply_is_a_bare_answer_of_the_broker(
    broker: Lab, user: str, target: str
) -> None:
    """Within the core the broker does publish its answer where a service asks: docs/security.md. It bears no
    envelope, so that whoever reads it sets it aside, and nothing but answers comes in that way.
    """
    stored = ("fact.", "$O.FILES.")
    fact = next(subject for subject, who in PUBLISHED.items() if user in who and subject.startswith(stored))
    async with broker.connection("admin") as admin, asking(broker, user) as one:
        js = admin.jetstream()
        stream = await js.find_stream_name_by_subject(target)
        before = (await ends(broker))[stream]

        async def landed() -> bool:
            own = stream == streams.FACTS and fact.startswith("fact.")
            return (await ends(broker))[stream] > before + own

        await one.connection.publish(fact, b"{}", reply=target)
        await until(landed, what="the answer stored")
        answer = await js.get_last_msg(stream, target)
    assert set(orjson.loads(answer.data or b"")) == {"stream", "seq"}


async def test_a_source_whose_key_is_taken_back_is_put_out_and_the_others_go_on(broker: Lab) -> None:
    directory, now = load_directory(broker.directory), datetime.now(UTC)
    async with (
        asking(broker, "intake") as service,
        broker.source("wangshan-info") as other,
        broker.source("heating-monitor") as one,
    ):
        await one.jetstream().publish("inbox.alertmanager.heating-monitor", b"{}")
        seed = broker.sources.seed("heating-monitor").read_bytes()
        broker.sources.revoke("heating-monitor", directory, now)
        broker.reload()
        await until(lambda: not one.is_connected, what="put out")
        assert service.connection.is_connected
        assert service.connection.stats["reconnects"] == 0
        assert other.is_connected
        assert (await other.jetstream().publish("inbox.cloudevents.wangshan-info", b"{}")).stream == "INBOX"
    kept = broker.folder / "kept.nk"
    kept.write_bytes(seed)
    with pytest.raises(NatsError):
        await nats.connect(
            broker.nats_url,
            nkeys_seed=str(kept),
            allow_reconnect=False,
            max_reconnect_attempts=0,
            connect_timeout=2,
        )
    broker.sources.add("heating-monitor", directory, now)
    broker.reload()
    async with broker.source("heating-monitor") as again:
        assert (
            await again.jetstream().publish("inbox.alertmanager.heating-monitor", b"{}")
        ).stream == "INBOX"


async def test_no_fact_is_lost_and_no_connection_dropped_while_the_keys_are_read_anew(broker: Lab) -> None:
    over = asyncio.Event()

    stored: list[int] = []

    async def go_on(client: Client, subject: str) -> None:
        js = client.jetstream()
        while not over.is_set():
            stored.append((await js.publish(subject, b"{}")).seq)

    async with broker.connection("intake") as intake, broker.connection("notifier") as notifier:
        going_on = [
            asyncio.create_task(go_on(client, subject))
            for client, subject in ((intake, "fact.7.closed"), (notifier, "fact.7.failed"))
        ]
        times = 0
        while times < 5 or len(stored) <= 10:
            await asyncio.to_thread(broker.reload)
            times += 1
        over.set()
        await asyncio.gather(*going_on)
        assert (intake.stats["reconnects"], notifier.stats["reconnects"]) == (0, 0)
    assert sorted(stored) == list(range(min(stored), min(stored) + len(stored))), (
        "every one acknowledged is in the record, once"
    )


async def test_nobody_comes_in_without_a_key(broker: Lab) -> None:
    with pytest.raises(NatsError):
        await nats.connect(
            broker.nats_url, allow_reconnect=False, max_reconnect_attempts=0, connect_timeout=2
        )


async def test_not_even_the_admin_takes_a_fact_out_of_the_record(broker: Lab) -> None:
    async with broker.connection("admin") as connection:
        js = connection.jetstream()
        stored = await js.publish("fact.7.closed", b"{}")
        for wipe in (js.delete_msg(streams.FACTS, stored.seq), js.purge_stream(streams.FACTS)):
            with pytest.raises(APIError):
                await wipe
        assert (await js.get_msg(streams.FACTS, stored.seq)).subject == "fact.7.closed"


def test_the_store_lets_the_audit_add_and_read_but_never_change_or_remove(
    guarded_store: tuple[store.Client, int],
) -> None:
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
        refused(
            lambda: redactor[store.PAYLOADS_DATABASE]["scratch"].update_one(
                {"_id": 0}, {"$set": {"kind": "closed"}}
            )
        )
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
        await until(
            lambda: entries.find_one({"sequence": stored.seq}),
            what=f"the fact on record; {audit.log.read_text()[-2000:]}",
        )


def test_a_changed_password_is_taken_over_when_users_are_declared_again(
    guarded_store: tuple[store.Client, int],
) -> None:
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
    client: store.Client = MongoClient(
        "127.0.0.1", port, directConnection=True, username=user, password=PASSWORDS[user]
    )
    try:
        yield client
    finally:
        client.close()
