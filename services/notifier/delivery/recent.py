"""The latest deliveries of all replicas, kept in memory for the API, for receipts that come back with a
reference, and for replies that come back with nothing but a number.

Invariant: it follows the bucket DELIVERIES from some thousand entries back and never holds more than the
numbers below say, however large a decision is; what is older is read from the bucket by its case.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from nats.aio.client import Client

from services.notifier.delivery.record import DeliveryOutcome, Sheet, key_safe
from shared.broker.bucket_follower import BucketEntry, BucketFollower
from shared.ids import PersonId
from shared.streams import DELIVERIES


class HandOver(NamedTuple):
    """What a gateway gave one reference to; a reference it gives again is that of the latest."""

    to: tuple[str, str]
    """Person and moment: alike for all that went out as one message, and for nothing else."""
    notices: dict[str, None]


class ToldBefore(NamedTuple):
    """A notice that was handed over to a person on a channel."""

    notice: str
    person: str
    at: datetime
    reference: str | None


SHEETS, SHEET_BYTES = 2000, 64 * 1024 * 1024
"""Kept whole: a sheet of two thousand notices alone is nearly a megabyte."""
REFERENCES = 20_000
"""Of single messages, and marks of answers: one decision may have thousands."""
PER_PERSON, PEOPLE = 20, 20_000
"""Hand-overs that are remembered of a person on a channel, and of how many."""
ANSWERED = ".=ack"


class Recent:
    def __init__(self, connection: Callable[[], Client]) -> None:
        self._connection = connection
        self._raw: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        """Of all in `_raw`."""
        self._by_reference: OrderedDict[tuple[str, str], HandOver] = OrderedDict()
        self._told: OrderedDict[tuple[str, str], deque[ToldBefore]] = OrderedDict()
        self._answered: OrderedDict[str, None] = OrderedDict()
        # Beside each sheet lie the marks of what was answered to it.
        self.follow = BucketFollower(DELIVERIES, connection, self.take, newest=4 * SHEETS).run
        """The service's task."""

    def newest_first(self) -> Iterator[Sheet]:
        return (sheet for raw in reversed(list(self._raw.values())) if (sheet := _readable(raw)) is not None)

    def notices_of_reference(self, channel: str, reference: str) -> list[str]:
        """More than one where they went out as one message."""
        latest = self._by_reference.get((channel, reference))
        return [*latest.notices] if latest is not None else []

    def told(self, channel: str, people: Iterable[PersonId]) -> list[ToldBefore]:
        """What these people were told on the channel, the newest first."""
        hand_overs = [told for person in people for told in self._told.get((channel, person), ())]
        return sorted(hand_overs, key=lambda told: told.at, reverse=True)

    def is_answered(self, notice: str) -> bool:
        """As far as its own link or a reply has answered it."""
        return key_safe(notice) in self._answered

    async def of_case(self, case: str) -> list[Sheet]:
        """All sheets of one case on record, newest first."""
        sheets: list[Sheet] = []

        def take(entry: BucketEntry) -> None:
            if _is_sheet(entry):
                sheets.append(Sheet.read(entry.value or b""))

        await BucketFollower(DELIVERIES, self._connection, take, keys=(f"{case}.>",)).open()
        return sheets[::-1]

    def take(self, entry: BucketEntry) -> None:
        """Of the bucket, as it is followed."""
        if not _is_sheet(entry):
            self._bytes -= len(self._raw.pop(entry.key, b""))
            if entry.key.endswith(ANSWERED):
                self._answered[entry.key.removesuffix(ANSWERED)] = None
                _bound(self._answered, REFERENCES)
            return
        references, hand_overs = _peeked_at(entry.value or b"")
        self._keep(entry.key, entry.value or b"")
        for told, hand_over in references:
            known = self._by_reference.get(told)
            is_same = known is not None and known.to == hand_over.to
            self._by_reference[told] = (
                HandOver(hand_over.to, known.notices | hand_over.notices) if known and is_same else hand_over
            )
        for place, told_before in hand_overs:
            before = self._told.pop(place, None) or deque[ToldBefore](maxlen=PER_PERSON)
            if told_before.notice not in {earlier.notice for earlier in before}:
                before.append(told_before)
            self._told[place] = before
        _bound(self._by_reference, REFERENCES)
        _bound(self._told, PEOPLE)

    def _keep(self, key: str, raw: bytes) -> None:
        self._bytes += len(raw) - len(self._raw.pop(key, b""))
        self._raw[key] = raw
        while len(self._raw) > SHEETS or self._bytes > SHEET_BYTES:
            self._bytes -= len(self._raw.popitem(last=False)[1])


def _bound(kept: OrderedDict[Any, Any], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)


def _peeked_at(
    raw: bytes,
) -> tuple[list[tuple[tuple[str, str], HandOver]], list[tuple[tuple[str, str], ToldBefore]]]:
    """((channel, reference), what had it), and ((channel, person), what was handed over to them). Only peeked
    at; checked whole when it is asked for. Raises ValueError.
    """
    try:
        records = [record for bundle in orjson.loads(raw)["bundles"] for record in bundle]
        references = [
            ((delivery["channel"], reference), _hand_over(delivery))
            for delivery in (record["delivery"] for record in records)
            if (reference := delivery.get("reference"))
        ]
        told = [
            ((delivery["channel"], delivery["person"]), _told_before(delivery))
            for record in records
            if record["outcome"] == DeliveryOutcome.DELIVERED
            for delivery in (record["delivery"],)
        ]
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError("it is no sheet") from error
    return references, told


def _told_before(delivery: dict[str, str]) -> ToldBefore:
    at = datetime.fromisoformat(delivery["done_at"])
    return ToldBefore(delivery["notice"], delivery["person"], at, delivery.get("reference"))


def _hand_over(delivery: dict[str, str]) -> HandOver:
    return HandOver((delivery["person"], delivery["done_at"]), {delivery["notice"]: None})


def _readable(raw: bytes) -> Sheet | None:
    try:
        return Sheet.read(raw)
    except ValueError:
        return None


def _is_sheet(entry: BucketEntry) -> bool:
    """Not a deletion, not the mark of a used link."""
    return bool(entry.value) and not entry.key.rpartition(".")[2].startswith("=")
