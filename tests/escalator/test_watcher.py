"""Who watches the watcher: every difference between cases, clocks and the record is found, repaired and on
record.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from nats.aio.client import Client
from prometheus_client import CollectorRegistry

from services.escalator.metrics import WatchMetrics
from services.escalator.self_check.watch_repair import armed_for
from services.escalator.self_check.watcher import Watcher
from services.escalator.settings import EscalatorSettings
from shared.broker.stillness import STILL_AFTER
from shared.case import Case, write_case
from shared.facts import Checked, CheckOutcome
from shared.ids import CaseId
from shared.streams import AUDIT_DURABLE, FACTS
from shared.subjects import armed_subject, due_subject
from shared.vocabulary import Kind
from tests.escalator.wire import case_now, close, facts_of, pending_at, report
from tests.lab import Lab, lab_in, until

LATER = timedelta(seconds=30)
"""The check leaves alone what was written a moment ago; these rounds are held half a minute from now."""


class Watched:
    """One open case whose clock is pending, and the check, held when the test says so."""

    def __init__(self, admin: Client, escalator: Client, case: CaseId) -> None:
        self.admin, self.case = admin, case
        self.later = LATER
        self.settings = EscalatorSettings(watch_also=())
        metrics = WatchMetrics(CollectorRegistry())
        self.watcher = Watcher(
            lambda: escalator, self.settings, metrics, lambda: datetime.now(UTC) + self.later
        )

    async def found(self) -> list[tuple[CheckOutcome, bool]]:
        """(difference, repaired) of one round."""
        return [(one.found, one.repaired) for one in (await self.watcher.round()).differences]

    async def now(self) -> Case:
        case = await case_now(self.admin, self.case)
        assert case
        return case

    async def rewrite(self, case: Case) -> None:
        await (await self.admin.jetstream().key_value("CASES")).put(case.id, write_case(case))

    async def arm(self, case: CaseId, at: datetime) -> None:
        headers = {"Nats-Schedule": f"@at {at.isoformat()}", "Nats-Schedule-Target": due_subject(case)}
        await self.admin.jetstream().publish(armed_subject(case), b"{}", headers=headers)

    async def disarm(self) -> None:
        await self.admin.jetstream().purge_stream("CLOCKS", subject=armed_subject(self.case))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """A broker of its own, since a round looks at every case there is; the service's own check is off."""
    async with lab_in(tmp_path_factory.mktemp("watched"), mongo=False) as lab:
        await lab.start_service("escalator", FENGHUO_WATCH_EVERY="PT0S")
        yield lab


@pytest_asyncio.fixture(loop_scope="session")
async def watched(broker: Lab) -> AsyncIterator[Watched]:
    async with (
        broker.connection("admin") as admin,
        broker.connection("intake") as intake,
        broker.connection("escalator") as escalator,
    ):
        case = await report(intake)
        await until(lambda: pending_at(admin, case))
        one = Watched(admin, escalator, case)
        await one.found()
        assert await one.found() == []
        yield one


async def test_a_clock_that_went_missing_is_found_armed_again_and_on_record(watched: Watched) -> None:
    await watched.disarm()
    assert await watched.found() == [(CheckOutcome.CLOCK_MISSING, True)]
    case = await watched.now()
    assert await pending_at(watched.admin, watched.case) == case.clock_at
    checked = [
        Checked.model_validate(fact.data)
        for _, fact in await facts_of(watched.admin, watched.case, Kind.CHECKED)
    ]
    assert [(one.found, one.expected_at, one.repaired) for one in checked] == [
        (CheckOutcome.CLOCK_MISSING, case.clock_at, True)
    ]
    assert await watched.found() == []


async def test_a_clock_for_another_moment_is_set_right(watched: Watched) -> None:
    await watched.arm(watched.case, datetime.now(UTC) + timedelta(days=300))
    assert await watched.found() == [(CheckOutcome.CLOCK_OTHER, True)]
    assert await pending_at(watched.admin, watched.case) == (await watched.now()).clock_at


async def test_a_clock_that_nobody_waits_for_is_taken_away(watched: Watched) -> None:
    stray = CaseId("01JDSTRAY00000000000000000")
    await watched.arm(stray, datetime.now(UTC) + timedelta(days=300))
    assert await watched.found() == [(CheckOutcome.CLOCK_STRAY, True)]
    assert await pending_at(watched.admin, stray) is None
    assert await pending_at(watched.admin, watched.case) == (await watched.now()).clock_at


async def test_a_clock_that_struck_and_was_lost_strikes_again(watched: Watched) -> None:
    await watched.disarm()
    watched.later = timedelta(hours=1)
    assert await watched.found() == [(CheckOutcome.CLOCK_LOST, True)]
    assert await pending_at(watched.admin, watched.case) == (await watched.now()).clock_at


async def test_what_changes_while_the_check_looks_is_no_difference(watched: Watched) -> None:
    await watched.disarm()
    watched.later = timedelta(0)
    assert await watched.found() == [], "the case was written a moment ago: its clock may be on its way"


async def test_an_act_that_a_lane_is_past_and_its_case_has_not_taken_in_is_found(
    broker: Lab, watched: Watched
) -> None:
    before = await watched.now()
    await _closed(broker, watched)
    assert await watched.found() == []
    await watched.rewrite(before)
    watched.watcher.surveyor.followed_to = before.applied.sequence  # as if it had not been followed yet
    assert (CheckOutcome.FACT_IGNORED, False) in await watched.found()


async def _closed(broker: Lab, watched: Watched) -> None:
    async def ended() -> bool:
        return (await watched.now()).ended_at is not None and await pending_at(
            watched.admin, watched.case
        ) is None

    async with broker.connection("intake") as intake:
        await close(intake, watched.case)
        await until(ended)


async def test_a_case_that_cannot_be_read_is_said(watched: Watched) -> None:
    good = await watched.now()
    await (await watched.admin.jetstream().key_value("CASES")).put(watched.case, b"{")
    assert await watched.found() == [(CheckOutcome.CASE_UNREADABLE, False)]
    await watched.rewrite(good)
    assert await watched.found() == []


async def test_a_durable_that_stands_still_is_said(watched: Watched) -> None:
    watched.settings.watch_also = ("notifier",)  # nobody delivers here, and decisions wait
    assert await watched.found() == [], "they may have come in just now"
    watched.later += STILL_AFTER
    assert await watched.found() == [(CheckOutcome.LANE_STILL, False)]


async def test_what_whoever_died_had_in_hand_is_no_standstill_before_it_comes_back(
    broker: Lab, watched: Watched
) -> None:
    watched.settings.watch_also = ("audit",)
    async with broker.connection("audit") as audit:
        durable = await audit.jetstream().pull_subscribe_bind(AUDIT_DURABLE, FACTS)
        await durable.fetch(10_000, timeout=5)  # all that waits, and then it dies
    info = await watched.admin.jetstream().consumer_info(FACTS, AUDIT_DURABLE)
    assert info.num_ack_pending
    ack_wait = timedelta(seconds=info.config.ack_wait or 0)
    assert await watched.found() == []
    watched.later += ack_wait
    assert await watched.found() == [], "the broker hands it out again only now"
    watched.later += STILL_AFTER
    assert await watched.found() == [(CheckOutcome.LANE_STILL, False)]


async def test_an_ended_case_leaves_the_bucket_after_a_week_and_an_open_one_never(
    broker: Lab, watched: Watched
) -> None:
    async with broker.connection("intake") as intake:
        open_case = await report(intake)
        await _closed(broker, watched)
        await until(lambda: pending_at(watched.admin, open_case))
    watched.later = timedelta(days=6, hours=23)
    await watched.found()
    assert await case_now(watched.admin, watched.case), "six days are less than seven"
    watched.later = timedelta(days=7, minutes=1)
    await watched.found()
    assert await case_now(watched.admin, watched.case) is None
    assert await case_now(watched.admin, open_case)


async def test_an_ended_petition_stays_as_long_as_its_review_may_be_asked_for(
    broker: Lab, watched: Watched
) -> None:
    await _closed(broker, watched)
    case = await watched.now()
    assert case.ended_at
    asked_for = replace(case, kept_until=case.ended_at + timedelta(days=30))
    await (await watched.admin.jetstream().key_value("CASES")).put(watched.case, write_case(asked_for))
    watched.later = timedelta(days=36, hours=23)
    await watched.found()
    assert await case_now(watched.admin, watched.case), "thirty days to ask, and a week as ever"
    watched.later = timedelta(days=37, minutes=1)
    await watched.found()
    assert await case_now(watched.admin, watched.case) is None


async def test_the_outside_address_is_called_only_when_all_is_well(watched: Watched) -> None:
    calls: list[str] = []

    async def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append((await reader.readuntil(b"\r\n\r\n")).decode().split()[1])
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(taken, "127.0.0.1", 0) as server:
        watched.settings.deadman_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/alive"
        await watched.disarm()
        assert await watched.found() == [(CheckOutcome.CLOCK_MISSING, True)]
        assert calls == []
        watched.settings.watch_services = ("escalator", "notifier")
        assert await watched.found() == []
        assert calls == [], "no notifier says that it is ready"
        watched.settings.watch_services = ("escalator",)
        assert await watched.found() == []
        assert calls == ["/alive"]


async def test_the_running_service_repairs_by_itself_and_says_so_in_its_metrics(
    broker: Lab, watched: Watched
) -> None:
    service = await broker.start_service("escalator", FENGHUO_WATCH_EVERY="PT0.2S", FENGHUO_WATCH_ALSO="[]")
    try:
        await watched.disarm()
        await until(lambda: pending_at(watched.admin, watched.case))
        await until(
            lambda: (
                'fenghuo_watch_differences_total{found="clock_missing"} 1.0'
                in httpx2.get(f"{service.url}/metrics").text
            ),
            seconds=30,
        )
        await until(lambda: "fenghuo_watch_well 1.0" in httpx2.get(f"{service.url}/metrics").text)
    finally:
        service.stop()


MOMENTS = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
).map(lambda at: at.replace(tzinfo=UTC))


@given(MOMENTS)
def test_a_schedules_header_is_read_as_it_is_written(at: datetime) -> None:
    assert armed_for(f"@at {at.isoformat(timespec='microseconds').replace('+00:00', 'Z')}") == at
