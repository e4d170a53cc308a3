"""A trail under load while its parts are killed with -9 at random moments, and what must be true of it
afterwards.
"""

import asyncio
import random
from collections import Counter
from contextlib import suppress

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from services.audit.checking.verify import verify
from services.audit.store.trail import Trail
from services.audit.writing.against_stream import stream_faults
from services.audit.writing.feed import Feed, StreamNow
from shared.subjects import CHECKPOINT
from shared.tlog import checkpoint, merkle
from shared.tlog.checkpoint import Checkpoint
from shared.tlog.merkle import Edge
from shared.tlog.note import Verifier
from tests.audit.given import acknowledged, new_case, publish
from tests.audit.reading import key_of, store_of
from tests.lab import Lab, until

_PARTS = ("sequencer", "store", "broker")


async def kill_and_check(lab: Lab, *, times: int, seed: int) -> dict[str, object]:
    """Raises AssertionError where anything is lost, doubled, altered or taken back. Returns what was done."""
    chosen, killed, announced = random.Random(seed), Counter[str](), list[bytes]()
    audit = await lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.05S", FENGHUO_TRAIL_BATCH="100")
    async with lab.connection("admin") as connection:

        async def heard(message: Msg) -> None:
            announced.append(message.data)

        await connection.subscribe(CHECKPOINT, cb=heard)
        enough = asyncio.Event()
        load = asyncio.create_task(_load(connection, enough))
        try:
            for turn in range(times):
                await asyncio.sleep(chosen.uniform(0.05, 0.8))
                part = _PARTS[turn % 3] if turn < 3 else chosen.choice(_PARTS)
                killed[part] += 1
                if part == "sequencer":
                    audit.kill()
                    lab.services.remove(audit)
                    audit = await lab.start_service(
                        "audit", wait=False, FENGHUO_TRAIL_PACE="PT0.05S", FENGHUO_TRAIL_BATCH="100"
                    )
                elif part == "store":
                    lab.kill_mongo()
                    lab.start_mongo()
                else:
                    lab.kill_nats()
                    lab.start_nats()
        finally:
            # Told, not cancelled: a request that is answered at that very moment swallows the cancellation
            # (Python 3.11's wait_for).
            enough.set()
            await load
        async with asyncio.timeout(60):
            last = (await _asked(connection)).last
        await _caught_up(lab, last)
        audit.stop()
        notes = await _consistent(lab, announced)
        async with store_of(lab) as source, lab.connection("audit") as reader:
            verdict = await verify(source, key_of(lab))
            assert verdict.faults == []
            beside = await stream_faults(source, key_of(lab), Feed(lambda: reader))
            assert beside == []
        assert verdict.size == last
    return {
        "killed": dict(killed),
        "facts": last,
        "checkpoints kept": notes,
        "checkpoints heard": len(announced),
        "faults": 0,
    }


async def _load(connection: Client, enough: asyncio.Event) -> None:
    """Facts until it is enough; one the broker did not answer for may or may not be there: either is
    right.
    """
    case = new_case()
    while not enough.is_set():
        with suppress(NatsError, TimeoutError, OSError):
            await publish(connection, acknowledged(case))
        if random.random() < 0.05:
            case = new_case()
        await asyncio.sleep(0.001)


async def _asked(connection: Client) -> StreamNow:
    while True:
        with suppress(NatsError, TimeoutError, OSError):
            return await Feed(lambda: connection, "admin").stream()
        await asyncio.sleep(0.2)


async def _caught_up(lab: Lab, last: int) -> None:
    trail = Trail(lab.mongo_url)

    async def signed() -> bool:
        count = await trail.checkpoints.count()
        newest = await trail.checkpoints.at(count - 1) if count else None
        return newest is not None and newest.size == last

    try:
        await until(
            signed, seconds=90, what=f"{last} facts signed; log {lab.services[-1].log.read_text()[-1500:]}"
        )
    finally:
        trail.close()


async def _consistent(lab: Lab, announced: list[bytes]) -> int:
    """Each checkpoint that was ever stored or announced is of a beginning of the one trail there is."""
    trail, key = Trail(lab.mongo_url), key_of(lab)
    try:
        count = await trail.checkpoints.count()
        notes = [signed.note.encode() for signed in await trail.checkpoints.between(0, count)]
        assert len(notes) == count
        entries = await trail.entries.between(0, await trail.entries.size())
    finally:
        trail.close()
    signed = _by_size([*notes, *announced], key)
    edge = Edge()
    assert {one.root for one in signed.get(0, [])} <= {merkle.EMPTY_ROOT}
    for entry in entries:
        edge.append(entry.leaf)
        for one in signed.get(edge.size, ()):
            assert one.root == edge.root(), (
                f"the checkpoint of {one.size} signed {one.time} is of another trail"
            )
    assert max(signed) <= edge.size
    times = [one.time for size in sorted(signed) for one in sorted(signed[size], key=lambda one: one.time)]
    assert times == sorted(times)
    return count


def _by_size(notes: list[bytes], key: Verifier) -> dict[int, list[Checkpoint]]:
    found: dict[int, list[Checkpoint]] = {}
    for note in notes:
        one = checkpoint.read(note, key)
        found.setdefault(one.size, []).append(one)
    return found
