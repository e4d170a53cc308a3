"""A criterion that can have no answer is refused by its name, with what to write instead; the others are
taken as they are.
"""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.reading.search.criteria import EntriesQuery
from shared.problems import Problem

AT = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "field", "remedy"),
    [
        ({"kind": "Reported"}, "kind", "did you mean reported, "),
        ({"kind": "aknowledged"}, "kind", "did you mean acknowledged"),
        ({"kind": "xyz"}, "kind", "take one of reported, acknowledged"),
        ({"level": "2"}, "level", "take one of I, II, III, IV"),
        ({"category": "acident"}, "category", "did you mean accident"),
        ({"case": "a/b"}, "case", "letters, digits"),
        ({"area": "Shaquan"}, "area", "620622"),
        ({"text": "  "}, "text", "leave it out"),
        ({"text": "x" * 300}, "text", "a part of it"),
        ({"lapse": False, "lapse_of": "written"}, "lapse_of", "leave one of the two out"),
        ({"since": datetime(2026, 11, 1)}, "since", "+08:00"),  # noqa: DTZ001 - that is the fault
        ({"claimed_until": datetime(2026, 11, 1)}, "claimed_until", "+08:00"),  # noqa: DTZ001
        ({"since": AT, "until": AT.replace(year=2025)}, "until", "exchange the two"),
        ({"claimed_since": AT, "claimed_until": AT.replace(year=2025)}, "claimed_until", "exchange the two"),
    ],
)
def test_what_can_have_no_answer_is_refused_with_its_remedy(
    asked: dict[str, Any], field: str, remedy: str
) -> None:
    with pytest.raises(Problem) as refused:
        EntriesQuery(**asked).filter()
    (fault,) = refused.value.errors
    assert refused.value.status == 422
    assert fault[0] == field
    assert remedy in fault[1]


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(Problem) as refused:
        EntriesQuery(kind="x", level="x", area="x").filter()
    assert [field for field, _ in refused.value.errors] == ["kind", "level", "area"]


def test_a_unit_means_all_under_it_unless_it_is_said_otherwise() -> None:
    assert EntriesQuery(unit="government").filter().under
    assert not EntriesQuery(unit="government", under=False).filter().under
    assert EntriesQuery(kind="due").filter() == EntriesQuery(kind="due", under=False).filter(), (
        "the same question, the same cursors"
    )


@given(
    st.text(min_size=1, max_size=80), st.sampled_from(("kind", "level", "category", "case", "area", "text"))
)
def test_whatever_is_written_is_answered_or_refused(value: str, field: str) -> None:
    query = EntriesQuery(**{field: value})  # type: ignore[arg-type]
    faults: list[str] = []
    try:
        assert getattr(query.filter(), field) == value
    except Problem as problem:
        faults = [name for name, _ in problem.errors]
    assert faults in ([], [field])
