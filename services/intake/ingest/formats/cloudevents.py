"""CloudEvents 1.0 of type `cn.fenghuo.report.v1`, whose data is a report form: structured, batched, or binary
with `ce-` headers.

Invariant: reports only. An event of another type is refused with its reason, never guessed at.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast
from urllib.parse import unquote

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from services.intake.ingest.formats import json_body
from services.intake.ingest.formats.items import ID_LIMIT, Arrival, FormatError, Item, ReportDraft
from shared.fault_texts import Fault
from shared.message import N_, Sayable, said

TYPE = "cn.fenghuo.report.v1"
BATCH_LIMIT = 500
PREFIX = "ce-"

Attribute = Annotated[str, StringConstraints(min_length=1, max_length=ID_LIMIT)]


class CloudEvent(BaseModel):
    """The attributes we use. Extension attributes are allowed and left alone."""

    model_config = ConfigDict(frozen=True, extra="allow")

    specversion: Literal["1.0"]
    id: Attribute
    source: Attribute
    type: Attribute
    time: AwareDatetime | None = None
    datacontenttype: str | None = None
    data: dict[str, Any]


def read(arrival: Arrival) -> list[Item]:
    headers = {name.lower(): value for name, value in arrival.headers.items()}
    content_type = headers.get("content-type", "")
    if f"{PREFIX}specversion" in headers and not content_type.startswith("application/cloudevents"):
        return [_draft(_binary(headers, arrival.raw), arrival, "data.", "")]
    body = json_body.parse(arrival.raw)
    if isinstance(body, list):
        return _batch(cast(list[Any], body), arrival)
    return [_draft(body, arrival, "data.", "")]


def _batch(events: list[Any], arrival: Arrival) -> list[Item]:
    if not 0 < len(events) <= BATCH_LIMIT:
        raise FormatError(
            N_("not a batch"),
            [
                (
                    "(body)",
                    said(
                        N_("a batch holds 1 to %(batch_limit)s events, this one %(events)s: split it"),
                        batch_limit=BATCH_LIMIT,
                        events=len(events),
                    ),
                )
            ],
        )
    items: list[Item] = []
    faults: list[Fault] = []
    reasons: list[Sayable] = []
    for place, event in enumerate(events):
        try:
            items.append(_draft(event, arrival, f"[{place}].data.", f"[{place}]."))
        except FormatError as error:
            reasons.append(error.reason)
            faults += error.faults
    if faults:
        raise FormatError(reasons[0], faults)
    return items


def _binary(headers: Mapping[str, str], raw: bytes) -> dict[str, Any]:
    """Attributes from `ce-` headers; their values are percent-encoded, since headers carry ASCII alone."""
    event: dict[str, Any] = {
        name.removeprefix(PREFIX): unquote(value)
        for name, value in headers.items()
        if name.startswith(PREFIX)
    }
    event["datacontenttype"] = headers.get("content-type", "application/json")
    event["data"] = json_body.parse(raw)
    return event


def _draft(value: Any, arrival: Arrival, where: str, prefix: str) -> ReportDraft:
    try:
        event = json_body.model_of(value, CloudEvent, N_("not a CloudEvent 1.0"))
    except FormatError as error:
        raise FormatError(error.reason, [(prefix + field, fault) for field, fault in error.faults]) from None
    if event.type != TYPE:
        not_taken = said(
            N_(
                "%(type)s is not taken here: publish reports as %(taken)s; acts on a case go through the HTTP interface"
            ),
            type=repr(event.type[:80]),
            taken=TYPE,
        )
        raise FormatError(N_("not a report"), [(f"{prefix}type", not_taken)])
    if event.datacontenttype is not None and "json" not in event.datacontenttype:
        raise FormatError(
            N_("not JSON data"),
            [
                (
                    f"{prefix}datacontenttype",
                    said(
                        N_("%(datacontenttype)s is not JSON: send application/json"),
                        datacontenttype=repr(event.datacontenttype[:80]),
                    ),
                )
            ],
        )
    if event.time is not None and event.time.year < 2000:
        raise FormatError(N_("no time"), [(f"{prefix}time", N_("lies before 2000: correct the year"))])
    # The broker's time would differ from one repeat to the next; the event's own does not.
    at = event.time or arrival.received_at.replace(hour=0, minute=0, second=0, microsecond=0)
    # Unit and area are the source's own where the event names none.
    fields = {"unit": arrival.source.unit, "area": arrival.source.area, **event.data}
    return ReportDraft(id=_identity(event), at=at, fields=fields, where=where)


def _identity(event: CloudEvent) -> str:
    """An event is the same as another where source and id are (CloudEvents 1.0, 3.1)."""
    return f"{event.source}#{event.id}"
