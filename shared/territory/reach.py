"""Whose a unit is: in whose name somebody speaks.

Invariant: pure; the directory is an argument. Whoever names no unit and is no person of the directory speaks
for nobody.
"""

from shared.directory import Directory
from shared.facts import Actor
from shared.ids import PersonId, UnitId


def speaks_for(directory: Directory, actor_unit: UnitId | None, unit: UnitId | str) -> bool:
    """Whether somebody of `actor_unit` speaks for `unit`: the unit itself, or one above it."""
    return actor_unit is not None and (actor_unit == unit or directory.is_above(actor_unit, unit))


def has_whole_city(directory: Directory, unit: UnitId | None) -> bool:
    entry = directory.units_by_id.get(unit) if unit is not None else None
    return entry is not None and entry.whole_city


def unit_of(actor: Actor, directory: Directory) -> UnitId | None:
    """The unit the actor speaks for; of somebody who names none, that of the person or source in the
    directory.
    """
    if actor.unit is not None:
        return actor.unit
    person = directory.people_by_id.get(PersonId(actor.who))
    return person.unit if person is not None else None
