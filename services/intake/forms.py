"""What people fill in besides the report: the bodies of the acts. Which fields an act needs and takes stands in acts_table."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.facts import Frozen, Instant, TaskForm
from shared.facts.report import Line, Text
from shared.ids import CaseId, DutyId, PersonId, PostId, TaskId, UnitId
from shared.vocabulary import Document, Level, ReviewCause

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
Span = Annotated[timedelta, Field(gt=timedelta(0))]


class AcknowledgeForm(Frozen):
    """Empty for a leader who acknowledges for themself; a duty officer who rang someone names the person."""

    person: PersonId | None = None
    via: Annotated[str | None, Field(pattern="^(api|desk|logged_call)$")] = None
    note: Text | None = None


class ActForm(Frozen):
    """The body of every other act: the fields of a CaseAct that people fill in. Each act takes its own few (`acts_table`)."""

    text: Text | None = None
    to_unit: UnitId | None = None
    to_person: PersonId | None = None
    into: CaseId | None = None
    percent: Annotated[int | None, Field(ge=0, le=100)] = None
    duty: DutyId | None = None
    task: TaskId | None = None
    tasks: tuple[TaskForm, ...] = ()
    document: Document | None = None
    causes: tuple[ReviewCause, ...] = ()
    level: Level | None = None
    sensitive: bool | None = None
    due_at: Instant | None = None
    span: Span | None = None
    approve: bool | None = None
    measure: Line | None = None
    """A step of the ladder in force; of an item, what is done against it."""
    plan: Word | None = None
    post: PostId | None = None
    step: Annotated[int | None, Field(ge=0)] = None
    """Of the chain (0: who is called first); of an inventory, the number of the item."""
    owner: PersonId | None = None
    acting: bool | None = None
    intent: bool | None = None
    summary: Line | None = None
    satisfaction: Annotated[int | None, Field(ge=1, le=5)] = None
    """What those who reported or complained said when asked, 5 the best."""
    reply_by: Instant | None = None

    @property
    def filled(self) -> tuple[str, ...]:
        """The fields something stands in."""
        return tuple(name for name in FIELDS if getattr(self, name) not in (None, ()))


FIELDS = tuple(ActForm.model_fields)
