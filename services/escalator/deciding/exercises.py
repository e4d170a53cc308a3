"""Whom an exercise rings: whoever has agreed, by themself or with their unit.

Invariant: whoever has not agreed is not rung, is not waited for and is not called dark: the record says why, and the
chain goes on at once. What is owed of somebody who was never told, and of nobody who was, does not lapse.
"""

from services.escalator.deciding.draft import Draft
from shared.case import Duty
from shared.ids import PersonId


def is_spared(draft: Draft, person: PersonId) -> bool:
    """Whether this is an exercise that rings, and not this person. One that rings nobody spares none by name."""
    rings = draft.case.report.exercise and draft.policy.document.exercise.channels
    return bool(rings) and not draft.directory.agrees_to_exercises(person)


def was_told_to_nobody(draft: Draft, duty: Duty) -> bool:
    """By an exercise that spares whoever owes it."""
    return is_spared(draft, duty.bearer) and not any(lit.is_reached for lit in duty.lit)
