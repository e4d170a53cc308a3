"""The short way of a check says yes only to what the long way finds nothing wrong with."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from services.audit.checking.alike import as_recorded
from services.audit.export.line import Detail
from services.audit.records.builder import NOTHING
from services.audit.records.fields import About
from services.audit.records.record import Rec
from tests.audit.made import MadeTrail
from tests.audit.story import a_story

Made = list[tuple[Rec, Detail, About]]


@pytest.fixture(scope="module")
def made() -> Made:
    """Each record of a story beside what belongs to it, and what its case is about before it."""
    trail, about = MadeTrail(a_story()[1]), dict[str, About]()
    found: Made = []
    for entry in trail.entries:
        rec, held = Rec.read(entry.rec), entry.fields
        found.append((rec, Detail(entry.index, entry.rec, held, trail.held[entry.index]), about.get(rec.case, NOTHING)))
        if rec.case:
            about[rec.case] = About(held["unit"], held["area"], held["level"], held["category"])
    return found


def test_it_says_yes_to_all_that_is_as_it_was_recorded_as_often_as_it_is_asked(made: Made) -> None:
    for _ in range(2):
        assert all(as_recorded(rec, detail, about) is not None for rec, detail, about in made)


@pytest.mark.parametrize(
    "changed",
    [
        {"actor": "0" * 32}, {"case": "another"}, {"claimed": None}, {"digest": "0" * 64}, {"form": "gap"}, {"offset": 7},
        {"personal": {"data.summary": "0" * 64}}, {"plain": "0" * 64}, {"subject": "fact.1.closed"}, {"number": 99}, {"v": 1},
        {"broker": "2020-01-01T00:00:00.000000Z"}, {"repeats": 10**6},
    ],
    ids=lambda changed: next(iter(changed)),
)  # fmt: skip
def test_a_header_that_says_otherwise_is_left_to_the_long_way(made: Made, changed: dict[str, Any]) -> None:
    for rec, detail, about in made:
        if any(getattr(rec, name) != says for name, says in changed.items()):
            assert as_recorded(msgspec.structs.replace(rec, **changed), detail, about) is None


def test_so_is_a_field_a_payload_or_an_author_that_is_another(made: Made) -> None:
    for rec, detail, about in made:
        assert detail.payload is not None
        for name in detail.fields:
            assert as_recorded(rec, replace(detail, fields={**detail.fields, name: "altered"}), about) is None
        raw = (detail.payload.raw or b"").replace(b'"', b"' ", 1)
        for payload in (
            None,
            replace(detail.payload, raw=raw),
            replace(detail.payload, actor_salt=b"x"),
            replace(detail.payload, salt=b""),
        ):
            assert as_recorded(rec, replace(detail, payload=payload), about) is None
