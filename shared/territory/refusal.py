"""Why somebody may not, by name, and who may instead."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.acts.who import Where
from shared.ids import UnitId
from shared.vocabulary import Role


class Why(StrEnum):
    """The named reason of a refusal; its words in both languages stand in shared.web.reasons."""

    ROLE = "role_may_not"
    NO_STANDING = "no_standing"
    NO_PART = "no_part_in_it"
    NOT_REPORTED_BY = "reported_by_somebody_else"
    HELD_BY_ANOTHER = "held_by_another_unit"
    OFFERED_TO_ANOTHER = "offered_to_another_unit"
    ASSIGNED_TO_ANOTHER = "assigned_to_another_unit"
    ONLY_THE_SUPERIOR = "only_the_common_superior_imposes"
    ONLY_THE_ASSIGNER = "only_the_assigner_decides"
    OWED_BY_ANOTHER = "owed_by_another_unit"
    NOT_CALLED = "was_not_called"
    FOR_THEMSELF_ALONE = "for_themself_alone"
    ANOTHER_UNITS_WORD = "for_the_unit_itself_to_say"
    NOT_ON_THE_ROSTER = "not_on_the_roster"
    JUDGED_FROM_ABOVE = "judged_from_above"
    NOT_COMPETENT = "not_of_the_competent_superior"
    NOT_HELD_TO_ACCOUNT = "no_accountability_case"
    CANT_ASSIGN = "may_not_assign_to_that_unit"
    IN_ANOTHERS_NAME = "not_in_another_units_name"
    NOT_DECLARED = "not_declared_to_report_for_it"
    NOT_BY_HAND = "may_not_open_that_kind"


WHY_NOT: Mapping[Where, Why] = {
    Where.STANDING: Why.NO_STANDING,
    Where.PART: Why.NO_PART,
    Where.REPORTED: Why.NO_STANDING,
    Where.OWN_REPORT: Why.NOT_REPORTED_BY,
    Where.HOLDER: Why.HELD_BY_ANOTHER,
    Where.ASKED: Why.OFFERED_TO_ANOTHER,
    Where.SUPERIOR: Why.ONLY_THE_SUPERIOR,
    Where.TASK: Why.ASSIGNED_TO_ANOTHER,
    Where.ASSIGNER: Why.ONLY_THE_ASSIGNER,
    Where.OWES: Why.OWED_BY_ANOTHER,
    Where.CALLED: Why.NOT_CALLED,
    Where.UNIT: Why.ANOTHER_UNITS_WORD,
    Where.NAMED: Why.ANOTHER_UNITS_WORD,
    Where.WATCH: Why.NOT_ON_THE_ROSTER,
    Where.JUDGE: Why.JUDGED_FROM_ABOVE,
    Where.REVIEWER: Why.ONLY_THE_SUPERIOR,
    Where.COMPETENT: Why.NOT_COMPETENT,
    Where.ACCOUNTABILITY: Why.NOT_HELD_TO_ACCOUNT,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the actor may not, and who may instead."""

    why: Why
    roles: tuple[Role, ...] = ()
    """Where the role is what is missing: those that may."""
    unit: UnitId | None = None
    """Where standing is: a unit that has it."""
