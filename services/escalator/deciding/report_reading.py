"""A report read as far as it can be read.

Invariant: whatever the data of a `reported` fact, a report comes of it: a field that can't be read is left
out and named, and what a case can't be without is filled from the fact itself. Nothing is guessed that would
call fewer people: without a level the half hour counts, without a kind it is an incident, and what does not
say that it is an exercise is none.
"""

from datetime import datetime
from functools import cache
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from shared.facts import Fact, Report
from shared.facts.envelope import field_errors
from shared.fault_texts import Fault
from shared.message import N_
from shared.vocabulary import ReportKind

UNREADABLE = "（内容无法读取，原文在记录中 the text can't be read, the record has it as it came）"
UNKNOWN = "unknown"
TEXT_LIMIT = 500


def read_report(fact: Fact, now: datetime) -> tuple[Report, list[Fault]]:
    """The report, and of each field that was left out its name and why."""
    try:
        return Report.model_validate(fact.data), []
    except ValidationError as error:
        whole = error
    valid: dict[str, Any] = {}
    left_out: list[Fault] = []
    for name in Report.model_fields:
        if name not in fact.data:
            continue
        try:
            valid[name] = _field(name).validate_python(fact.data[name])
        except ValidationError as error:
            left_out.append((name, field_errors(error)[0][1]))
    missing = {name: value for name, value in _without(fact, now).items() if name not in valid}
    left_out += [(name, N_("is missing")) for name in missing if name not in fact.data]
    report = Report.model_construct(**valid, **missing)
    # What fails in no field alone fails in how they fit together.
    return report, left_out or field_errors(whole)[:1]


@cache
def _field(name: str) -> TypeAdapter[Any]:
    field = Report.model_fields[name]
    type_: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    return TypeAdapter[Any](type_)


def _without(fact: Fact, now: datetime) -> dict[str, Any]:
    """What stands for the fields that no case can be without."""
    data, at = fact.data, min(fact.time, now)
    by = data.get("by")
    own = by.get("unit") if isinstance(by, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return {
        "kind": ReportKind.INCIDENT,
        "unit": (_text(data.get("unit")) or _text(own) or UNKNOWN),  # pyright: ignore[reportUnknownArgumentType]
        "area": (_text(data.get("area")) or UNKNOWN),
        "occurred_at": at,
        "learned_at": at,
        "received_at": at,
        "summary": _text(data.get("summary")) or UNREADABLE,
        "reported_by": _text(data.get("reported_by")) or fact.source,
    }


def _text(given: object) -> str:
    return given[:TEXT_LIMIT] if isinstance(given, str) else ""
