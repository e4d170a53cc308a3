"""What people do to a case, and what the broker's clocks say: the facts the escalator decides on besides the report."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.facts.envelope import Frozen, Instant
from shared.facts.report import Original, Text
from shared.ids import CaseId, DutyId, NoticeId, PersonId, UnitId
from shared.vocabulary import Role


class Actor(Frozen):
    """Who did it: the token's subject and role, or the person an acknowledgement link was made for."""

    principal: str
    role: Role
    unit: UnitId | None = None


class Via(StrEnum):
    """How an acknowledgement came in."""

    API = "api"
    DESK = "desk"
    LINK = "link"
    LOGGED_CALL = "logged_call"


class Acknowledgement(Frozen):
    """The data of `acknowledged`: this person now knows. It discharges exactly that person's duties of the case."""

    person: PersonId
    via: Via
    by: Actor
    """Differs from `person` for a logged call: the duty officer who rang writes it down."""
    notice: NoticeId | None = None
    """The notice whose link was used."""
    note: Text | None = None


class CaseAct(Frozen):
    """The data of every act of `CASE_ACTS`; which fields an act needs stands in services/intake and is refused there by name."""

    by: Actor
    text: Text | None = None
    """What was found, done or asked; the reason of an objection, a withdrawal or a transfer; the evidence of a closure."""
    to_unit: UnitId | None = None
    """Transfer: the unit asked to take the case over."""
    into: CaseId | None = None
    """Merge: the case this one is a duplicate of."""
    percent: Annotated[int, Field(ge=0, le=100)] | None = None
    original: Original | None = None
    """Where another system said it, if one did."""


class Due(Frozen):
    """The data of `due`, written when the clock is armed: this duty had something to do at `at`."""

    duty: DutyId
    at: Instant


class Delivery(Frozen):
    """What became of one notice on one channel."""

    notice: NoticeId
    person: PersonId
    channel: str
    address: str
    """Masked: enough to recognise, not enough to ring."""
    attempts: int
    first_tried_at: Instant
    done_at: Instant
    reference: str | None = None
    """The gateway's own id for it."""
    error: str | None = None
    """failed only: what the last attempt said, and what to do."""


class Deliveries(Frozen):
    """The data of `delivered` and `failed`: hand-overs of one decision that ended within the same moment are one fact.

    A major emergency tells five people or more over several channels at once; each hand-over has its own line here.
    """

    deliveries: Annotated[tuple[Delivery, ...], Field(min_length=1)]
