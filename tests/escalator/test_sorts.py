"""A rule is looked at for every sort of matter it tells apart, and for no other."""

from dataclasses import replace

from services.escalator.policy.check import check
from services.escalator.policy.sorts import OTHER, sorts_of, words_for
from shared.vocabulary import Level, ReportKind
from tests.unit.policy_given import directory, policy, sort

RULE = """
  extra:
    title: { zh: 另一项, en: something more }
    when: { kind: incident }
    on: resolved
    by: holder
    within: "@levels.{level}.report"
    discharged_by: progressed
"""


def test_a_rule_that_reads_a_table_by_level_is_looked_at_for_every_level() -> None:
    assert [sort.level for sort in sorts_of(policy(add=RULE).document, "extra")] == [None, *Level]


def test_a_rule_that_asks_for_nothing_is_looked_at_once_and_for_an_ordinary_matter() -> None:
    (only,) = sorts_of(
        policy(add=RULE.replace("@levels.{level}.report", "@half_hour.within")).document, "extra"
    )
    assert (only.level, only.sensitive, only.category, only.topic) == (None, False, None, None)


def test_a_sort_is_said_in_words() -> None:
    asked = sort(ReportKind.OPINION, Level.II, sensitive=True, topic="tv")
    assert words_for(asked) == "opinion, level II, accident, tv, sensitive"
    assert words_for(replace(asked, category=None, topic=OTHER, level=None, sensitive=False)) == "opinion"


def test_a_circle_that_another_rule_leads_into_is_named_without_it() -> None:
    into = RULE.replace("@levels.{level}.report", "P1D")
    rules = {"entrance": "lapsed.one", "one": "lapsed.other", "other": "[resolved, lapsed.one]"}
    added = "".join(
        into.replace("extra:", f"{name}:").replace("on: resolved", f"on: {on}") for name, on in rules.items()
    )
    assert [fault.split(": ")[1] for fault in check(policy(add=added), directory())] == [
        "duties.one.on",
        "duties.other.on",
    ]
