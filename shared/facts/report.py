"""What a unit, a person or a system reports. Reported once; later facts refer to it and never change it."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from shared.facts.envelope import Frozen, Instant
from shared.ids import AreaCode, PersonId, SourceId, UnitId
from shared.vocabulary import Category, Level, ReportKind

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]


class Place(Frozen):
    """WGS 84 degrees. CAP writes lat,lon; GeoJSON lon,lat: here each has its name."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]


class ReportForm(Frozen):
    """What a reporter fills in: the body of `POST /api/v1/reports`, of `report.submit` and of `cn.fenghuo.report.v1`."""

    kind: ReportKind = ReportKind.INCIDENT
    category: Category
    level: Level | None = None
    sensitive: bool = False
    unit: UnitId
    area: AreaCode
    occurred_at: Instant
    learned_at: Instant
    summary: Line
    details: Text | None = None
    place: Place | None = None
    exercise: bool = False

    @model_validator(mode="after")
    def learned_after_it_occurred(self) -> Self:
        if self.learned_at < self.occurred_at:
            raise ValueError("learned_at is before occurred_at: nobody learns of an event before it happens; correct one of the two")
        return self


class Original(Frozen):
    """Where a report that came from another system stands in that system, so that both can be laid side by side."""

    format: str
    source: SourceId
    id: str
    area_as_given: str | None = None
    digest: str
    """SHA-256 of the bytes as they came, hex."""


class Report(ReportForm):
    """The data of `reported`: the form, who handed it in, when intake had it in hand, and where it came from."""

    received_at: Instant
    handed_in_at: Instant | None = None
    """The broker's time of the inbox message, where it came that way: what decides in time or late, so that intake being
    away is never held against a unit. Over HTTP the fact's own broker time is that moment."""
    reported_by: str
    """The principal: a person id, or `source:<id>` for a system."""
    person: PersonId | None = None
    original: Original | None = None


class Rejection(Frozen):
    """The data of `rejected`: a message that could not be taken, kept whole with the reason."""

    subject: str
    """The subject it came on."""
    reason: str
    errors: tuple[tuple[str, str], ...] = ()
    """(field, what is wrong and what to do)."""
    headers: Annotated[dict[str, str], Field(default_factory=dict)]
    body: str
    """The original bytes, base 64."""
    digest: str
    """SHA-256 of the original bytes, hex."""
