"""What is kept for the end of quiet hours is taken up once, and nothing beside it."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from prometheus_client import CollectorRegistry

from services.notifier.delivery import kept as kept_module
from services.notifier.delivery.job import DecisionOutcome, Job
from services.notifier.delivery.kept import KeptBook, KeptDecision, KeptNotice, KeptWatch, kept_key
from services.notifier.delivery.metrics import Metrics
from services.notifier.delivery.routes import Route
from services.notifier.delivery.sifting import QuietSifter, taken_up
from services.notifier.delivery.ways import Seat
from shared.broker.bucket_follower import BucketEntry
from shared.concurrent import end_all
from shared.directory import load_directory
from shared.facts import Fact, Notice, Purpose, read_decision
from shared.ids import CaseId, PersonId
from shared.vocabulary import Level
from tests.lab import until
from tests.notifier.conftest import DIRECTORY
from tests.notifier.decisions import a_notice, decided

NOW = datetime(2026, 11, 30, 23, tzinfo=UTC)
CASE = CaseId("01KB0000000000000000000000")
PERSON = PersonId("wu_ye")
SHEET = f"{CASE}.1"
BY_SMS, BY_VOICE, BY_MAIL = (Route(channel, ("x",)) for channel in ("sms", "voice", "email"))


def news(number: int = 1, person: str = PERSON) -> Notice:
    return a_notice(
        CASE,
        person=person,
        number=number,
        channels=("sms", "voice"),
        purpose=Purpose.NEWS,
        level=Level.III,
        due_at=None,
    )


def kept(notice: Notice, *channels: str) -> KeptDecision:
    return KeptDecision(
        case=CASE,
        person=PERSON,
        decision=f"{CASE}:1",
        sequence=1,
        since=NOW,
        until=NOW + timedelta(hours=8),
        due_at=NOW + timedelta(hours=8),
        notices=tuple(
            KeptNotice(notice=notice.id, channel=channel, address="-", purpose=notice.purpose)
            for channel in channels
        ),
    )


def test_what_still_waits_for_its_gateway_is_not_said_a_second_time() -> None:
    told, waits, other = news(), news(2), news(3, "zhao_jia")
    legs = [(told, BY_SMS), (told, BY_VOICE), (told, BY_MAIL), (waits, BY_SMS), (other, BY_SMS)]

    assert taken_up(kept(told, "sms"), legs) == [(told, BY_SMS), (told, BY_MAIL)], "mail came instead"


class Ledger:
    """What is told again."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def tell_again(self, _: CaseId, fact: Fact) -> None:
        self.told.append(fact.id)

    async def stored(self, key: str) -> tuple[bytes | None, int]:
        raise AssertionError("what seems new is looked up in memory")


async def test_what_seems_new_after_the_broker_was_killed_is_kept_as_before(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text(DIRECTORY, encoding="utf-8")
    directory, ledger = load_directory(tmp_path / "people.yaml"), Ledger()
    book = KeptBook(cast(Any, ledger), cast(Any, None), Metrics(CollectorRegistry()))
    before = kept(news(), "sms")
    book.take(BucketEntry(kept_key(SHEET, PERSON), 1, before.write(), {}))

    async def no_case(_: CaseId) -> None: ...

    sifter = QuietSifter(book, lambda: directory, no_case, lambda: NOW, ZoneInfo("Asia/Shanghai"))
    fact = decided(CASE, news())
    room = Seat(asyncio.Semaphore(1))
    job = Job(read_decision(fact.data), 1, {}, NOW, NOW, True, room)

    assert await sifter.kept(job, fact.id, SHEET, [(news(), BY_SMS)]) == before.places
    assert ledger.told == [before.fact().id], "also where it was never told"


class AwayForAWhile:
    """A book that can't be written while a hand-over is under way."""

    def __init__(self, entry: KeptDecision) -> None:
        self.writes: list[KeptDecision | None] = []
        self.entries = {"key": (entry, 1)}

    @property
    def book(self) -> "AwayForAWhile":
        return self

    async def change(self, key: str, entry: KeptDecision | None, revision: int) -> int:
        self.writes.append(entry)
        if len(self.writes) == 2:
            raise TimeoutError
        if entry is None:
            del self.entries[key]
        return revision


async def test_a_broker_that_is_away_interrupts_no_hand_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "CLAIMED_FOR", timedelta(seconds=0.3))
    monkeypatch.setattr(kept_module, "LOOK_EVERY", 0.01)
    is_through, begun = asyncio.Event(), list[str]()

    async def through(_: KeptWatch, entry: KeptDecision) -> DecisionOutcome:
        begun.append(entry.decision)
        await is_through.wait()
        return DecisionOutcome.DONE

    monkeypatch.setattr(KeptWatch, "_see_through", through)
    entry = kept(news(), "sms")
    book = AwayForAWhile(entry)
    watch = KeptWatch(cast(Any, book), cast(Any, None), cast(Any, None), lambda: entry.until)
    watching = {asyncio.create_task(watch.run())}
    try:
        await until(lambda: len(book.writes) >= 3, what="it is claimed anew")
        is_through.set()
        await until(lambda: not book.entries, what="nothing is kept any more")
    finally:
        await end_all(watching)
    assert begun == [entry.decision], "once"
