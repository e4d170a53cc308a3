"""A case that outgrows a message: its long lists lie in parts beside it, in the same bucket. Pure, but for
`whole_case`.

Invariant: what stands under the case's own key decides; it names its parts by what they contain (key
`<case>.<digest>`), so that a part never changes and a reader has either all of one revision or none. Parts
are written before the case that names them and taken away after one that no longer does; what a crash leaves
in between is named by nobody. A case that fits a message is stored whole, as ever.

Put together, the parts give byte for byte a case as it would be stored whole: readers know no other form.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from shared.broker.stored import Ask, StoredMessage, value_of
from shared.case import Case, write_case
from shared.facts import Decision
from shared.ids import CaseId
from shared.kept_fields import Unknown, below, put_back
from shared.streams import CASES

WHOLE = 200_000
"""Bytes up to which a case is stored whole; every act writes all of them again."""
MANY = 400
"""Entries of all lists together from which on nobody tries whether the case still fits."""
RUN = 100
"""Entries of a list in one part: an act writes one anew where it changes one entry."""
LARGEST_PART = 500_000
LARGEST = 900_000
"""Bytes; the broker takes 1 MB with the envelope around it."""
LISTS = ("duties", "tasks", "items", "log", "calls", "answers")
"""What may grow without bound. The case's own fields and its plans never leave it."""
DECISION = "decision"
_BEGINS = b'{"fenghuoformat":2,"parts":'
"""A version that knows no parts must not take the case for an empty one: it waits."""

Parts = dict[str, bytes]
"""By address."""
Runs = Mapping[tuple[str, int], tuple[Sequence[Any], tuple[str, ...]]]
"""Of a case written before, by list and place: the entries, and the addresses they lie at."""


class TooLargeError(ValueError):
    """Not even in parts: one entry, or the case without its lists, is larger than a message."""


class Stowed(NamedTuple):
    """A case as it is written."""

    raw: bytes
    """Under the case's own key."""
    parts: Parts
    """Those that were not written with the case before."""
    named: frozenset[str]
    """Every part that `raw` names."""
    runs: Runs


class _Parted(msgspec.Struct):
    parts: dict[str, tuple[str, ...]]
    case: msgspec.Raw


_read_parted = msgspec.json.Decoder(_Parted)
_encoder = msgspec.json.Encoder()


def stow(case: Case, before: Runs = MappingProxyType({}), unknown: Unknown = MappingProxyType({})) -> Stowed:
    """The case as bytes. `before`: what the case's last writing gave, so that nothing that stayed is put into
    bytes again. `unknown`: fields of a newer version, which are put back.

    Raises TooLargeError.
    """
    if sum(len(getattr(case, name)) for name in LISTS) < MANY:
        raw = put_back(write_case(case), unknown)
        if len(raw) <= WHOLE:
            return Stowed(raw, {}, frozenset(), {})
    parts: Parts = {}
    runs: dict[tuple[str, int], tuple[Sequence[Any], tuple[str, ...]]] = {}
    places: dict[str, tuple[str, ...]] = {}
    for name in LISTS:
        entries: Sequence[Any] = getattr(case, name)
        addresses: list[str] = []
        for place in range(0, len(entries), RUN):
            run = entries[place : place + RUN]
            run_before = before.get((name, place))
            if run_before is None or run_before[0] != run:
                run_before = run, tuple(_put(parts, piece) for piece in _pieces(run, below(unknown, name)))
            runs[name, place] = run_before
            addresses += run_before[1]
        if addresses:
            places[name] = tuple(addresses)
    decision = _encoder.encode(case.decision)
    if len(decision) > WHOLE:
        pieces = (decision[start : start + LARGEST_PART] for start in range(0, len(decision), LARGEST_PART))
        places[DECISION] = tuple(_put(parts, piece) for piece in pieces)
    head = put_back(_head(case, decision if DECISION in places else None), unknown)
    raw = _BEGINS + _encoder.encode(places) + b',"case":' + head + b"}"
    if len(raw) > LARGEST:
        raise TooLargeError(
            f"the case without its lists takes {len(raw)} bytes, more than {LARGEST}: split it"
        )
    return Stowed(
        raw, parts, frozenset(address for addresses in places.values() for address in addresses), runs
    )


def _pieces(run: Sequence[Any], unknown: Unknown) -> list[bytes]:
    """The entries as JSON without the brackets, in as many pieces as they need."""
    raw = put_back(_encoder.encode(run), unknown)[1:-1]
    if len(raw) <= LARGEST_PART or len(run) == 1:
        if len(raw) > LARGEST:
            raise TooLargeError(f"one entry takes {len(raw)} bytes, more than {LARGEST}")
        return [raw]
    half = len(run) // 2
    return [*_pieces(run[:half], unknown), *_pieces(run[half:], unknown)]


def _put(parts: Parts, raw: bytes) -> str:
    address = address_of(raw)
    parts[address] = raw
    return address


def address_of(raw: bytes) -> str:
    """Under which a part lies: what it contains."""
    return hashlib.sha256(raw).hexdigest()[:40]


def _head(case: Case, decision: bytes | None) -> bytes:
    """The case without its lists, and without its decision where that is given (the last field of a case)."""
    raw = write_case(replace(case, **dict.fromkeys(LISTS, ())))
    if decision is None:
        return raw
    tail = b',"decision":' + decision + b"}"
    assert raw.endswith(tail), "the decision is the last field of a case"
    return raw[: -len(tail)] + b"}"


# Read


def part_key(case: str, address: str) -> str:
    return f"{case}.{address}"


def part_of(key: str) -> tuple[CaseId, str]:
    """The case of a key of the bucket, and the address of the part; no address for the case itself."""
    case, _, address = key.partition(".")
    return CaseId(case), address


def is_parted(raw: bytes) -> bool:
    return raw.startswith(_BEGINS)


def head_of(raw: bytes) -> bytes:
    """The case without what lies in parts; the whole of one that has none. Raises msgspec.MsgspecError."""
    return bytes(_read_parted.decode(raw).case) if is_parted(raw) else raw


def places_of(raw: bytes) -> dict[str, tuple[str, ...]]:
    """Of each list that lies in parts, and of the decision, the addresses in order. Raises
    msgspec.MsgspecError.
    """
    return _read_parted.decode(raw).parts if is_parted(raw) else {}


def put_together(raw: bytes, parts: Mapping[str, bytes], without: frozenset[str] = frozenset()) -> bytes:
    """The case as it would be stored whole (`without` some lists). Raises KeyError for a part that is not
    given, MsgspecError.
    """
    if not is_parted(raw):
        return raw
    stored = _read_parted.decode(raw)
    pieces = [bytes(stored.case)[:-1]]
    for name, addresses in stored.parts.items():
        if name in without:
            continue
        taken = [parts[address] for address in addresses]
        pieces.append(
            b'"%s":%s'
            % (name.encode(), b"".join(taken) if name == DECISION else b"[" + b",".join(taken) + b"]")
        )
    return b",".join(pieces) + b"}"


class MissingPartError(LookupError):
    """A part that the case names is not there: another revision has taken its place meanwhile, or the bucket
    has lost it.
    """


async def fetch_parts(ask: Ask, case: CaseId, addresses: Iterable[str]) -> dict[str, StoredMessage]:
    """By address. Raises MissingPartError, NatsError or TimeoutError."""
    stored_by_address: dict[str, StoredMessage] = {}
    for address in addresses:
        if address in stored_by_address:
            continue
        stored = await value_of(ask, CASES, part_key(case, address))
        if stored is None or address_of(stored.data) != address:
            raise MissingPartError(f"part {address} of case {case} is not there")
        stored_by_address[address] = stored
    return stored_by_address


async def whole_case(ask: Ask, case: CaseId, raw: bytes, without: frozenset[str] = frozenset()) -> bytes:
    """What stands under the case's key, put together. Raises MissingPartError, NatsError, TimeoutError or
    MsgspecError.
    """
    places = places_of(raw)
    addresses = [address for name, there in places.items() if name not in without for address in there]
    parts = await fetch_parts(ask, case, addresses)
    return put_together(raw, {address: part.data for address, part in parts.items()}, without)


def sheet_of(notice: str) -> str:
    """What the ids of notices that are delivered together begin with: `<case>.<sequence>`, of a large
    decision `<case>.<sequence>p1` …
    """
    return notice.rpartition(".")[0]


def parted_decision(decision: Decision) -> tuple[Decision, ...]:
    """The decision in as many as fit a fact each: effects, notices and what goes to other cases in order, the
    clock in the first.
    """
    many = len(decision.effects) > 200 or len(decision.notices) > 50 or len(decision.sends) > 20
    groups = {sheet_of(notice.id) for notice in decision.notices} if many else ()
    if not many or (len(groups) <= 1 and len(_encoder.encode(decision)) <= LARGEST_PART):
        return (decision,)
    bare = replace(decision, effects=(), notices=(), sends=(), clock=None)
    parts: list[Decision] = []
    for name in ("effects", "notices", "sends"):
        parts += [replace(bare, **{name: run}) for run in _runs_of(getattr(decision, name), name)]
    return (replace(parts[0], clock=decision.clock), *parts[1:])


def _runs_of(entries: tuple[Any, ...], name: str) -> list[tuple[Any, ...]]:
    runs: list[tuple[Any, ...]] = []
    size, run, group = 0, list[Any](), ""
    for entry in entries:
        length = len(_encoder.encode(entry))
        theirs = sheet_of(entry.id) if name == "notices" else ""
        if run and (size + length > LARGEST_PART or theirs != group):
            runs.append(tuple(run))
            size, run = 0, []
        run.append(entry)
        size, group = size + length, theirs
    return [*runs, tuple(run)] if run else runs
