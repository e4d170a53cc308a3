"""What an act is: one declaration, from which all that people and systems see of it is derived.

Invariant: the path over HTTP, the forms, the command, the checks, the broker's rights and the documents are
made from the declarations alone. An act that is not declared can't be done; a field that an act neither needs
nor takes is refused by name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from shared.acts.states import owed
from shared.acts.who import Where, WhoMay
from shared.case import Case, Duty, Task
from shared.message import N_
from shared.vocabulary import Kind, Role

NOTE = N_("Note (may stay empty)")
TASK, DUTY, FILES = "task", "duty", "files"
ONE_OF_TWO = (TASK, DUTY)
"""Either names what the act is about; one must be given."""
WHICH = {TASK: "name the task, by its id in GET /api/v1/cases/{id}"}


class Group(StrEnum):
    """How the acts stand together on the desk."""

    REPORT = "report"
    MOVE_ON = "move_on"
    TASKS = "tasks"
    CLOCK = "clock"
    ACCOUNTABILITY = "accountability"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """`text` may be given with any act; the other fields only where they stand here."""

    kind: Kind
    path: str
    """`POST /api/v1/cases/{id}/<path>`, and `fenghuo act CASE <path>`."""
    group: Group
    says: str
    """What the fact says, for the contract of the event side."""
    label: str
    """What the fact is called wherever it is listed."""
    title: str
    button: str
    text: str = NOTE
    """The label of the text field."""

    needs: Mapping[str, str] = field(default_factory=dict[str, str])
    """Field → what to write there."""
    either: tuple[str, ...] = ()
    """At least one of these."""
    takes: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()
    """What the interface takes and hardly anybody needs: the desk's form does not ask for it."""
    needed_at_desk: frozenset[str] = frozenset()
    """What the desk's form insists on though the interface does not."""
    spans: tuple[str, ...] = ()
    """What the desk offers for `span`."""

    who_may: WhoMay
    who_may_of_a_task: WhoMay | None = None
    """Whom the desk offers the tasks to; default `who_may`."""

    fits: Callable[[Case], bool]
    """Whether it means something now; otherwise the desk does not offer it."""
    needs_its_object: bool = False
    """A duty that waits for the act is no reason to offer it: without a transfer, a task, a suspicion or a
    notice there is nothing to do it to.
    """
    fits_task: Callable[[Task], bool] = lambda _: True
    fits_duty: Callable[[Case], tuple[Duty, ...]] = owed
    may_follow_the_end: bool = False
    """It may still be done to a case that has ended."""
    is_a_note: bool = False
    """It stands on record and moves nothing: no limit passes by it, no duty is done, ended or opened by it,
    and no rule of the policy may wait for it.
    """

    @property
    def fields(self) -> tuple[str, ...]:
        """All the act knows besides `text`, as a form shows them."""
        return tuple(name for name in (*self.needs, *self.either, *self.takes) if name != "text")

    @property
    def needed(self) -> frozenset[str]:
        """What the desk's form must have."""
        return frozenset(self.needs) | self.needed_at_desk

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(self.who_may)

    def tie_of_a_task(self, role: Role) -> Where | None:
        """What ties somebody of this role to a task that the act is about."""
        return (self.who_may if self.who_may_of_a_task is None else self.who_may_of_a_task).get(role)
