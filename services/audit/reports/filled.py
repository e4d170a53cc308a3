"""The forms that were filled in, as the one pass over the trail meets them. Pure.

Invariant: a block is kept with the record it stands in, and at most so many of them, so many bytes; what was
refused, withdrawn, merged into another case or erased is not among them. A follow-up adds to what its case has
so far; a document stands for itself.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from services.audit.reports.matters import ReportedCase
from services.audit.reports.reading import ReportedFact
from shared.case import CaseStatus
from shared.facts.form import FormBlock, block_in
from shared.forms.book import CONTINUES
from shared.vocabulary import Kind

MOST_BLOCKS, MOST_BYTES = 20_000, 32 * 1024 * 1024
"""Of one window; the earliest go first, and the answer says so."""
GOES_ON = frozenset({Kind.REPORTED, *CONTINUES})
"""What is said of one and the same matter, bit by bit."""
VOID = frozenset({CaseStatus.WITHDRAWN, CaseStatus.MERGED})


@dataclass(slots=True)
class SeenBlock:
    """A block of the window, with what its case was reported as."""

    index: int
    at: datetime
    case: str
    fact: str
    form: str
    goes_on: bool
    """One of several that say bit by bit what one matter is about."""
    item: int | None
    """Its number, where it is one of many that the case lists."""
    missing: tuple[str, ...]
    unit: str | None
    """Whose people filled it in."""
    case_unit: str | None
    area: str | None
    kind: str | None
    topic: str | None
    in_cohort: bool
    """Its case was reported in the window."""
    written: bytes
    """All values the case has of the form by then, JSON."""

    @property
    def values(self) -> dict[str, Any]:
        return orjson.loads(self.written)


class SeenBlocks:
    def __init__(self) -> None:
        self.cut = False
        """There were more than are kept."""
        self._blocks: deque[SeenBlock] = deque()
        self._bytes = 0
        self._so_far: dict[str, dict[str, bytes]] = {}
        """By case: what it has of each form."""
        self._before: dict[str, tuple[str, str, bytes | None]] = {}
        """By fact: case, form, and what there was before it, should it be refused."""
        self._items: dict[str, SeenBlock] = {}
        """By fact: of an item, until the decision says which one it is."""
        self._refused: set[str] = set()
        self._void: set[str] = set()

    def __iter__(self) -> Iterator[SeenBlock]:
        return (
            block
            for block in self._blocks
            if block.fact not in self._refused and block.case not in self._void
        )

    def take(self, matter: ReportedCase, fact: ReportedFact, *, inside: bool) -> None:
        """A block before the window is only what a later one adds to."""
        block = block_in(fact.data.fields)
        if block is None:
            return
        written = self._with_what_was_there(matter.case, fact, block)
        seen = SeenBlock(
            index=fact.index,
            at=fact.at,
            case=matter.case,
            fact=fact.id,
            form=block.id,
            goes_on=fact.kind in GOES_ON,
            item=None,
            missing=block.missing,
            unit=fact.data.part("by").text("unit") or matter.unit,
            case_unit=matter.unit,
            area=matter.area,
            kind=matter.kind,
            topic=matter.topic,
            in_cohort=matter.in_cohort,
            written=written,
        )
        if fact.kind == Kind.REGISTERED:
            self._items[fact.id] = seen
        if not inside:
            return
        self._blocks.append(seen)
        self._bytes += len(written)
        while len(self._blocks) > MOST_BLOCKS or self._bytes > MOST_BYTES:
            self._bytes -= len(self._blocks.popleft().written)
            self.cut = True

    def _with_what_was_there(self, case: str, fact: ReportedFact, block: FormBlock) -> bytes:
        before = self._so_far.get(case, {}).get(block.id)
        values = block.values
        if fact.kind in CONTINUES and before is not None:
            values = {**orjson.loads(before), **values}
        written = orjson.dumps(values)
        if fact.kind in GOES_ON:
            self._so_far.setdefault(case, {})[block.id] = written
            self._before[fact.id] = case, block.id, before
        return written

    def decided(self, fact: str, item: int | None, *, refused: bool) -> None:
        """What became of an act; `item`: the one of the case's list that it was about."""
        earlier, listed = self._before.pop(fact, None), self._items.pop(fact, None)
        if not refused:
            if listed is not None and item is not None:
                self._number(listed, item)
            return
        self._refused.add(fact)
        if earlier is None:
            return
        case, form, before = earlier
        if before is None:
            self._so_far.get(case, {}).pop(form, None)
        else:
            self._so_far.setdefault(case, {})[form] = before

    def _number(self, block: SeenBlock, item: int) -> None:
        """It adds to what the list has of that item."""
        so_far, name = self._so_far.setdefault(block.case, {}), f"{block.form}.{item}"
        block.item = item
        if name in so_far:
            block.written = orjson.dumps({**orjson.loads(so_far[name]), **block.values})
        so_far[name] = block.written

    def stands(self, case: str, status: str) -> None:
        """A case that was withdrawn or merged is about nothing any more; opened again it is."""
        if status in VOID:
            self._void.add(case)
        elif status == CaseStatus.OPEN:
            self._void.discard(case)

    def let_go(self, case: str) -> None:
        """Of a case that has ended and is no longer followed nothing is added to."""
        self._so_far.pop(case, None)
