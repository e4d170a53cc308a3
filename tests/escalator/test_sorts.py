"""A rule is looked at for every sort of matter it tells apart, and for no other."""

from services.escalator.policy.sorts import sorts_of
from shared.vocabulary import Level
from tests.unit.policy_given import policy

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
    (only,) = sorts_of(policy(add=RULE.replace("@levels.{level}.report", "@half_hour.within")).document, "extra")
    assert (only.level, only.sensitive, only.category, only.topic) == (None, False, None, None)
