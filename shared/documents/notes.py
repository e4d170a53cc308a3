"""The notes of a document: from each figure to the records it was counted from, or to the question that lists
them all.

Invariant: a note names records by their index in the trail, which the checkpoint covers; what it cuts short
it says how to have whole.
"""

from collections.abc import Callable, Sequence

from shared.documents.blocks import Cell, ranges
from shared.documents.words import DocumentWords
from shared.language.catalogue import N_

PIECES = 12
Trace = Callable[[str], Sequence[int]]
"""A figure → its records."""


class Notes:
    def __init__(self, words: DocumentWords, trace: Trace) -> None:
        self._words, self._trace = words, trace
        self.texts: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, cells: Sequence[Cell]) -> int | None:
        """The note of these cells together (a table's row, or one number in a sentence); None where nothing
        is to be traced.
        """
        parts = [self._part(cell, alone=len(cells) == 1) for cell in cells if cell.is_traced]
        text = self._words.claims(part for part in parts if part)
        if not text:
            return None
        if text not in self._numbers:
            self.texts.append(text)
            self._numbers[text] = len(self.texts)
        return self._numbers[text]

    def _part(self, cell: Cell, *, alone: bool) -> str:
        indexes = list(cell.records) or (list(self._trace(cell.figure)) if cell.figure is not None else [])
        names_it_itself = cell.figure is None and [cell.text] == [str(index) for index in indexes]
        if not indexes or names_it_itself:
            return ""
        shown, left = ranges(indexes, PIECES if alone else PIECES // 2, self._words.comma)
        if left:
            shown = self._words.of(N_("%(records)s and %(left)s more"), records=shown, left=left)
        if cell.figure is None:
            return self._words.of(N_("records %(records)s"), records=shown)
        return self._words.of(N_("figure %(figure)s: records %(records)s"), figure=cell.figure, records=shown)
