"""What is remembered of the latest deliveries has an end, and a decision of thousands of messages is remembered
whole.
"""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.notifier.delivery import recent
from services.notifier.delivery.recent import Recent
from services.notifier.delivery.record import DeliveryOutcome, DeliveryRecord, Sheet
from shared.broker.bucket_follower import BucketEntry
from shared.facts import Delivery
from shared.ids import CaseId, NoticeId, PersonId

CASE = CaseId("01KB0000000000000000000000")
NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)


def entry_of(number: int, notices: int) -> BucketEntry:
    records = tuple(
        DeliveryRecord(
            outcome=DeliveryOutcome.DELIVERED,
            delivery=Delivery(
                notice=NoticeId(f"{CASE}.{number}.{place}"),
                person=PersonId(f"p{place}"),
                channel="sms",
                address="…0101",
                attempts=1,
                first_tried_at=NOW,
                done_at=NOW,
                reference=f"r-{number}-{place}",
            ),
        )
        for place in range(notices)
    )
    sheet = Sheet(case=CASE, decision=f"{CASE}:{number}", matters={}, bundles=(records,))
    return BucketEntry(f"{CASE}.{number}", number, sheet.write())


def remembering() -> Recent:
    def nowhere() -> Any:
        raise AssertionError("it asks nobody")

    return Recent(nowhere)


def test_each_message_of_a_decision_of_thousands_is_found_by_its_reference() -> None:
    kept = remembering()
    kept.take(entry_of(1, 4000))
    assert kept.notices_of_reference("sms", "r-1-0") == [f"{CASE}.1.0"]
    assert kept.notices_of_reference("sms", "r-1-3999") == [f"{CASE}.1.3999"]


def test_sheets_are_kept_by_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    first = entry_of(1, 10)
    monkeypatch.setattr(recent, "SHEET_BYTES", 3 * len(first.value or b""))
    kept = remembering()
    for number in (1, 2, 2, 2, 3):
        kept.take(entry_of(number, 10))
    assert [sheet.decision for sheet in kept.newest_first()] == [f"{CASE}:{number}" for number in (3, 2, 1)]
    kept.take(entry_of(4, 10))
    assert [sheet.decision for sheet in kept.newest_first()] == [f"{CASE}:{number}" for number in (4, 3, 2)]
