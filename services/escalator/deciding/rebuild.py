"""A case made again from the record: its facts, decided one after the other as they were then. Pure.

Invariant: what stands on record counts. A fact is decided by what it was decided by: the policy, the
directory and our outages of then. Where its decision on record is another one all the same, that is said, and
nothing goes out for it a second time. What was set aside while the case could not be read is decided now,
late rather than never, and only such decisions are new.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from services.escalator.deciding.bare_case import decide_somehow
from services.escalator.deciding.draft import Rules
from shared.case import Case
from shared.facts import Clock, Decision, Fact
from shared.vocabulary import Kind


class AuthenticFact(NamedTuple):
    """An authentic fact as it is stored."""

    fact: Fact
    sequence: int
    at: datetime


RulesFor = Callable[[Case | None, AuthenticFact, Decision | None], Rules]
"""By which rules a fact about the case (None: it is new) is decided; with its decision where one is on
record.
"""


@dataclass(frozen=True)
class History:
    """What the record has about one case."""

    facts: Sequence[AuthenticFact]
    """Those that are decided on, in their order."""
    decisions: Mapping[int, Decision]
    """By the sequence of the fact decided on."""
    aside: Set[int]
    """Sequences of facts that were set aside as the case could not be read."""


@dataclass(frozen=True)
class Rebuilt:
    case: Case
    unsent: tuple[Decision, ...]
    """On facts that were set aside: never made before."""
    differing: tuple[int, ...]
    """Facts that are decided otherwise now than on record."""
    skipped: tuple[int, ...]
    """Facts that can't be decided on."""


def rebuild(start: Case | None, history: History, until: int, rules_for: RulesFor) -> Rebuilt | None:
    """The case after the last fact below sequence `until`, or the last one decided on if that is later;
    `start`: as it stood at some earlier fact. None where the record has nothing to begin it with. What
    `rules_for` raises comes through.
    """
    until = max([until, *(sequence + 1 for sequence in history.decisions)])
    case, unsent, differing, skipped = start, list[Decision](), list[int](), list[int]()
    for entry in history.facts:
        if entry.sequence >= until or (case is not None and entry.sequence <= case.applied.sequence):
            continue
        on_record = history.decisions.get(entry.sequence)
        rules = rules_for(case, entry, on_record)
        try:
            after, decision = rearmed(
                *decide_somehow(case, entry.fact, entry.sequence, entry.at, rules), entry.fact
            )
        except Exception:
            skipped.append(entry.sequence)
            continue
        if on_record is not None:
            if on_record != decision:
                differing.append(entry.sequence)
            after = replace(after, decision=on_record)
        elif entry.sequence in history.aside and not decision.is_empty:
            unsent.append(decision)
        elif not decision.is_empty:
            # It brought about nothing then, or the record would say so.
            differing.append(entry.sequence)
            after = replace(after, decision=replace(decision, effects=(), notices=(), clock=None, sends=()))
        case = after
    return None if case is None else Rebuilt(case, tuple(unsent), tuple(differing), tuple(skipped))


def rearmed(after: Case, decision: Decision, fact: Fact) -> tuple[Case, Decision]:
    """A clock that struck is gone from the broker: where its case keeps the same moment, it is armed again
    all the same.
    """
    if fact.kind != Kind.DUE or decision.clock is not None or after.clock_at is None:
        return after, decision
    decision = replace(decision, clock=Clock(at=after.clock_at, duty=after.clock_duty))
    return replace(after, decision=decision), decision
