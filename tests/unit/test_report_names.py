"""`fenghuo trail report` and `fenghuo policy explain` say who and what by name, where the directory and our own lists
have one.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from fenghuo.commands._names import DirectoryNames
from fenghuo.commands._trail_reports import CellNames
from fenghuo.commands.policy import app
from fenghuo.speech import choose
from shared.vocabulary import Language
from tests.unit.policy_given import CONFIG, directory

EXPLAIN = ["explain", "--area", "620622", "--level", "II"]


@pytest.fixture
def chinese() -> Iterator[None]:
    choose(Language.ZH)
    yield
    choose(Language.EN)


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(
    ("table", "column", "value", "said"),
    [
        ("units", "unit", "water_bureau", "市水务局"),
        ("leaders", "person", "wu_ji", "吴己"),
        ("lapses", "answerable", "emergency_office", "市应急办"),
        ("areas", "row", "620622", "望山县"),
        ("levels", "row", "II", "II级重大"),
        ("channels", "row", "voice", "电话"),
        ("kinds", "row", "petition", "信访"),
        ("places", "row", "620622:accident", "望山县 · 事故灾难"),
        ("lapses", "cause", "not_done", "未按时限完成"),
        ("units", "unit", "gone_from_the_directory", "gone_from_the_directory"),
        ("rules", "row", "first_report", "first_report"),
        ("units", "cases", 3, 3),
        ("lapses", "person", None, None),
    ],
)
def test_a_cell_says_the_name(table: str, column: str, value: object, said: object) -> None:
    assert CellNames(DirectoryNames(directory())).cell(table, column, value) == said


def explained(*arguments: str, **env: str) -> Any:
    given = {
        "FENGHUO_POLICY": str(CONFIG / "policy.yaml"),
        "FENGHUO_DIRECTORY": str(CONFIG / "directory.yaml"),
    }
    return CliRunner().invoke(app, [*EXPLAIN, *arguments], env={**given, **env})


def test_an_explanation_names_units_and_channels_and_no_ids() -> None:
    said = explained("--unit", "shaquan_government", "--language", "zh").output
    assert "沙泉县人民政府" in said
    assert "电话、短信" in said
    for machine in ("shaquan_government", "voice", "sms]"):
        assert machine not in said


def test_a_unit_may_be_written_by_its_name_and_one_that_is_not_there_is_named_with_those_near() -> None:
    assert "沙泉县人民政府" in explained("--unit", "沙泉县人民政府", "--language", "zh").output
    refused = explained("--unit", "沙泉县政府")
    assert refused.exit_code != 0
    assert "shaquan_government" in refused.stderr
