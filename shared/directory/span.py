"""A stretch of time, from its first moment up to, not including, its last; written `from` and `until` in
files and on the wire.
"""

from datetime import datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from shared.facts import Frozen, Instant
from shared.facts.bounds import PLAIN_ID, PLAIN_LINE
from shared.ids import AreaCode, PersonId, PlanId, PostId, RosterId, SourceId, UnitId
from shared.message import N_, said

_ID = StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")
Id = Annotated[str, _ID]
"""Of everything in the directory but areas and sources; also a topic, a channel."""
OwnUnitId = Annotated[UnitId, _ID]
OwnPersonId = Annotated[PersonId, _ID]
OwnPostId = Annotated[PostId, _ID]
OwnRosterId = Annotated[RosterId, _ID]
OwnPlanId = Annotated[PlanId, _ID]
AreaRef = Annotated[AreaCode, PLAIN_ID]
UnitRef = Annotated[UnitId, PLAIN_ID]
PersonRef = Annotated[PersonId, PLAIN_ID]
PostRef = Annotated[PostId, PLAIN_ID]
RosterRef = Annotated[RosterId, PLAIN_ID]
SourceRef = Annotated[SourceId, PLAIN_ID]
"""Of something else in the directory: whether it is there is asked of the whole."""
Reason = Annotated[str, StringConstraints(max_length=200), PLAIN_LINE]


class Span(Frozen):
    """`since` stands as `from`, which is a word of the language."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    since: Annotated[Instant, Field(alias="from")]
    until: Instant

    @model_validator(mode="after")
    def ends_after_it_begins(self) -> Self:
        if self.until <= self.since:
            raise ValueError(
                said(
                    N_("ends (%(until)s) before it begins (%(since)s): exchange the two, or remove it"),
                    until=self.until.isoformat(),
                    since=self.since.isoformat(),
                )
            )
        return self

    def covers(self, at: datetime) -> bool:
        return self.since <= at < self.until
