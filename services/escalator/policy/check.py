"""What a person overlooks in a policy that parses: names nobody has, chains that end dark, limits nobody can
keep, rules nobody reaches.

Invariant: every rule is looked at as it stands for every sort of matter it tells apart, by the same reading
that decides.
"""

from datetime import datetime

from services.escalator.policy.book import Policy
from services.escalator.policy.check_names import (
    names_are_known,
    tells_are_known,
    triggers_and_acts_are_known,
)
from services.escalator.policy.check_reach import (
    everything_is_reached,
    measures_are_reached,
    no_circle_of_rules,
    no_report_is_missing,
    what_is_listed_is_judged,
)
from services.escalator.policy.check_roll_call import roll_calls_are_gentle
from services.escalator.policy.check_terms import calendar_is_known, chains_fit_their_limits, terms_make_sense
from services.escalator.policy.findings import Findings, examine
from shared.directory import Directory
from shared.message import Sayable

CHECKS = (
    names_are_known,
    tells_are_known,
    triggers_and_acts_are_known,
    terms_make_sense,
    chains_fit_their_limits,
    everything_is_reached,
    what_is_listed_is_judged,
    no_circle_of_rules,
    measures_are_reached,
    no_report_is_missing,
    roll_calls_are_gentle,
)


def findings(policy: Policy, directory: Directory, at: datetime | None = None) -> Findings:
    """All that is wrong or doubtful with this directory; `at`: from when on the policy would be worked by,
    for the calendar.
    """
    findings = examine(policy, directory)
    for each in CHECKS:
        each(findings)
    if at is not None:
        calendar_is_known(findings, at)
    return findings


def check(policy: Policy, directory: Directory) -> list[Sayable]:
    """What keeps the policy from being followed with this directory: one `file:line: path: what; remedy` a
    fault.
    """
    return findings(policy, directory).faults
