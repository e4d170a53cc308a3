"""Where each case stands: its last record, kept in memory for the cases of late, looked up for another one.

Invariant: what is kept is at or ahead of the store, never behind it: the cases of a batch that is on its way
there are among those of late. Whenever a write is in doubt all of it is forgotten.
"""

from collections import OrderedDict

from services.audit.records import builder
from services.audit.records.builder import CaseHead
from services.audit.store.trail import Trail

_KEPT = 20_000


class Heads:
    def __init__(self, trail: Trail) -> None:
        self._trail = trail
        self._heads: OrderedDict[str, CaseHead] = OrderedDict()

    def forget(self) -> None:
        self._heads.clear()

    async def of(self, cases: set[str]) -> dict[str, CaseHead]:
        """Heads of those that have one."""
        heads = {case: self._heads[case] for case in cases if case in self._heads}
        unknown = [case for case in cases if case and case not in heads]
        lasts = await self._trail.entries.lasts_of(unknown) if unknown else {}
        if "" in cases and "" not in heads and (last := await self._trail.entries.last_of("")) is not None:
            lasts[""] = last
        return heads | {case: builder.head_of(entry) for case, entry in lasts.items()}

    def move_on(self, heads: dict[str, CaseHead]) -> None:
        self._heads |= heads
        for case in heads:
            self._heads.move_to_end(case)
        while len(self._heads) > _KEPT:
            self._heads.popitem(last=False)
