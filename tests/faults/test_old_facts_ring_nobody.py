"""What was done is on record: whatever is told, read or handed out again, no call, no case and no decision
comes of it a second time.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import orjson
import pytest
import pytest_asyncio
from nats.aio.client import Client
from ulid import ULID

from shared.facts import EffectKind, Fact
from shared.ids import CaseId
from shared.streams import CASES, CLOCKS, FACTS, NOTIFIER_DURABLE, POSITIONS, declare, escalator_durable
from shared.subjects import lane_of
from shared.vocabulary import Kind, Role
from tests.attacks.conftest import Installation, installation_in
from tests.attacks.forging import headers_of
from tests.durables import is_worked_off
from tests.escalator.wire import agree, case_now, decisions_of, facts_of
from tests.lab import until
from tests.notifier.conftest import start_notifier

WINDOW = 0.2
"""Seconds of the broker's memory of ids here, in place of an hour."""
Json = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installation(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    async with installation_in(tmp_path_factory.mktemp("old-facts")) as one:
        async with one.lab.connection("admin") as admin:
            js = admin.jetstream()
            await js.update_stream((await js.stream_info(FACTS)).config.evolve(duplicate_window=WINDOW))
        yield one


@pytest_asyncio.fixture(loop_scope="session")
async def admin(installation: Installation) -> AsyncIterator[Client]:
    async with installation.lab.connection("admin") as connection:
        yield connection


async def the_window_is_over() -> None:
    await asyncio.sleep(2 * WINDOW)


def a_report() -> Json:
    now = datetime.now(UTC).isoformat()
    known = {"category": "accident", "unit": "shaquan_emergency", "area": "620622", "summary": "化工厂爆炸"}
    return {**known, "occurred_at": now, "learned_at": now}


async def reported(http: httpx2.AsyncClient, installation: Installation, form: Json, key: str) -> Json:
    headers = {**installation.lab.bearer(Role.REPORTER, unit="shaquan_emergency"), "Idempotency-Key": key}
    answer = await http.post("/api/v1/reports", json=form, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


async def withdrawn(installation: Installation, case: str) -> None:
    """By its unit, and a second person agrees: the case is grave."""
    await installation.act(case, "withdraw", "shaquan_emergency", text="误报")
    async with installation.lab.connection("intake") as intake:
        await agree(intake, CaseId(case))

    async def is_over() -> bool:
        return (await installation.case(case)).status == "withdrawn"

    await until(is_over, what="the case is over")


async def decided(admin: Client, case: str) -> Counter[int]:
    return Counter(decision.about.sequence for decision in await decisions_of(admin, CaseId(case)))


def calls(installation: Installation, case: str) -> Counter[str]:
    return Counter(
        one.data["purpose"] for one in installation.gateway.gateway.messages if one.data.get("case") == case
    )


async def test_a_report_that_comes_again_after_the_window_is_the_one_on_record(
    installation: Installation, admin: Client
) -> None:
    """Also where its case has left the board, and in the first moment of another intake, which has read
    nothing yet.
    """
    form, key = a_report(), str(ULID())
    first = await reported(installation.http, installation, form, key)
    case = CaseId(first["case"])
    await until(lambda: case_now(admin, case), what="the case stands")
    await the_window_is_over()
    again = [await reported(installation.http, installation, form, key)]
    await (await admin.jetstream().key_value(CASES)).purge(case)
    again.append(await reported(installation.http, installation, form, key))
    other = await installation.lab.start_service("intake", wait=False, FENGHUO_DUTIES_WAIT="PT0.1S")
    async with httpx2.AsyncClient(base_url=other.url, timeout=20) as http:

        async def answers() -> bool:
            try:
                again.append(await reported(http, installation, form, key))
            except (httpx2.HTTPError, AssertionError):
                return False  # it has no broker yet
            return True

        await until(answers, what="the other intake answers")
    other.stop()
    assert {(one["case"], one["fact"]["sequence"], one["repeated"]) for one in again} == {
        (case, first["fact"]["sequence"], True)
    }
    assert len(await facts_of(admin, case, Kind.REPORTED)) == 1


async def test_what_a_system_sends_again_after_the_window_is_known(
    installation: Installation, admin: Client
) -> None:
    event: Json = {
        "specversion": "1.0",
        "id": str(ULID()),
        "source": "/wangshan",
        "type": "cn.fenghuo.report.v1",
        "datacontenttype": "application/json",
        "data": {**a_report(), "unit": "wangshan_info_centre"},
    }
    js = admin.jetstream()
    async with installation.lab.source("wangshan-info") as source:
        for _ in range(3):
            await source.jetstream().publish("inbox.cloudevents.wangshan-info", orjson.dumps(event))
            await the_window_is_over()

    await until(lambda: is_worked_off(js, "INBOX", "intake"), what="all three are taken")
    about = [fact for _, fact in await facts_of(admin, None, Kind.REPORTED) if fact.id.endswith(event["id"])]
    refused = [
        fact for _, fact in await facts_of(admin, None, Kind.REJECTED) if event["id"] in str(fact.data)
    ]
    assert (len(about), refused) == (1, [])


async def test_a_fact_stored_twice_under_its_id_is_decided_once(
    installation: Installation, admin: Client
) -> None:
    case = CaseId(await installation.report("shaquan_emergency"))
    await installation.act(case, "progress", "shaquan_emergency", text="两台泵车已到")
    js = admin.jetstream()
    (_, report), (_, act) = (
        (await facts_of(admin, case, Kind.REPORTED))[0],
        (await facts_of(admin, case, Kind.PROGRESSED))[0],
    )
    before = await decisions_of(admin, case)

    async def stored_again(fact: Fact) -> int | None:
        """Its sequence; None while the broker still knows its id."""
        answer = await js.publish(
            f"fact.{lane_of(case)}.{fact.kind}", fact.write(), headers=headers_of(fact.id)
        )
        return None if answer.duplicate else answer.seq

    stored: list[int | None] = []
    for fact in (report, act, report):
        stored.append(
            await until(lambda fact=fact: stored_again(fact), what="the broker has forgotten its id")
        )

    async def is_past() -> bool:
        now = await case_now(admin, case)
        return now is not None and now.applied.sequence >= (stored[-1] or 0)

    await until(is_past, what="the repeats are looked at")
    assert [one for one in await decisions_of(admin, case) if one.about.sequence in stored] == []
    assert len(await decisions_of(admin, case)) >= len(before)


async def test_nobody_is_rung_about_a_case_that_was_over_before_they_could_be(
    installation: Installation, admin: Client
) -> None:
    """The notifier was away while an emergency was reported and withdrawn; then its durable is made anew at
    the very beginning.
    """
    installation.notifier.stop()
    case = await installation.report("shaquan_emergency")
    await withdrawn(installation, case)
    js = admin.jetstream()
    await js.delete_consumer(FACTS, NOTIFIER_DURABLE)
    await (await js.key_value(POSITIONS)).purge(f"{FACTS}.{NOTIFIER_DURABLE}")
    before = {one.id for one in installation.gateway.gateway.messages}
    rung = len(installation.gateway.gateway.messages)
    await declare(js)
    installation.notifier = await start_notifier(
        installation.lab, installation.gateway, FENGHUO_DIRECTORY=str(installation.lab.directory)
    )

    await until(lambda: is_worked_off(js, FACTS, NOTIFIER_DURABLE), what="every decision is looked at")
    again = [one.data for one in list(installation.gateway.gateway.messages)[rung:] if one.id in before]
    assert again == [], "what was delivered before is not delivered again"
    assert set(calls(installation, case)) <= {"withdrawn", "ended", "news"}


async def test_a_lane_made_anew_at_the_beginning_decides_on_nothing_twice(
    installation: Installation, admin: Client
) -> None:
    js = admin.jetstream()
    standing = CaseId(await installation.report("shaquan_emergency"))
    gone = CaseId(await installation.report("shaquan_emergency"))
    await withdrawn(installation, gone)
    await until(lambda: case_now(admin, gone), what="the case stands")
    before = [await decided(admin, case) for case in (standing, gone)]
    await js.purge_stream(CLOCKS, subject=f"clock.armed.*.{standing}")
    await (await js.key_value(CASES)).purge(gone)
    await the_window_is_over()
    for durable in {escalator_durable(lane_of(case)) for case in (standing, gone)}:
        await (await js.key_value(POSITIONS)).purge(f"{FACTS}.{durable}")
        await js.delete_consumer(FACTS, durable)
    await declare(js)

    async def all_looked_at() -> bool:
        lanes = {escalator_durable(lane_of(case)) for case in (standing, gone)}
        return all([await is_worked_off(js, FACTS, durable) for durable in lanes])

    await until(all_looked_at, what="the lanes are through")
    after = [await decided(admin, case) for case in (standing, gone)]
    for told_before, told_after in zip(before, after, strict=True):
        assert max(told_after.values()) == 1, "no decision is on record twice"
        assert set(told_before) <= set(told_after)
    opened = [
        one
        for one in await decisions_of(admin, gone)
        if any(effect.kind is EffectKind.OPENED for effect in one.effects)
    ]
    assert len(opened) == 1


async def test_a_durable_made_anew_goes_on_where_it_was(installation: Installation, admin: Client) -> None:
    js = admin.jetstream()
    position = (await js.stream_info(FACTS)).state.last_seq - 1
    at = (await js.get_msg(FACTS, position)).time
    assert at
    await js.publish(f"$KV.{POSITIONS}.{FACTS}.cross_check", f"{position} {at.isoformat()}".encode())
    await js.delete_consumer(FACTS, "cross_check")
    assert f"durable {FACTS}/cross_check" in await declare(js)
    assert (await js.consumer_info(FACTS, "cross_check")).config.opt_start_seq == position + 1
    assert await declare(js) == []
    # Another stream stands there now: what lies at its sequence is not what was done with.
    await js.publish(f"$KV.{POSITIONS}.{FACTS}.cross_check", f"{position} 2026-01-01T00:00:00+00:00".encode())
    await js.delete_consumer(FACTS, "cross_check")
    await declare(js)
    assert (await js.consumer_info(FACTS, "cross_check")).config.opt_start_seq is None
