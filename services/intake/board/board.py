"""The board: every case as the escalator last left it, in memory, for whoever looks and whoever waits for a
decision.

Invariant: a case's card only ever moves forward in revision, and each change is told to every reader at least
once. A card keeps the stored bytes and the few fields that lists need; a Case is built only when somebody
reads it.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TypeVar

from services.intake.board.card import NEVER, Card, card_of, due_order
from shared.case_parts import MissingPartError
from shared.concurrent import happens
from shared.ids import CaseId
from shared.subjects import lane_of

T = TypeVar("T")
READER_LIMIT = 5_000
"""Changed cases a reader may leave unread; one slower than that is let go and resumes with its last
revision.
"""
STILL = 0.5
"""Seconds without a change after which a reader is woken all the same."""
BREATH = 0.1
"""Seconds between two tellings to one reader, so that a case that changes ten times in a moment is told
once.
"""


class Reader:
    """Somebody who follows the changes."""

    def __init__(self) -> None:
        self.changed: dict[CaseId, int] = {}
        self.news = asyncio.Event()
        self.is_gone = False

    def tell(self, case: CaseId, revision: int) -> None:
        self.changed.pop(case, None)
        self.changed[case] = revision
        if len(self.changed) > READER_LIMIT:
            self.is_gone = True
        self.news.set()


class Board:
    """Fed by `follow.Follower`, read by the API and the desk: the cases as they stand."""

    def __init__(self) -> None:
        self._cards: dict[CaseId, Card] = {}
        self._parts: dict[CaseId, dict[str, bytes]] = {}
        """Of each case too large for one message its parts by address, compressed."""
        self._incomplete: dict[CaseId, tuple[int, bytes]] = {}
        """Cases of which a part was stored again after them, so that it is still to come."""
        self._opened: dict[int, int] = {}
        """Of each lane the last fact that opened a case: every report before it is decided, since reports
        never overtake one another. A case's last fact tells less: an overdue clock is decided on ahead of the
        reports that wait in its lane.
        """
        self._raised: dict[str, set[CaseId]] = {}
        """Of each case those that follow from it."""
        self._public: set[CaseId] = set()
        """Cases whose public notice, or compilation, is out."""
        self._waiting: dict[CaseId, list[Callable[[Card], None]]] = {}
        self._readers: set[Reader] = set()
        self.revision = 0
        """Of the newest change the board knows."""
        self.ready = False
        """False until the board has caught up with the broker, and while it has lost it."""

    async def check(self) -> None:
        """For readiness."""
        if not self.ready:
            raise RuntimeError("not caught up with the bucket CASES")

    # Fed

    def put(self, case: CaseId, revision: int, raw: bytes) -> None:
        """The case changed. Raises ValueError for a value that is not this case, or would take it back to an
        earlier fact.
        """
        try:
            card = card_of(case, revision, raw, self._parts.get(case, {}))
        except MissingPartError:
            self._incomplete[case] = revision, raw
            return
        self._incomplete.pop(case, None)
        if (known := self._cards.get(case)) is not None and card.applied < known.applied:
            raise ValueError(
                f"it has applied fact {card.applied}, the case had applied fact {known.applied} before"
            )
        self._cards[case] = card
        lane = lane_of(case)
        self._opened[lane] = max(self._opened.get(lane, 0), card.report_sequence)
        if card.parent is not None:
            self._raised.setdefault(card.parent, set()).add(case)
        if card.notice_published_at is not None or card.compiled_at is not None:
            self._public.add(case)
        self._tell(case, revision)
        for look in list(self._waiting.get(case, ())):
            look(card)

    def put_part(self, case: CaseId, address: str, raw: bytes) -> None:
        """A part of the case, which comes before the case that names it."""
        self._parts.setdefault(case, {})[address] = zlib.compress(raw, 1)
        if case in self._incomplete:
            self.put(case, *self._incomplete[case])

    def remove_part(self, case: CaseId, address: str) -> None:
        """The case's latest revision does not name it any more."""
        parts = self._parts.get(case, {})
        parts.pop(address, None)
        if not parts:
            self._parts.pop(case, None)

    def remove(self, case: CaseId, revision: int) -> None:
        """The case left the board; the trail keeps it."""
        self._incomplete.pop(case, None)
        card = self._cards.pop(case, None)
        if card is not None and card.parent is not None:
            self._raised.get(card.parent, set()).discard(case)
        self._public.discard(case)
        self._tell(case, revision)

    def clear(self) -> None:
        """The broker's bucket is another one than before."""
        self._cards.clear()
        self._parts.clear()
        self._incomplete.clear()
        self._opened.clear()
        self._raised.clear()
        self._public.clear()
        self.revision = 0

    def _tell(self, case: CaseId, revision: int) -> None:
        self.revision = max(self.revision, revision)
        for reader in self._readers:
            reader.tell(case, revision)

    # Read

    def __len__(self) -> int:
        return len(self._cards)

    def __contains__(self, case: object) -> bool:
        return case in self._cards

    def card(self, case: CaseId) -> Card | None:
        return self._cards.get(case)

    def is_coming(self, case: CaseId) -> bool:
        """It has been told of, and parts of it are still to come."""
        return case in self._incomplete

    def decided_before(self, case: CaseId) -> int | None:
        """The reports of the case's lane up to this fact are decided, or set aside; None where the lane has
        no case here.
        """
        return self._opened.get(lane_of(case))

    def cards(self) -> Iterable[Card]:
        return self._cards.values()

    def open_cards(self) -> list[Card]:
        """In no order. Cheap to list and to count: take `card.whole` of those alone that are shown."""
        return [card for card in self._cards.values() if card.is_open]

    def raised_from(self, case: CaseId) -> list[Card]:
        """The cases that follow from this one."""
        return sorted(
            (self._cards[follower] for follower in self._raised.get(case, ()) if follower in self._cards),
            key=due_order,
        )

    def public_cards(self) -> list[Card]:
        """The cases whose public notice is out, the newest notice first."""
        cards = [card for case in self._public if (card := self._cards[case]).notice_published_at is not None]
        return sorted(cards, key=lambda card: (card.notice_published_at or NEVER, card.case), reverse=True)

    def compiled_cards(self) -> list[Card]:
        """The compilations that are out, the newest first."""
        cards = [card for case in self._public if (card := self._cards[case]).compiled_at is not None]
        return sorted(cards, key=lambda card: (card.compiled_at or NEVER, card.case), reverse=True)

    async def wait_for(self, case: CaseId, accept: Callable[[Card], T | None], seconds: float) -> T | None:
        """The first answer other than None that `accept` gives to the case's card, now or at a change; None
        when time is up.
        """
        card = self._cards.get(case)
        if card is not None and (accepted := accept(card)) is not None:
            return accepted
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def look(changed: Card) -> None:
            if not future.done() and (answer := accept(changed)) is not None:
                future.set_result(answer)

        self._waiting.setdefault(case, []).append(look)
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            return None
        finally:
            self._waiting[case].remove(look)
            if not self._waiting[case]:
                del self._waiting[case]

    async def subscribe(self, after: int | None = None) -> AsyncIterator[tuple[int, CaseId] | None]:
        """(revision, case) for each change from now on, or since revision `after`; None where STILL seconds
        bring none, so that the reader can look whether it may go on. Ends when the reader is too slow.
        """
        reader = Reader()
        if after is not None:
            missed = sorted(
                (card.revision, card.case) for card in self._cards.values() if card.revision > after
            )
            for revision, case in missed[-READER_LIMIT:]:
                reader.tell(case, revision)
        self._readers.add(reader)
        try:
            while True:
                if not await happens(reader.news, STILL):
                    yield None
                    continue
                reader.news.clear()
                if reader.is_gone:
                    return
                changed, reader.changed = reader.changed, {}
                for case, revision in changed.items():
                    yield revision, case
                await asyncio.sleep(BREATH)
        finally:
            self._readers.discard(reader)
