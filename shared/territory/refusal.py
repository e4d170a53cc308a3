"""Why somebody may not, by name, and who may instead."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.acts.who import Where
from shared.facts import Reason
from shared.ids import PostId, UnitId
from shared.vocabulary import Role

WHY_NOT: Mapping[Where, Reason] = {
    Where.STANDING: Reason.NO_STANDING,
    Where.PART: Reason.NO_PART_IN_IT,
    Where.REPORTED: Reason.NO_STANDING,
    Where.OWN_REPORT: Reason.REPORTED_BY_SOMEBODY_ELSE,
    Where.HOLDER: Reason.HELD_BY_ANOTHER_UNIT,
    Where.ASKED: Reason.OFFERED_TO_ANOTHER_UNIT,
    Where.SUPERIOR: Reason.ONLY_THE_COMMON_SUPERIOR_IMPOSES,
    Where.TASK: Reason.ASSIGNED_TO_ANOTHER_UNIT,
    Where.ASSIGNER: Reason.ONLY_THE_ASSIGNER_DECIDES,
    Where.OWES: Reason.OWED_BY_ANOTHER_UNIT,
    Where.CALLED: Reason.WAS_NOT_CALLED,
    Where.UNIT: Reason.FOR_THE_UNIT_ITSELF_TO_SAY,
    Where.NAMED: Reason.FOR_THE_UNIT_ITSELF_TO_SAY,
    Where.WATCH: Reason.NOT_ON_THE_ROSTER,
    Where.JUDGE: Reason.JUDGED_FROM_ABOVE,
    Where.REVIEWER: Reason.ONLY_THE_COMMON_SUPERIOR_IMPOSES,
    Where.COMPETENT: Reason.NOT_OF_THE_COMPETENT_SUPERIOR,
    Where.APPROVER: Reason.NO_STANDING,
    Where.ACCOUNTABILITY: Reason.NO_ACCOUNTABILITY_CASE,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the actor may not, and who may instead."""

    why: Reason
    roles: tuple[Role, ...] = ()
    """Where the role is what is missing: those that may."""
    unit: UnitId | None = None
    """Where standing is: a unit that has it."""
    post: PostId | None = None
    """Where it is one leader's: the post."""
