"""The books of a play are closed: every book is read from where it is kept, after the services have taken
everything in.

Invariant: limits go on passing while the books are closed, so nothing is ever quiet. All that lay in FACTS at
the end is waited for; what clocks have added since is read and may wait for its decision, but nothing is left
half done.
"""

from collections.abc import Container, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import cast

import httpx2
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy
from nats.js.errors import KeyDeletedError, NotFoundError

from services.audit.writing.against_stream import stream_faults
from services.audit.writing.feed import Feed
from shared.broker.stored import asking
from shared.broker.times import stored_at
from shared.case import Case, read_case
from shared.case_parts import part_of, whole_case
from shared.facts import Fact
from shared.ids import CaseId
from shared.streams import (
    AUDIT_DURABLE,
    CASES,
    CLOCKS,
    FACTS,
    NOTIFIER_DURABLE,
    durable_configs,
    escalator_durable,
)
from shared.subjects import LANES
from shared.vocabulary import Kind, Role
from tests.audit.reading import key_of, store_of
from tests.faults.balance import Stored
from tests.lab import Lab, Running, until

PATIENCE = 60.0
"""Seconds that everything may take to come to rest."""
HANDED_ON = 15.0
LATER = (NOTIFIER_DURABLE, AUDIT_DURABLE)
"""They have an end once nothing is decided any more."""


async def taken_in(admin: Client) -> int:
    """Wait until all that lies in FACTS by now is decided on. Returns its last sequence."""
    last = (await admin.jetstream().stream_info(FACTS)).state.last_seq
    durables = [
        (stream, cast(str, config.durable_name))
        for stream, config in durable_configs()
        if config.durable_name not in LATER
    ]
    await _all_through(admin, durables, last)
    return last


async def told(admin: Client) -> None:
    """Wait until every call and every record is out: nothing is decided any more."""
    durables = [(FACTS, durable) for durable in LATER]
    await _all_through(admin, durables, None)


async def _all_through(admin: Client, durables: list[tuple[str, str]], last: int | None) -> None:
    """`last`: of FACTS; None: all that is there. Raises AssertionError that says what is waited for."""
    waits_for = ""

    async def are_through() -> bool:
        nonlocal waits_for
        try:
            for stream, durable in durables:
                info = await admin.jetstream().consumer_info(stream, durable)
                if not _is_through(info, last):
                    waits_for = (
                        f"{durable}: {info.num_pending} to come, {info.num_ack_pending} not acknowledged"
                    )
                    return False
        except (NatsError, TimeoutError) as error:
            waits_for = f"the broker: {error!r}"
            return False
        return True

    try:
        await until(are_through, seconds=PATIENCE, what="the services have taken everything in")
    except AssertionError as error:
        raise AssertionError(f"{error}; {waits_for}") from None


def _is_through(info: ConsumerInfo, last: int | None) -> bool:
    waits = (info.num_pending or 0) + (info.num_ack_pending or 0)
    return not waits or (
        last is not None and info.ack_floor is not None and info.ack_floor.stream_seq >= last
    )


async def is_half_done(admin: Client) -> bool:
    """Whether an escalator that has stopped left a case that it had decided on and not told of."""
    js = admin.jetstream()
    cases = await read_cases(admin)
    for lane in range(LANES):
        info = await js.consumer_info(FACTS, escalator_durable(lane))
        if not info.num_ack_pending or info.delivered is None:
            continue
        sequence = info.delivered.stream_seq
        fact = Fact.read((await js.get_msg(FACTS, sequence)).data or b"")
        case = cases.get(CaseId(fact.subject or ""))
        if fact.kind != Kind.DUE or case is None or case.applied.sequence >= sequence:
            return True
    return False


async def struck_arrived(
    admin: Client, clocks: Mapping[CaseId, datetime], unreadable: Container[int]
) -> None:
    """Wait for the clocks that have struck and are on their way: after its start the broker hands them on up
    to ten seconds late. One that does not come is found missing by the balance.
    """
    now = datetime.now(UTC)
    set_for = {
        case_id: case.clock_at
        for case_id, case in (await read_cases(admin)).items()
        if case.clock_at is not None
    }
    on_their_way = {case_id: at for case_id, at in set_for.items() if at <= now and clocks.get(case_id) != at}

    async def have_arrived() -> bool:
        struck = {
            CaseId(stored.fact.subject or ""): stored.at
            for stored in await read_facts(admin, unreadable, kinds=f"fact.*.{Kind.DUE}")
        }
        return all(case_id in struck and struck[case_id] >= at for case_id, at in on_their_way.items())

    with suppress(AssertionError):
        await until(have_arrived, seconds=HANDED_ON)


async def recorded(lab: Lab, audit: Running, last: int) -> None:
    """Wait until the trail covers so many."""
    async with httpx2.AsyncClient(timeout=10) as http:

        async def covers() -> bool:
            answer = await http.get(f"{audit.url}/api/v1/trail/state", headers=lab.bearer(Role.AUDITOR))
            return answer.status_code == 200 and answer.json()["size"] >= last

        await until(covers, seconds=PATIENCE, what="the trail covers all of it")


async def differences(lab: Lab) -> list[str]:
    """In what the trail and FACTS differ, in words."""
    async with store_of(lab) as source, lab.connection("audit") as reader:
        return [str(fault) for fault in await stream_faults(source, key_of(lab), Feed(lambda: reader))]


async def read_facts(
    admin: Client, unreadable: Container[int] = (), *, kinds: str = "fact.>"
) -> list[Stored]:
    """All but those. Raises FactError for any other that can't be read."""
    js = admin.jetstream()
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE, inactive_threshold=30
    )
    subscription = await js.pull_subscribe(kinds, stream=FACTS, config=config)
    facts: list[Stored] = []
    left = (await subscription.consumer_info()).num_pending or 0
    while left > 0:
        for message in await subscription.fetch(min(left, 200), timeout=20):
            left -= 1
            sequence = message.metadata.sequence.stream
            if sequence not in unreadable:
                facts.append(Stored(sequence, stored_at(message), Fact.read(message.data)))
    await subscription.unsubscribe()
    return facts


async def read_cases(admin: Client) -> dict[CaseId, Case]:
    ask = asking(lambda: admin, timeout=30)
    js = admin.jetstream()
    bucket = await js.key_value(CASES)
    # Asked of the stream itself: a watcher that begins just after the broker has come back may be told of none.
    info = await js.stream_info(f"KV_{CASES}", subjects_filter=f"$KV.{CASES}.>")
    keys = [subject.removeprefix(f"$KV.{CASES}.") for subject in info.state.subjects or {}]
    cases: dict[CaseId, Case] = {}
    for case_id, part in map(part_of, keys):
        if not part:
            with suppress(KeyDeletedError):
                raw = (await bucket.get(case_id)).value or b""
                cases[case_id] = read_case(await whole_case(ask, case_id, raw))
    return cases


async def read_clocks(admin: Client) -> dict[CaseId, datetime]:
    js = admin.jetstream()
    info = await js.stream_info(CLOCKS, subjects_filter="clock.armed.>")
    clocks: dict[CaseId, datetime] = {}
    for subject in info.state.subjects or {}:
        with suppress(NotFoundError):  # it has struck this moment
            headers = cast(dict[str, str], (await js.get_last_msg(CLOCKS, subject)).headers or {})
            clocks[CaseId(subject.rsplit(".", 1)[1])] = datetime.fromisoformat(
                headers["Nats-Schedule"].removeprefix("@at ")
            )
    return clocks
