"""Whom a task is for that names nobody: "all units", "all counties", "all units of a sector". Pure.

Invariant: from one level to the next: a city addresses its own units and its counties, and a county its townships.
Never whoever assigns, nor those above them.
"""

from shared.directory.whole import Directory
from shared.ids import AreaCode, UnitId
from shared.vocabulary import Addressees


def units_addressed(
    directory: Directory,
    every: Addressees,
    sector: str | None,
    area: AreaCode | str,
    assigner: UnitId | None,
) -> tuple[UnitId, ...]:
    """In the order of the directory."""
    below = {part.code for part in directory.areas if part.within == area}
    if every is Addressees.GOVERNMENT:
        governments = directory.governments_by_area
        meant = {governments[code] for code in below if code in governments}
    else:
        meant = {unit.id for unit in directory.units if unit.area == area or unit.area in below}
    if sector is not None:
        meant &= _of_sector(directory, sector)
    meant -= {assigner, *(directory.superiors.get(assigner, ()) if assigner is not None else ())}
    return tuple(unit.id for unit in directory.units if unit.id in meant)


def _of_sector(directory: Directory, sector: str) -> set[UnitId]:
    competent = {
        unit.id for unit in directory.units if any(sector in each.topics for each in unit.competence)
    }
    under = {unit for unit, above in directory.superiors.items() if not competent.isdisjoint(above)}
    return competent | under
