"""Pages of a list that has a revision: `limit` entries from the place on that the page before names in
`next`.

Invariant: the pages of a walk show one revision; where it has changed meanwhile the walk is told to begin
again, never given a list with a hole. A list that fits one page has no `next`.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query

from shared.message import N_, said
from shared.problems import Problem, invalid

MOST = 1_000
Limit = Annotated[
    int,
    Query(
        ge=1,
        le=MOST,
        description="entries of this page; where more follow, `next` is the `cursor` of the next page",
    ),
]
_PLACE = re.compile(r"([0-9]{1,18})\|([0-9]{1,18})")


@dataclass(frozen=True)
class PageWindow:
    """The part of a list that a page shows."""

    start: int
    limit: int
    revision: int

    @classmethod
    def of(cls, cursor: str | None, limit: int, revision: int) -> "PageWindow":
        """Problem 422 for a cursor that is not ours, 409 for one of another revision."""
        if cursor is None:
            return cls(0, limit, revision)
        before, start = _place(cursor)
        if before != revision:
            detail = said(
                N_(
                    "The page before was of revision %(before)s, and now it is %(revision)s: begin again, without a cursor."
                ),
                before=before,
                revision=revision,
            )
            raise Problem(409, N_("Changed meanwhile"), detail)
        return cls(start, limit, revision)

    @property
    def end(self) -> int:
        return self.start + self.limit

    def next(self, count: int) -> dict[str, str]:
        """What the answer says of the page after this one, in a list of `count`."""
        return {"next": _cursor(self.revision, self.end)} if count > self.end else {}


def _cursor(revision: int, start: int) -> str:
    return base64.urlsafe_b64encode(f"{revision}|{start}".encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[int, int]:
    try:
        place = _PLACE.fullmatch(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode())
    except (binascii.Error, ValueError):
        place = None
    if place is None:
        raise invalid(
            [("cursor", N_("is not one of ours: take `next` of the page before, or leave it out"))],
            N_("query"),
        )
    return int(place[1]), int(place[2])
