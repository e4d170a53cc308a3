"""What nobody can read is set aside, and everything behind it goes on: decisions, facts, messages, values of
a bucket, whole cases.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
import pytest_asyncio
from nats.aio.client import Client

from shared.broker.revisions import last_readable
from shared.case import Case, read_case, write_case
from shared.case_parts import MissingPartError, places_of
from shared.facts import Checked, CheckOutcome, EffectKind, Fact, Rejection
from shared.facts.cause import Cause
from shared.ids import CaseId
from shared.streams import BROWSERS, CASES, FACTS, LIGHTS, PULSES, SESSIONS, bucket_configs, escalator_durable
from shared.subjects import armed_subject, fact_subject, lane_of
from shared.vocabulary import Kind, Role
from tests.attacks.conftest import Installation, installation_in
from tests.attacks.forging import Json, forged, headers_of
from tests.escalator.builders import example_directory
from tests.escalator.wire import case_now, decisions_of, facts_of, pending_at
from tests.lab import ROOT, until

UNREADABLE = b"\x00 no case at all"
BAD_DECISIONS = 1_030
"""More than the notifier's durable hands out unacknowledged."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installation(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    async with installation_in(tmp_path_factory.mktemp("poison")) as one:
        yield one


@pytest_asyncio.fixture(loop_scope="session")
async def admin(installation: Installation) -> AsyncIterator[Client]:
    async with installation.lab.connection("admin") as connection:
        yield connection


def fenghuo(installation: Installation, role: Role, *words: str) -> tuple[int, Any]:
    """The command's code and what it says in JSON."""
    lab = installation.lab
    urls = {
        f"FENGHUO_{one.name.upper()}_URL": one.url
        for one in (installation.escalator, installation.audit, installation.intake)
    }
    env = os.environ | lab.environment("audit") | urls | {"FENGHUO_TOKEN": lab.token(role)}
    done = subprocess.run(
        [sys.executable, "-m", "fenghuo", *words, "--json"],
        capture_output=True,
        cwd=ROOT,
        env=env,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, orjson.loads(done.stdout)


async def put_aside(admin: Client, sequence: int) -> Rejection:
    """What the record says of the message at `sequence`."""

    async def said() -> list[Rejection]:
        facts = [
            fact for _, fact in await facts_of(admin, None, Kind.REJECTED) if fact.id == f"aside:{sequence}"
        ]
        return [Rejection.model_validate(fact.data) for fact in facts]

    found = await until(said, what=f"{sequence} is set aside")
    return found[0]


async def is_rung(installation: Installation, case: str) -> None:
    messages = installation.gateway.gateway.messages
    await until(lambda: any(one.data.get("case") == case for one in messages), what="somebody is rung")


async def stands(admin: Client, case: CaseId) -> Case:
    case_then = await until(lambda: case_now(admin, case), what="the case stands")
    assert case_then
    return case_then


async def test_a_thousand_bad_decisions_hold_up_no_call(installation: Installation, admin: Client) -> None:
    js, last = admin.jetstream(timeout=30), 0

    async def bad(number: int) -> int:
        case = f"bad-{number}"
        raw = forged(Kind.DECIDED, case, "/services/escalator", {"no": "decision"}, f"{case}:1")
        return (await js.publish(fact_subject(case, Kind.DECIDED), raw, headers=headers_of(f"{case}:1"))).seq

    for start in range(0, BAD_DECISIONS, 103):
        last = (await asyncio.gather(*(bad(number) for number in range(start, start + 103))))[-1]
    case = await installation.report("shaquan_emergency")
    await is_rung(installation, case)
    assert (await put_aside(admin, last)).cause is Cause.NO_DECISION

    async def nothing_is_held() -> bool:
        return not (await js.consumer_info(FACTS, "notifier")).num_ack_pending

    await until(nothing_is_held, seconds=60, what="the durable is empty")


async def test_what_is_too_large_or_named_as_nothing_can_be_is_set_aside_by_its_place(
    installation: Installation, admin: Client
) -> None:
    js, strange = admin.jetstream(timeout=30), "no case"
    large = await js.publish("fact.3.reported", b"x" * 900_000, headers=headers_of("large"))
    act = forged(
        Kind.PROGRESSED,
        strange,
        "/services/intake",
        {"by": {"principal": "x", "role": "reporter"}, "text": "x"},
        "strange",
    )
    named = await js.publish(fact_subject(strange, Kind.PROGRESSED), act, headers=headers_of("strange"))
    said = await put_aside(admin, large.seq)
    assert (said.cause, said.body, said.stream, said.sequence, said.size) == (
        Cause.NOT_AUTHENTIC,
        None,
        FACTS,
        large.seq,
        900_000,
    )
    assert (await put_aside(admin, named.seq)).cause is Cause.NO_CASE
    for lane, sequence in ((3, large.seq), (lane_of(strange), named.seq)):

        async def is_past(lane: int = lane, sequence: int = sequence) -> bool:
            info = await js.consumer_info(FACTS, escalator_durable(lane))
            return (
                not info.num_ack_pending and (info.ack_floor.stream_seq if info.ack_floor else 0) >= sequence
            )

        await until(is_past, what=f"lane {lane} goes on")


async def test_a_message_that_looks_like_the_brokers_own_is_heard_all_the_same(
    installation: Installation, admin: Client
) -> None:
    """nats-py drops whatever bears the header `Status` unread; anybody may set it."""
    async with installation.lab.source("met-observatory") as source:
        await source.jetstream().publish(
            "inbox.cap.met-observatory", b"<no alert>", headers={"Status": "404"}
        )

    async def said() -> list[Fact]:
        return [
            fact
            for _, fact in await facts_of(admin, None, Kind.REJECTED)
            if fact.data.get("headers", {}).get("Status") == "404"
        ]

    found = await until(said, what="it is set aside")
    assert Rejection.model_validate(found[0].data).cause is Cause.NOT_A_REPORT


async def test_every_bucket_keeps_the_value_before_one_that_nobody_can_read(admin: Client) -> None:
    """Those apart in which a service says anew every few seconds what is so, and those of which nothing may
    stay once it has ended.
    """
    js = admin.jetstream(timeout=30)
    kept = [
        str(config.bucket)
        for config in bucket_configs()
        if config.bucket not in (LIGHTS, PULSES, BROWSERS, SESSIONS)
    ]
    for bucket in kept:
        subject = f"$KV.{bucket}.poisoned"
        for value in (b"1", b"2", b"no number"):
            await js.publish(subject, value)
        readable = await last_readable(js, bucket, "poisoned", int)
        newest = (await js.get_last_msg(f"KV_{bucket}", subject)).seq
        assert (readable.value, readable.passed_over, readable.revision) == (2, 1, newest), bucket
        await (await js.key_value(bucket)).purge("poisoned")


async def test_a_case_that_nobody_can_read_is_made_again_and_decided_on(
    installation: Installation, admin: Client
) -> None:
    case = CaseId(await installation.report("shaquan_emergency"))
    before = await stands(admin, case)
    for _ in range(2):  # nothing that can be read is left of it
        await admin.jetstream().publish(f"$KV.{CASES}.{case}", UNREADABLE)
    leader = next(lit.person for duty in before.duties for lit in duty.lit)
    assert await installation.act(case, "progress", "shaquan_emergency", text="两台泵车已到") == "applied"
    after = await case_now(admin, case)
    assert after is not None
    assert [duty.id for duty in after.duties] == [duty.id for duty in before.duties]
    assert leader in {lit.person for duty in after.duties for lit in duty.lit}
    about = [decision.about.sequence for decision in await decisions_of(admin, case)]
    assert len(about) == len(set(about)), "no second decision"
    assert CheckOutcome.CASE_REBUILT in [
        Checked.model_validate(fact.data).found for _, fact in await facts_of(admin, case, Kind.CHECKED)
    ]


async def test_the_command_makes_it_again_and_its_clock_strikes_late_rather_than_never(
    installation: Installation, admin: Client
) -> None:
    js = admin.jetstream()
    case = CaseId(await installation.report("shaquan_emergency"))
    before = await stands(admin, case)
    await until(lambda: pending_at(admin, case), what="its clock is armed")

    async def is_made_again() -> bool:
        """A fact about the case that comes first (a delivery, say) has it made again before the command: then
        once more.
        """
        for _ in range(2):
            await js.publish(f"$KV.{CASES}.{case}", UNREADABLE)
        await js.purge_stream("CLOCKS", subject=armed_subject(case))
        code, said = await asyncio.to_thread(fenghuo, installation, Role.OPERATOR, "rebuild", "cases")
        assert code == 0
        return {row["case"]: row["outcome"] for row in said["cases"]}.get(case) == "rebuilt"

    await until(is_made_again, seconds=60, what="the command makes it again")

    async def goes_on() -> bool:
        now = await case_now(admin, case)
        return (
            now is not None
            and now.applied.sequence > before.applied.sequence
            and any(
                effect.kind in (EffectKind.LIT, EffectKind.DARK, EffectKind.LAPSED, EffectKind.REMINDED)
                for decision in await decisions_of(admin, case)
                for effect in decision.effects
                if decision.about.kind == Kind.DUE
            )
        )

    await until(goes_on, what="the clock strikes")
    assert (await asyncio.to_thread(fenghuo, installation, Role.OPERATOR, "rebuild", "cases", case))[1][
        "cases"
    ][0]["outcome"] == "stands"
    code, _ = await asyncio.to_thread(
        fenghuo, installation, Role.OPERATOR, "rebuild", "cases", "01KB0000000000000000000000"
    )
    assert code == 1


async def test_a_case_is_made_again_by_the_directory_of_then(
    installation: Installation, admin: Client
) -> None:
    """Whoever was rung holds the post no more; two more changes have come since."""
    case = CaseId(await installation.report("shaquan_emergency"))
    before = await stands(admin, case)
    lit = next(lit for duty in before.duties for lit in duty.lit)
    directory = example_directory()
    post = directory.posts_by_id[lit.post]
    other = next(person.id for person in directory.people if person.id not in (post.holder, *post.deputies))
    for holder in (other, post.holder, other):
        await installation.change({"op": "set_holder", "post": post.id, "holder": holder})
    await is_rung(installation, case)

    async def made_again() -> Json | None:
        """The answer of the command, unless a fact about the case was quicker."""
        for _ in range(2):
            await admin.jetstream().publish(f"$KV.{CASES}.{case}", UNREADABLE)
        _, said = await asyncio.to_thread(fenghuo, installation, Role.OPERATOR, "rebuild", "cases", case)
        return said["cases"][0] if said["cases"][0]["outcome"] == "rebuilt" else None

    done = await until(made_again, seconds=60, what="the command makes it again")
    assert done
    assert (done["differing"], done["late"]) == (0, 0)
    after = await stands(admin, case)
    assert (lit.person, lit.notice, lit.at) in [
        (now.person, now.notice, now.at) for duty in after.duties for now in duty.lit
    ]
    await installation.change(
        {"op": "set_holder", "post": post.id, "holder": post.holder, "deputies": [*post.deputies]}
    )


async def test_what_its_lane_has_still_to_decide_on_is_left_to_the_lane(
    installation: Installation, admin: Client
) -> None:
    """Taken in with what is made again, it would be decided on by nobody: nobody rung, nothing on record."""
    case = CaseId(await installation.report("shaquan_emergency"))
    before = await stands(admin, case)
    leader = next(lit.person for duty in before.duties for lit in duty.lit)

    async def on_record() -> Fact | None:
        return next((fact for _, fact in await facts_of(admin, case, Kind.ACKNOWLEDGED)), None)

    async with paused(admin, escalator_durable(lane_of(case))):
        waiting = asyncio.create_task(
            installation.act(case, "acknowledge", "shaquan_emergency", Role.LEADER, person=leader)
        )
        told = await until(on_record, what="the answer is on record")
        for _ in range(2):
            await admin.jetstream().publish(f"$KV.{CASES}.{case}", UNREADABLE)
        _, said = await asyncio.to_thread(fenghuo, installation, Role.OPERATOR, "rebuild", "cases", case)
        assert [(row["outcome"], row["differing"]) for row in said["cases"]] == [("rebuilt", 0)]
    assert await waiting == "applied"
    assert told
    (decision,) = [decision for decision in await decisions_of(admin, case) if decision.about.id == told.id]
    assert EffectKind.DISCHARGED in {effect.kind for effect in decision.effects}


@asynccontextmanager
async def paused(admin: Client, durable: str) -> AsyncGenerator[None]:
    """Nothing is handed out of it meanwhile."""
    subject = f"$JS.API.CONSUMER.PAUSE.{FACTS}.{durable}"
    await admin.request(
        subject, orjson.dumps({"pause_until": datetime.now(UTC) + timedelta(minutes=5)}), timeout=30
    )
    try:
        yield
    finally:
        await admin.request(subject, b"{}", timeout=30)


async def test_a_case_in_parts_is_made_again_with_them(installation: Installation, admin: Client) -> None:
    """From the revision before where its parts are there, one of them in its own revision before; else from
    the record.
    """
    js = admin.jetstream()
    case = await a_large_case(installation)
    whole = await stands(admin, case)
    head = f"$KV.{CASES}.{case}"
    raw = (await js.get_last_msg(f"KV_{CASES}", head)).data or b""
    parts = [f"{head}.{address}" for addresses in places_of(raw).values() for address in addresses]
    assert len(parts) > 1

    async def is_whole_again() -> bool:
        try:
            now = await case_now(admin, case)
        except (ValueError, MissingPartError):
            return False
        return now is not None and [duty.id for duty in now.duties] == [duty.id for duty in whole.duties]

    # A part and the case itself are written over: both are stepped back from, by the command or by the next
    # delivery.
    await js.publish(parts[0], UNREADABLE)
    await js.publish(head, UNREADABLE)
    await asyncio.to_thread(fenghuo, installation, Role.OPERATOR, "rebuild", "cases")
    await until(is_whole_again, seconds=60, what="it is made again")

    async def made_again_from_the_record() -> Json | None:
        """The answer of the command, unless a fact about the case was quicker."""
        raw = (await js.get_last_msg(f"KV_{CASES}", head)).data or b""
        for address in {address for addresses in places_of(raw).values() for address in addresses}:
            await js.publish(
                f"{head}.{address}", b"", headers={"KV-Operation": "PURGE", "Nats-Rollup": "sub"}
            )
        _, said = await asyncio.to_thread(fenghuo, installation, Role.OPERATOR, "rebuild", "cases")
        return next(
            (row for row in said["cases"] if (row["case"], row["outcome"]) == (case, "rebuilt")), None
        )

    done = await until(made_again_from_the_record, seconds=60, what="it is made again from the record")
    assert done
    assert done["differing"] == 0
    assert await is_whole_again()
    assert (
        await installation.act(case, "progress", "emergency_office", role=Role.SUPERVISOR, text="已部署")
        == "applied"
    )


async def a_large_case(installation: Installation) -> CaseId:
    """Stored in parts: a campaign with a task for many units."""
    units = [unit.id for unit in example_directory().units][:40]
    tasks = [{"title": f"第{number}项排查上报", "units": units, "within": "P7D"} for number in range(6)]
    form: dict[str, Any] = {
        "kind": "campaign",
        "area": "620600",
        "summary": "矛盾纠纷和安全隐患大排查",
        "tasks": tasks,
    }
    return CaseId(await installation.report("emergency_office", Role.SUPERVISOR, category=None, **form))


async def test_an_answer_of_the_broker_is_nobodys_case(installation: Installation, admin: Client) -> None:
    """With the audit's key a case of one's own making is laid into the trail's bucket, and the broker's
    answer to a question for it is let into CASES by the reply subject.
    """
    case = CaseId(await installation.report("shaquan_emergency"))
    true = await stands(admin, case)
    forgery = read_case(orjson.dumps({**orjson.loads(write_case(true)), "status": "withdrawn", "duties": []}))
    async with installation.lab.connection("audit") as audit:
        await audit.jetstream().publish(f"$KV.TRAIL.{case}", write_case(forgery))

        async def is_there() -> bool:
            """Laid again where a decision on the case has been written over it."""
            message = await admin.jetstream().get_last_msg(f"KV_{CASES}", f"$KV.{CASES}.{case}")
            if read_case(message.data or b"").status == "withdrawn":
                return True
            await audit.publish(
                f"$JS.API.DIRECT.GET.KV_TRAIL.$KV.TRAIL.{case}", b"", reply=f"$KV.{CASES}.{case}"
            )
            await audit.flush()
            return False

        await until(is_there, what="the forgery lies in the bucket")
    assert await installation.act(case, "progress", "shaquan_emergency", text="两台泵车已到") == "applied"
    after = await installation.case(case)
    assert after.status == "open"
    assert [duty.id for duty in after.duties] == [duty.id for duty in true.duties]


async def test_the_inbox_shows_what_was_set_aside_in_words(installation: Installation, admin: Client) -> None:
    sequence = (await admin.jetstream().publish("fact.5.reported", b"junk", headers=headers_of("junk"))).seq
    await put_aside(admin, sequence)

    def shown() -> dict[str, Any] | None:
        code, said = fenghuo(installation, Role.AUDITOR, "inbox")
        assert code == 0
        return next((one for one in said["set_aside"] if one.get("sequence") == sequence), None)

    entry = await until(lambda: asyncio.to_thread(shown), what="it is shown")
    assert entry
    assert entry["stream"] == FACTS
    assert entry["by"] == "escalator"
    assert entry["why"]
    assert entry["do"]
    assert datetime.fromisoformat(entry["at"]) <= datetime.now(UTC)
