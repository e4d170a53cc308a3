"""When the trail must not go on, it does not, and says why."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry

from services.audit.records.record import BrokerMessage, Rec
from services.audit.store.trail import Trail
from services.audit.writing.feed import Delivered, Feed, StreamNow
from services.audit.writing.metrics import Metrics
from services.audit.writing.sequencer import Sequencer
from services.audit.writing.signer import CheckpointSigner, StateFile
from shared.secrets import SecretFile, read_secret
from shared.tlog.note import Signer
from tests.audit.given import acknowledged, new_case
from tests.audit.reading import verdict_of
from tests.lab import Lab, until


async def test_the_embedded_store_is_refused_in_production(own_lab: Lab) -> None:
    audit = await own_lab.start_service("audit", wait=False, FENGHUO_ENVIRONMENT="production")
    await until(lambda: audit.process.poll() is not None, what="it ends")
    assert audit.process.returncode != 0
    assert "real MongoDB" in audit.log.read_text()


class LossyFeed(Feed):
    """A broker that has lost some of what it once had."""

    def __init__(self, held: dict[int, BrokerMessage]) -> None:
        self._held = held
        self._given = False

    async def stream(self) -> StreamNow:
        return StreamNow("2026-11-01T00:00:00.000000Z", 1, max(self._held), 0)

    async def handed_out(self) -> int:
        return max(self._held)

    async def next(self, limit: int, wait: float) -> list[Delivered]:
        await asyncio.sleep(wait)
        return []

    async def fetch(self, sequence: int) -> BrokerMessage | None:
        return self._held.get(sequence)

    async def fetch_range(self, start: int, end: int) -> dict[int, BrokerMessage]:
        return {sequence: message for sequence, message in self._held.items() if start <= sequence < end}

    async def ack(self, delivered: Sequence[Delivered]) -> None:
        pass

    async def take_epoch(self) -> int:
        return 1

    async def writer(self) -> int | None:
        return None

    async def write_as(self, epoch: int, works: Callable[[], bool], superseded: Callable[[], None]) -> None:
        pass

    async def close(self) -> None:
        pass

    async def announce(self, note: str) -> None:
        pass


async def test_what_the_broker_lost_is_a_gap_on_record(own_lab: Lab) -> None:
    case, at = new_case(), datetime.now(UTC)
    facts = {
        n: BrokerMessage(n, "fact.1.acknowledged", f"m{n}", at, acknowledged(case).write()) for n in (2, 3, 6)
    }
    trail = Trail(own_lab.mongo_url)
    key = Signer.read(read_secret(own_lab.secrets, SecretFile.TRAIL_SIGNING).decode())
    feed = LossyFeed(facts)
    sequencer = Sequencer(
        feed,
        trail,
        CheckpointSigner(key, StateFile(own_lab.folder / "audit" / "signer.json"), trail, feed.announce),
        lambda: datetime.now(UTC),
        Metrics(CollectorRegistry()),
        batch=2,
        pace=timedelta(0),
        heartbeat=timedelta(seconds=60),
    )
    running = asyncio.create_task(sequencer.run())
    await until(lambda: sequencer.status == "working")

    async def signed() -> bool:
        count = await trail.checkpoints.count()
        last = await trail.checkpoints.at(count - 1) if count else None
        return last is not None and last.size == 6

    await until(signed)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    entries = await trail.entries.between(0, 6)
    trail.close()
    assert [Rec.read(entry.rec).form for entry in entries] == ["gap", "fact", "fact", "gap", "gap", "fact"]
    verdict = await verdict_of(own_lab)
    assert (verdict.faults, verdict.size) == ([], 6)
