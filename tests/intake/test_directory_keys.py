"""The directory has no wall: one key an object, a head that says which revision they make, and a change that
is seen whole.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.js.kv import KeyValue
from prometheus_client import CollectorRegistry

from bench.directory import large_directory
from services.intake.directory.bucket import DirectoryBucket
from services.intake.directory.changes import Changed, ChangeForm, DirectoryChanges
from services.intake.directory.in_force import DirectoryInForce
from services.intake.directory.operator_file import OperatorFile
from services.intake.metrics import Metrics
from services.intake.recording.record import FactRecord, Unreachable
from shared.directory import Directory, load_directory
from shared.directory.change_facts import DirectoryChange
from shared.directory.kept import CURRENT, KeptDirectory
from shared.directory.keyed import HEAD, DirectoryHead
from shared.directory.live import LiveDirectory
from shared.facts import Fact
from shared.facts.bounds import VERSION_LIMIT
from shared.formats import FORMAT, NewerError
from shared.ids import PersonId, UnitId
from shared.message import Marked
from shared.problems import Problem
from shared.tokens import Principal
from shared.vocabulary import Role
from tests.lab import ROOT, Lab, lab_in, until

FILE = load_directory(ROOT / "config" / "directory.yaml")
OPERATOR = Principal(subject="op", role=Role.OPERATOR)
LARGER_THAN_A_MESSAGE = 3_000
"""People of 300 units; their directory takes about 0.9 MB, and so does the fact of it."""


class Intake:
    def __init__(self, connection: Client) -> None:
        self.live = LiveDirectory(FILE, lambda: connection)
        record = FactRecord(lambda: connection, Metrics(CollectorRegistry()))
        in_force = DirectoryInForce(self.live, record, lambda: connection, lambda: datetime.now(UTC))
        self.changes = DirectoryChanges(in_force, record, lambda: datetime.now(UTC), frozenset)
        self.operator_file = OperatorFile(in_force, lambda: datetime.now(UTC))

    async def put_units(self, *names: str, number: int = 0) -> int:
        area = self.live.now.areas[0].code
        units = [
            {"op": "put_unit", "unit": {"id": name, "name": {"zh": f"{number}", "en": "x"}, "area": area}}
            for name in names
        ]
        changed = await self.changes.change(
            ChangeForm.model_validate(orjson.loads(orjson.dumps({"changes": units}))), OPERATOR
        )
        assert isinstance(changed, Changed)
        return changed.revision


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    async with lab_in(tmp_path_factory.mktemp("keys"), mongo=False) as lab:
        yield lab


@pytest_asyncio.fixture(loop_scope="session")
async def bucket(broker: Lab) -> AsyncIterator[KeyValue]:
    """As the admin sees it, empty."""
    async with broker.connection("admin") as admin:
        await admin.jetstream().purge_stream("KV_DIRECTORY")
        yield await admin.jetstream().key_value("DIRECTORY")


@pytest_asyncio.fixture(loop_scope="session")
async def connection(broker: Lab, bucket: KeyValue) -> AsyncIterator[Client]:
    async with broker.connection("intake") as client:
        yield client


async def seen_by(broker: Lab, user: str = "audit") -> LiveDirectory:
    """By a service that starts now."""
    async with broker.connection(user) as client:
        live = LiveDirectory(FILE, lambda: client)
        await live.open()
        return live


def named(version: str) -> Directory:
    return Directory.model_validate(
        {**{name: getattr(FILE, name) for name in Directory.model_fields}, "version": version}
    )


async def facts_since(broker: Lab, since: int) -> list[DirectoryChange]:
    async with broker.connection("admin") as admin:
        js = admin.jetstream()
        last = (await js.stream_info("FACTS")).state.last_seq
        raw = [(await js.get_msg("FACTS", number)).data or b"" for number in range(since + 1, last + 1)]
    return [DirectoryChange.model_validate(Fact.read(one).data) for one in raw]


async def end_of_facts(broker: Lab) -> int:
    async with broker.connection("admin") as admin:
        return (await admin.jetstream().stream_info("FACTS")).state.last_seq


async def test_a_person_does_not_grow_out_of_a_message_by_one_absence_after_the_other(
    connection: Client,
) -> None:
    intake = Intake(connection)
    await intake.operator_file.take(FILE)
    who = FILE.people[0].id
    days = [datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in range(500)]
    absences = [
        {"from": day.isoformat(), "until": (day + timedelta(hours=1)).isoformat(), "reason": "假" * 200}
        for day in days
    ]
    changes = [{"op": "set_absence", "person": who, "absence": absence} for absence in absences]
    with pytest.raises(Problem) as refused:
        await intake.changes.change(ChangeForm.model_validate({"changes": changes}), OPERATOR)
    assert (refused.value.status, intake.live.revision) == (413, 1)
    assert f"person {who} takes" in str(refused.value.detail)


async def test_after_a_version_as_long_as_it_may_be_others_follow(connection: Client) -> None:
    intake = Intake(connection)
    await intake.operator_file.take(named("v" * VERSION_LIMIT))
    assert await intake.put_units("first") == 2
    assert await intake.put_units("second") == 3
    assert intake.live.now.version.endswith("v+3")


async def test_a_directory_larger_than_a_message_is_stored_told_changed_and_followed(
    broker: Lab, connection: Client
) -> None:
    since, intake = await end_of_facts(broker), Intake(connection)
    large = Directory.model_validate_json(orjson.dumps(large_directory(LARGER_THAN_A_MESSAGE, 300, 20)))
    await intake.operator_file.take(large)
    assert (await seen_by(broker)).now == large
    facts = await facts_since(broker, since)
    assert [(fact.part, fact.parts) for fact in facts] == [
        (number, len(facts)) for number in range(1, len(facts) + 1)
    ]
    assert len(facts) > 2
    assert sum(len(fact.changes) for fact in facts) == sum(
        len(getattr(large, part)) for part in ("areas", "units", "people", "posts", "rosters")
    )
    assert await intake.put_units("added") == 2
    live = await seen_by(broker)
    assert (live.revision, live.now) == (2, intake.live.now)
    await Intake(connection).operator_file.take(large)
    assert (await seen_by(broker)).revision == 2, "the same file again changes nothing"


async def test_the_single_value_of_the_version_before_is_moved_over_and_keeps_its_revision(
    broker: Lab, bucket: KeyValue, connection: Client
) -> None:
    kept = KeptDirectory(
        revision=7,
        at=datetime.now(UTC),
        change="old",
        subject="fact.1.directory_changed",
        fact="",
        directory=named("old+7"),
        recent=("old",),
    )
    await bucket.put(CURRENT, kept.write())
    assert ((await seen_by(broker)).revision, (await seen_by(broker)).now.version) == (7, "old+7"), (
        "read before it is moved"
    )
    since, intake = await end_of_facts(broker), Intake(connection)
    await intake.operator_file.take(named("old"))
    assert await intake.put_units("moved") == intake.live.revision
    live = await seen_by(broker)
    assert (live.head is not None, live.single, live.now) == (True, None, intake.live.now)
    assert UnitId("moved") in live.now.units_by_id
    assert {fact.base for fact in await facts_since(broker, since)} <= {7, 8}, (
        "what was on record is not told again"
    )
    assert KeptDirectory.read((await bucket.get(CURRENT)).value or b"").directory == live.now, (
        "and the version before can still read it"
    )


async def test_a_single_value_that_is_ahead_of_the_head_counts_and_is_moved_over(
    broker: Lab, bucket: KeyValue, connection: Client
) -> None:
    intake = Intake(connection)
    await intake.operator_file.take(named("ahead"))
    await intake.put_units("by_us")
    ahead = KeptDirectory.read((await bucket.get(CURRENT)).value or b"")
    without = Directory.trusted(
        "rolled-back",
        {p: getattr(FILE, p) for p in Directory.model_fields if p != "version"},
        None,
        frozenset(),
    )
    await bucket.put(
        CURRENT,
        ahead.model_copy(
            update={"revision": 3, "change": "by-the-old", "directory": without, "fact": ""}
        ).write(),
    )
    assert UnitId("by_us") not in (await seen_by(broker)).now.units_by_id
    assert await intake.put_units("again") == 4
    live = await seen_by(broker)
    assert (
        live.revision,
        UnitId("by_us") in live.now.units_by_id,
        UnitId("again") in live.now.units_by_id,
    ) == (4, False, True)


@pytest.mark.parametrize("dies_before", ["write_objects", "facts", "put_told"])
async def test_an_intake_that_dies_in_a_change_leaves_it_whole_and_the_next_finishes_it(
    broker: Lab, connection: Client, monkeypatch: pytest.MonkeyPatch, dies_before: str
) -> None:
    intake = Intake(connection)
    await intake.operator_file.take(named(f"dies-{dies_before}"))
    since = await end_of_facts(broker)

    async def die(*_: Any) -> None:
        raise Unreachable(Marked("dead"))

    with monkeypatch.context() as dying:
        dying.setattr(DirectoryBucket, dies_before, die)
        with pytest.raises(Unreachable):
            await intake.put_units("half", "other_half")
    live = await seen_by(broker)
    assert (live.revision, {"half", "other_half"} <= set(live.now.units_by_id)) == (2, True), (
        "it is in force, whole"
    )
    after = Intake(connection)
    assert await after.put_units("next") == 3
    assert [fact.base for fact in await facts_since(broker, since)] == [1, 2], "and told once"
    last = await seen_by(broker)
    assert (last.now, last.told) == (after.live.now, last.head and last.head.change)


async def test_readers_see_each_change_of_several_intakes_whole_and_all_the_same(
    broker: Lab, connection: Client
) -> None:
    """Each change puts the same number into three units; who ever sees two numbers at once has seen half of
    one.
    """
    names = ("one", "two", "three")
    async with broker.connection("intake") as second, broker.connection("notifier") as reading:
        intakes = [Intake(connection), Intake(second)]
        await intakes[0].operator_file.take(named("whole"))
        await intakes[0].put_units(*names)
        seen: list[set[str]] = []
        live = LiveDirectory(FILE, lambda: reading)
        live.listeners.append(
            lambda now: seen.append({now.units_by_id[UnitId(name)].name.zh for name in names})
        )
        await live.open()
        following = asyncio.create_task(live.run())
        dice = random.Random(5)

        async def change(intake: Intake, numbers: range) -> None:
            for number in numbers:
                await intake.put_units(*dice.sample(names, 3), number=number)

        await asyncio.gather(change(intakes[0], range(1, 11)), change(intakes[1], range(11, 21)))
        starting = await seen_by(broker)
        await until(lambda: live.revision == starting.revision == 22)
        following.cancel()
    assert all(len(numbers) == 1 for numbers in seen)
    assert live.now == starting.now


async def test_what_was_taken_away_and_added_again_stands_where_it_was_declared_last(
    broker: Lab, connection: Client
) -> None:
    intake = Intake(connection)
    await intake.operator_file.take(named("order"))
    await intake.put_units("aa", "bb", "cc")
    remove = {"changes": [{"op": "remove", "what": "unit", "id": "aa"}]}
    await intake.changes.change(ChangeForm.model_validate(remove), OPERATOR)
    await intake.put_units("bb", number=1)
    await intake.put_units("aa", number=2)
    order = [unit.id for unit in (await seen_by(broker)).now.units][-3:]
    assert order == [unit.id for unit in intake.live.now.units][-3:] == ["bb", "cc", "aa"]


async def test_a_head_of_a_newer_format_is_waited_for_and_never_set_aside(
    broker: Lab, bucket: KeyValue, connection: Client
) -> None:
    intake = Intake(connection)
    await intake.operator_file.take(named("newer"))
    head = DirectoryHead.model_validate_json((await bucket.get(HEAD)).value or b"")
    newer = {"fenghuoformat": FORMAT + 1, "revision": 2, "of_later": 1}
    await bucket.put(HEAD, orjson.dumps(head.model_dump(mode="json", exclude_none=True) | newer))
    async with broker.connection("audit") as client:
        live = LiveDirectory(FILE, lambda: client)
        with pytest.raises(NewerError):
            await live.open()
        with pytest.raises(RuntimeError, match="upgraded"):
            await live.check()


async def test_an_object_that_can_not_be_read_is_the_one_before_it(
    broker: Lab, bucket: KeyValue, connection: Client
) -> None:
    await Intake(connection).operator_file.take(named("unreadable"))
    await bucket.put("object.person.han_chen", b'{"order": 1, "object": 7}')
    live = await seen_by(broker)
    assert live.now.people_by_id[PersonId("han_chen")] == FILE.people_by_id[PersonId("han_chen")]
