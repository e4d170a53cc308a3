"""The chain of beacons as a picture: who was called because of whom, when, by which way, and whether they
answered. Each person is a row of a time line.

Invariant: a pure reading of the case, like its view. What lies outside the span that is drawn stands at the
edge with its time; nobody who was called is left out without a word.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from services.intake.desk.lights import LitView, PersonLight, lit_view, most_hopeful
from shared.case import Case, Duty, Lit
from shared.ids import PersonId
from shared.web.names import Names

ROWS_DRAWN = 40
LEAST_SPAN = timedelta(seconds=10)
LIMITS_DRAWN = 2
"""The time line ends at twice the time to that limit, so that an answer of days later does not squeeze
the half hour.
"""


@dataclass(frozen=True, slots=True)
class Beacon:
    """A person's row. `start` and `end`: where their bar begins and ends, in hundredths of the width."""

    number: int
    lit: LitView
    called_at: datetime
    start: float
    end: float
    lit_by: tuple[int, ...]
    """Rows of those whose silence had this person called: whoever owed it, or the contact before."""


@dataclass(frozen=True, slots=True)
class BeaconLimit:
    at: datetime
    x: float


@dataclass(frozen=True, slots=True)
class BeaconPicture:
    """`began`: when the case was opened, the left edge of the time line; `ends`: its right edge."""

    rows: tuple[Beacon, ...]
    began: datetime
    ends: datetime
    limit: BeaconLimit | None
    """That of most duties for which somebody was called."""
    left_out: int
    """People who were called and are not drawn."""


def beacon_picture(case: Case, names: Names, now: datetime) -> BeaconPicture | None:
    """None where nobody was called."""
    calls: dict[PersonId, list[tuple[Lit, Duty]]] = {}
    lit_by: dict[PersonId, set[PersonId]] = {}
    limits: list[datetime] = []
    for duty in case.duties:
        for lit in duty.lit:
            calls.setdefault(lit.person, []).append((lit, duty))
        for before, lit in pairwise(duty.lit):
            if lit.person not in (duty.bearer, before.person):
                lit_by.setdefault(lit.person, set()).add(before.person)
        if duty.lit:
            limits.append(duty.due_at)
    if not calls:
        return None
    called_at = {person: min(lit.at for lit, _ in own) for person, own in calls.items()}
    people = sorted(calls, key=lambda person: (person in lit_by, called_at[person]))
    drawn = {person: row for row, person in enumerate(people[:ROWS_DRAWN])}
    views = {person: _view(calls[person], names) for person in drawn}
    began = min(case.opened_at, *called_at.values())
    limit = Counter(sorted(limits)).most_common(1)[0][0]
    ends = _end(began, limit, [_until(view, now) for view in views.values()])

    def place(at: datetime) -> float:
        return round(100 * min(max((at - began) / (ends - began), 0.0), 1.0), 2)

    return BeaconPicture(
        rows=tuple(
            Beacon(
                number=number,
                lit=views[person],
                called_at=called_at[person],
                start=place(called_at[person]),
                end=place(_until(views[person], now)),
                lit_by=tuple(sorted(drawn[before] for before in lit_by.get(person, ()) if before in drawn)),
            )
            for person, number in drawn.items()
        ),
        began=began,
        ends=ends,
        limit=BeaconLimit(limit, place(limit)) if limit <= ends else None,
        left_out=len(people) - len(drawn),
    )


def _view(calls: Sequence[tuple[Lit, Duty]], names: Names) -> LitView:
    return most_hopeful(lit_view(lit, duty, names, logs_calls=False) for lit, duty in calls)


def _until(view: LitView, now: datetime) -> datetime:
    """When this person's wait ended, or now."""
    if view.light is PersonLight.WAITING:
        return max(now, view.at)
    return view.since or view.at


def _end(began: datetime, limit: datetime, untils: Sequence[datetime]) -> datetime:
    latest = max(*untils, limit, began + LEAST_SPAN)
    return min(latest, max(began + (limit - began) * LIMITS_DRAWN, began + LEAST_SPAN))
