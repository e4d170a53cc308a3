"""`fenghuo directory` on a file, without any service: faults with their lines, gaps, tables, calendars."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from fenghuo.commands import _directory as lines
from fenghuo.commands.directory import app
from shared.facts import Touch
from shared.lined_yaml import MOST_NAMED
from tests.lab import ROOT

EXAMPLE = ROOT / "config" / "directory.yaml"


def run(*arguments: str, code: int = 0) -> str:
    """What it says on both streams; the exit code is as expected."""
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    return result.output


def answer(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--json"))
    return found


def test_the_example_is_valid_and_has_no_grave_gap() -> None:
    found = answer("check", str(EXAMPLE))
    assert (found["ok"], [gap for gap in found["gaps"] if gap["grave"]]) == (True, [])


MANY = 3_000
"""Enough that what grows with the square of it, or is said once for each, does not pass."""
NAMED = {"zh": "某", "en": "Some"}
HOSTILE: dict[str, tuple[dict[str, Any], str]] = {
    "circle": ({"units": [("c_%d", {"area": "620600", "superior": "c_%d"})]}, "stands above itself (c_"),
    "nowhere": (
        {"people": [("p_%d", {"unit": "nowhere"})]},
        "belongs to unit nowhere, which is not declared",
    ),
    "twice": ({"people": [("zhao_jia", {"unit": "government"})]}, "person zhao_jia is declared twice"),
    "dark": (
        {"posts": [("q_%d", {"unit": "government", "holder": "nobody"})]},
        "is held by nobody, who is not declared",
    ),
}
"""Part → objects of it that are added, each numbered; and what is said of the first."""


@pytest.mark.parametrize("name", HOSTILE)
def test_thousands_of_faults_are_named_as_far_as_a_person_reads(tmp_path: Path, name: str) -> None:
    added, words = HOSTILE[name]
    document = yaml.load(EXAMPLE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    for part, ((pattern, fields),) in added.items():
        for number in range(MANY):
            numbered = {key: value.replace("%d", str((number + 1) % MANY)) for key, value in fields.items()}
            document[part].append({"id": pattern.replace("%d", str(number)), "name": {**NAMED}, **numbered})
    (tmp_path / "directory.yaml").write_text(yaml.dump(document, Dumper=yaml.CSafeDumper), encoding="utf-8")
    said = run("check", str(tmp_path / "directory.yaml"), code=1)
    assert words in said.replace("\n", " ")
    assert re.search(r"and \d+ more: mend these first", said)
    assert said.count("✗") == MOST_NAMED + 1
    assert len(said) < 40_000


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ('version: "2026-11-01"', f"version: {'v' * 1_000_000}", "version: must have 1 to 80 characters"),
        (
            'version: "2026-11-01"',
            'version: "a\u202eb"',
            "version: holds a letter that can't be seen (U+202E): remove it",
        ),
        ('version: "2026-11-01"', 'version: ""', "version: must have 1 to 80 characters"),
        ("id: zhao_jia", f"id: {'x' * 1_000_000}", "does not have the form"),
        ("zh: 赵甲", f"zh: {'名' * 1_000_000}", "must have 1 to 120 characters"),
    ],
)
def test_what_no_fact_could_carry_is_named_and_not_repeated(
    tmp_path: Path, was: str, now: str, words: str
) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert was in text
    (tmp_path / "directory.yaml").write_text(text.replace(was, now, 1), encoding="utf-8")
    said = run("check", str(tmp_path / "directory.yaml"), code=1)
    assert words in said.replace("\n", " ")
    assert len(said) < 2_000


def test_a_file_in_the_encoding_of_an_older_system_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "directory.yaml").write_bytes(EXAMPLE.read_text(encoding="utf-8").encode("gb18030"))
    assert "it is not UTF-8, GB 18030 perhaps: save it as UTF-8" in run(
        "check", str(tmp_path / "directory.yaml"), code=1
    )


def test_an_object_larger_than_a_message_is_named(tmp_path: Path) -> None:
    document = yaml.load(EXAMPLE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    roster = document["rosters"][0]
    hours = [f"2027-01-{1 + hour // 24:02d}T{hour % 24:02d}" for hour in range(400)]
    stands_in = {"person": roster["rotation"][0], "reason": "\U0001f6a8" * 200}
    roster["overrides"] = [
        {"from": f"{hour}:00:00Z", "until": f"{hour}:30:00Z", **stands_in} for hour in hours
    ]
    (tmp_path / "directory.yaml").write_text(yaml.dump(document, Dumper=yaml.CSafeDumper), encoding="utf-8")
    said = run("check", str(tmp_path / "directory.yaml"), code=1).replace("\n", " ")
    assert f"roster {roster['id']} takes" in said
    assert "make it smaller, or two of it" in said


def test_people_without_a_number_are_named_as_far_as_a_person_reads(tmp_path: Path) -> None:
    document = yaml.load(EXAMPLE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    document["people"] += [
        {"id": f"p_{number}", "name": {**NAMED}, "unit": "government"} for number in range(MANY)
    ]
    (tmp_path / "directory.yaml").write_text(yaml.dump(document, Dumper=yaml.CSafeDumper), encoding="utf-8")
    assert len(run("check", str(tmp_path / "directory.yaml"))) < 40_000
    assert len(answer("check", str(tmp_path / "directory.yaml"))["gaps"]) >= MANY


def test_a_fault_ends_with_1_and_names_its_line(tmp_path: Path) -> None:
    broken = tmp_path / "directory.yaml"
    broken.write_text(EXAMPLE.read_text().replace("head: gov_main", "head: nobody"))
    line = next(
        number for number, text in enumerate(broken.read_text().splitlines(), 1) if "head: nobody" in text
    )
    assert f"directory.yaml:{line}: units.1.head: unit government names nobody as its head" in run(
        "check", str(broken), code=1
    )


@pytest.mark.parametrize(
    "part", ["posts", "people", "units", "areas", "rosters", "sources", "plans", "suppressions", "gaps"]
)
def test_each_part_is_shown(part: str) -> None:
    assert part in answer("show", part, "--against", str(EXAMPLE))
    assert run("show", part, "--against", str(EXAMPLE))


def test_a_part_there_is_none_of_is_a_matter_of_usage() -> None:
    assert "name one of posts, people" in run("show", "horses", code=2)


def test_a_table_says_what_would_change_and_a_bad_one_nothing(tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text(
        "id,name_zh,unit,voice\nbai_su,柏宿,gov_office,+860000000999\nnew_one,新人,gov_office,+860000000998\n"
    )
    changes = answer("import", str(table), "--against", str(EXAMPLE))["changes"]
    assert [(one["op"], one["person"]["id"]) for one in changes] == [
        ("put_person", "bai_su"),
        ("put_person", "new_one"),
    ]
    table.write_text("id,name_zh,unit,voice\nBad,坏,gov_office,+860000000999\n")
    assert "people.csv:2: id: 'Bad' does not have the form ^[a-z]" in run(
        "import", str(table), "--against", str(EXAMPLE), code=1
    )
    table.write_text("id,unit\nwang_xin,nowhere\n")
    assert "person wang_xin belongs to unit nowhere" in run(
        "import", str(table), "--against", str(EXAMPLE), code=1
    )


def test_a_roster_goes_out_as_a_calendar_and_comes_back_unchanged(tmp_path: Path) -> None:
    calendar = tmp_path / "watch.ics"
    run("roster", "tv_watch", "--ics", str(calendar), "--days", "7", "--against", str(EXAMPLE))
    assert calendar.read_bytes().count(b"BEGIN:VEVENT") >= 14
    taken = answer("roster", "tv_watch", "--from", str(calendar), "--days", "6", "--against", str(EXAMPLE))
    assert taken == {"changes": [], "sent": False}
    assert len(answer("roster", "two_offices", "--against", str(EXAMPLE))["shifts"]) == 15


UNIT = {"zh": "望烽市人民政府", "en": "Government of Wangfeng"}
SPAN = {"since": "2026-11-29T19:00:00Z", "until": "2027-11-29T19:00:00Z"}
ASKED = {
    "proposal": "01JP",
    "at": "2026-11-29T19:00:00Z",
    "expires_at": "2026-12-06T19:00:00Z",
    "by": {"name": {"zh": "金洪", "en": "Jin Hong"}, "unit": UNIT},
    "why": "病假",
    "approvers": [UNIT],
    "may_decide": True,
    "touches": [
        {"person": "qian_yi", "changes": [{"what": str(what), "about": UNIT, **SPAN} for what in Touch]}
    ],
    "changes": [],
}


def test_what_waits_is_listed_with_who_may_approve_it(capsys: pytest.CaptureFixture[str]) -> None:
    lines.proposals(
        [
            ASKED,
            {
                **ASKED,
                "touches": [],
                "approvers": [],
                "changes": [{"op": "remove", "what": "plan", "id": "old"}],
            },
        ]
    )
    said = " ".join(capsys.readouterr().out.split())
    assert "钱乙 Qian Yi: absent" in said
    assert "2026-11-30 03:00 – 2027-11-30 03:00" in said
    assert "a leader or supervisor of 望烽市人民政府 Government of Wangfeng, or the operator" in said
    assert "changes remove plan old" in said


def test_a_change_that_waits_says_why_and_who_may_approve_it(capsys: pytest.CaptureFixture[str]) -> None:
    need = {"zh": "涉及其他单位", "en": "another unit"}
    lines.proposed({**ASKED, "needs": [need]})
    said = " ".join(capsys.readouterr().out.split())
    assert "nothing has changed yet" in said
    assert "涉及其他单位 · another unit" in said
    assert "fenghuo directory approve 01JP" in said
