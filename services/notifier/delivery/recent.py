"""The latest deliveries of all replicas, kept in memory for the API and for receipts that come back with a
reference.

Invariant: it follows the bucket DELIVERIES from `keep` entries back and never holds more than that; what is
older is read from the bucket by its case.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import NamedTuple

import orjson
from nats.aio.client import Client

from services.notifier.delivery.record import Sheet
from shared.broker.bucket_follower import BucketEntry, BucketFollower
from shared.streams import DELIVERIES


class HandOver(NamedTuple):
    """What a gateway gave one reference to; a reference it gives again is that of the latest."""

    to: tuple[str, str]
    """Person and moment: alike for all that went out as one message, and for nothing else."""
    notices: dict[str, None]


class Recent:
    def __init__(self, connection: Callable[[], Client], *, keep: int = 2000) -> None:
        self._connection, self._keep = connection, keep
        self._raw: OrderedDict[str, bytes] = OrderedDict()
        self._by_reference: OrderedDict[tuple[str, str], HandOver] = OrderedDict()
        self.follow = BucketFollower(DELIVERIES, connection, self._take, newest=keep).run
        """The service's task."""

    def newest_first(self) -> Iterator[Sheet]:
        return (sheet for raw in reversed(list(self._raw.values())) if (sheet := _readable(raw)) is not None)

    def notices_of_reference(self, channel: str, reference: str) -> list[str]:
        """More than one where they went out as one message."""
        latest = self._by_reference.get((channel, reference))
        return [*latest.notices] if latest is not None else []

    async def of_case(self, case: str) -> list[Sheet]:
        """All sheets of one case on record, newest first."""
        sheets: list[Sheet] = []

        def take(entry: BucketEntry) -> None:
            if _is_sheet(entry):
                sheets.append(Sheet.read(entry.value or b""))

        await BucketFollower(DELIVERIES, self._connection, take, keys=(f"{case}.>",)).open()
        return sheets[::-1]

    def _take(self, entry: BucketEntry) -> None:
        if not _is_sheet(entry):
            self._raw.pop(entry.key, None)
            return
        references = _references(entry.value or b"")
        self._raw.pop(entry.key, None)
        self._raw[entry.key] = entry.value or b""
        for told, hand_over in references:
            known = self._by_reference.get(told)
            is_same = known is not None and known.to == hand_over.to
            self._by_reference[told] = (
                HandOver(hand_over.to, known.notices | hand_over.notices) if known and is_same else hand_over
            )
        for kept in (self._raw, self._by_reference):
            while len(kept) > self._keep:
                kept.popitem(last=False)


def _references(raw: bytes) -> list[tuple[tuple[str, str], HandOver]]:
    """((channel, reference), what had it). Only peeked at; checked whole when it is asked for. Raises
    ValueError.
    """
    try:
        deliveries = [record["delivery"] for bundle in orjson.loads(raw)["bundles"] for record in bundle]
        return [
            ((delivery["channel"], reference), _hand_over(delivery))
            for delivery in deliveries
            if (reference := delivery.get("reference"))
        ]
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError("it is no sheet") from error


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
