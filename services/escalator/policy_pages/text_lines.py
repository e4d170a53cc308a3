"""What is different between two texts, line by line, for whoever wants to see the file itself. Pure.

Invariant: lines that stand everywhere (the empty one) are no place to begin a comparison at: a text of
nothing else would take minutes.
"""

from difflib import SequenceMatcher
from typing import NamedTuple

MOST = 400


class ChangedLine(NamedTuple):
    number: int
    """In the text that it stands in."""
    is_new: bool
    text: str


def changed_lines(before: str, after: str) -> list[ChangedLine]:
    """At most MOST."""
    old, new = before.splitlines(), after.splitlines()
    lines: list[ChangedLine] = []
    for tag, first, last, into, until in SequenceMatcher(None, old, new).get_opcodes():
        if tag != "equal":
            lines += [ChangedLine(number + 1, False, old[number]) for number in range(first, last)]
            lines += [ChangedLine(number + 1, True, new[number]) for number in range(into, until)]
    return lines[:MOST]
