"""Whatever is sent to a route, the answer is one that its document declares: never a fault of ours, never
another status or media type.

The deed: schemathesis makes requests of each of the four OpenAPI documents, those the document allows and
those it does not, without chance. `FENGHUO_EXAMPLES=200` does it at length.
"""

# schemathesis leaves its cases without a type.
# pyright: reportUnknownVariableType=false

import os
from contextlib import nullcontext, suppress
from typing import Any, cast

import httpx2
import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.specs.openapi.definitions import OPENAPI_31

from shared.vocabulary import Role
from tests.attacks.conftest import Installation

EXAMPLES = int(os.environ.get("FENGHUO_EXAMPLES", "2"))
"""Of each route in each mode."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SERVICES = ["intake", "escalator", "notifier", "audit"]
NEVER_ENDS = "/api/v1/events"
UNIT = "emergency_bureau"
ROLES = (Role.SUPERVISOR, Role.OPERATOR, Role.LEADER, Role.PUBLISHER, Role.AUDITOR)


@pytest.mark.parametrize("service", SERVICES)
async def test_the_document_is_one_by_the_book(installation: Installation, service: str) -> None:
    document = httpx2.get(f"{getattr(installation, service).url}/openapi.json").json()
    faults = [
        str(fault)[:300] for fault in jsonschema_rs.Draft202012Validator(OPENAPI_31).iter_errors(document)
    ]
    assert not faults
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert "security" in operation, (method, path)
            assert {"422", "429", "503"} <= set(operation["responses"]), (method, path)


@pytest.mark.parametrize("service", SERVICES)
def test_every_answer_is_a_declared_one(installation: Installation, service: str) -> None:
    url = getattr(installation, service).url
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    # So many that the pace of one principal is not what is measured.
    tokens = [
        installation.lab.bearer(role, subject=f"schemathesis-{role}-{number}", unit=UNIT)
        for number in range(30)
        for role in ROLES
    ]
    operations: list[Any] = [cast("Any", found).ok() for found in schema.get_all_operations()]
    for number, operation in enumerate(operations):
        if operation.path == NEVER_ENDS:
            continue
        for mode in GenerationMode:
            _play(operation, mode, tokens[number % len(tokens)])


def _play(operation: Any, mode: GenerationMode, headers: dict[str, str]) -> None:
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.filter_too_much,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
        ],
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def play(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS, timeout=30)

    # What takes nothing can be asked for in no wrong way.
    with suppress(Unsatisfiable) if mode is GenerationMode.NEGATIVE else nullcontext():
        play()
