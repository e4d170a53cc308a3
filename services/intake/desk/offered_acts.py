"""The acts to offer on a case: those that the reader may do and that its state allows.

Invariant: nothing is decided here; an act that isn't offered may still be done over the interface, and the
escalator says what it makes of it. What a duty that is owed waits for is always offered.
"""

from collections.abc import Iterator

from shared.acts import ACTS
from shared.acts.states import owed
from shared.case import Case
from shared.ids import PersonId
from shared.vocabulary import CASE_ACTS, Kind


def offered(case: Case, can: frozenset[Kind], person: PersonId | None) -> frozenset[Kind]:
    """`can`: what the reader may do at all; `person`: who reads."""
    waited_for = awaited(case)
    fitting = {
        kind
        for kind in can & ACTS.keys()
        if ACTS[kind].fits(case) or (kind in waited_for and not ACTS[kind].needs_its_object)
    }
    if _was_called(case, person):
        fitting.add(Kind.CONTESTED)
    return can & (fitting | {Kind.ACKNOWLEDGED})


def documents_wanted(case: Case) -> tuple[str, ...]:
    """The documents that duties still owed wait for, the next due first."""
    wanted = (name.partition(".")[2] for name in _waited_for(case) if name.startswith("filed."))
    return tuple(dict.fromkeys(wanted))


def awaited(case: Case) -> frozenset[Kind]:
    """The acts that would end a duty still owed."""
    names = {name.partition(".")[0] for name in _waited_for(case)}
    return frozenset(kind for kind in CASE_ACTS if kind.value in names)


def _was_called(case: Case, person: PersonId | None) -> bool:
    """Somebody wrote down a call to this person, and nobody has answered or contested it yet: only who was
    called can say that they were not.
    """
    calls = (call for call in case.calls if call.person == person)
    return any(call.contested_at is None and call.answered_at is None for call in calls)


def _waited_for(case: Case) -> Iterator[str]:
    for duty in sorted(owed(case), key=lambda duty: duty.due_at):
        yield from case.plan_of(duty).discharged_by
