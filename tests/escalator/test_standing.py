"""What nobody reports is watched all the same: rosters, sources, periodic duties and the directory's gaps."""

from datetime import UTC, datetime

from nats.aio.client import Client

from services.escalator.outgoing import Outgoings
from services.escalator.rulebook import RuleBook
from services.escalator.send import Exchange
from services.escalator.standing import StandingWatches, digest_of, to_be_watched
from shared.case import Case
from shared.directory import Directory
from shared.directory.live import LiveDirectory
from shared.facts import Established
from shared.ids import CaseId
from shared.standing import standing_case
from shared.vocabulary import Kind
from tests.escalator.builders import default_rules, example_directory
from tests.escalator.wire import case_now, facts_of
from tests.lab import Lab, until


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
    assert {("periodic", "monthly_analysis"), ("periodic", "quarterly_analysis"), ("periodic", "drill"), ("gaps", "gap_watch")} <= found
    assert all(watch != "ledger" for watch, _ in found), "a ledger is opened by the first lapse referred to it"


def test_each_is_watched_for_the_unit_that_owes_it() -> None:
    units = {one.subject: one.unit for one in to_be_watched(default_rules().policy, example_directory())}
    assert units["tv_watch"] == "tv_centre"
    assert units["monthly_analysis"] == units["quarterly_analysis"] == "petition_office", "inherited from what it extends"


def test_a_standing_case_has_one_id_that_anybody_can_work_out() -> None:
    assert standing_case("source", "hotline-12345") == standing_case("source", "hotline-12345")
    assert len({standing_case(one.watch, one.subject) for one in to_be_watched(default_rules().policy, example_directory())}) == len(
        watched(example_directory())
    )


def test_another_policy_or_directory_establishes_anew() -> None:
    policy, directory = default_rules().policy, example_directory()
    other = default_rules(**{'version: "2026-11-01"': 'version: "next"'}).policy
    assert len({digest_of(policy, 0, directory), digest_of(other, 0, directory), digest_of(policy, 1, directory)}) == 3


async def test_it_is_established_once_and_again_at_each_change_and_what_is_gone_lets_go(lab: Lab) -> None:
    service = await lab.start_service("escalator")
    try:
        async with lab.connection("admin") as admin, lab.connection("escalator") as escalator:
            gone = "shaquan-info"
            case = standing_case("source", gone)
            opened = await until(lambda: _watching(admin, case))
            assert opened
            assert opened.standing
            assert opened.clock_at, "silence has its limit"
            before = await _established(admin)

            exchange = Exchange(lambda: escalator)
            await exchange.open()
            directory = LiveDirectory(example_directory(), lambda: escalator)
            rulebook = RuleBook(_OnePolicy(), directory)  # pyright: ignore[reportArgumentType] - all that is asked of it
            watches = StandingWatches(exchange, Outgoings(exchange), rulebook, directory, lambda: datetime.now(UTC))
            await watches.look()
            assert await _established(admin) == before, "a restart says nothing twice"

            without = tuple(source for source in example_directory().sources if source.id != gone)
            # The live directory of the service keeps the source: it is only this change that is under test.
            directory._now, directory.revision = example_directory().revised(sources=without), 1  # pyright: ignore[reportPrivateUsage]
            await watches.look()
            assert len(await _established(admin)) == len(before) * 2, "all of them, and the one that is gone"
            assert [one.subject for one in (await _established(admin))[len(before) :]].count(gone) == 1
    finally:
        service.stop()


async def _watching(admin: Client, case: CaseId) -> Case | None:
    found = await case_now(admin, case)
    return found if found is not None and found.clock_at is not None else None


async def _established(admin: Client) -> list[Established]:
    return [Established.model_validate(fact.data) for _, fact in await facts_of(admin, None, Kind.ESTABLISHED)]
