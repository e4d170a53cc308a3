"""Every act on a case that people and systems can do: one declaration each (`shared.acts.act`).

Invariant: `ACTS` has all of `CASE_ACTS`, in the order of the desk's page. Who wants to know what an act is
called, what it needs, who may do it or when it fits asks here, and nowhere else.
"""

from collections.abc import Mapping

from shared.acts.accountability import ACCOUNTABILITY
from shared.acts.act import DUTY, FILES, ONE_OF_TWO, TASK, Act, Group
from shared.acts.clock import CLOCK
from shared.acts.moving_on import MOVING_ON
from shared.acts.reporting import REPORTING
from shared.acts.tasks import TASKS
from shared.message import N_
from shared.vocabulary import Kind

__all__ = ["ACTS", "DUTY", "FILES", "GROUPS", "ONE_OF_TWO", "TASK", "Act", "Group"]

ACTS: Mapping[Kind, Act] = {
    act.kind: act for act in (*REPORTING, *MOVING_ON, *TASKS, *CLOCK, *ACCOUNTABILITY)
}
GROUPS: Mapping[Group, str] = {
    Group.REPORT: N_("Report"),
    Group.MOVE_ON: N_("Move on"),
    Group.TASKS: N_("Tasks"),
    Group.CLOCK: N_("Clock"),
    Group.ACCOUNTABILITY: N_("Accountability"),
}
