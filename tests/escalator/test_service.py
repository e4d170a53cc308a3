"""The escalator as a process on the real broker."""

import re
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
from nats.aio.client import Client
from ulid import ULID

from services.escalator.policy.compress import compress
from shared.case import DutyState
from shared.facts import EffectKind
from shared.ids import CaseId
from shared.subjects import fact_subject, lane_of
from shared.vocabulary import Kind, Role
from tests.escalator.builders import example_directory
from tests.escalator.wire import (
    acknowledge,
    case_now,
    decisions_by_case,
    decisions_of,
    facts_of,
    merge,
    pending_at,
    report,
    timed_decisions_of,
)
from tests.lab import Lab, until

PARTY_MAIN = "zhao_jia"
STEPS = ("received", "decided", "stored", "published", "clock_set", "sent", "sent_out", "before_ack")


def fast_policy(lab: Lab, ratio: float = 600) -> Path:
    """The default policy, thirty minutes in three seconds."""
    path = lab.folder / f"policy-{ratio:g}.yaml"
    path.write_text(compress(lab.policy.read_text(encoding="utf-8"), ratio), encoding="utf-8")
    return path


async def test_killed_between_any_two_steps_it_neither_loses_nor_doubles_a_decision(lab: Lab) -> None:
    """At each step one is killed with a report, an answer and a merge in hand; the next takes over and is
    killed at the next step.
    """
    asked: list[tuple[CaseId, CaseId]] = []
    async with lab.connection("intake") as intake, lab.connection("admin") as admin:
        for step in STEPS:
            kept, duplicate = await report(intake), await report(intake)
            await acknowledge(intake, kept, PARTY_MAIN)
            await merge(intake, duplicate, kept)
            asked.append((kept, duplicate))
            dying = await lab.start_service(
                "escalator",
                command=[sys.executable, "-m", "tests.escalator.killed_at", step, "1"],
                wait=False,
            )
            await until(lambda process=dying.process: process.poll() is not None, what=f"killed at {step}")
            assert dying.process.returncode == -signal.SIGKILL, dying.log.read_text()[-2000:]
        last = await lab.start_service("escalator")
        try:
            for kept, duplicate in asked:
                await until(lambda case=kept: _decided(admin, case, Kind.ABSORBED))
                await until(lambda case=duplicate: _decided(admin, case, Kind.SECONDED))
            decisions = await decisions_by_case(admin)
            sent = [fact.subject for _, fact in await facts_of(admin, None, Kind.ABSORBED)]
            for kept, duplicate in asked:
                assert [one.about.kind for one in decisions[kept]] == [
                    Kind.REPORTED,
                    Kind.ACKNOWLEDGED,
                    Kind.ABSORBED,
                ]
                assert [one.about.kind for one in decisions[duplicate]] == [
                    Kind.REPORTED,
                    Kind.MERGED,
                    Kind.SECONDED,
                ]
                assert sent.count(kept) == 1, "what follows for another case is said once"
                now = await case_now(admin, kept)
                assert now
                assert await pending_at(admin, kept) == now.clock_at, "its one clock"
                await until(lambda case=duplicate: _no_clock(admin, case))
        finally:
            last.stop()


async def _no_clock(admin: Client, case: CaseId) -> bool:
    return await pending_at(admin, case) is None


async def _decided(admin: Client, case: CaseId, kind: Kind) -> bool:
    """The case is written first, then its decision goes out: what a test counts are those that are out."""
    now = await case_now(admin, case)
    if now is None or now.decision.about.kind != kind:
        return False
    return any(one.about.kind == kind for one in await decisions_of(admin, case))


async def _applied(admin: Client, case: CaseId, kind: Kind) -> bool:
    try:
        now = await case_now(admin, case)
    except ValueError:  # it is not made again yet
        return False
    return now is not None and now.decision.about.kind == kind


async def test_the_whole_rule_by_the_brokers_clock(frail_lab: Lab) -> None:
    frail_lab.policy = fast_policy(frail_lab)
    service = await frail_lab.start_service("escalator")
    try:
        async with frail_lab.connection("intake") as intake, frail_lab.connection("admin") as admin:
            case = await report(intake)
            opened = await until(lambda: case_now(admin, case))
            assert opened
            owed = [duty for duty in opened.duties if duty.rule == "first_report"]
            for duty in owed[1:]:
                await acknowledge(intake, case, duty.owed_to)

            async def lapsed() -> bool:
                now = await case_now(admin, case)
                return now is not None and now.duties[0].state is DutyState.LAPSED

            await until(lapsed)
            effects = [
                (effect, at)
                for at, decision in await timed_decisions_of(admin, case)
                for effect in decision.effects
                if effect.duty is not None and effect.duty.startswith("first_report-")
            ]
            kinds = [effect.kind for effect, _ in effects]
            assert kinds.count(EffectKind.LIT) == 5 + 3, "five owed, then the chain of three"
            [(found, at)] = [(effect, at) for effect, at in effects if effect.kind is EffectKind.LAPSED]
            assert found.due_at
            assert timedelta(0) < at - found.due_at < timedelta(seconds=5)
    finally:
        service.stop()


async def test_a_case_that_cannot_be_decided_is_set_aside_and_its_lane_goes_on(lab: Lab) -> None:
    service = await lab.start_service("escalator")
    try:
        async with lab.connection("intake") as intake, lab.connection("admin") as admin:
            case = await report(intake)
            await intake.jetstream().publish(fact_subject(case, Kind.ACKNOWLEDGED), b"\xff not a fact")
            await acknowledge(intake, case, example_directory().posts[0].holder)
            await until(lambda: _applied(admin, case, Kind.ACKNOWLEDGED))
            rejected = await facts_of(admin, None, Kind.REJECTED)
            assert any("not a fact" in fact.data["reason"] for _, fact in rejected)
    finally:
        service.stop()


async def test_the_broker_is_killed_and_restarted_under_it(frail_lab: Lab) -> None:
    service = await frail_lab.start_service("escalator")
    frail_lab.kill_nats()
    await until(lambda: not service.is_ready())
    frail_lab.start_nats()
    async with frail_lab.connection("intake") as intake, frail_lab.connection("admin") as admin:
        case = await report(intake)
        await until(lambda: decisions_of(admin, case))
    await until(service.is_ready)
    assert service.stop() == 0
    lines = service.log.read_text(encoding="utf-8").splitlines()
    assert all(line.startswith("{") for line in lines), (
        "also what a library says of the loss is a line of JSON"
    )


async def test_two_replicas_share_the_lanes_and_decide_each_fact_once(lab: Lab) -> None:
    replicas = [await lab.start_service("escalator") for _ in range(2)]
    try:
        async with lab.connection("intake") as intake, lab.connection("admin") as admin:
            cases = [await report(intake) for _ in range(20)]
            for case in cases:
                for post in example_directory().posts[:3]:
                    await acknowledge(intake, case, post.holder)

            async def all_applied(case: CaseId) -> bool:
                now = await case_now(admin, case)
                return now is not None and len(now.log) == 4 and await pending_at(admin, case) == now.clock_at

            for case in cases:
                await until(lambda case=case: all_applied(case))
            decisions = await decisions_by_case(admin)
            for case in cases:
                sequences = [one.about.sequence for one in decisions[case]]
                assert len(sequences) == len(set(sequences)) == 4
    finally:
        for replica in replicas:
            replica.stop()


async def test_a_case_that_can_not_be_read_is_made_again_and_one_that_never_was_stops_no_lane(
    lab: Lab,
) -> None:
    service = await lab.start_service("escalator")
    try:
        async with lab.connection("intake") as intake, lab.connection("admin") as admin:
            broken, beside, never = await report(intake), await report(intake), CaseId(str(ULID()))
            while lane_of(beside) != lane_of(broken):
                beside = await report(intake)
            await until(lambda: case_now(admin, beside))
            await (await admin.jetstream().key_value("CASES")).put(broken, b'{"no": "case"}')
            service.kill()
            service = await lab.start_service("escalator")
            for case in (never, broken, beside):
                await acknowledge(intake, case, PARTY_MAIN)
            for case in (broken, beside):
                await until(
                    lambda case=case: _applied(admin, case, Kind.ACKNOWLEDGED), what=f"{case} is acknowledged"
                )
            await until(lambda: facts_of(admin, never, Kind.REJECTED), what="it is set aside")
            assert re.search(
                r"fenghuo_escalator_set_aside_total [1-9]", httpx2.get(f"{service.url}/metrics").text
            )
    finally:
        service.stop()


async def test_the_policy_is_explained_in_plain_words(lab: Lab) -> None:
    service = await lab.start_service("escalator")
    try:
        now = datetime.now(UTC).isoformat()
        unit = example_directory().units[0].id
        form = {
            "category": "accident",
            "level": "II",
            "unit": unit,
            "area": "620622",
            "occurred_at": now,
            "learned_at": now,
            "summary": "x",
        }
        answer = httpx2.post(
            f"{service.url}/api/v1/policy/explain", json=form, headers=lab.bearer(Role.DUTY_OFFICER)
        ).json()
        assert [step["what"] for step in answer["steps"]].count("told") >= 5
        assert all(step["rule"]["line"] > 1 for step in answer["steps"])
        refused = httpx2.post(
            f"{service.url}/api/v1/policy/explain",
            json={**form, "level": "V"},
            headers=lab.bearer(Role.DUTY_OFFICER),
        )
        assert refused.json()["errors"][0]["field"] == "level"
        assert httpx2.get(f"{service.url}/api/v1/policy").status_code == 401
    finally:
        service.stop()


async def test_a_policy_that_cannot_be_followed_keeps_it_from_starting_and_names_the_line(lab: Lab) -> None:
    bad = lab.folder / "bad-policy.yaml"
    bad.write_text(
        lab.policy.read_text(encoding="utf-8").replace("two_offices_duty]", "two_offices_duty, nobody]"),
        encoding="utf-8",
    )
    service = await lab.start_service("escalator", wait=False, FENGHUO_POLICY=str(bad))
    await until(lambda: service.process.poll() is not None)
    assert service.process.returncode == 2
    assert re.search(
        r"bad-policy\.yaml:\d+: half_hour\.fallback\.chain\.3: .*nobody", service.log.read_text()
    )
