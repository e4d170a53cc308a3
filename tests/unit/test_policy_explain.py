"""`policy explain`: a report in plain words, with rule and line, by the very decisions that would be made."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.escalator.playing.explain import Explanation, explain
from shared.facts import ReportForm
from tests.unit.policy_given import default, directory, text_with

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def explained(late: timedelta = timedelta(0), **changes: Any) -> Explanation:
    known: dict[str, Any] = {
        "category": "accident",
        "level": "II",
        "unit": "emergency_bureau",
        "area": "620622",
        "summary": "爆炸",
    }
    form = ReportForm.model_validate(known | {"occurred_at": NOW, "learned_at": NOW} | changes)
    return explain(form, NOW + late, default(), directory())


def test_five_are_told_at_once_by_the_line_of_their_level() -> None:
    told = [step for step in explained().steps if step.what == "told"]
    assert [step.post for step in told] == [
        "party_main",
        "gov_main",
        "party_in_charge",
        "gov_in_charge",
        "emergency_office",
    ]
    assert {step.rule.path for step in told} == {"levels.II.report"}
    assert all(step.channels == ("voice", "sms") for step in told)


def test_the_chain_is_lit_after_five_minutes_and_every_three_for_all_who_stay_dark() -> None:
    lit = [step for step in explained().steps if step.what == "lit"]
    assert [(step.at - NOW, step.post) for step in lit] == [
        (timedelta(minutes=5), "secretary_general"),
        (timedelta(minutes=8), "deputy_sg_in_charge"),
        (timedelta(minutes=11), "two_offices_duty"),
    ]
    assert lit[0].text.en == "is lit where Zhao Jia, Qian Yi, Sun Bing, Li Ding, Zhou Wu stay dark"


def test_what_else_opens_lapses_and_follows_is_said_with_its_line() -> None:
    found = explained()
    lines = text_with().split("\n")
    assert {step.duty for step in found.steps if step.what == "owes"} == {
        "acknowledge",
        "written_report",
        "follow_up",
        "plan",
        "progress",
        "press_first",
        "press_conference",
    }
    assert (NOW + timedelta(hours=1), "written_report") in [
        (step.at, step.duty) for step in found.steps if step.what == "lapses"
    ]
    assert all(step.rule.path.split(".")[-1] in lines[step.rule.line - 1] for step in found.steps)
    assert [step.at for step in found.steps] == sorted(step.at for step in found.steps)


def test_a_report_handed_in_late_says_so() -> None:
    late = explained(late=timedelta(minutes=40))
    assert "Reported now it is late" in late.text.en
    assert "此时报告已超时" in late.text.zh


def test_a_matter_no_rule_is_about_is_filed_and_no_clock_runs() -> None:
    found = explained(kind="campaign", category=None, level=None)
    assert found.steps == ()
    assert found.text.en == "A case of the sort “inventory campaign” is filed, and no clock runs."
    assert found.text.zh == "“排查”：只立案，不计时。"


def test_who_hears_of_what_happens_later_is_said_by_name_with_its_line() -> None:
    tells = {tell.title.en: tell for tell in explained().tells}
    lines = text_with().split("\n")
    follow_up = tells["follow-up report"]
    assert [name.zh for name in follow_up.to][:2] == ["此前已获告知的所有人", "该项职责的报送对象"]
    assert follow_up.channels == ("sms",)
    assert "follow_up:" in "".join(lines[follow_up.rule.line - 2 : follow_up.rule.line])
    assert tells["graded up"].channels == ("voice", "sms"), "a rise to level II rings"
    assert all(not name.en.islower() or " " in name.en for tell in tells.values() for name in tell.to)
