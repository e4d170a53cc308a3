"""What the event side promises: each kind of event, the model of its data, who writes it, and its JSON
Schema.

The words are the docstrings of shared/facts: nothing is written by hand twice.
"""

import ast
import inspect
from dataclasses import dataclass
from itertools import pairwise
from textwrap import dedent
from typing import Any, cast

from pydantic import BaseModel

import shared.directory
from shared import facts
from shared.acts import ACTS
from shared.directory import change_facts
from shared.facts import (
    Absorbed,
    Acknowledgement,
    CaseAct,
    Checked,
    Decision,
    Deliveries,
    Due,
    Established,
    Heard,
    Matched,
    Referred,
    Rejection,
    Report,
    ReportForm,
    StrayReply,
    Value,
    check,
    keeping,
    links,
    pause,
    policy,
    reads,
)
from shared.facts.authors import AUTHORS
from shared.facts.envelope import SCHEMA_ROOT
from shared.vocabulary import CASE_ACTS, Kind
from tools.value_schema import value_schema

Json = dict[str, Any]
SPELLING = "https://json-schema.org/draft/2020-12/schema"
_SPEAKERS = (facts, check, change_facts, keeping, links, pause, policy, reads, shared.directory)
"""Where the models' words stand."""


@dataclass(frozen=True)
class Event:
    """One kind of event: the CloudEvents type is `cn.fenghuo.<name>.v1`."""

    name: str
    data: type[BaseModel] | type[Value]
    says: str

    @property
    def authors(self) -> tuple[str, ...]:
        return AUTHORS[Kind(self.name)] if self.name in AUTHORS else ("publisher",)


FORM = Event(
    "report",
    ReportForm,
    "What others hand in, on `inbox.cloudevents.<source>`: intake makes a `reported` of it.",
)
FACTS = (
    Event(
        Kind.REPORTED,
        Report,
        "A unit, a person or a system has reported, or another case gave rise to this one.",
    ),
    Event(Kind.ACKNOWLEDGED, Acknowledgement, "A person says that they know."),
    *(Event(kind, CaseAct, ACTS[kind].says) for kind in CASE_ACTS),
    Event(Kind.HEARD, Heard, "A source has given a sign of life."),
    Event(
        Kind.ESTABLISHED,
        Established,
        "A roster, a source, a periodic duty or the directory's gaps are watched from now on.",
    ),
    Event(Kind.MATCHED, Matched, "The cross-check found a unit's report for what an outside source knew."),
    Event(Kind.ABSORBED, Absorbed, "A duplicate was merged into this case, with its clocks."),
    Event(Kind.REFERRED, Referred, "A lapse was referred to the unit's ledger of accountability."),
    Event(
        Kind.STRAY_REPLY,
        StrayReply,
        "Somebody replied, and it belongs to no message: the duty desk sees to it.",
    ),
    Event(Kind.DUE, Due, "A clock has struck: the broker's own schedule, which no service can publish."),
    Event(
        Kind.DECIDED,
        Decision,
        "What follows from one fact: effects with their reasons, notices, the case's clock.",
    ),
    Event(Kind.DELIVERED, Deliveries, "Notices of one decision have been handed over, each on its channel."),
    Event(Kind.FAILED, Deliveries, "Notices could not be handed over on a channel, for good."),
    Event(
        Kind.REJECTED,
        Rejection,
        "A message that could not be taken, or that is no authentic fact: kept with the reason, about its case where it names one.",
    ),
    Event(
        Kind.CHECKED,
        Checked,
        "The independent check found cases, clocks and the record to differ, and what it repaired.",
    ),
    Event(
        Kind.CHECKED,
        check.Checked,
        "The independent check of cases, clocks and the record found a difference.",
    ),
    Event(Kind.POLICY_DRAFTED, policy.PolicyDrafted, "A new version of the policy, not in force."),
    Event(
        Kind.POLICY_SUBMITTED,
        policy.PolicySubmitted,
        "A draft was laid before a meeting, which decides on it.",
    ),
    Event(
        Kind.POLICY_APPROVED,
        policy.PolicyApproved,
        "Another person has approved it, and from when it is in force.",
    ),
    Event(
        Kind.NOTICES_PAUSED,
        pause.NoticesPaused,
        "What can wait is not sent for a while: who had it so, why, and until when.",
    ),
    Event(Kind.NOTICES_RESUMED, pause.NoticesResumed, "Somebody ended such a pause before its time."),
    Event(
        Kind.LINKS_REVOKED,
        links.LinksRevoked,
        "The links that a person was sent about the case until then take no answer: who had it so, and why.",
    ),
    Event(
        Kind.DIRECTORY_CHANGED,
        change_facts.DirectoryChange,
        "The directory has changed: as a whole, or not at all.",
    ),
    Event(
        Kind.DIRECTORY_PROPOSED,
        change_facts.DirectoryProposal,
        "A change of the directory waits for a second person, or was refused by one.",
    ),
    Event(Kind.REDACTED, keeping.Redacted, "Personal fields of records are erased, on a legal basis."),
    Event(Kind.HELD, keeping.Held, "Records are under legal hold: nothing of them may be erased."),
    Event(Kind.RELEASED, keeping.Released, "A legal hold has ended."),
    Event(Kind.READ, reads.Read, "Someone has read the trail, or taken a file from it away."),
)


def schema(event: Event) -> Json:
    """The JSON Schema (2020-12) of an event's data."""
    body = event.data.model_json_schema() if issubclass(event.data, BaseModel) else value_schema(event.data)
    for name, definition in body.get("$defs", {}).items():
        describe(name, definition)
    describe(event.data.__name__, body)
    return {"$schema": SPELLING, "$id": f"{SCHEMA_ROOT}{event.name}.v1.json", **body}


def documents() -> dict[str, Json]:
    """The schema files by name. All acts of people carry the same data: theirs refer to one."""
    act = "case_act.v1.json"
    shared_by_acts = next(event for event in FACTS if event.data is CaseAct)
    found = {act: {**schema(shared_by_acts), "$id": f"{SCHEMA_ROOT}{act}"}}
    for event in (FORM, *FACTS):
        name = f"{event.name}.v1.json"
        own = {"$schema": SPELLING, "$id": f"{SCHEMA_ROOT}{name}", "description": event.says, "$ref": act}
        found[name] = own if event.data is CaseAct else schema(event)
    return found


def describe(name: str, definition: Json) -> None:
    """Give each property the docstring that stands below it in the code."""
    model = next((getattr(place, name) for place in _SPEAKERS if hasattr(place, name)), None)
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
            target = (
                field.target
                if isinstance(field, ast.AnnAssign)
                else field.targets[0]
                if isinstance(field, ast.Assign)
                else None
            )
            if (
                isinstance(target, ast.Name)
                and isinstance(after, ast.Expr)
                and isinstance(after.value, ast.Constant)
            ):
                docs[target.id] = " ".join(str(after.value.value).split())
    return docs
