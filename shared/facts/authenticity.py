"""Whether a message of FACTS is what it claims to be: said by an author of its kind, about its case, in its
own words. Pure.

Invariant: subject, headers and envelope agree, else the message is no fact: nobody decides on it, and every
reader says so by this one function. The right to write one subject is not the right to write another; and who
may ask the broker something can have the answer stored on any subject, but such an answer carries `Nats-*`
headers that no author sets.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from shared.facts.acts import BY_REPLY
from shared.facts.authors import (
    ABOUT_NO_CASE,
    AUTHORS,
    OF_A_SOURCE,
    PERHAPS_ABOUT_A_CASE,
    SAID_BY_SOURCES,
    SOURCES,
    Author,
)
from shared.facts.distrust import Distrust
from shared.facts.envelope import TYPE_PREFIX, Fact
from shared.formats import refuse_newer
from shared.ids import CaseId
from shared.streams import CLOCKS, FACTS
from shared.subjects import LANES, armed_subject, lane_of
from shared.vocabulary import Kind

MESSAGE_ID = "Nats-Msg-Id"
_BROKERS_OWN = "nats-"
_STREAM = "Nats-Expected-Stream"
_OF_A_FACT = frozenset({MESSAGE_ID, _STREAM})
_SCHEDULER, _SOURCED = "Nats-Scheduler", "Nats-Stream-Source"
_OF_A_CLOCK = frozenset({_SCHEDULER, "Nats-Schedule-Next", "Nats-TTL", _SOURCED})
"""What the broker adds to a clock that struck: the schedule it came from, its term in CLOCKS, and the way
from there to FACTS.
"""
_OF_A_DIRECT_GET = frozenset(
    {
        "Nats-Stream",
        "Nats-Subject",
        "Nats-Sequence",
        "Nats-Time-Stamp",
        "Nats-Num-Pending",
        "Nats-Last-Sequence",
        "Nats-UpTo-Sequence",
    }
)


def as_stored(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a message fetched by a direct get, without those that this answer carries itself. A
    forgery made of such an answer can't be told apart then but by what it lacks: whoever decides reads what a
    durable hands out.
    """
    return {name: value for name, value in headers.items() if name not in _OF_A_DIRECT_GET}


def is_a_brokers_answer(headers: Mapping[str, str]) -> bool:
    """Whether a message, as a consumer was handed it, is an answer of the broker that was let in where it
    lies.
    """
    return not _OF_A_DIRECT_GET.isdisjoint(headers)


class _Expected(NamedTuple):
    """What a message on one subject must be."""

    kind: Kind
    lane: int
    type: str
    sources: frozenset[str]
    by_a_source: bool
    may_name_a_case: bool
    may_name_none: bool


def _expected(lane: int, kind: Kind) -> _Expected:
    sources = frozenset(source for author in AUTHORS[kind] for source in SOURCES[author])
    return _Expected(
        kind,
        lane,
        type=f"{TYPE_PREFIX}{kind}.v1",
        sources=sources,
        by_a_source=kind in SAID_BY_SOURCES,
        may_name_a_case=kind not in ABOUT_NO_CASE,
        may_name_none=kind in ABOUT_NO_CASE or kind in PERHAPS_ABOUT_A_CASE,
    )


_BY_SUBJECT = {f"fact.{lane}.{kind}": _expected(lane, kind) for lane in range(LANES) for kind in AUTHORS}
_NOTIFIER = SOURCES[Author.NOTIFIER]
_BY_MESSAGE = frozenset({"link", *BY_REPLY})
# Python 3.11 looks a member up by its class ten times as slowly as a name.
_DUE, _HEARD, _ACKNOWLEDGED, _REPORTED = Kind.DUE, Kind.HEARD, Kind.ACKNOWLEDGED, Kind.REPORTED


def distrust(subject: str, headers: Mapping[str, str] | None, fact: Fact | None) -> Distrust | None:
    """Why the message on `subject` is no authentic fact; None where it is one. `fact`: its envelope, None
    where it is none. Raises NewerError for a fact of a newer format: it is not for this version to say.
    """
    refuse_newer(fact.model_extra if fact is not None else None)
    if fact is None:
        return Distrust.ENVELOPE if subject in _BY_SUBJECT else Distrust.SUBJECT
    found = _of_words(subject, fact.type, fact.source, fact.subject, fact.data)
    return found or _of_headers(subject, headers or {}, fact.subject, fact.id)


def distrust_envelope(
    subject: str, headers: Mapping[str, str] | None, envelope: Mapping[str, Any]
) -> Distrust | None:
    """The same of an envelope that was parsed and not checked; empty where it is none."""
    refuse_newer(envelope)
    return distrust_words(subject, envelope) or _of_headers(
        subject, headers or {}, envelope.get("subject"), envelope.get("id")
    )


def distrust_words(subject: str, envelope: Mapping[str, Any]) -> Distrust | None:
    """As far as subject and envelope alone show, for whoever has no headers (any more)."""
    get = envelope.get
    return _of_words(subject, get("type"), get("source"), get("subject"), get("data"))


def _of_words(subject: str, type_: object, source: object, case: object, data: object) -> Distrust | None:
    expected = _BY_SUBJECT.get(subject)
    if expected is None:
        return Distrust.SUBJECT
    if not isinstance(type_, str) or not isinstance(source, str) or not isinstance(data, dict):
        return Distrust.ENVELOPE
    if type_ != expected.type:
        return Distrust.KIND
    if case is None:
        if not expected.may_name_none:
            return Distrust.CASE
    elif not isinstance(case, str) or not case or not expected.may_name_a_case:
        return Distrust.CASE
    elif lane_of(case) != expected.lane:
        return Distrust.LANE
    if source not in expected.sources and not (expected.by_a_source and source.startswith(OF_A_SOURCE)):
        return Distrust.AUTHOR
    return None if _may_speak(expected.kind, source, data) else Distrust.ACTOR  # pyright: ignore[reportUnknownArgumentType]


def _may_speak(kind: Kind, source: str, data: Mapping[str, Any]) -> bool:
    """Whether the author can know that whom the fact names did it."""
    if source.startswith(OF_A_SOURCE):
        name = source.removeprefix(OF_A_SOURCE)
        return data.get("source") == name if kind is _HEARD else _principal(kind, data) == f"source:{name}"
    if kind is _ACKNOWLEDGED:
        by_link = data.get("via") in _BY_MESSAGE
        return (
            by_link and _principal(kind, data) == data.get("person") if source in _NOTIFIER else not by_link
        )
    return True


def _principal(kind: Kind, data: Mapping[str, Any]) -> object:
    if kind is _REPORTED:
        return data.get("reported_by")
    by = data.get("by")
    return by.get("principal") if isinstance(by, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]


def _of_headers(subject: str, headers: Mapping[str, str], case: object, id_: object) -> Distrust | None:
    is_clock = _BY_SUBJECT[subject].kind is _DUE
    allowed = _OF_A_CLOCK if is_clock else _OF_A_FACT
    for name in headers:
        if name not in allowed and name[:5].lower() == _BROKERS_OWN:
            return Distrust.HEADERS
    if not is_clock:
        if headers.get(_STREAM) != FACTS:
            # What another stream holds can't have named this one: the broker would have refused it there.
            return Distrust.HEADERS
        return None if headers.get(MESSAGE_ID) == id_ else Distrust.MESSAGE_ID
    struck = headers.get(_SCHEDULER) == armed_subject(CaseId(str(case))) and headers.get(
        _SOURCED, ""
    ).startswith(f"{CLOCKS} ")
    return None if struck else Distrust.HEADERS
