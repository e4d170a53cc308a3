"""Which one unit answers for a matter: first-receiver and competence rules ask here, and show the reason.

Invariant: at most one unit, always the same one: the competence of the smallest area that holds the place,
then the one that asks most (topic before kind before category), then the one declared first.
"""

from typing import TYPE_CHECKING, NamedTuple

from shared.directory.units import Competence, Unit
from shared.facts import Name
from shared.ids import AreaCode
from shared.vocabulary import Category, ReportKind

if TYPE_CHECKING:
    from shared.directory.whole import Directory


class MatterSort(NamedTuple):
    kind: ReportKind | None
    category: Category | None
    topic: str | None


class Competent(NamedTuple):
    """The unit, and why it is the one, in words."""

    unit: Unit
    reason: Name


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
            return Competent(unit, _reason(whole, unit, competence, at))
    return None


def covers(competence: Competence, matter: MatterSort) -> bool:
    return (
        (not competence.topics or matter.topic in competence.topics)
        and (not competence.kinds or matter.kind in competence.kinds)
        and (not competence.categories or matter.category in competence.categories)
    )


def _asks(competence: Competence) -> tuple[bool, bool, bool]:
    return bool(competence.topics), bool(competence.kinds), bool(competence.categories)


def _reason(whole: "Directory", unit: Unit, competence: Competence, at: AreaCode) -> Name:
    area = whole.areas_by_code[at].name
    matters = [*competence.topics, *competence.kinds, *competence.categories]
    zh, en = "、".join(matters) or "一切事项", ", ".join(matters) or "every matter"
    return Name(zh=f"{area.zh}范围内{zh}由{unit.name.zh}主管", en=f"in {area.en}, {en} is for {unit.name.en}")
