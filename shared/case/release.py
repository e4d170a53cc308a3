"""A text that goes out at every outlet at once: approved, held until its hour, and compared with what was published.

Invariant: it names who drafted and who approved it; what an outlet says that it published stands beside the text that
was approved, never in its place.
"""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from shared.case.task import Task
from shared.facts import Value
from shared.ids import TaskId, UnitId

_SENTENCE = re.compile(r"[^。！？!?；;\n]+[。！？!?；;]?")
MOST_DIFFERENCES = 5
"""Sentences that are shown of one outlet, on each side."""


class OutletReceipt(Value, frozen=True, kw_only=True):
    """What one outlet says that it has published."""

    task: TaskId
    unit: UnitId
    published_at: datetime
    handed_in_at: datetime
    text: str | None = None
    """As it was published; None: the outlet does not say."""
    url: str | None = None


class ReleaseText(Value, frozen=True, kw_only=True):
    text: str
    drafted_by: str
    drafted_at: datetime
    approvals: tuple[str, ...] = ()
    approvals_needed: int
    """As the policy said when it was drafted."""
    not_before: datetime | None = None
    """The embargo; None: it goes out as soon as it is approved."""
    sent_back: bool = False
    """An approver has sent it back: another text takes its place."""
    released_at: datetime | None = None
    receipts: tuple[OutletReceipt, ...] = ()

    @property
    def is_held_back(self) -> bool:
        """No outlet may have it yet."""
        return self.released_at is None

    @property
    def awaits_approval(self) -> bool:
        return self.is_held_back and not self.sent_back and len(self.approvals) < self.approvals_needed

    @property
    def awaits_its_hour(self) -> bool:
        return self.is_held_back and not self.sent_back and not self.awaits_approval


class TextDifferences(NamedTuple):
    """Sentences of the approved text that an outlet left out, and those it put in."""

    left_out: tuple[str, ...]
    put_in: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.left_out or self.put_in)


def differences(approved: str, published: str) -> TextDifferences:
    """Sentence by sentence, whatever the spaces; linear in the length of both."""
    return _differences(Counter(_sentences(approved)), published)


def _differences(wanted: Counter[str], published: str) -> TextDifferences:
    there = Counter(_sentences(published))
    return TextDifferences(
        tuple((wanted - there).elements())[:MOST_DIFFERENCES],
        tuple((there - wanted).elements())[:MOST_DIFFERENCES],
    )


class OutletLine(NamedTuple):
    """One outlet in the comparison of publications."""

    unit: UnitId
    receipt: OutletReceipt | None
    """None: it has not said that it published."""
    is_early: bool
    """It says that it published before the text was out."""
    differences: TextDifferences | None
    """None: it has not handed in its text."""


def outlet_lines(release: ReleaseText, tasks: Iterable[Task]) -> tuple[OutletLine, ...]:
    receipts = {receipt.task: receipt for receipt in release.receipts}
    wanted = Counter(_sentences(release.text))
    return tuple(_outlet_line(release, wanted, task.unit, receipts.get(task.id)) for task in tasks)


def _outlet_line(
    release: ReleaseText, wanted: Counter[str], unit: UnitId, receipt: OutletReceipt | None
) -> OutletLine:
    out_at = release.not_before or release.released_at
    is_early = receipt is not None and out_at is not None and receipt.published_at < out_at
    text = receipt.text if receipt is not None else None
    return OutletLine(unit, receipt, is_early, _differences(wanted, text) if text else None)


def _sentences(text: str) -> Iterable[str]:
    return ("".join(sentence.split()) for sentence in _SENTENCE.findall(text) if sentence.strip())
