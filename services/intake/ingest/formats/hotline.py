"""Calls to the citizens' hotline (12345), one JSON object a call: the caller's matter, without the caller.

Invariant: who rang stays with the hotline; a call that carries a name or a number of the caller is refused,
not stripped.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from services.intake.ingest.formats import json_body
from services.intake.ingest.formats.items import ID_LIMIT, Arrival, Item, ReportDraft
from shared.directory.units import AREA_CODE
from shared.facts import Instant
from shared.facts.report import Line, Text
from shared.message import N_
from shared.vocabulary import Category, Level, ReportKind


class HotlineCall(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, StringConstraints(min_length=1, max_length=ID_LIMIT)]
    called_at: Instant
    occurred_at: Instant | None = None
    kind: ReportKind = ReportKind.COMPLAINT
    category: Category | None = None
    urgency: Literal["urgent", "utility", "normal", "complex"] | None = None
    topic: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")] | None = None
    """What it is about (heating, water, power …); without one the urgency sorts it."""
    level: Level | None = None
    area: Annotated[str, StringConstraints(pattern=rf"^{AREA_CODE}$")] | None = None
    address: Line | None = None
    summary: Line
    details: Text | None = None
    form: dict[str, Any] | None = None
    """What it is about, typed: `{"id": "outage", "fields": {…}}`."""


def read(arrival: Arrival) -> list[Item]:
    call = json_body.model_of(json_body.parse(arrival.raw), HotlineCall, N_("not a call of the hotline"))
    is_area_known = call.area is not None and call.area[:6] in arrival.areas
    return [
        ReportDraft(
            id=call.id,
            at=call.called_at,
            fields={
                "kind": call.kind,
                "category": call.category,
                "topic": _sorted_by(call),
                "level": call.level,
                "unit": arrival.source.unit,
                "area": call.area[:6] if call.area and is_area_known else arrival.source.area,
                "occurred_at": _earlier(call.occurred_at, call.called_at),
                # The hotline learns of it by the call itself.
                "learned_at": call.called_at,
                "summary": call.summary,
                "details": "\n".join(part for part in (call.address, call.details) if part) or None,
                "form": call.form,
            },
            area_as_given=call.area,
        )
    ]


def _sorted_by(call: HotlineCall) -> str | None:
    """One word sorts a call: what it is about (it says who is competent), unless it is urgent or complex
    (that sets another limit).
    """
    return call.topic if call.topic and call.urgency in (None, "utility", "normal") else call.urgency


def _earlier(occurred: datetime | None, called: datetime) -> datetime:
    return min(occurred, called) if occurred else called
