"""Standing cases: what is watched without anybody reporting it has a case of its own, whose id anyone can
work out.
"""

from datetime import UTC, datetime

from shared.directory import Directory, Unit
from shared.ids import CaseId, case_id_for

SINCE_EVER = datetime(2000, 1, 1, tzinfo=UTC)


def standing_case(watch: str, subject: str) -> CaseId:
    """The one case that watches `subject` (a roster, a source, a duty rule, a unit) as `watch`
    (shared.facts.Established).
    """
    return case_id_for(f"standing:{watch}:{subject}", SINCE_EVER)


DIRECTORY_CASE = standing_case("directory", "directory")
"""Hears of every change of the directory that touches somebody, so that whoever is touched is told."""


def own_watch(rule: str, unit: str) -> str:
    """The subject of what one unit owes by a rule that each of several owes for itself."""
    return f"{rule}.{unit}"


def rule_watched(subject: str) -> str:
    """The rule of a periodic watch, whether one owes it for all or each for itself."""
    return subject.partition(".")[0]


EVERY_UNIT = "unit"
"""In place of a topic: each unit that has somebody who can be reached."""


def units_with(directory: Directory, topic: str) -> list[Unit]:
    """Those whose competence names the topic."""
    return [unit for unit in directory.units if is_with(directory, unit, topic)]


def is_with(directory: Directory, unit: Unit, topic: str) -> bool:
    """Whether its competence names the topic."""
    if topic == EVERY_UNIT:
        return unit.id in directory.reachable_units
    return any(topic in competence.topics for competence in unit.competence)
