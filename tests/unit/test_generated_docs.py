"""What docs/ promises about events is what the models say, and other tools can read it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema
from jsonschema_rs import Draft202012Validator, meta

from shared.vocabulary import RETIRED_KINDS, Kind
from tests.deploy import nats_conf
from tests.lab import ROOT
from tools import generate
from tools.asyncapi import asyncapi
from tools.contract import FACTS, FORM, Event, schema
from tools.requirements import Tree, numbers, state_of
from tools.requirements_rows import ROWS


def test_the_files_have_not_drifted_from_the_models() -> None:
    """Mend with `.venv/bin/python -m tools.generate`."""
    assert generate.drifted() == []


def test_every_kind_of_fact_is_documented() -> None:
    assert {event.name for event in FACTS} == set(Kind) - {*RETIRED_KINDS}


def test_each_fact_is_written_by_whom_the_broker_lets_write_it() -> None:
    users = nats_conf.users()
    for event in FACTS:
        authors = {
            name for name in users if name != "admin" and users[name].may_publish(f"fact.0.{event.name}")
        }
        assert authors == set(event.authors) - {"the broker"}, event.name


@pytest.mark.parametrize("event", [FORM, *FACTS], ids=lambda event: event.name)
def test_each_schema_is_a_json_schema(event: Event) -> None:
    meta.validate(schema(event))


def test_a_report_as_the_readme_shows_it_passes_its_schema() -> None:
    report = {
        "category": "accident",
        "level": "II",
        "unit": "water_company",
        "area": "620622",
        "occurred_at": "2026-11-20T02:40:00+08:00",
        "learned_at": "2026-11-20T02:55:00+08:00",
        "summary": "Main burst",
    }
    validator = Draft202012Validator(schema(FORM))
    assert validator.is_valid(report)
    assert not validator.is_valid({**report, "level": "V"})
    assert not validator.is_valid({**report, "colour": "red"})


def test_the_asyncapi_document_reads_as_one_and_leads_nowhere_dead() -> None:
    document = asyncapi()
    # FastStream's model wants a path where the standard leaves it open: a broker has none.
    broker = {**document["servers"]["broker"], "pathname": ""}
    read = ApplicationSchema.model_validate({**document, "servers": {"broker": broker}})
    assert read.asyncapi == "3.0.0"
    for reference in references(document):
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            assert part in target, f"{reference} leads nowhere"
            target = target[part]


def references(node: Any) -> list[str]:
    found = json.dumps(node).split('"$ref": "')[1:]
    return [text.partition('"')[0] for text in found]


def test_every_row_of_the_field_stands_on_the_page_once() -> None:
    assert sorted(number for row in ROWS for number in row.numbers) == list(range(1, 43))


def test_a_row_is_met_only_where_the_running_services_play_it_and_nothing_is_missing() -> None:
    tree = Tree.here()
    row = next(row for row in ROWS if row.numbers == (24,))
    assert state_of(tree, replace(row, missing="")) == "met"
    assert state_of(tree, replace(row, missing="the bulletin")) == "in part; missing: the bulletin"
    virtual = replace(tree, stories=tuple(story for story in tree.stories if not story.is_live))
    assert state_of(virtual, replace(row, missing="")).startswith("in part; missing: a story of row 24")


def test_a_rows_rules_routes_and_stories_are_read_off_the_tree() -> None:
    tree = Tree.here()
    by_number = {number: row for row in ROWS for number in row.numbers}
    assert "first_report" in tree.rules_of(by_number[18])
    assert "POST /api/v1/cases/{id}/acknowledge" in tree.routes_of(by_number[18])
    assert "POST /api/v1/cases/{id}/file" in tree.routes_of(by_number[9])
    assert all(story.rows for story in tree.stories), [
        str(story.path) for story in tree.stories if not story.rows
    ]


@pytest.mark.parametrize("route", sorted({route for row in ROWS for route in row.routes}))
def test_each_route_of_a_requirement_is_one_of_a_service(route: str) -> None:
    """Looked up piece by piece: a router adds its prefix to what its functions name."""
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "services").rglob("*.py"))
    pieces = [
        piece
        for piece in route.partition(" ")[2].removeprefix("/api/v1").split("/")
        if piece and "{" not in piece
    ]
    assert [piece for piece in pieces if f"/{piece}" not in sources and f'"{piece}"' not in sources] == []


@pytest.mark.parametrize(
    ("text", "rows"), [("18", [18]), ("15, 16", [15, 16]), ("34–36", [34, 35, 36]), ("39 and 41", [39, 41])]
)
def test_a_story_names_its_rows_as_people_write_them(text: str, rows: list[int]) -> None:
    assert list(numbers(text)) == rows
