"""The facts of a change to the directory: one, or as many as it takes for each to fit a message. Pure.

Invariant: their changes, in the order of the parts, are those of the change; only the first tells whom it
touches.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from shared.directory.change_facts import Change, DirectoryChange
from shared.facts import Fact
from shared.standing import DIRECTORY_CASE
from shared.subjects import fact_subject
from shared.vocabulary import Kind

SOURCE = "/services/intake"
FITS = 400_000
"""Bytes of changes in one fact; beside them stand at most 300 people who are told, and the broker takes
messages of 1 MB.
"""


@dataclass(frozen=True)
class ChangeFact:
    id: str
    subject: str
    raw: bytes


def facts_of(change: DirectoryChange, change_id: str, at: datetime) -> list[ChangeFact]:
    pieces = list(_pieces(change.changes))
    return [
        _fact(
            change.model_copy(
                update={
                    "changes": changes,
                    "part": part,
                    "parts": len(pieces),
                    "telling": change.telling if part == 1 else None,
                }
            ),
            fact_id(change_id, part),
            at,
        )
        for part, changes in enumerate(pieces, 1)
    ]


def fact_id(change_id: str, part: int) -> str:
    return change_id if part == 1 else f"{change_id}.{part}"


def _fact(change: DirectoryChange, fact_id: str, at: datetime) -> ChangeFact:
    # About the directory's case where somebody is to be told, about no case where nobody is.
    case = DIRECTORY_CASE if change.telling else None
    raw = Fact.bytes_of(Kind.DIRECTORY_CHANGED, id=fact_id, source=SOURCE, subject=case, time=at, data=change)
    return ChangeFact(fact_id, fact_subject(case or change.version, Kind.DIRECTORY_CHANGED), raw)


def _pieces(changes: tuple[Change, ...]) -> Iterator[tuple[Change, ...]]:
    piece: list[Change] = []
    size = 0
    for change in changes:
        takes = len(change.model_dump_json(exclude_none=True).encode())
        if piece and size + takes > FITS:
            yield tuple(piece)
            piece, size = [], 0
        piece.append(change)
        size += takes
    yield tuple(piece)
