"""What a reader did, in words: the routes of the audit as people would call what they ask.

Invariant: pure, and forgiving: a route that has no words here is shown as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from shared.language.catalogue import N_

_SEARCHED = N_("searched the trail")
_RECORD = N_("looked at a record")
_PROOF = N_("took a record's proof")
_CASE = N_("followed a case")
_EVIDENCE = N_("took a case's evidence away")
_NOTICE = N_("drew up the public notice of a case")
_REPORT = N_("looked at a report")
_FIGURE = N_("looked at the records behind a figure")
_ANALYSIS = N_("took an analysis away")
_STATE = N_("looked how the trail stands")
_KEEPING = N_("looked at holds and erasures")

ROUTES: Mapping[str, str] = {
    "/": _SEARCHED,
    "/api/v1/trail/entries": _SEARCHED,
    "/api/v1/trail/export": N_("exported records"),
    "/records/{index}": _RECORD,
    "/api/v1/trail/entries/{index}": _RECORD,
    "/records/{index}/proof": _PROOF,
    "/cases/{case}": _CASE,
    "/api/v1/cases/{case_id}/timeline": _CASE,
    "/api/v1/cases/{case_id}/bundle": _EVIDENCE,
    "/api/v1/cases/{case_id}/evidence": _EVIDENCE,
    "/api/v1/cases/{case_id}/public-notice": _NOTICE,
    "/reports/{name}": _REPORT,
    "/reports/records": _FIGURE,
    "/api/v1/reports/records": _FIGURE,
    "/reports/analysis": _ANALYSIS,
    "/api/v1/reports/analysis": _ANALYSIS,
    "/api/v1/trail/state": _STATE,
    "/api/v1/trail/holds": _KEEPING,
    "/api/v1/trail/redactions": _KEEPING,
}
_REPORTS = "/api/v1/reports/"
_PART = re.compile(r"(GET \S+) ×(\d+), (\d+) records")


@dataclass(frozen=True)
class ReadLine:
    """`words`: a message of the catalogue, or the route itself."""

    words: str
    times: int
    records: int


def words_of(route: str) -> str:
    """`route`: `GET /records/{index}`."""
    path = route.removeprefix("GET ")
    return ROUTES.get(path) or (_REPORT if path.startswith(_REPORTS) else route)


def in_words(summary: str | None) -> tuple[ReadLine, ...]:
    """The line a `read` fact is found by; empty where it is written otherwise."""
    parts = [_PART.fullmatch(part) for part in (summary or "").split("; ")]
    readings = [(words_of(part[1]), int(part[2]), int(part[3])) for part in parts if part is not None]
    if len(readings) < len(parts):
        return ()
    together: dict[str, ReadLine] = {}
    for words, times, records in readings:
        known = together.get(words, ReadLine(words, 0, 0))
        together[words] = ReadLine(words, known.times + times, known.records + records)
    return tuple(together.values())
