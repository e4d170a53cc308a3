"""What people fill in besides the report: the bodies of the acts. Which fields an act needs and takes stands
in shared.acts.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.directory.addresses import TELEPHONE
from shared.facts import FormGiven, Given, Instant
from shared.facts.bounds import PLAIN_ID, Term, at_most
from shared.facts.file import Files
from shared.facts.harm import People, Yuan
from shared.facts.report import MOST_ITEMS_OF_A_CASE, Line, Tasks, Text
from shared.ids import CaseId, DutyId, PersonId, PostId, TaskId, UnitId
from shared.vocabulary import Category, Document, Level, ReportKind, ReviewCause

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]


class AcknowledgeForm(Given):
    """Empty for a leader who acknowledges for themself; a duty officer who rang someone names the person."""

    person: Annotated[PersonId, PLAIN_ID] | None = None
    via: Annotated[str | None, Field(pattern="^(api|desk|logged_call)$")] = None
    note: Text | None = None
    """Of a call: what was said."""
    number: Annotated[str | None, StringConstraints(pattern=rf"^{TELEPHONE.pattern}$")] = None
    """Of a call: the number rung; default the person's first in the directory. Kept masked."""
    called_at: Instant | None = None
    """Of a call: when; default now."""


class ActForm(Given):
    """The body of every other act: the fields of a CaseAct that people fill in. Each act takes its own few
    (`shared.acts`).
    """

    text: Text | None = None
    to_unit: Annotated[UnitId, PLAIN_ID] | None = None
    to_person: Annotated[PersonId, PLAIN_ID] | None = None
    into: Annotated[CaseId, PLAIN_ID] | None = None
    percent: Annotated[int | None, Field(ge=0, le=100)] = None
    duty: Annotated[DutyId, PLAIN_ID] | None = None
    task: Annotated[TaskId, PLAIN_ID] | None = None
    tasks: Tasks = ()
    document: Document | None = None
    causes: Annotated[tuple[ReviewCause, ...], at_most(len(ReviewCause))] = ()
    deaths: People | None = None
    missing: People | None = None
    trapped: People | None = None
    injuries: People | None = None
    evacuated: People | None = None
    loss: Yuan | None = None
    category: Category | None = None
    level: Level | None = None
    sensitive: bool | None = None
    due_at: Instant | None = None
    span: Term | None = None
    approve: bool | None = None
    measure: Line | None = None
    """A step of the ladder in force; of an item, what is done against it."""
    plan: Word | None = None
    post: Annotated[PostId, PLAIN_ID] | None = None
    step: Annotated[int | None, Field(ge=0, le=MOST_ITEMS_OF_A_CASE)] = None
    """Of the chain (0: who is called first); of an inventory, the number of the item."""
    owner: Annotated[PersonId, PLAIN_ID] | None = None
    becomes: ReportKind | None = None
    """Of an item, or of what is taken up on a visit: the kind of the case it goes on as."""
    acting: bool | None = None
    intent: bool | None = None
    summary: Line | None = None
    satisfaction: Annotated[int | None, Field(ge=1, le=5)] = None
    """What those who reported or complained said when asked, 5 the best."""
    reply_by: Instant | None = None
    files: Files = ()
    """Uploaded before (`POST /api/v1/files`), named here by their hashes."""
    form: FormGiven | None = None
    """What this act fills in of a form (`fenghuo forms list`)."""

    @property
    def filled(self) -> tuple[str, ...]:
        """The fields something stands in."""
        return tuple(name for name in FIELDS if getattr(self, name) not in (None, ()))


FIELDS = tuple(ActForm.model_fields)
