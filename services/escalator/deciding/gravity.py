"""Which of two grades is the graver one. Pure.

Invariant: a level that is not set is never the graver one, so that nothing that was graded loses its level by
it.
"""

from shared.vocabulary import Level

_ORDER = tuple(Level)


def graver(one: Level | None, other: Level | None) -> Level | None:
    return min((level for level in (one, other) if level is not None), key=_ORDER.index, default=None)


def raises(before: tuple[Level | None, bool], after: tuple[Level | None, bool]) -> bool:
    """Whether a case that was graded (level, sensitive) as `before` is made more of as `after`."""
    (level, sensitive), (new, still) = before, after
    return (still and not sensitive) or (level is not None and new != level and graver(level, new) == new)


def lessens(before: tuple[Level | None, bool], after: tuple[Level | None, bool]) -> bool:
    """Whether a case that was graded (level, sensitive) as `before` is made less of as `after`."""
    (level, sensitive), (new, still) = before, after
    return (sensitive and not still) or (level is not None and graver(level, new) == level and new != level)
