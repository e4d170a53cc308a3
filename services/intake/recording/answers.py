"""What intake answers: the same shape over HTTP, `report.submit`, the ingest paths and the desk.

Invariant: an answer is given only for a fact that the broker has said is stored.
"""

from typing import Annotated, Any

import msgspec
from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from shared.act_outcome import ActOutcome
from shared.facts import Effect, Frozen, Instant, Name, WrongField
from shared.ids import CaseId, DutyId, PersonId, UnitId
from shared.schemas import of_value


def _effect(value: Any) -> Effect:
    return value if isinstance(value, Effect) else msgspec.convert(value, Effect)


AnEffect = Annotated[
    Effect, PlainValidator(_effect), PlainSerializer(msgspec.to_builtins), WithJsonSchema(of_value(Effect))
]
"""What the escalator makes is no pydantic model; it is shown as it is written."""


class FactRef(Frozen):
    """Where a fact stands in the record; `time` is the broker's."""

    id: str
    sequence: int
    time: Instant


class DutyRef(Frozen):
    """One duty the report opened: what is owed, by whom, to whom, by when."""

    id: DutyId
    act: str
    """The duty rule's name in the policy."""
    title: Name | None = None
    owed_by: UnitId | None = None
    bearer: PersonId | None = None
    """Who has to move: the person called."""
    owed_to: PersonId
    due_at: Instant


class Submitted(Frozen):
    """The answer to a report."""

    case: CaseId
    fact: FactRef
    duties: tuple[DutyRef, ...]
    receipt: str
    """Compact JWS (EdDSA): proves that the report is stored, and since when, even against us."""
    notice: str | None = None
    """Set where the duties are not known yet: the report is stored, they follow."""
    repeated: bool = False
    """The same report was handed in before under the same key; this is the answer of then."""
    form_faults: tuple[WrongField, ...] = ()
    """What of its form could not be taken: the report is on record all the same, and so is what was given. A
    follow-up with the form puts it right.
    """


class Acted(Frozen):
    """The answer to an act on a case."""

    case: CaseId
    fact: FactRef
    effects: tuple[AnEffect, ...]
    outcome: ActOutcome

    @property
    def refused_because(self) -> str | None:
        refused = next((effect for effect in self.effects if effect.kind == "refused"), None)
        if refused is None:
            return None
        return refused.why if self.outcome is ActOutcome.SET_ASIDE else (refused.note or refused.why)

    @property
    def is_refused(self) -> bool:
        """Nothing has changed by it."""
        return self.outcome in (ActOutcome.REFUSED, ActOutcome.SET_ASIDE)
