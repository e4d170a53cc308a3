"""Names for the ids that facts carry. An id that has left the directory, or a page without one, shows the id
itself.
"""

from collections.abc import Callable

from shared.directory import Directory
from shared.facts import Name
from shared.ids import AreaCode, PersonId, PlanId, PostId, SourceId, UnitId


class Names:
    def __init__(self, directory: Directory | Callable[[], Directory] | None) -> None:
        """A callable gives the directory as it is at each look."""
        self._source = directory

    @property
    def _directory(self) -> Directory | None:
        return self._source() if callable(self._source) else self._source

    def person(self, person: str) -> Name:
        directory = self._directory
        entry = directory.people_by_id.get(PersonId(person)) if directory else None
        return entry.name if entry else _plain(person)

    def post(self, post: str) -> Name:
        directory = self._directory
        entry = directory.posts_by_id.get(PostId(post)) if directory else None
        return entry.name if entry else _plain(post)

    def either(self, person: str | None, unit: str | None) -> Name:
        """The person, or the unit where no person is named."""
        return self.person(person) if person is not None else self.unit(unit or "")

    def unit(self, unit: str) -> Name:
        directory = self._directory
        entry = directory.units_by_id.get(UnitId(unit)) if directory else None
        return entry.name if entry else _plain(unit)

    def area(self, area: str) -> Name:
        directory = self._directory
        entry = directory.areas_by_code.get(AreaCode(area)) if directory else None
        return entry.name if entry else _plain(area)

    def plan(self, plan: PlanId) -> Name | None:
        """None for a plan that is in no directory (any more)."""
        directory = self._directory
        found = directory.plans_by_id.get(plan) if directory else None
        return found.name if found else None

    def by(self, principal: str) -> Name:
        """Who did it: a person, or a system by its source."""
        if not principal.startswith("source:"):
            return self.person(principal)
        directory, source = self._directory, SourceId(principal.removeprefix("source:"))
        match = directory.sources_by_id.get(source) if directory else None
        return match.name if match else _plain(principal)


def _plain(name: str) -> Name:
    return Name(zh=name, en=name)
