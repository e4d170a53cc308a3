"""The JSON Schema beside the policy: what editors complete and check by."""

import json
from typing import Any

import jsonschema_rs
import pytest

from services.escalator.policy.schema import policy_schema
from shared.editor_schema import schema_text
from shared.lined_yaml import plain
from tests.unit.policy_given import CONFIG, text_with


def document() -> dict[str, Any]:
    return json.loads(json.dumps(plain(text_with(), "policy.yaml")))


def test_the_schema_in_the_tree_is_the_one_the_code_says() -> None:
    assert (CONFIG / "policy.schema.json").read_text(encoding="utf-8") == schema_text(policy_schema()), (
        "`fenghuo policy schema > config/policy.schema.json`"
    )
    assert text_with().startswith("# yaml-language-server: $schema=policy.schema.json\n")


def test_the_default_policy_is_valid_by_it() -> None:
    assert [
        error.message for error in jsonschema_rs.validator_for(policy_schema()).iter_errors(document())
    ] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("duties", "first_report", "withn"), "PT30M"),
        (("half_hour", "remind"), ["five minutes"]),
        (("duties", "plan", "on"), {}),
        (("duties", "plan", "within"), "P1Y"),
        (("levels", "V"), {"report": "PT30M"}),
        (("snooze",), {"up_to": "PT10M"}),
    ],
)
def test_an_editor_marks_what_the_loader_would_refuse(path: tuple[str, ...], value: object) -> None:
    wrong = document()
    at = wrong
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    assert not jsonschema_rs.validator_for(policy_schema()).is_valid(wrong)
