"""`policy check`: what a person overlooks, found with its line and the remedy."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fenghuo.commands.policy import app
from services.escalator.deciding.actions import ACTIONS as DONE
from services.escalator.policy.check import check, findings
from services.escalator.policy.compress import compress
from services.escalator.policy.duty_spec import ACTIONS as WRITTEN
from services.escalator.policy.load import parse_policy
from shared.lined_yaml import YamlFault
from shared.message import Sayable
from tests.unit.policy_given import CONFIG, default, directory, policy, text_with

CHAIN = "chain: [secretary_general, deputy_sg_in_charge, two_offices_duty]"
EXTRA = """
  extra:
    title: { zh: 另一项, en: something more }
    when: { kind: incident }
    on: resolved
    by: holder
    to: emergency_office
    within: P1D
    discharged_by: progressed
"""


def faults_of(*changes: tuple[str, str], add: str = "") -> list[Sayable]:
    return check(policy(*changes, add=add), directory())


def test_the_default_policy_can_be_followed() -> None:
    assert check(default(), directory()) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            (CHAIN, "chain: [secretary_general, nobody]"),
            "policy.yaml:17: half_hour.fallback.chain.1: no post nobody",
        ),
        (
            ("    on: listed\n", "    on: resolved\n"),
            "duties.campaign_submission.refers: nobody says who answers for what is on the list",
        ),
        (
            (CHAIN, "chain: [secretary_general, secretary_general]"),
            "half_hour.fallback.chain.1: secretary_general is named twice",
        ),
        (
            (CHAIN, "chain: [gov_main, party_main]"),
            "half_hour.fallback: everybody on the chain is owed it anyway",
        ),
        (
            (CHAIN, "chain: [secretary_general, gov_main]"),
            "half_hour.fallback: the chain ends dark: the holder of gov_main",
        ),
        (
            (
                "report: PT30M, written: PT1H, acknowledge: PT5M",
                "report: PT12M, written: PT1H, acknowledge: PT5M",
            ),
            "the chain needs 0:14:00",
        ),
        (
            ("step: PT3M", "step: PT20M"),
            "policy.yaml:15: half_hour.fallback: the chain needs 1:05:00 to be told to its end",
        ),
        (
            (
                "report: PT30M, written: PT1H, acknowledge: PT5M",
                "report: PT20M, written: PT1H, acknowledge: PT5M",
            ),
            "PT25M is not before PT20M",
        ),
        (
            ("channels: [voice, sms]", "channels: [voice, pigeon]"),
            "half_hour.channels.1: nobody in the directory has the channel pigeon",
        ),
        (("to: reporter_head", "to: repoter_head"), "duties.media_feedback.to: nobody is repoter_head"),
        (("by: propaganda_head", "by: propagandist"), "duties.press_first.by: nobody is propagandist"),
        (("[bearer, emergency_office] }", "[bearer, emergncy_office] }"), "nobody is emergncy_office"),
        (("on: bounced", "on: bouncd"), "duties.impose_lead.on: nothing is called bouncd"),
        (
            ("[discharged.petition_route, reopened]", "[discharged.petition, reopened]"),
            "discharged.petition: there is no rule petition",
        ),
        (
            ("[discharged.petition_route, reopened]", "[lapsed.complaint, reopened]"),
            "never happens in a matter of this rule",
        ),
        (
            ("discharged_by: filed.receipt", "discharged_by: filed.recept"),
            "filed.recept is no act that anybody can do",
        ),
        (
            ("discharged_by: filed.receipt", "discharged_by: commented"),
            "commented is no act that anybody can do",
        ),
        (("discharged_by: heard", "discharged_by: []"), "nothing discharges it"),
        (
            ("extends: press_first", "extends: press_last"),
            "duties.press_conference.extends: no rule press_last",
        ),
        (("@levels.{level}.written", "@levels.{level}.writen"), "leads nowhere: there is no levels.I.writen"),
        (
            (
                '{ when: { level: none }, within: "@levels.III.written" }',
                "{ when: { level: none }, remind: [] }",
            ),
            "without level: add a variant",
        ),
        (
            ('every: "0 9 10 10 *"', 'every: "0 9 10 10"'),
            "duties.heating_check.every: '0 9 10 10' is no calendar",
        ),
        (("nag: P1D", "nag: PT0S"), "duties.progress.nag: called again without a pause, for ever"),
        (("within: PT2H\n    remind: [50%]", "within: PT0S\n    remind: [50%]"), "PT0S is no time at all"),
        (("within: PT2H\n    remind: [50%]", "within: 50%\n    remind: [50%]"), "50% is a share of nothing"),
        (
            ("main_leaders: [party_main, gov_main]", "owner: [party_main, gov_main]"),
            "audiences.owner: owner means something else already",
        ),
        (
            ("    - { when: { intent: true }, measure: referral }", "    - { measure: referral }"),
            "accountability.measures.10: it fits always",
        ),
        (
            ("level: [I, II, III, IV] }\n    on: reported", 'area: "110000/**" }\n    on: reported'),
            "no area 110000/** in the directory",
        ),
    ],
)
def test_a_fault_is_named_with_its_line_and_the_remedy(change: tuple[str, str], fault: str) -> None:
    found = faults_of(change)
    assert any(fault in one for one in found), found
    assert all(one.startswith("policy.yaml:") for one in found)


def test_a_variant_that_a_later_one_hides_is_named() -> None:
    hidden = '      - { when: { sensitive: true }, within: PT5M }\n      - { when: { sensitive: true }, within: "@half_hour.within" }'
    found = faults_of(('      - { when: { sensitive: true }, within: "@half_hour.within" }', hidden))
    assert [one.partition(" ")[2] for one in found] == [
        "duties.first_report.variants.6: later variants hide it wherever it fits: move it below them, or remove it"
    ]


def test_a_variant_that_no_matter_of_its_rule_can_be_is_named() -> None:
    found = faults_of(("{ when: { sensitive: true }, within", "{ when: { kind: petition }, within"))
    assert any("duties.first_report.variants.6.when: no matter of this rule" in one for one in found)


def test_a_level_without_any_first_report_is_named() -> None:
    found = faults_of(
        (
            "when: { kind: [incident, opinion] }\n    on: reported",
            "when: { kind: [incident, opinion], level: [I, II, none] }\n    on: reported",
        )
    )
    assert [one.partition("duties: ")[2] for one in found if "nobody is owed the report" in one] == [
        f"nobody is owed the report of an {kind} of level {level}: a rule on reported, by recipient, must fit it"
        for kind in ("incident", "opinion")
        for level in ("III", "IV")
    ]


def test_a_circle_of_inheritance_is_named_and_nothing_hangs() -> None:
    found = faults_of(
        add=EXTRA.replace("extra:", "one:\n    extends: other")
        + EXTRA.replace("extra:", "other:\n    extends: one")
    )
    assert any(
        "duties.other.extends: one extends" in one or "duties.one.extends: other extends" in one
        for one in found
    )


def test_rules_that_open_each_other_for_ever_are_named() -> None:
    one = EXTRA.replace("extra:", "one:").replace("on: resolved", "on: lapsed.other")
    other = EXTRA.replace("extra:", "other:").replace("on: resolved", "on: [resolved, discharged.one]")
    assert [fault.split(": ")[1] for fault in faults_of(add=one + other)] == [
        "duties.one.on",
        "duties.other.on",
    ]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("within: PT2H", "within: P2H"), "'P2H' is not a term: write PT30M"),
        (("rows: [8]", "row: [8]"), "tells.petition_reviewed.row"),
        (("weights: { area: 0.35", "weights: { area: 0.5"), "the weights make 1.15: they must make 1"),
        (("deaths: [30, 10, 3]", "deaths: [3, 10, 30]"), "deaths: levels I, II, III need falling numbers"),
        (("measure: referral }", "measure: dismissal }"), "dismissal is no step of the ladder"),
        (
            ("remind: [PT15M, PT25M]", "remind: [PT15M, PT40M]"),
            "policy.yaml:9: half_hour: a reminder after the limit",
        ),
        (('"@tasks.objection.within"', '"@tasks objection"'), "points nowhere"),
        (("timezone: Asia/Shanghai", "timezone: Asia/Nowhere"), "is not a time zone"),
        (("timezone: Asia/Shanghai", f"timezone: {'Zone' * 90}"), "is not a time zone"),
    ],
)
def test_what_does_not_parse_is_refused_with_its_line(change: tuple[str, str], fault: str) -> None:
    with pytest.raises(YamlFault, match=r"^policy\.yaml:\d+: ") as refused:
        policy(change)
    assert fault in str(refused.value)


def test_a_graver_level_that_has_longer_is_worth_a_warning_and_no_fault() -> None:
    slow = policy(("I: { report: PT30M, written: PT1H", "I: { report: PT30M, written: PT2H"))
    found = findings(slow, directory())
    assert found.faults == []
    assert found.warnings == [
        "policy.yaml:21: levels.I.written: level I has longer than level II, which is less grave: exchange the two"
    ]


def test_working_days_that_reach_past_the_known_holidays_are_warned_of_in_time() -> None:
    assert findings(default(), directory(), datetime(2026, 3, 1, tzinfo=UTC)).warnings == []
    warned = findings(default(), directory(), datetime(2026, 12, 1, tzinfo=UTC)).warnings
    assert any(
        "tasks.objection.within: P5WD begun by 2027-01-30 can reach into 2027, whose holidays are not known"
        in warning
        for warning in warned
    )


def test_a_compressed_clock_keeps_every_line_and_can_be_followed() -> None:
    fast = compress(text_with(), 60)
    assert len(fast.split("\n")) == len(text_with().split("\n"))
    assert check(parse_policy(fast), directory()) == []


def test_the_command_ends_with_one_where_there_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FENGHUO_DIRECTORY", str(CONFIG / "directory.yaml"))
    bad = tmp_path / "bad.yaml"
    bad.write_text(text_with((CHAIN, "chain: [nobody]")), encoding="utf-8")
    runner = CliRunner()
    refused = runner.invoke(app, ["check", str(bad)])
    assert refused.exit_code == 1
    assert "bad.yaml:17: half_hour.fallback.chain.0: no post nobody" in refused.stdout.replace("\n", " ")
    assert runner.invoke(app, ["check", str(CONFIG / "policy.yaml")]).exit_code == 0


def test_what_a_policy_may_have_raised_is_what_the_escalator_can_do() -> None:
    assert set(WRITTEN) == set(DONE)
