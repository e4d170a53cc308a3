"""The escalator as a process on the real broker."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from nats.aio.client import Client

from services.escalator.policy.compress import compress
from shared.case import DutyState
from shared.facts import Decision, EffectKind
from shared.ids import CaseId
from shared.subjects import fact_subject
from shared.vocabulary import Kind, Role
from tests.escalator.builders import example_directory
from tests.escalator.wire import acknowledge, case_now, decisions_of, facts_of, report
from tests.lab import Lab, until

STEPS = ("received", "decided", "stored", "published", "clock_set", "sent_out", "before_ack")


def fast_policy(lab: Lab, ratio: float = 600) -> Path:
    """The default policy, thirty minutes in three seconds."""
    path = lab.folder / f"policy-{ratio:g}.yaml"
    path.write_text(compress(lab.policy.read_text(encoding="utf-8"), ratio), encoding="utf-8")
    return path


@pytest.mark.parametrize("step", STEPS)
async def test_killed_between_any_two_steps_it_neither_loses_nor_doubles_a_decision(lab: Lab, step: str) -> None:
    async with lab.connection("intake") as intake, lab.connection("admin") as admin:
        case = await report(intake)
        dying = await lab.start_service("escalator", command=[sys.executable, "-m", "tests.escalator.killed_at", step, "1"], wait=False)
        await until(lambda: dying.process.poll() is not None, what=f"killed at {step}")
        again = await lab.start_service("escalator")
        try:
            await until(lambda: decisions_of(admin, case))
            await acknowledge(intake, case, example_directory().posts[0].holder)
            await until(lambda: _decided(admin, case, 2))
            await until(lambda: _clocks(admin, case, 4), what="one clock for each duty still owed")
            decisions = await decisions_of(admin, case)
            assert [decision.about.kind for decision in decisions] == [Kind.REPORTED, Kind.ACKNOWLEDGED]
        finally:
            again.stop()


async def _decided(admin: Client, case: CaseId, count: int) -> bool:
    """The case is written first, then its decision goes out: what a test counts are those that are out."""
    return len(await decisions_of(admin, case)) >= count


async def _clocks(admin: Client, case: CaseId, count: int) -> bool:
    armed = await admin.jetstream().stream_info("CLOCKS", subjects_filter=f"clock.armed.*.{case}.*")
    return len(armed.state.subjects or {}) == count


async def _applied(admin: Client, case: CaseId, kind: Kind) -> bool:
    now = await case_now(admin, case)
    return now is not None and now.decision.about.kind == kind


async def test_the_whole_rule_by_the_brokers_clock(lab: Lab) -> None:
    service = await lab.start_service("escalator", FENGHUO_POLICY=str(fast_policy(lab)))
    try:
        async with lab.connection("intake") as intake, lab.connection("admin") as admin:
            case = await report(intake)
            opened = await until(lambda: case_now(admin, case))
            assert opened
            answering = [duty.owed_to for duty in opened.duties[1:]]
            for person in answering:
                await acknowledge(intake, case, person)

            async def lapsed() -> bool:
                told = [effect.kind for decision in await decisions_of(admin, case) for effect in decision.effects]
                return EffectKind.LAPSED in told

            await until(lapsed, seconds=10)
            now = await case_now(admin, case)
            assert now
            assert now.duties[0].state is DutyState.LAPSED
            decisions = await decisions_of(admin, case)
            effects = [effect.kind for decision in decisions for effect in decision.effects]
            assert effects.count(EffectKind.LIT) == 5 + 3, "five owed, then the chain of three"
            assert effects.count(EffectKind.LAPSED) == 1
            stored = await facts_of(admin, case, Kind.DECIDED)
            found = [(at, Decision.model_validate(fact.data)) for at, fact in stored]
            at, decision = next((at, d) for at, d in found if any(e.kind is EffectKind.LAPSED for e in d.effects))
            limit = next(effect.due_at for effect in decision.effects if effect.kind is EffectKind.LAPSED)
            assert limit
            assert timedelta(0) < at - limit < timedelta(seconds=1)
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


async def test_the_broker_is_killed_and_restarted_under_it(own_lab: Lab) -> None:
    service = await own_lab.start_service("escalator")
    own_lab.kill_nats()
    await until(lambda: not service.is_ready())
    own_lab.start_nats()
    async with own_lab.connection("intake") as intake, own_lab.connection("admin") as admin:
        case = await report(intake)
        await until(lambda: decisions_of(admin, case))
    await until(service.is_ready)
    assert service.stop() == 0
    lines = service.log.read_text(encoding="utf-8").splitlines()
    assert all(line.startswith("{") for line in lines), "also what a library says of the loss is a line of JSON"


async def test_two_replicas_share_the_lanes_and_decide_each_fact_once(lab: Lab) -> None:
    replicas = [await lab.start_service("escalator") for _ in range(2)]
    try:
        async with lab.connection("intake") as intake, lab.connection("admin") as admin:
            cases = [await report(intake) for _ in range(20)]
            for case in cases:
                for post in example_directory().posts[:3]:
                    await acknowledge(intake, case, post.holder)
            for case in cases:

                async def all_applied(case: CaseId = case) -> bool:
                    now = await case_now(admin, case)
                    return now is not None and len(now.log) == 3

                await until(all_applied)
                await until(lambda case=case: _decided(admin, case, 4))
                sequences = [decision.about.sequence for decision in await decisions_of(admin, case)]
                assert len(sequences) == len(set(sequences)) == 4
    finally:
        for replica in replicas:
            replica.stop()


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
        answer = httpx.post(f"{service.url}/api/v1/policy/explain", json=form, headers=lab.bearer(Role.DUTY_OFFICER)).json()
        assert [step["what"] for step in answer["steps"]].count("told") == 5
        assert all(step["rule"]["line"] > 1 for step in answer["steps"])
        refused = httpx.post(f"{service.url}/api/v1/policy/explain", json={**form, "level": "V"}, headers=lab.bearer(Role.DUTY_OFFICER))
        assert refused.json()["errors"][0]["field"] == "level"
        assert httpx.get(f"{service.url}/api/v1/policy").status_code == 401
    finally:
        service.stop()


async def test_a_policy_that_cannot_be_followed_keeps_it_from_starting_and_names_the_line(lab: Lab) -> None:
    bad = lab.folder / "bad-policy.yaml"
    bad.write_text(lab.policy.read_text(encoding="utf-8").replace("two_offices_duty]", "two_offices_duty, nobody]"), encoding="utf-8")
    service = await lab.start_service("escalator", wait=False, FENGHUO_POLICY=str(bad))
    await until(lambda: service.process.poll() is not None)
    assert service.process.returncode == 2
    assert "bad-policy.yaml:17: half_hour.fallback.chain.3: no post nobody" in service.log.read_text()
