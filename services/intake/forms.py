"""What people fill in besides the report: the bodies of the acts, and which fields each act cannot do without."""

from typing import Annotated

from pydantic import Field

from shared.facts import Frozen
from shared.facts.report import Text
from shared.ids import CaseId, PersonId, UnitId
from shared.vocabulary import Kind


class AcknowledgeForm(Frozen):
    """Empty for a leader who acknowledges for themself; a duty officer who rang someone names the person."""

    person: PersonId | None = None
    via: Annotated[str | None, Field(pattern="^(api|desk|logged_call)$")] = None
    note: Text | None = None


class ActForm(Frozen):
    """The body of every other act; `REQUIRED` says which fields an act cannot do without."""

    text: Text | None = None
    to_unit: UnitId | None = None
    into: CaseId | None = None
    percent: Annotated[int | None, Field(ge=0, le=100)] = None


REQUIRED: dict[Kind, dict[str, str]] = {
    Kind.FOLLOWED_UP: {"text": "say what is known now"},
    Kind.TRANSFERRED: {"to_unit": "name the unit that is asked to take the case over", "text": "say why it is theirs"},
    Kind.ACCEPTED: {},
    Kind.OBJECTED: {"text": "say why the case is not yours"},
    Kind.PROGRESSED: {"text": "say what was done"},
    Kind.RESOLVED: {"text": "say how it was resolved"},
    Kind.CLOSED: {"text": "give the evidence that it is settled"},
    Kind.WITHDRAWN: {"text": "say why the report is withdrawn"},
    Kind.MERGED: {"into": "name the case this one is a duplicate of", "text": "say how you know they are the same"},
}
"""Per act: the field that must be filled and what to write there."""
