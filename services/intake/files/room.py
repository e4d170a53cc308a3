"""How many bodies with files come in at the same time: of all together, and of one principal.

Invariant: the disk that holds what comes in is bounded (bodies at a time × the largest body), and one who sends
slowly takes no place from the others. A report without files never waits here.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from shared.door.ways import BODY_LIMIT
from shared.facts.file import LARGEST_FILE, MOST_FILES
from shared.message import N_
from shared.problems import Problem

ONE_FILE_BODY = LARGEST_FILE + BODY_LIMIT
"""Bytes of a request that uploads one file."""
FILES_BODY = MOST_FILES * LARGEST_FILE + BODY_LIMIT
"""Bytes of a form with all the files it may have."""
AT_ONCE, OF_ONE_AT_ONCE = 16, 4
BUSY = N_("Too many files at a time")
COME_AGAIN = N_(
    "So many files are coming in at this moment that yours has to wait: send the report without them now, and the files in a minute."
)


class Room:
    def __init__(self) -> None:
        self._of: Counter[str] = Counter()

    @contextmanager
    def place(self, principal: str) -> Iterator[None]:
        """Raises Problem 429, 503."""
        if self._of[principal] >= OF_ONE_AT_ONCE:
            raise Problem(429, BUSY, COME_AGAIN, headers={"Retry-After": "30"})
        if self._of.total() >= AT_ONCE:
            raise Problem(503, BUSY, COME_AGAIN, headers={"Retry-After": "30"})
        self._of[principal] += 1
        try:
            yield
        finally:
            self._of[principal] -= 1
            if not self._of[principal]:
                del self._of[principal]
