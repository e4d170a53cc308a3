"""Which one unit answers for a matter: first-receiver and competence rules ask here, and show the reason.

Invariant: at most one unit, always the same one: the competence of the smallest area that holds the place,
then the one that asks most (topic before kind before category), then the one declared first.
"""

from typing import TYPE_CHECKING, NamedTuple

from shared.directory.units import Competence, Unit
from shared.facts import Reason
from shared.ids import AreaCode
from shared.vocabulary import Category, ReportKind

if TYPE_CHECKING:
    from shared.directory.whole import Directory


class MatterSort(NamedTuple):
    kind: ReportKind | None
    category: Category | None
    topic: str | None


class Competent(NamedTuple):
    """The unit, why it is the one, and the area that it is competent for."""

    unit: Unit
    why: Reason
    area: AreaCode


def competent_unit(whole: "Directory", matter: MatterSort, area: AreaCode) -> Competent | None:
    """None where no unit declares a competence that covers the matter at this place."""
    for at in whole.area_path(area):
        candidates = [
            (_asks(entry), unit, entry)
            for unit, entry in whole.competences_by_area.get(at, ())
            if covers(entry, matter)
        ]
        if candidates:
            _, unit, competence = max(candidates, key=lambda each: each[0])
            return Competent(unit, _why(competence), at)
    return None


def covers(competence: Competence, matter: MatterSort) -> bool:
    return (
        (not competence.topics or matter.topic in competence.topics)
        and (not competence.kinds or matter.kind in competence.kinds)
        and (not competence.categories or matter.category in competence.categories)
    )


def _asks(competence: Competence) -> tuple[bool, bool, bool]:
    return bool(competence.topics), bool(competence.kinds), bool(competence.categories)


def _why(competence: Competence) -> Reason:
    """The most particular thing that the competence asks for."""
    if competence.topics:
        return Reason.COMPETENT_FOR_THE_TOPIC
    if competence.kinds:
        return Reason.COMPETENT_FOR_THE_KIND
    return Reason.COMPETENT_FOR_THE_CATEGORY if competence.categories else Reason.COMPETENT_FOR_EVERYTHING
