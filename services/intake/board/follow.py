"""Feeds the board from the bucket CASES.

Invariant: the board counts as ready only while the follower is current; a value that is no case, or would
take one back, never replaces what the board has.
"""

from collections.abc import Callable

from nats.aio.client import Client
from prometheus_client import Counter

from services.intake.board.board import Board
from shared.broker.bucket_follower import BucketEntry, BucketFollower
from shared.case_parts import part_of
from shared.facts.authenticity import is_a_brokers_answer
from shared.facts.distrust import WORDS, Distrust
from shared.streams import CASES


class BoardFollower:
    def __init__(self, connection: Callable[[], Client], board: Board, distrusted: Counter) -> None:
        self._board, self._distrusted = board, distrusted
        self.run = BucketFollower(
            CASES, connection, self._take, forget=board.clear, on_current=self._mark
        ).run

    def _mark(self, current: bool) -> None:
        self._board.ready = current

    def _take(self, entry: BucketEntry) -> None:
        """Raises ValueError for a value that is refused: an earlier one may do."""
        case, part = part_of(entry.key)
        if is_a_brokers_answer(entry.headers):
            self._distrusted.labels(Distrust.HEADERS).inc()
            raise ValueError(WORDS[Distrust.HEADERS])
        if part:
            if entry.value is None:
                self._board.remove_part(case, part)
            else:
                self._board.put_part(case, part, entry.value)
            return
        if entry.value is None:
            self._board.remove(case, entry.revision)
            return
        try:
            self._board.put(case, entry.revision, entry.value)
        except ValueError:
            self._distrusted.labels(Distrust.CASE).inc()
            raise
