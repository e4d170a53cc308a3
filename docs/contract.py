"""What the event side promises: each kind of event, the model of its data, who writes it, and its JSON Schema.

The words are the docstrings of shared/facts: nothing is written by hand twice.
"""

import ast
import inspect
from dataclasses import dataclass
from itertools import pairwise
from textwrap import dedent
from typing import Any, cast

from pydantic import BaseModel

from shared import facts
from shared.facts import Acknowledgement, CaseAct, Decision, Deliveries, Due, Rejection, Report, ReportForm
from shared.facts.envelope import SCHEMA_ROOT
from shared.vocabulary import CASE_ACTS, Kind

Json = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """One kind of event: the CloudEvents type is `cn.fenghuo.<name>.v1`."""

    name: str
    data: type[BaseModel]
    authors: tuple[str, ...]
    says: str


_INTAKE = ("intake",)
_ACTS = {
    Kind.FOLLOWED_UP: "Something more is known: a follow-up report.",
    Kind.TRANSFERRED: "The holder asks another unit to take the case over; until that one accepts, the sender answers for it.",
    Kind.ACCEPTED: "The unit asked has taken the case over.",
    Kind.OBJECTED: "The unit asked says that the case is not its own, and why.",
    Kind.PROGRESSED: "What has been done so far.",
    Kind.RESOLVED: "The event itself is over.",
    Kind.CLOSED: "The case is closed, with the evidence for it.",
    Kind.WITHDRAWN: "The report was made in error, and why.",
    Kind.MERGED: "This case is a duplicate of another.",
}
FORM = Event("report", ReportForm, ("publisher",), "What others hand in, on `inbox.cloudevents.<source>`: intake makes a `reported` of it.")
FACTS = (
    Event(Kind.REPORTED, Report, _INTAKE, "A unit, a person or a system has reported."),
    Event(Kind.ACKNOWLEDGED, Acknowledgement, ("intake", "notifier"), "A person says that they know."),
    *(Event(kind, CaseAct, _INTAKE, _ACTS[kind]) for kind in CASE_ACTS),
    Event(Kind.DUE, Due, ("the broker",), "A clock has struck: the broker's own schedule, which no service can publish."),
    Event(Kind.DECIDED, Decision, ("escalator",), "What follows from one fact: effects with their reasons, notices, clocks."),
    Event(Kind.DELIVERED, Deliveries, ("notifier",), "Notices of one decision have been handed over, each on its channel."),
    Event(Kind.FAILED, Deliveries, ("notifier",), "Notices could not be handed over on a channel, for good."),
    Event(Kind.REJECTED, Rejection, ("intake", "escalator"), "A message that could not be taken, kept whole with the reason."),
)


def schema(event: Event) -> Json:
    """The JSON Schema (2020-12) of an event's data."""
    body = event.data.model_json_schema()
    for name, definition in body.get("$defs", {}).items():
        describe(name, definition)
    describe(event.data.__name__, body)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{SCHEMA_ROOT}{event.name}.v1.json", **body}


def describe(name: str, definition: Json) -> None:
    """Give each property the docstring that stands below it in the code."""
    model = getattr(facts, name, None)
    for field, text in (field_docs(model) if model else {}).items():
        if field in definition.get("properties", {}):
            definition["properties"][field].setdefault("description", text)


def field_docs(model: type) -> dict[str, str]:
    """Field → the docstring that follows it, of this class and those it comes from."""
    docs: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if not owner.__module__.startswith("shared."):
            continue
        body = cast(ast.ClassDef, ast.parse(dedent(inspect.getsource(owner))).body[0]).body
        for field, after in pairwise(body):
            target = field.target if isinstance(field, ast.AnnAssign) else field.targets[0] if isinstance(field, ast.Assign) else None
            if isinstance(target, ast.Name) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                docs[target.id] = " ".join(str(after.value.value).split())
    return docs
