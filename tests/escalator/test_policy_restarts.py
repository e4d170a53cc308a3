"""Policy and tokens are what was last approved, after any restart: a follower reads all of the bucket, or it
is not current.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
import pytest_asyncio
from nats.aio.client import Client

from services.escalator.policy.load import parse_policy
from services.escalator.policy.versions import FILE, Version
from services.escalator.policy_store.bucket import BucketStore
from services.escalator.policy_store.store import Policies
from shared.broker.bucket_follower import BucketEntry, BucketFollower
from shared.facts import Frozen
from shared.gatekeeping import Revocations
from shared.revocation import REVOKED, Revocation, RevocationList, TakenBackBy
from shared.streams import POLICIES, TOKENS
from shared.tokens import Claims, Principal
from shared.vocabulary import Kind, Role
from tests.lab import Lab, lab_in, until
from tests.unit.policy_given import directory, text_with

RESTARTS = 200
APPROVED = text_with(('version: "2026-11-01"', 'version: "approved"'))
NEXT_FILE = text_with(('version: "2026-11-01"', 'version: "next-file"'))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    async with lab_in(tmp_path_factory.mktemp("restarts"), mongo=False) as lab:
        yield lab


@pytest_asyncio.fixture(loop_scope="session")
async def escalator(broker: Lab) -> AsyncIterator[Client]:
    """Connected to a bucket POLICIES that is empty."""
    async with broker.connection("admin") as admin:
        await admin.jetstream().purge_stream(f"KV_{POLICIES}")
    async with broker.connection("escalator") as connection:
        yield connection


async def _tell(kind: Kind, fact_id: str, at: datetime, data: Frozen) -> None:
    return None


parsed = cache(parse_policy)


def replica(connection: Client, text: str | None = None) -> Policies:
    return Policies(
        parsed(text or text_with()),
        BucketStore(lambda: connection),
        directory,
        lambda: datetime.now(UTC),
        _tell,
    )


async def started(connection: Client, text: str | None = None) -> Policies:
    policies = replica(connection, text)
    await policies.open()
    return policies


async def with_an_approved_one(connection: Client) -> Policies:
    policies = await started(connection)
    version = await policies.draft(APPROVED, "wang")
    await policies.approve(version.id, "li")
    return policies


def in_force(policies: Policies) -> str:
    version = policies.register.in_force(datetime.now(UTC) + timedelta(seconds=1))
    assert version is not None
    return version.label.partition(" ")[0]


async def approvals(connection: Client) -> list[tuple[str, str]]:
    """(version, by whom) of every approval in the bucket."""
    versions: list[Version] = []

    def take(entry: BucketEntry) -> None:
        if entry.key.startswith("version."):
            versions.append(Version.model_validate_json(entry.value or b""))

    await BucketFollower(POLICIES, lambda: connection, take).open()
    return sorted(
        (version.label.partition(" ")[0], one.by) for version in versions for one in version.approvals
    )


async def test_after_two_hundred_restarts_the_approved_policy_is_in_force_and_the_file_approved_once(
    escalator: Client,
) -> None:
    await with_an_approved_one(escalator)
    for _ in range(RESTARTS):
        assert in_force(await started(escalator)) == "approved"
    assert await approvals(escalator) == [("2026-11-01", FILE), ("approved", "li")]


async def test_escalators_that_start_together_on_an_empty_bucket_approve_the_file_once(
    broker: Lab, escalator: Client
) -> None:
    async with broker.connection("escalator") as other:
        await asyncio.gather(*(started(one) for one in (escalator, other)))
    assert await approvals(escalator) == [("2026-11-01", FILE)]


async def test_a_new_file_comes_into_force_once_and_an_old_one_never_again(escalator: Client) -> None:
    await with_an_approved_one(escalator)
    await asyncio.gather(*(started(escalator, NEXT_FILE) for _ in range(2)))
    for text in (None, NEXT_FILE, APPROVED, None):
        assert in_force(await started(escalator, text)) == "next-file"
    assert await approvals(escalator) == [("2026-11-01", FILE), ("approved", "li"), ("next-file", FILE)]


async def test_a_bucket_that_read_as_empty_puts_no_file_into_force(
    escalator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await with_an_approved_one(escalator)
    before = await approvals(escalator)

    async def nothing_read(_: BucketFollower) -> None:
        return None

    with monkeypatch.context() as patched:
        patched.setattr(BucketFollower, "open", nothing_read)
        await started(escalator)
    assert await approvals(escalator) == before


async def test_a_version_that_can_not_be_read_is_the_one_before_it(broker: Lab, escalator: Client) -> None:
    policies = await with_an_approved_one(escalator)
    digest = policies.version("approved").id
    async with broker.connection("admin") as admin:
        bucket = await admin.jetstream().key_value(POLICIES)
        await bucket.put(f"version.{digest}", b"{")
        await bucket.put(f"text.{digest}", b"\xff\xfe")
    again = await started(escalator)
    assert (in_force(again), again.text_of(again.version("approved"))) == ("approved", APPROVED)


async def test_who_follows_hears_of_an_approval_also_after_the_broker_was_away(frail_lab: Lab) -> None:
    async with frail_lab.connection("escalator") as one, frail_lab.connection("escalator") as other:
        policies, following = await started(one), await started(other)
        task = asyncio.create_task(following.run())
        frail_lab.kill_nats()
        frail_lab.start_nats()
        await until(lambda: one.is_connected and other.is_connected)
        version = await policies.draft(APPROVED, "wang")
        await policies.approve(version.id, "li")
        await until(lambda: in_force(following) == "approved")
        task.cancel()


async def test_a_token_taken_back_stays_taken_back_through_two_hundred_restarts_and_an_unreadable_list(
    broker: Lab,
) -> None:
    now = datetime.now(UTC)
    claims = Claims(
        id="t1",
        principal=Principal(subject="thief", role=Role.OPERATOR),
        issued_at=now,
        expires_at=now + timedelta(days=1),
    )
    taken = Revocation(by=TakenBackBy.TOKEN, value="t1", at=now, ends_at=now + timedelta(days=1))
    async with broker.connection("admin") as admin, broker.connection("audit") as audit:
        bucket = await admin.jetstream().key_value(TOKENS)
        await bucket.put(REVOKED, RevocationList(revision=2, entries=(taken,)).model_dump_json().encode())
        for restart in range(RESTARTS):
            if restart == RESTARTS // 2:
                await bucket.put(REVOKED, b"[")
            revocations = Revocations(lambda: audit)
            await revocations.open()
            assert revocations.covers(claims), restart
