"""Cases of a long play: those that have ended and wait for nothing are kept small, and come back when
something is said of them.
"""

import zlib
from collections.abc import Iterator, MutableMapping

from shared.case import Case, read_case, write_case
from shared.ids import CaseId

FAST = 1
"""The quickest compression makes a tenth of a case already."""


class Archive(MutableMapping[CaseId, Case]):
    """A mapping like any other; `put_away` is the only difference."""

    def __init__(self) -> None:
        self._open: dict[CaseId, Case] = {}
        self._away: dict[CaseId, bytes] = {}

    def __getitem__(self, case: CaseId) -> Case:
        if case in self._away:
            self._open[case] = read_case(zlib.decompress(self._away.pop(case)))
        return self._open[case]

    def __setitem__(self, case: CaseId, value: Case) -> None:
        self._away.pop(case, None)
        self._open[case] = value

    def __delitem__(self, case: CaseId) -> None:
        if self._away.pop(case, None) is None:
            del self._open[case]

    def __iter__(self) -> Iterator[CaseId]:
        yield from self._open
        yield from self._away

    def __len__(self) -> int:
        return len(self._open) + len(self._away)

    def put_away(self, case: CaseId) -> None:
        found = self._open.pop(case, None)
        if found is not None:
            self._away[case] = zlib.compress(write_case(found), FAST)
