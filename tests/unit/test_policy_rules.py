"""Rules: the default policy read for each sort of matter, with the line every value comes from."""

from datetime import timedelta

import pytest

from services.escalator.policy.rule import GivenLimit, RuleScope
from shared.case import Slip
from shared.ids import AreaCode, UnitId
from shared.vocabulary import Level, ReportKind
from tests.unit.policy_given import default, policy, rule, sort, text_with

OWED = ("party_main", "gov_main", "party_in_charge", "gov_in_charge", "emergency_office")


@pytest.mark.parametrize(
    ("of", "term", "path", "to"),
    [
        (sort(level=Level.II), "PT30M", "levels.II.report", OWED),
        (sort(level=Level.III), "PT30M", "levels.III.report", ("leader_in_charge", "emergency_office")),
        (sort(level=Level.IV), "PT2H", "levels.IV.report", ("emergency_office",)),
        (sort(level=None), "PT30M", "half_hour.within", ("emergency_office",)),
        (sort(level=Level.IV, sensitive=True), "PT30M", "half_hour.within", OWED),
        (sort(ReportKind.OPINION, level=None), "PT30M", "opinion.web", OWED),
        (sort(ReportKind.OPINION, level=None, topic="tv"), "PT30M", "opinion.tv", OWED),
        (sort(ReportKind.OPINION, level=None, topic="weibo"), "PT30M", "opinion.web", OWED),
        (
            sort(ReportKind.OPINION, level=None, topic="web"),
            "PT30M",
            "opinion.web",
            ("government_leaders", "emergency_office"),
        ),
        (sort(ReportKind.OPINION, level=Level.I, topic="web"), "PT30M", "opinion.web", OWED),
    ],
)
def test_the_first_report_has_recipients_and_limit_of_its_level_unless_it_is_sensitive(
    of: object, term: str, path: str, to: tuple[str, ...]
) -> None:
    found = rule("first_report", of)  # pyright: ignore[reportArgumentType]
    assert (str(found.term), found.plan.limit.path) == (term, path)
    assert found.to == to
    assert found.starts == "start"


def test_each_value_names_the_line_it_stands_in() -> None:
    lines = text_with().split("\n")
    for duty in default().rules_on("reported", sort()):
        for where in (duty.plan.limit, duty.plan.chain_rule, duty.plan.remind_rule, duty.plan.overdue_rule):
            if where is not None:
                assert where.path.split(".")[-1] in lines[where.line - 1]


def test_the_fallback_and_the_reminders_are_those_of_the_half_hour() -> None:
    plan = rule("first_report").plan
    assert (plan.wait, plan.step) == (timedelta(minutes=5), timedelta(minutes=3))
    assert plan.chain == ("secretary_general", "deputy_sg_in_charge", "two_offices_duty")
    assert plan.chain_rule is not None
    assert plan.remind_rule is not None
    assert (plan.chain_rule.path, plan.remind_rule.path) == ("half_hour.fallback", "half_hour.remind")


def test_tasks_are_reminded_with_a_blue_and_a_yellow_slip_a_day_and_five_minutes_before() -> None:
    found = rule("task_complete", sort(ReportKind.TASK, level=None))
    assert [(str(term), slip) for term, slip in found.remind] == [
        ("50%", Slip.BLUE),
        ("80%", Slip.YELLOW),
        ("before P1D", None),
        ("before PT5M", None),
    ]
    assert [(str(term), tell) for term, tell in found.overdue][2:] == [
        ("P3D", ("supervision_order",)),
        ("P7D", ("public_notice_draft", "discipline")),
    ]
    assert (found.scope, found.given, str(found.term)) == (RuleScope.TASK, GivenLimit.GIVEN, "P3D")


def test_what_is_inherited_is_written_once_and_what_is_written_anew_wins() -> None:
    first, conference = rule("press_first"), rule("press_conference")
    assert (str(first.term), str(conference.term)) == ("PT5H", "PT24H")
    assert conference.by == first.by
    assert conference.plan.discharged_by == ("filed.press_conference",)


def test_a_variant_for_an_area_holds_within_it_and_nowhere_else() -> None:
    near = '      - { when: { area: "620602/**" }, within: PT20M }\n'
    changed = policy(("\n  grave_report:", f"{near}\n  grave_report:"))
    assert str(rule("first_report", sort(area=AreaCode("620602")), changed).term) == "PT20M"
    assert str(rule("first_report", sort(area=AreaCode("620622")), changed).term) == "PT30M"
    assert (
        rule("first_report", sort(area=AreaCode("620602")), changed).plan.limit.path
        == "duties.first_report.variants.7.within"
    )


def test_a_city_pattern_holds_for_every_code_under_it() -> None:
    wide = '      - { when: { area: "620600/**" }, within: PT20M }\n'
    changed = policy(("\n  grave_report:", f"{wide}\n  grave_report:"))
    inside = [
        str(rule("first_report", sort(area=AreaCode(code)), changed).term)
        for code in ("620600", "620622", "620702")
    ]
    assert inside == ["PT20M", "PT20M", "PT30M"]


def test_a_variant_for_a_unit_is_its_own() -> None:
    own = "      - { when: { unit: heating_company }, within: PT10M, remind: [] }\n"
    changed = policy(("\n  grave_report:", f"{own}\n  grave_report:"))
    assert str(rule("first_report", sort(unit=UnitId("heating_company")), changed).term) == "PT10M"
    assert rule("first_report", sort(unit=UnitId("heating_company")), changed).remind == ()


def test_a_kind_the_policy_says_nothing_of_opens_nothing() -> None:
    assert default().rules_on("reported", sort(ReportKind.CAMPAIGN, level=None)) == ()
    assert default().rule_named("first_report", sort(ReportKind.PETITION)) is None
    assert default().rules_on("nothing_of_the_sort", sort()) == ()


def test_a_sort_is_read_once() -> None:
    assert default().rules_on("reported", sort()) is default().rules_on("reported", sort())


def test_the_calendar_opens_the_monthly_analysis_and_the_roster_the_sign_in() -> None:
    standing = sort(ReportKind.STANDING, level=None, category=None)
    periodic = {duty.name: duty.every for duty in default().rules_on("established.periodic", standing)}
    assert periodic["monthly_analysis"] == "0 0 1 * *"
    assert [duty.name for duty in default().rules_on("established.roster", standing)] == [
        "sign_in",
        "hand_over",
    ]
    assert [duty.name for duty in default().rules_on("established.gaps", standing)] == ["gap_watch"]
    assert "gap_watch" not in [duty.name for duty in default().periodic]


def test_all_42_requirements_that_the_policy_serves_are_named() -> None:
    assert {row for duty in default().document.duties.values() for row in duty.rows} == set(range(1, 43))
