"""What nobody reports is watched all the same: rosters, sources, periodic duties and the directory's gaps."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from services.escalator import standing
from services.escalator.lanes.established_before import EstablishedBefore
from services.escalator.lanes.outgoing import SOURCE, Outgoings
from services.escalator.lanes.passed import lanes_pass
from services.escalator.lanes.rulebook import RuleBook
from services.escalator.standing import Noted, StandingWatches, Watched, digest_before, to_be_watched, watches
from shared.broker.exchange import Exchange
from shared.case import Case
from shared.directory import Absence, Directory
from shared.directory.live import LiveDirectory
from shared.facts import Established, Fact
from shared.ids import CaseId
from shared.standing import standing_case
from shared.subjects import fact_subject, lane_of
from shared.vocabulary import Kind
from tests.escalator.builders import default_rules, example_directory
from tests.escalator.wire import case_now, facts_of
from tests.lab import Lab, until

NOW, DAY = datetime(2026, 11, 11, tzinfo=UTC), timedelta(days=1)


class _OnePolicy:
    def in_force(self, _: datetime):
        return default_rules().policy

    by_label = in_force


def watched(directory: Directory) -> set[tuple[str, str]]:
    return {(one.watch, one.subject) for one in to_be_watched(default_rules().policy, directory)}


def test_every_roster_source_and_periodic_duty_is_watched() -> None:
    directory = example_directory()
    found = watched(directory)
    assert {("roster", roster.id) for roster in directory.rosters if roster.sign_in_within} <= found
    assert {("source", source.id) for source in directory.sources if source.silent_after} <= found
    assert {
        ("periodic", "monthly_analysis"),
        ("periodic", "quarterly_analysis"),
        ("plan", "chemical_accident"),
        ("gaps", "gap_watch"),
    } <= found
    assert all(watch != "ledger" for watch, _ in found), (
        "a ledger is opened by the first lapse referred to it"
    )


def test_each_is_watched_for_the_unit_that_owes_it() -> None:
    units = {one.subject: one.unit for one in to_be_watched(default_rules().policy, example_directory())}
    assert units["tv_watch"] == "tv_centre"
    assert units["monthly_analysis"] == units["quarterly_analysis"] == "petition_office", (
        "inherited from what it extends"
    )


def test_a_standing_case_has_one_id_that_anybody_can_work_out() -> None:
    assert standing_case("source", "hotline-12345") == standing_case("source", "hotline-12345")
    assert len(
        {
            standing_case(one.watch, one.subject)
            for one in to_be_watched(default_rules().policy, example_directory())
        }
    ) == len(watched(example_directory()))


def test_a_change_alters_the_watches_it_is_about_and_no_others() -> None:
    policy, directory = default_rules().policy, example_directory()
    before = watches(policy, directory)
    first, *rosters = directory.rosters
    moved = directory.revised(
        version="next", rosters=(first.model_copy(update={"hours": first.hours + 1}), *rosters)
    )
    assert unlike(before, watches(policy, moved)) == {f"standing.roster.{first.id}"}
    away = directory.people[0].model_copy(update={"absences": (Absence(since=NOW, until=NOW + DAY),)})
    assert unlike(before, watches(policy, directory.revised(people=(away, *directory.people[1:])))) == set()
    other = default_rules(**{'version: "2026-11-01"': 'version: "next"'}).policy
    assert unlike(before, watches(other, directory)) == set(before), (
        "a standing case goes by the policy of now"
    )


def unlike(before: dict[str, Noted], after: dict[str, Noted]) -> set[str]:
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


class Watches:
    """The watches of an escalator that starts, over the directory it is given."""

    def __init__(self, exchange: Exchange, connection: Client) -> None:
        self.directory = LiveDirectory(example_directory(), lambda: connection)
        rulebook = RuleBook(_OnePolicy(), self.directory)  # pyright: ignore[reportArgumentType] - all that is asked of it
        self.look = StandingWatches(
            exchange, Outgoings(exchange), rulebook, self.directory, lambda: datetime.now(UTC)
        ).look

    async def see(self, directory: Directory) -> None:
        """The live directory of the service stays as it is: it is only this change that is under test."""
        self.directory._now = directory  # pyright: ignore[reportPrivateUsage]
        self.directory.revision += 1
        await self.look()


async def test_it_is_established_once_and_again_when_it_is_altered_and_what_is_gone_lets_go(lab: Lab) -> None:
    service = await lab.start_service("escalator")
    try:
        async with lab.connection("admin") as admin, lab.connection("escalator") as escalator:
            gone = "shaquan-info"
            case = standing_case("source", gone)
            opened = await until(lambda: _watching(admin, case))
            assert opened
            assert opened.standing
            assert opened.clock_at, "silence has its limit"
            exchange = Exchange(lambda: escalator)
            await exchange.open()
            started = Watches(exchange, escalator)
            await started.look()
            before = await _established(admin)
            assert len(before) == len(watched(example_directory())), "a start says nothing twice"

            whole = example_directory()
            without = whole.revised(sources=tuple(source for source in whole.sources if source.id != gone))
            first, *rosters = whole.rosters
            moved = whole.revised(rosters=(first.model_copy(update={"hours": first.hours + 1}), *rosters))
            seen = (
                (without, gone, "it lets go"),
                (whole, gone, "it is watched again, though it is as it was before"),
                (moved, first.id, "this roster alone"),
            )
            for number, (directory, subject, words) in enumerate(seen, 1):
                await started.see(directory)
                assert [one.subject for one in (await _established(admin))[len(before) :]][number - 1 :] == [
                    subject
                ], words
            await Watches(exchange, escalator).see(moved)
            assert len(await _established(admin)) == len(before) + len(seen), "a restart says nothing twice"
    finally:
        service.stop()


async def test_what_the_version_before_noted_in_one_value_is_taken_over_and_nothing_is_said_of_it(
    lab: Lab,
) -> None:
    async with lab.connection("admin") as admin, lab.connection("escalator") as escalator:
        await admin.jetstream().purge_stream("KV_POLICIES", subject="$KV.POLICIES.standing.>")
        policy, directory = default_rules().policy, example_directory()
        noted = Watched(
            by=digest_before(policy, 0, directory), subjects=tuple(to_be_watched(policy, directory))
        )
        bucket = await admin.jetstream().key_value("POLICIES")
        await bucket.put("standing", noted.model_dump_json().encode())
        exchange = Exchange(lambda: escalator)
        await exchange.open()
        before = len(await _established(admin))
        await Watches(exchange, escalator).look()
        assert len(await _established(admin)) == before
        assert {key for key in await bucket.keys() if key.startswith("standing.")} == set(
            watches(policy, directory)
        )
        gone = next(source.id for source in directory.sources if source.silent_after)
        sources = tuple(source for source in directory.sources if source.id != gone)
        await Watches(exchange, escalator).see(directory.revised(version="next", sources=sources))
        assert [one.subject for one in (await _established(admin))[before:]] == [gone], (
            "from then on each has a note of its own"
        )


LANE = 3


def _of_one_lane(name: str, count: int) -> list[Established]:
    """Watches that are made up, all of one lane."""
    made = (
        Established.model_validate(
            {
                "watch": "gaps",
                "subject": f"{name}_{number}",
                "unit": "emergency_office",
                "area": "620600",
                "title": name,
            }
        )
        for number in range(1_000)
    )
    return [watch for watch in made if lane_of(standing_case(watch.watch, watch.subject)) == LANE][:count]


async def _say(exchange: Exchange, watch: Established, fact_id: str) -> int:
    case = standing_case(watch.watch, watch.subject)
    raw = Fact.bytes_of(
        Kind.ESTABLISHED, id=fact_id, source=SOURCE, subject=case, time=datetime.now(UTC), data=watch
    )
    return await (await Outgoings(exchange).append(fact_subject(case, Kind.ESTABLISHED), raw, fact_id))


async def test_whether_a_watch_is_new_is_read_once_for_all_of_its_lane(lab: Lab) -> None:
    async with lab.connection("escalator") as escalator:
        exchange = Exchange(lambda: escalator)
        await exchange.open()
        watches = _of_one_lane("read_once", 6)
        said = [await _say(exchange, watch, f"{watch.subject}:1") for watch in watches]
        again = await _say(exchange, watches[0], f"{watches[0].subject}:2")
        readings: list[Client] = []

        def connection() -> Client:
            readings.append(escalator)
            return escalator

        before = EstablishedBefore(connection)
        cases = [standing_case(watch.watch, watch.subject) for watch in watches]
        assert all([await before.is_first(case, at) for case, at in zip(cases, said, strict=True)])
        assert not await before.is_first(cases[0], again), "it was established before"
        assert len(readings) == 1
        assert not await before.is_first(standing_case("gaps", "never_said"), again), "that was not read"
        later = await _say(exchange, next(iter(_of_one_lane("later", 1))), "later:1")
        assert await before.is_first(standing_case("gaps", _of_one_lane("later", 1)[0].subject), later)


async def test_new_watches_are_decided_on_without_reading_the_lanes_record_for_each(lab: Lab) -> None:
    service = await lab.start_service("escalator")
    try:
        async with lab.connection("admin") as admin, lab.connection("escalator") as escalator:
            asked: list[str] = []

            async def note(message: Msg) -> None:
                asked.append(json.loads(message.data or b"{}").get("next_by_subj", ""))

            await admin.subscribe("$JS.API.DIRECT.GET.FACTS", cb=note)
            await admin.flush()
            exchange = Exchange(lambda: escalator)
            await exchange.open()
            watches = _of_one_lane("decided_on", 8)
            said = [await _say(exchange, watch, f"{watch.subject}:1") for watch in watches]
            assert await lanes_pass(lambda: escalator, {LANE: said[-1]}, 60)
            for watch in watches:
                assert await case_now(admin, standing_case(watch.watch, watch.subject))
            assert f"fact.{LANE}.{Kind.ESTABLISHED}" in asked
            assert f"fact.{LANE}.*" not in asked
    finally:
        service.stop()


async def test_a_lane_that_stands_still_is_waited_for_no_longer_than_it_is_given(lab: Lab) -> None:
    async with lab.connection("escalator") as escalator:
        exchange = Exchange(lambda: escalator)
        await exchange.open()
        at = await _say(exchange, _of_one_lane("nobody_decides", 1)[0], "nobody_decides:1")
        assert not await lanes_pass(lambda: escalator, {LANE: at}, 0.1)


async def test_many_are_established_in_portions_and_reports_come_between(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[dict[int, int]] = []

    async def passed(_: object, last: dict[int, int], __: float) -> bool:
        waited.append(dict(last))
        return True

    monkeypatch.setattr(standing, "AT_ONCE", 1)
    monkeypatch.setattr(standing, "lanes_pass", passed)
    async with lab.connection("escalator") as escalator:
        exchange = Exchange(lambda: escalator)
        await exchange.open()
        started = Watches(exchange, escalator)
        whole = example_directory()
        await started.see(whole)
        waited.clear()
        one, two, three, *rosters = whole.rosters
        longer = [roster.model_copy(update={"hours": roster.hours + 2}) for roster in (one, two, three)]
        await started.see(whole.revised(rosters=(*longer, *rosters)))
        await started.see(whole)
        assert len(waited) == 4, "before each but the first of a change"
        first, second = waited[0], waited[1]
        assert lane_of(standing_case("roster", one.id)) in first
        assert max(second.values()) > max(first.values())


async def _watching(admin: Client, case: CaseId) -> Case | None:
    found = await case_now(admin, case)
    return found if found is not None and found.clock_at is not None else None


async def _established(admin: Client) -> list[Established]:
    return [
        Established.model_validate(fact.data) for _, fact in await facts_of(admin, None, Kind.ESTABLISHED)
    ]
