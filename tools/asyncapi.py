"""The event side as AsyncAPI 3.0: what others may hand in on NATS, every fact that follows, and the signed
checkpoints.
"""

from typing import Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.facts import Value
from shared.facts.envelope import SCHEMA_ROOT, TYPE_PREFIX
from shared.subjects import CHECKPOINT, LANES, REPORT_SUBMIT
from tools.contract import FACTS, FORM, Event, Json, describe
from tools.value_schema import value_schemas

VERSION = "0.1.0"
NKEY = (
    "An Ed25519 key pair (nkey) for each service, and one for each source (`fenghuo source`). A source's connection is in an account of "
    "its own: it may publish `inbox.<its formats>.<its id>`, `inbox.heartbeat.<its id>` and `report.submit`, and hears `_INBOX.>` of that "
    "account alone."
)


def asyncapi() -> Json:
    """The event side as AsyncAPI 3.0: what may be handed in, and every fact."""
    models = sorted({event.data for event in (FORM, *FACTS)}, key=lambda model: model.__name__)
    checked: list[tuple[type[BaseModel], Literal["validation"]]] = [
        (model, "validation") for model in models if issubclass(model, BaseModel)
    ]
    _, generated = models_json_schema(checked, ref_template="#/components/schemas/{model}")
    values = value_schemas(
        [model for model in models if issubclass(model, Value)], "#/components/schemas/{name}"
    )
    schemas = dict(sorted({**values, **generated["$defs"]}.items()))
    for name, definition in schemas.items():
        describe(name, definition)
    channels, operations, messages = _inbox()
    for event in FACTS:
        key = f"fact-{event.name}"
        messages[key] = _message(event)
        channels[key] = {
            "address": f"fact.{{lane}}.{event.name}",
            "description": event.says,
            "parameters": {
                "lane": {
                    "description": f"0 to {LANES - 1}: crc32(case) modulo {LANES}. A case's facts keep their order in it."
                }
            },
            "messages": {key: {"$ref": f"#/components/messages/{key}"}},
        }
        operations[f"record-{event.name}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{key}"},
            "summary": _by(event),
        }
    return {
        "asyncapi": "3.0.0",
        "id": "urn:fenghuo:events",
        "info": {
            "title": "Fenghuo 烽火: events",
            "version": VERSION,
            "description": "What other systems hand in on NATS, and the facts that follow. Structured CloudEvents 1.0 in JSON.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": {
            "broker": {
                "host": "nats:4222",
                "protocol": "nats",
                "description": "JetStream. Each user may publish and hear what config/nats.conf says, and nothing else.",
                "security": [{"$ref": "#/components/securitySchemes/nkey"}],
            }
        },
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages,
            "schemas": schemas,
            "securitySchemes": {"nkey": {"type": "asymmetricEncryption", "description": NKEY}},
        },
    }


def _inbox() -> tuple[Json, Json, Json]:
    """(channels, operations, messages) of what comes from outside, and of the checkpoints that go there."""
    other = {
        "cap": ("application/cap+xml", "An alert in CAP 1.2, as XML."),
        "alertmanager": ("application/json", "A Prometheus Alertmanager webhook (version 4), as it came."),
        "hotline": ("application/json", "A call to the hotline."),
        "heartbeat": (
            "text/plain",
            "A sign of life, whatever stands in it: any other message of the source is one too.",
        ),
    }
    messages: Json = {
        "report": _message(FORM),
        "form": {"contentType": "application/json", "payload": {"$ref": "#/components/schemas/ReportForm"}},
        "answer": {
            "contentType": "application/json",
            "summary": "As `POST /api/v1/reports` answers: the case, its fact, its duties and a signed receipt; or a problem document.",
            "payload": {"type": "object"},
        },
        "checkpoint": {
            "contentType": "text/plain",
            "summary": "A C2SP checkpoint: a signed note.",
            "payload": {"type": "string"},
        },
    }
    messages |= {
        name: {"contentType": kind, "summary": says, "payload": {"type": "string"}}
        for name, (kind, says) in other.items()
    }
    channels: Json = {
        f"inbox-{name}": {
            "address": f"inbox.{name}.{{source}}",
            "description": "A message that can't be taken becomes a `rejected` fact with its bytes and the reason; it is never lost.",
            "parameters": {
                "source": {"description": "A source of the directory that may publish this format."}
            },
            "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        }
        for name, message in (("cloudevents", "report"), *((name, name) for name in other))
    }
    channels["report-submit"] = {
        "address": REPORT_SUBMIT,
        "description": "Request and reply on core NATS, for who wants the answer at once. Without a bearer token in the header "
        "`Authorization` the source asks whose key the connection has.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in ("form", "answer")},
    }
    channels["checkpoint"] = {
        "address": CHECKPOINT,
        "description": "Each signed checkpoint of the trail.",
        "messages": {"checkpoint": {"$ref": "#/components/messages/checkpoint"}},
    }
    operations: Json = {
        f"take-in-{name.removeprefix('inbox-')}": {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{name}"},
        }
        for name in channels
        if name.startswith("inbox-")
    }
    operations["submit"] = {
        "action": "receive",
        "channel": {"$ref": "#/channels/report-submit"},
        "messages": [{"$ref": "#/channels/report-submit/messages/form"}],
        "reply": {
            "messages": [{"$ref": "#/channels/report-submit/messages/answer"}],
            "channel": {"$ref": "#/channels/report-submit"},
        },
        "bindings": {"nats": {"queue": "intake"}},
    }
    operations["sign-checkpoint"] = {"action": "send", "channel": {"$ref": "#/channels/checkpoint"}}
    return channels, operations, messages


def _message(event: Event) -> Json:
    properties: Json = {
        "specversion": {"const": "1.0"},
        "id": {
            "type": "string",
            "description": "Repeated within an hour it is stored once: it is the message id.",
        },
        "source": {"type": "string", "format": "uri-reference"},
        "type": {"const": f"{TYPE_PREFIX}{event.name}.v1"},
        "subject": {"type": "string", "description": "The case."},
        "time": {"type": "string", "format": "date-time", "description": "When it happened."},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {"const": f"{SCHEMA_ROOT}{event.name}.v1.json"},
        "data": {"$ref": f"#/components/schemas/{event.data.__name__}"},
    }
    required = ["specversion", "id", "source", "type", "time", "data"]
    payload = {"type": "object", "required": required, "properties": properties}
    return {"name": f"{TYPE_PREFIX}{event.name}.v1", "summary": event.says, "payload": payload}


def _by(event: Event) -> str:
    return f"Written by {' or '.join(event.authors)}."
