"""The `holidays` file beside the policy: what it says counts, and a policy keeps the holidays it was read with."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from services.escalator.policy.book import Policy
from services.escalator.policy.check import findings
from services.escalator.policy.load import load_policy, parse_policy
from services.escalator.policy.terms import parse_term
from shared.lined_yaml import YamlFault
from tests.unit.policy_given import CONFIG, directory, text_with

SHIPPED = (CONFIG / "holidays.yaml").read_text(encoding="utf-8")


def with_holidays(folder: Path, text: str) -> Policy:
    (folder / "policy.yaml").write_text(text_with(), encoding="utf-8")
    (folder / "holidays.yaml").write_text(text, encoding="utf-8")
    return load_policy(folder / "policy.yaml")


def test_the_festival_of_next_year_is_off_in_what_is_shipped() -> None:
    calendar = load_policy(CONFIG / "policy.yaml").calendar
    thursday = datetime(2027, 2, 4, 9, tzinfo=calendar.zone)
    # Friday the 5th to Monday the 8th are the festival.
    assert parse_term("P1WD").after(thursday, calendar) == thursday.replace(day=9)


def test_the_check_says_what_of_next_year_is_not_known() -> None:
    december = datetime(2026, 12, 1, tzinfo=UTC)
    warned = findings(load_policy(CONFIG / "policy.yaml"), directory(), december).warnings
    assert any("can reach into 2027, whose holidays are known by the law alone" in text for text in warned)


def test_an_announced_year_counts_its_make_up_workdays_and_is_not_warned_of(tmp_path: Path) -> None:
    announced = SHIPPED.replace("announced: false", "announced: true\n    work: { 2027-02-14: 春节 }")
    policy = with_holidays(tmp_path, announced)
    assert policy.calendar.is_working_day(date(2027, 2, 14)), "a Sunday that is worked"
    assert not policy.calendar.is_working_day(date(2026, 10, 5)), "a day off that the library knows"
    assert findings(policy, directory(), datetime(2026, 12, 1, tzinfo=UTC)).warnings == []


def test_the_file_wins_over_the_library(tmp_path: Path) -> None:
    moved = "years:\n  2026: { announced: true, off: { 2026-12-01: 抗灾 }, work: { 2026-10-05: 抗灾 } }\n"
    calendar = with_holidays(tmp_path, moved).calendar
    assert not calendar.is_working_day(date(2026, 12, 1))
    assert calendar.is_working_day(date(2026, 10, 5))


def test_a_stored_version_keeps_the_holidays_it_was_read_with(tmp_path: Path) -> None:
    policy = with_holidays(tmp_path, SHIPPED)
    assert parse_policy(policy.text).calendar == policy.calendar
    assert policy.label != load_without(policy.text).label, "other holidays are another version"


def load_without(text: str) -> Policy:
    return parse_policy(text.partition("\nholidays:")[0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "years: { 2027: { announced: true, off: { 2026-12-31: 元旦 } } }",
            "no day of 2027: put it under years.2026",
        ),
        (
            "years: { 2027: { announced: true, off: { 2027-01-01: a }, work: { 2027-01-01: a } } }",
            "is a day off and a workday",
        ),
        ("years: { 2027: { off: {} } }", "announced"),
        ("years: { 2027: { announced: true, off: { soon: a } } }", "is not a day: write it as in 2026-11-23"),
        ("years: { 90000: { announced: true } }", "2100"),
        ("years: { 2027: { announced: true, off: { 2027-01-01: " + "长" * 41 + " } } }", "40"),
        ("holidays: {}", "holidays"),
    ],
)
def test_a_fault_names_the_file_and_the_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(YamlFault) as fault:
        with_holidays(tmp_path, text)
    assert "holidays.yaml:1" in str(fault.value)
    assert said in str(fault.value)
