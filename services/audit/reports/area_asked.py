"""Which areas a report is asked for, and at which of them what lies within is counted. Pure."""

from collections.abc import Iterable

from shared.directory import Directory
from shared.ids import UnitId


class AskedArea:
    """Which areas are asked for, and at which of them one is counted: the part right below what is asked for, the
    counties where nothing is.
    """

    def __init__(self, directory: Directory | None, asked: str | None) -> None:
        self._directory, self._asked = directory, asked

    def holds(self, areas: Iterable[str]) -> bool:
        return self._asked is None or any(self._asked in self.path_to(area) for area in areas)

    def holds_unit(self, unit: str) -> bool:
        units = self._directory.units_by_id if self._directory is not None else {}
        entry = units.get(UnitId(unit))
        return self._asked is None or (entry is not None and self.holds((entry.area,)))

    def counted_at(self, area: str) -> str:
        path = self.path_to(area)
        top = path.index(self._asked) if self._asked in path else len(path) - 1
        return path[max(top - 1, 0)]

    def path_to(self, area: str) -> tuple[str, ...]:
        """From the area upwards."""
        path = self._directory.area_path(area) if self._directory is not None else ()
        return tuple(map(str, path)) or (area,)

    def is_alone(self, area: str) -> bool:
        """What is counted at this area lies in none of its parts: they are counted by themselves."""
        return area == self._asked if self._asked is not None else len(self.path_to(area)) == 1
