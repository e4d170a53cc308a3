"""By which policy and directory a fact is decided, and what is known of our own outages then.

Invariant: a case is decided under the policy it began under, whatever came into force since; a new one under
the policy in force at the broker's time of its first fact, and so is what is watched without a report
(`established`), which never ends.
"""

from datetime import datetime

from services.escalator.deciding.draft import Rules
from services.escalator.policy.book import Policy
from services.escalator.policy_store.store import Policies
from shared.case import Case
from shared.directory import Directory
from shared.directory.live import LiveDirectory
from shared.facts import Decision, Outage, Reason
from shared.facts.authors import Author
from shared.pulse import Pulses
from shared.vocabulary import Kind

LOOKED_THROUGH = (Author.ESCALATOR, Author.INTAKE, Author.NOTIFIER, Author.AUDIT, Author.BROKER)
"""Of several outages at one moment the first counts: of those that pulses tell, then what the clock that
struck late tells itself.
"""


class UnknownPolicyError(LookupError):
    """The case began under a policy that this replica does not have (yet)."""


class RuleBook:
    def __init__(self, policies: Policies, directory: LiveDirectory, pulses: Pulses | None = None) -> None:
        self.policies, self.directory, self._pulses = policies, directory, pulses
        self._last: Rules | None = None

    def rules_for(self, case: Case | None, kind: str, now: datetime) -> Rules:
        """Raises UnknownPolicyError."""
        if case is None or kind == Kind.ESTABLISHED:
            return self._rules(self.policies.in_force(now), now)
        return self.rules_of(case.policy, now)

    def rules_of(self, label: str, now: datetime) -> Rules:
        """Those of the policy with this label. Raises UnknownPolicyError."""
        return self._rules(self._policy(label), now)

    def rules_then(self, decision: Decision, directory: Directory | None) -> Rules:
        """By which the decision was made: its policy, the `directory` of then (None: it is not on record,
        that of now is taken), and of our outages those that it names, for no other told then. Raises
        UnknownPolicyError.
        """
        return Rules(
            self._policy(decision.policy),
            directory or self.directory.now,
            outages_named(decision),
            decision.directory,
            grave_case=next(
                (effect.case for effect in decision.effects if effect.why == Reason.ROLL_CALL_PUT_OFF), None
            ),
            is_match_awaited=any(effect.why == Reason.STILL_BEING_MATCHED for effect in decision.effects),
        )

    def _policy(self, label: str) -> Policy:
        try:
            return self.policies.by_label(label)
        except KeyError:
            raise UnknownPolicyError(
                f"the case began under policy {label}, which is not in the bucket POLICIES: put the bucket back, "
                "then hand the fact in again; the record has it"
            ) from None

    def _rules(self, policy: Policy, now: datetime) -> Rules:
        last, directory, outages = (
            self._last,
            self.directory.now,
            self._pulses.outages(now) if self._pulses is not None else (),
        )
        if (
            last is None
            or last.policy is not policy
            or last.directory is not directory
            or last.outages != outages
        ):
            last = self._last = Rules(policy, directory, outages, self.directory.revision)
        return last

    async def settled(self, now: datetime) -> None:
        """Wait until it is known who of us was away at `now`."""
        if self._pulses is not None:
            await self._pulses.settled(now)


def outages_named(decision: Decision) -> tuple[Outage, ...]:
    """In the order in which they are looked through."""
    named = {effect.outage for effect in decision.effects if effect.outage is not None}
    return tuple(sorted(named, key=lambda outage: (LOOKED_THROUGH.index(outage.of), outage.since)))
