"""Who hears of an emergency that ends early, or is to: the superior who is asked, and everybody who was rung.

Invariant: whoever was rung about the case hears what became of it, once, in words that say who asked, who
agreed, and what the reader still owes.
"""

from services.escalator.deciding.briefing import unit_name
from services.escalator.deciding.draft import Draft, Why
from services.escalator.deciding.lighting import people_lit
from services.escalator.deciding.parties import head_of
from shared.case import Ending
from shared.directory import Person
from shared.facts import Actor, EarlyEnd, Name, Purpose
from shared.ids import PersonId, PostId, SourceId, UnitId


def decider_of(draft: Draft, by: str) -> tuple[Person, PostId, UnitId]:
    """Who is asked to decide: the head of the nearest unit above the one that answers for the case, of the
    whole city where none is.

    Never whoever asks.
    """
    directory = draft.directory
    above = (
        *directory.superiors.get(draft.case.holder, ()),
        *(unit.id for unit in directory.units if unit.whole_city),
    )
    heads = [(head, unit) for unit in above if (head := head_of(draft, unit)) is not None]
    (person, post), unit = next((found for found in heads if found[0][0].id != by), heads[0])
    return person, post, unit


def name_of(draft: Draft, principal: str, unit: UnitId | None = None) -> Name:
    """A person by name, a system by its own; whoever the directory does not know by their unit's, else as they
    sign.
    """
    found = draft.directory.people_by_id.get(PersonId(principal)) or draft.directory.sources_by_id.get(
        SourceId(principal.removeprefix("source:"))
    )
    if found is None and unit is not None:
        return unit_name(draft.directory, unit)
    return found.name if found is not None else Name(zh=principal, en=principal)


class EarlyEnds:
    """What is said of one early end, asked for or agreed to."""

    def __init__(self, draft: Draft, ending: Ending, agreed: Actor | None = None) -> None:
        self._draft, self._ending, self._agreed = draft, ending, agreed

    def asked(self, *, owes: bool = False) -> EarlyEnd:
        draft, ending, agreed = self._draft, self._ending, self._agreed
        return EarlyEnd(
            kind=ending.kind,
            by=name_of(draft, ending.by, ending.unit),
            by_unit=unit_name(draft.directory, ending.unit) if ending.unit is not None else None,
            by_source=ending.by.startswith("source:"),
            why=ending.text,
            seconded_by=name_of(draft, agreed.who) if agreed is not None else None,
            level=ending.level or ending.was_level,
            sensitive=ending.was_sensitive if ending.sensitive is None else ending.sensitive,
            was_level=ending.was_level,
            was_sensitive=ending.was_sensitive,
            owes=owes,
        )

    def tell_everybody(self, purpose: Purpose, why: Why) -> None:
        """Everybody who was rung about this case."""
        draft = self._draft
        owing = {duty.bearer for duty in draft.owed()}
        for person, post, duty in people_lit(draft):
            draft.call(person, post, purpose, why, duty, ending=self.asked(owes=person.id in owing))
