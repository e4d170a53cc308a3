"""What a reader did, in words: the routes of the audit as people would call what they ask.

Invariant: pure, and forgiving: a route that has no words here is shown as it is.
"""

from collections.abc import Mapping

from shared.facts import Frozen
from shared.facts.body import FactBody
from shared.language.catalogue import N_

_SEARCHED = N_("searched the trail")
_RECORD = N_("looked at a record")
_PROOF = N_("took a record's proof")
_FILE = N_("opened a file of a record")
_CASE = N_("followed a case")
_EVIDENCE = N_("took a case's evidence away")
_NOTICE = N_("drew up the public notice of a case")
_REVIEW = N_("took the review of an event away")
_REPORT = N_("looked at a report")
_FIGURE = N_("looked at the records behind a figure")
_ANALYSIS = N_("took an analysis away")
_CASE_BULLETIN = N_("took a bulletin of cases away")
_BULLETIN = N_("took a price bulletin away")
_STATE = N_("looked how the trail stands")
_KEEPING = N_("looked at holds and erasures")

ROUTES: Mapping[str, str] = {
    "/": _SEARCHED,
    "/api/v1/trail/entries": _SEARCHED,
    "/api/v1/trail/export": N_("exported records"),
    "/records/{index}": _RECORD,
    "/api/v1/trail/entries/{index}": _RECORD,
    "/records/{index}/proof": _PROOF,
    "/records/{index}/files/{sha256}": _FILE,
    "/cases/{case}": _CASE,
    "/api/v1/cases/{case_id}/timeline": _CASE,
    "/api/v1/cases/{case_id}/story": _CASE,
    "/api/v1/cases/{case_id}/bundle": _EVIDENCE,
    "/api/v1/cases/{case_id}/evidence": _EVIDENCE,
    "/api/v1/cases/{case_id}/public-notice": _NOTICE,
    "/api/v1/cases/{case_id}/review": _REVIEW,
    "/reports/{name}": _REPORT,
    "/reports/records": _FIGURE,
    "/api/v1/reports/records": _FIGURE,
    "/reports/analysis": _ANALYSIS,
    "/api/v1/reports/analysis": _ANALYSIS,
    "/api/v1/reports/case-bulletin": _CASE_BULLETIN,
    "/api/v1/reports/price-bulletin": _BULLETIN,
    "/api/v1/trail/state": _STATE,
    "/api/v1/trail/holds": _KEEPING,
    "/api/v1/trail/redactions": _KEEPING,
}
_REPORTS = "/api/v1/reports/"
_FURTHER = N_("further questions")


class ReadLine(Frozen):
    """What a reader asked for, as often as it was asked."""

    words: str
    """A message of the catalogue, or the route itself."""
    times: int
    records: int


def words_of(route: str) -> str:
    """`route`: `GET /records/{index}`."""
    path = route.removeprefix("GET ")
    return ROUTES.get(path) or (_REPORT if path.startswith(_REPORTS) else route)


def read_lines(read: FactBody) -> tuple[ReadLine, ...]:
    """The questions of a `read` fact, those of the same words together. Questions that the fact counts without
    listing them are the last line.
    """
    lines: dict[str, ReadLine] = {}
    for reading in read.parts("readings"):
        words = words_of(reading.text("route") or "")
        line = lines.get(words, ReadLine(words=words, times=0, records=0))
        lines[words] = ReadLine(
            words=words,
            times=line.times + int(reading.number("times") or 1),
            records=line.records + int(reading.number("records") or 0),
        )
    if more := int(read.number("more") or 0):
        listed = sum(line.records for line in lines.values())
        records = max(0, int(read.number("records") or 0) - listed)
        lines[_FURTHER] = ReadLine(words=_FURTHER, times=more, records=records)
    return tuple(lines.values())
