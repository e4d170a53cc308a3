"""docs/events.md: the facts in tables, for people."""

from enum import Enum

from pydantic import BaseModel

from shared import facts
from shared.facts.check import CheckOutcome
from shared.facts.envelope import TYPE_PREFIX
from shared.facts.reads import How
from shared.vocabulary import ESCALATOR_KINDS, Category, Document, Level, ReportKind, ReviewCause, Role
from tools.contract import FACTS, FORM, Event, Json, field_docs, schema

WORDS = (
    ReportKind,
    Category,
    Level,
    Role,
    Document,
    ReviewCause,
    facts.Via,
    facts.EffectKind,
    facts.LapseCause,
    facts.Purpose,
    CheckOutcome,
    How,
)


def events_page() -> str:
    kinds = [
        f"| [`{e.name}`](#{e.name}) | {', '.join(e.authors)} | {'yes' if e.name in ESCALATOR_KINDS else 'no'} | {e.says} |"
        for e in FACTS
    ]
    by_model: dict[type[BaseModel] | type[facts.Value], list[Event]] = {}
    for event in (FORM, *FACTS):
        by_model.setdefault(event.data, []).append(event)
    shapes = [part for model, events in by_model.items() for part in _section(model, events)]
    words = [part for words in WORDS for part in _words(words)]
    return "\n".join(
        [
            "<!-- Written by tools/generate.py: change the models in shared/facts, not this page. -->",
            "# Events",
            "",
            "Everything that happened is a fact: a structured CloudEvents 1.0 document in JSON, appended once to the stream `FACTS` on",
            f"`fact.<lane>.<kind>`, never changed. `type` is `{TYPE_PREFIX}<kind>.v1`, `subject` the case, `time` when it happened,",
            "`id` also the message id by which a repeat is dropped. The broker's time of storing decides in time or late.",
            "Machine-readable:",
            "[schemas/](schemas) (JSON Schema of each `data`), [asyncapi.json](asyncapi.json) (AsyncAPI 3.0).",
            "",
            "| kind | written by | the escalator decides on it | it says |",
            "|---|---|---|---|",
            *kinds,
            "",
            *shapes,
            "# Words",
            "",
            *words,
        ]
    )


def _section(model: type[BaseModel] | type[facts.Value], events: list[Event]) -> list[str]:
    anchors = "".join(f'<a id="{event.name}"></a>' for event in events)
    body = schema(events[0])
    docs = field_docs(model)
    rows = [
        f"| `{name}` | {_type(spec)} | {'yes' if name in body.get('required', []) else 'no'} | {docs.get(name, '')} |"
        for name, spec in body["properties"].items()
    ]
    parts = [name for name in body.get("$defs", {}) if "properties" in body["$defs"][name]]
    inner = [line for name in sorted(parts) for line in _part(name, body["$defs"][name])]
    title = ", ".join(f"`{event.name}`" for event in events)
    head = [f"{anchors}", f"## {title}", "", " ".join((model.__doc__ or "").split()), ""]
    return [*head, "| field | type | must be given | |", "|---|---|---|---|", *rows, "", *inner]


def _part(name: str, definition: Json) -> list[str]:
    fields = ", ".join(
        f"`{field}`{'' if field in definition.get('required', []) else '?'} {_type(spec)}"
        for field, spec in definition["properties"].items()
    )
    return [
        f"*{name}*: {' '.join(definition.get('description', '').split())} {fields}.".replace(":  ", ": "),
        "",
    ]


def _type(spec: Json) -> str:
    """A JSON Schema type in a few words."""
    if "$ref" in spec:
        return str(spec["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in spec:
        return " or ".join(_type(one) for one in spec["anyOf"] if one.get("type") != "null")
    if "const" in spec:
        return f"`{spec['const']}`"
    if spec.get("type") == "array":
        return f"list of {_type(spec['items'])}" if "items" in spec else "list"
    return {"date-time": "time", "duration": "duration"}.get(
        str(spec.get("format")), str(spec.get("type", "any"))
    )


def _words(words: type[Enum]) -> list[str]:
    docs = field_docs(words)
    lines = [f"- `{word.value}`" + (f": {docs[word.name]}" if word.name in docs else "") for word in words]
    return [f"**{words.__name__}**", "", *lines, ""]
