"""A fact that was stored twice under one id is decided on once. Pure.

Invariant: the case itself knows what it has taken in, for as long as it lives: the broker forgets ids after
an hour, and in the first moment after a restart. What can do no harm twice (a clock that struck, what became
of a delivery) is not kept.
"""

from base64 import urlsafe_b64encode
from datetime import datetime
from hashlib import sha256

from msgspec.structs import replace

from shared.case import Applied, Case
from shared.facts import About, Decision, Fact
from shared.vocabulary import Kind

MOST = 2_000
"""Ids kept of a case, some 15 bytes each: of one that has taken in more, the oldest are forgotten first."""
DO_NO_HARM_TWICE = frozenset({Kind.DUE, Kind.DELIVERED, Kind.FAILED})


def is_repeat(case: Case, fact: Fact) -> bool:
    return (
        fact.id == case.applied.id or _digest(fact.id) in case.taken
        if fact.kind not in DO_NO_HARM_TWICE
        else False
    )


def with_it(case: Case, fact: Fact) -> tuple[str, ...]:
    """The ids of `case`, and that of the fact it now takes in."""
    return case.taken if fact.kind in DO_NO_HARM_TWICE else (*case.taken, _digest(fact.id))[-MOST:]


def passed_over(case: Case, fact: Fact, sequence: int, now: datetime) -> tuple[Case, Decision]:
    """The case has moved past the repeat; nothing comes of it."""
    about = About(id=fact.id, kind=fact.kind, sequence=sequence, time=now)
    nothing = Decision(case=case.id, about=about, policy=case.policy)
    return replace(case, applied=Applied(id=fact.id, sequence=sequence, at=now), decision=nothing), nothing


def _digest(fact_id: str) -> str:
    return urlsafe_b64encode(sha256(fact_id.encode()).digest()[:9]).decode()
