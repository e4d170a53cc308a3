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
from shared.fault_texts import Fault
from shared.http_fields import Cursor
from shared.message import N_, Said, listed, marked, said
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
            words = listed(
                said(N_("%(field)s: %(what)s"), field=field, what=marked(what)) for field, what in faults
            )
            raise Problem(
                422,
                N_("Invalid request"),
                said(N_("Correct the criteria and ask again. %(words)s."), words=words),
                errors=faults,
            )
        asked = Filter(**{name: getattr(self, name) for name in Filter.model_fields})
        return asked if self.unit is not None else asked.model_copy(update={"under": False})


def _faults(query: EntriesQuery) -> Iterator[Fault]:
    for name, choices in _CLOSED.items():
        value = getattr(query, name)
        if value is not None and value not in choices:
            yield name, _unknown(value, choices)
    if query.case is not None and not _CASE.fullmatch(query.case):
        yield "case", N_("no case has such an id: letters, digits, - and _, at most 64")
    if query.area is not None and not _AREA.fullmatch(query.area):
        yield "area", N_("give a division's code, as 620622, or the digits it begins with, at least two")
    if query.text is not None and not search_terms.normal(query.text):
        yield "text", N_("it is empty: leave it out, or give a piece of the words")
    if query.text is not None and len(query.text) > _TEXT_LIMIT:
        yield "text", said(N_("it is longer than %(most)s letters: give a part of it"), most=_TEXT_LIMIT)
    if query.lapse is False and query.lapse_of is not None:
        yield "lapse_of", N_("it contradicts lapse=false: leave one of the two out")
    yield from _spans(query)


def _spans(query: EntriesQuery) -> Iterator[Fault]:
    for first, last in (("since", "until"), ("claimed_since", "claimed_until")):
        begin, end = getattr(query, first), getattr(query, last)
        bare = [name for name, at in ((first, begin), (last, end)) if at is not None and at.tzinfo is None]
        yield from ((name, said(N_("it has no offset: %(offset)s"), offset=_OFFSET)) for name in bare)
        if not bare and begin is not None and end is not None and end < begin:
            yield last, said(N_("it lies before %(first)s: exchange the two"), first=first)


def _unknown(value: str, choices: tuple[str, ...]) -> Said:
    near = get_close_matches(value.casefold(), choices, n=3) or [
        choice for choice in choices if choice.casefold() == value.casefold()
    ]
    if near:
        return said(
            N_("there is no %(value)s: did you mean %(near)s?"),
            value=repr(value[:60]),
            near=tuple(near),
        )
    return said(N_("there is no %(value)s: take one of %(choices)s"), value=repr(value[:60]), choices=choices)
