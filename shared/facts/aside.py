"""Setting a stored message aside: the `rejected` fact about it. Pure.

Invariant: the same message makes the same fact under the same id (`aside:<sequence>`), whoever sets it aside
and however often, and the fact always fits the broker's message. It is about the message's case where that
says one. Who sets what aside: the escalator what its lanes are handed, the notifier a decision it can't read,
the audit whatever else is no authentic fact. A message on a `rejected` subject is never set aside again, so
that nothing goes round in circles.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from shared.facts.cause import Cause
from shared.facts.distrust import Distrust
from shared.facts.envelope import Fact
from shared.facts.report import Rejection
from shared.ids import IS_CASE_ID, CaseId
from shared.streams import FACTS
from shared.subjects import LANES, fact_subject
from shared.vocabulary import ESCALATOR_KINDS, Kind

LARGEST_BODY = 64 * 1024
"""Bytes; of a larger message the fact has the place, the digest and the size alone: the record has it
whole.
"""
LARGEST_FACT = 1_000_000
"""Bytes; the broker takes 1 MB with the headers around it."""
FAULT_LIMIT, WORDS_LIMIT, HEADERS_LIMIT = 40, 300, 8_192
"""How much is said about a rejected message, so that the fact always fits the broker's 1 MB."""
_OF_THE_LANES = frozenset(f"fact.{lane}.{kind}" for lane in range(LANES) for kind in ESCALATOR_KINDS)
_REJECTED = f".{Kind.REJECTED}"


class Aside(NamedTuple):
    """Ready to be appended; fits the broker's message, whatever it is about."""

    subject: str
    raw: bytes
    id: str


class Odd(NamedTuple):
    """A message of FACTS that is to be set aside. `case`: what its envelope names as its subject."""

    subject: str
    sequence: int
    at: datetime
    data: bytes
    headers: Mapping[str, str]
    case: object


def aside_id(sequence: int) -> str:
    return f"aside:{sequence}"


def is_of_a_lane(subject: str) -> bool:
    """Whether the escalator is handed it, and so sets it aside itself."""
    return subject in _OF_THE_LANES


def may_be_set_aside(subject: str) -> bool:
    return not subject.endswith(_REJECTED)


def aside(
    odd: Odd,
    source: str,
    reason: str,
    *,
    cause: Cause,
    distrust: Distrust | None = None,
    errors: Iterable[tuple[str, str]] = (),
) -> Aside:
    """The fact about `odd`, said by `source`."""
    case = CaseId(odd.case) if isinstance(odd.case, str) and IS_CASE_ID.fullmatch(odd.case) else None
    digest = hashlib.sha256(odd.data).hexdigest()
    rejection = Rejection(
        subject=odd.subject[:WORDS_LIMIT],
        reason=reason[:WORDS_LIMIT],
        distrust=distrust,
        cause=cause,
        errors=tuple((name[:WORDS_LIMIT], fault[:WORDS_LIMIT]) for name, fault in [*errors][:FAULT_LIMIT]),
        headers=kept_headers(odd.headers),
        body=base64.b64encode(odd.data).decode() if len(odd.data) <= LARGEST_BODY else None,
        digest=digest,
        size=len(odd.data),
        case=case,
        sequence=odd.sequence,
        stream=FACTS,
    )
    fact_id = aside_id(odd.sequence)
    raw = Fact.bytes_of(Kind.REJECTED, id=fact_id, source=source, subject=case, time=odd.at, data=rejection)
    return Aside(fact_subject(case or digest, Kind.REJECTED), raw, fact_id)


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers up to a limit."""
    kept: dict[str, str] = {}
    room = HEADERS_LIMIT
    for name, value in headers.items():
        room -= len(name) + len(value)
        if room < 0:
            break
        kept[name] = value
    return kept
