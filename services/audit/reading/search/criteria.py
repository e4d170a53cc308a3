"""What may be asked of the trail, as it comes over HTTP: every criterion, and which page.

Invariant: a criterion that can have no answer is refused with its name and what to write instead; nothing is
guessed or left out.
"""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated

from fastapi import Query

from services.audit.reading.views import Filter, Order
from services.audit.records import search_terms
from services.audit.records.fields import GAP, UNTRUSTED
from shared.facts.bounds import AnyTime
from shared.http_fields import Cursor
from shared.message import N_, said
from shared.problems import Problem
from shared.vocabulary import Category, Kind, Level

KINDS, LEVELS, CATEGORIES = (
    (*map(str, Kind), GAP, UNTRUSTED),
    tuple(map(str, Level)),
    tuple(map(str, Category)),
)
_CLOSED = {"kind": KINDS, "level": LEVELS, "category": CATEGORIES}
_CASE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_AREA = re.compile(r"\d{2,12}")
_TEXT_LIMIT = 200
_OFFSET = "give an offset, as in 2026-11-01T08:00:00+08:00"
Times = Annotated[AnyTime | None, Query(description="with an offset")]


class EntriesQuery(Filter):
    """The criteria, and which page. `unit` includes the units under it unless `under=false`."""

    under: bool = True
    cursor: Cursor | None = None
    limit: Annotated[int, Query(ge=1, le=500)] = 50
    order: Order = Order.NEWEST
    since: Times = None
    until: Times = None
    claimed_since: Times = None
    claimed_until: Times = None

    def filter(self) -> Filter:
        """Raises Problem."""
        if faults := list(_faults(self)):
            words = "; ".join(f"{field}: {message}" for field, message in faults)
            raise Problem(
                422,
                N_("Invalid request"),
                said(N_("Correct the criteria and ask again. %(words)s."), words=words),
                errors=faults,
            )
        asked = Filter(**{name: getattr(self, name) for name in Filter.model_fields})
        return asked if self.unit is not None else asked.model_copy(update={"under": False})


def _faults(query: EntriesQuery) -> Iterator[tuple[str, str]]:
    for name, choices in _CLOSED.items():
        value = getattr(query, name)
        if value is not None and value not in choices:
            yield name, _unknown(value, choices)
    if query.case is not None and not _CASE.fullmatch(query.case):
        yield "case", "no case has such an id: letters, digits, - and _, at most 64"
    if query.area is not None and not _AREA.fullmatch(query.area):
        yield "area", "give a division's code, as 620622, or the digits it begins with, at least two"
    if query.text is not None and not search_terms.normal(query.text):
        yield "text", "it is empty: leave it out, or give a piece of the words"
    if query.text is not None and len(query.text) > _TEXT_LIMIT:
        yield "text", f"it is longer than {_TEXT_LIMIT} letters: give a part of it"
    if query.lapse is False and query.lapse_of is not None:
        yield "lapse_of", "it contradicts lapse=false: leave one of the two out"
    yield from _spans(query)


def _spans(query: EntriesQuery) -> Iterator[tuple[str, str]]:
    for first, last in (("since", "until"), ("claimed_since", "claimed_until")):
        begin, end = getattr(query, first), getattr(query, last)
        bare = [name for name, at in ((first, begin), (last, end)) if at is not None and at.tzinfo is None]
        yield from ((name, f"it has no offset: {_OFFSET}") for name in bare)
        if not bare and begin is not None and end is not None and end < begin:
            yield last, f"it lies before {first}: exchange the two"


def _unknown(value: str, choices: tuple[str, ...]) -> str:
    near = get_close_matches(value.casefold(), choices, n=3) or [
        choice for choice in choices if choice.casefold() == value.casefold()
    ]
    return f"there is no {value[:60]!r}: " + (
        f"did you mean {' or '.join(near)}?" if near else f"take one of {', '.join(choices)}"
    )
