"""By which policy and directory a fact is decided.

Invariant: a case is decided under the policy it began under, whatever came into force since; a new one under the policy in force
at the broker's time of its first fact, and so is what is watched without a report (`established`), which never ends.
"""

from collections.abc import Callable
from datetime import datetime

from services.escalator.draft import Rules
from services.escalator.policy.book import Policy
from services.escalator.policy.store import Policies
from shared.case import Case
from shared.directory import Directory
from shared.vocabulary import Kind


class UnknownPolicyError(LookupError):
    """The case began under a policy that this replica does not have (yet)."""


class RuleBook:
    def __init__(self, policies: Policies, directory: Callable[[], Directory]) -> None:
        self.policies, self.directory = policies, directory
        self._last: Rules | None = None

    def rules_for(self, case: Case | None, kind: str, now: datetime) -> Rules:
        """Raises UnknownPolicyError."""
        if case is None or kind == Kind.ESTABLISHED:
            return self._rules(self.policies.in_force(now))
        try:
            return self._rules(self.policies.by_label(case.policy))
        except KeyError:
            raise UnknownPolicyError(
                f"the case began under policy {case.policy}, which is not in the bucket POLICIES: put the bucket back, "
                "then hand the fact in again; the record has it"
            ) from None

    def _rules(self, policy: Policy) -> Rules:
        last, directory = self._last, self.directory()
        if last is None or last.policy is not policy or last.directory is not directory:
            last = self._last = Rules(policy, directory)
        return last
