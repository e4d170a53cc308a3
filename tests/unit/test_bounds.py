"""What is given from outside is bounded and named; what is on record is read as it is."""

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st
from pydantic import ValidationError

from services.audit.evidence.bundle import verify
from services.intake.ingest.formats.items import TAKEN_OUT, ReportDraft, readable
from shared.directory import DirectoryFault, load_directory
from shared.directory.change_facts import DirectoryChange
from shared.directory.changes import apply_change
from shared.facts import Report, ReportForm
from shared.facts.report import MOST_TASKS
from shared.fault_texts import faults_of
from shared.lined_yaml import YamlFault
from shared.lined_yaml import parse as read_yaml
from shared.plain_text import NOT_IN_LINE, NOT_IN_TEXT, line_of, shown, text_of

ROOT = Path(__file__).resolve().parents[2]
WELL: dict[str, Any] = {
    "category": "accident",
    "unit": "emergency_bureau",
    "area": "620600",
    "occurred_at": "2026-11-23T03:05:00+08:00",
    "learned_at": "2026-11-23T03:05:00+08:00",
    "summary": "x",
}
OUT_OF_BOUNDS: list[tuple[str, dict[str, Any]]] = [
    ("occurred_at", {"occurred_at": "0001-01-01T00:00:00+14:00"}),
    ("learned_at", {"learned_at": "9999-12-31T23:59:59-14:00"}),
    ("summary", {"summary": "a\x1b[2J"}),
    ("details", {"details": "a\u202eb"}),
    ("unit", {"unit": "a.>"}),
    ("parent", {"parent": "a b"}),
    ("harm.deaths", {"harm": {"deaths": 10**22}}),
    ("harm.loss", {"harm": {"loss": 10**15}}),
    ("tasks", {"tasks": [{"title": "t", "units": ["u"] * (MOST_TASKS + 1)}]}),
    ("tasks", {"tasks": [{"title": "t", "unit": "u"}] * (MOST_TASKS + 1)}),
    ("tasks.0.within", {"tasks": [{"title": "t", "unit": "u", "within": "-P1D"}]}),
    ("tasks.0.within", {"tasks": [{"title": "t", "unit": "u", "within": "P100000D"}]}),
    ("tasks.0.due_at", {"tasks": [{"title": "t", "unit": "u", "due_at": "2200-01-01T00:00:00Z"}]}),
]


@pytest.mark.parametrize(("field", "more"), OUT_OF_BOUNDS)
def test_a_form_out_of_bounds_names_its_field(field: str, more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        ReportForm.model_validate(WELL | more)
    assert field in {name for name, _ in faults_of(refused.value, ReportForm)}


@pytest.mark.parametrize("more", [more for _, more in OUT_OF_BOUNDS])
def test_the_same_on_record_is_read_as_it_is(more: dict[str, Any]) -> None:
    Report.model_validate({**WELL, **more, "received_at": "2026-11-23T03:05:00Z", "reported_by": "x"})


def test_lines_ends_of_windows_are_text() -> None:
    assert ReportForm.model_validate({**WELL, "details": "a\r\nb\tc"}).details == "a\r\nb\tc"


@for_any(st.text())
def test_what_is_left_of_a_text_may_stand_anywhere(text: str) -> None:
    assert NOT_IN_TEXT.search(text_of(text)) is None
    assert NOT_IN_LINE.search(line_of(text)) is None
    assert NOT_IN_TEXT.search(shown(text)) is None


def test_another_systems_report_loses_the_letters_and_says_so() -> None:
    draft = ReportDraft(
        id="1",
        at=datetime.now(UTC),
        fields={"summary": "火\x1b[2J灾", "details": "a\u202e\r\nb"},
        note="Known.",
    )
    clean = readable(draft)
    assert isinstance(clean, ReportDraft)
    assert clean.fields == {"summary": "火[2J灾", "details": "a\nb"}
    assert clean.note == f"Known. {TAKEN_OUT}"


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [*a, *a]\n",
        "a0: &a0 [1,2,3,4,5,6,7,8,9]\n"
        + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)),
        "a: " + "[" * 3000,
        "a: 2026-99-99\n",
        "a: 2026-11-11T00:00:00+99:99\n",
        'a: !!int "x"\n',
        'a: "\\UFFFFFFFF"\n',
        "a: " + "1" * 5000 + "\n",
        'a: "\x01"\n',
    ],
)
def test_whatever_a_yaml_text_is_it_is_refused_in_words(text: str) -> None:
    with pytest.raises(YamlFault):
        read_yaml(text, ReportForm, "report.yaml")


@pytest.mark.parametrize("within", ["nowhere", "620622"])
def test_an_area_within_nothing_or_itself_is_a_fault(within: str) -> None:
    """Found by the boundary generator: the first was a 500, the second never ended."""
    area = {"code": "620622", "name": {"zh": "县", "en": "County"}, "within": within}
    said = {
        "by": {"principal": "x", "role": "operator"},
        "version": "v",
        "base": 1,
        "changes": [{"op": "put_area", "area": area}],
    }
    with pytest.raises(DirectoryFault):
        apply_change(load_directory(ROOT / "config" / "directory.yaml"), DirectoryChange.model_validate(said))


def test_a_bundle_whose_file_has_no_name_is_no_bundle() -> None:
    """Found by fuzzing: the standard library looks at the last letter of the name."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("name", b"x")
    raw = packed.getvalue()
    place = raw.index(b"PK\x01\x02")
    unnamed = raw[: place + 28] + b"\x00\x00" + raw[place + 30 : place + 46] + raw[place + 50 :]
    end = unnamed.index(b"PK\x05\x06")
    size = (end - place).to_bytes(4, "little")
    unnamed = unnamed[: end + 12] + size + unnamed[end + 16 :]
    with pytest.raises(verify.BrokenError):
        verify.read_bundle(io.BytesIO(unnamed))
