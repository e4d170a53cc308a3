"""A case on the board: the stored bytes, and the few fields by which lists choose and sort.

Invariant: a card is read from the bytes alone, defaults filled in as shared.case has them; what the lists
never ask is not kept.
"""

import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from shared.case import ENDED, Case, CaseStatus, Duty, DutyState, TaskState, read_case
from shared.case.proceedings import COMPILATION
from shared.case_parts import DECISION, LISTS, MissingPartError, places_of, put_together
from shared.facts import Decision, Name
from shared.formats import refuse_newer_bytes
from shared.ids import CaseId
from shared.vocabulary import Level, ReportKind

OWED = frozenset({DutyState.OPEN, DutyState.LAPSED})
TASK_OPEN = frozenset({TaskState.WAITING, TaskState.ASSIGNED, TaskState.ACCEPTED, TaskState.COMPLETED})
EMERGENCIES = frozenset({ReportKind.INCIDENT, ReportKind.OPINION})
NOT_LEAN = frozenset({"items", "log"})
LISTED_PARTS = 4
"""A list of a case that lies in more parts than this, some hundred entries, is left out where cases are
listed.
"""
_LISTS = frozenset(LISTS)
NOT_GLANCED_AT = frozenset({"items", "log", "calls", DECISION})
"""What a card needs nothing of."""
NEVER = datetime.max.replace(tzinfo=UTC)
"""The next limit of a case that owes nothing, for sorting."""


class _Lit(msgspec.Struct):
    person: str
    answered_at: datetime | None = None


class _Duty(msgspec.Struct):
    due_at: datetime
    owed_by: str
    owed_to: str
    bearer: str
    state: DutyState = DutyState.OPEN
    lit: tuple[_Lit, ...] = ()
    taken_by: str | None = None


class _Transfer(msgspec.Struct):
    to_unit: str
    superior: str | None = None


class _Task(msgspec.Struct):
    unit: str
    assigner: str
    owner: str | None = None
    state: TaskState = TaskState.ASSIGNED
    transfer: _Transfer | None = None


class _Report(msgspec.Struct):
    kind: ReportKind
    unit: str
    parent: str | None = None
    topic: str | None = None
    exercise: bool = False


class _Form(msgspec.Struct):
    id: str


class _Suspicion(msgspec.Struct):
    unit: str
    suspected_at: datetime | None = None


class _Applied(msgspec.Struct):
    sequence: int


class _Notice(msgspec.Struct):
    published_at: datetime | None = None


class _Glance(msgspec.Struct):
    """What of a stored case a card needs; the rest is skipped unread."""

    id: str
    report: _Report
    holder: str
    report_sequence: int
    applied: _Applied
    opened_at: datetime
    status: CaseStatus = CaseStatus.OPEN
    level: Level | None = None
    sensitive: bool = False
    transfer: _Transfer | None = None
    duties: tuple[_Duty, ...] = ()
    tasks: tuple[_Task, ...] = ()
    suspicion: _Suspicion | None = None
    notice: _Notice | None = None
    forms: tuple[_Form, ...] = ()


class _Decided(msgspec.Struct):
    decision: Decision


class _Titled(msgspec.Struct):
    title: Name | None = None


class OwedDuties(msgspec.Struct):
    """The duties of a case, and by its rule what each is called."""

    duties: tuple[Duty, ...] = ()
    plans: dict[str, _Titled] = {}


class Headline(msgspec.Struct):
    """What a line about the case says, and no list sorts by."""

    summary: str
    area: str


class _Headed(msgspec.Struct):
    report: Headline


class _Counted(msgspec.Struct):
    items: tuple[msgspec.Raw, ...] = ()


_glance = msgspec.json.Decoder(_Glance)
_read_decided = msgspec.json.Decoder(_Decided)
_read_counted = msgspec.json.Decoder(_Counted)
_read_headed = msgspec.json.Decoder(_Headed)
_read_owed = msgspec.json.Decoder(OwedDuties)


class Call(NamedTuple):
    """Somebody was called for a duty, and nobody has answered for it."""

    person: str
    limit: datetime


@dataclass(frozen=True, slots=True)
class Card:
    """One case on the board."""

    case: CaseId
    revision: int
    packed: bytes
    """The stored value, compressed: a case is 6 to 20 kB of JSON, and the board holds every one."""
    parts: Mapping[str, bytes]
    """Of a case too large for one message its parts by address, compressed."""
    status: CaseStatus
    kind: ReportKind
    level: Level | None
    watch: str | None
    """What a standing case watches."""
    unit: str
    holder: str
    units: tuple[str, ...]
    """Every unit with a part in it: reported or holds it, holds or assigned a task, owes something, is asked
    to take it or to decide.
    """
    people: tuple[str, ...]
    """Who has to move: bears a duty still owed, was called for one and has not answered, or owns an open
    task.
    """
    owed: tuple[datetime, ...]
    """When each duty still owed is due, the earliest first."""
    limit: datetime | None
    """The earliest that has not lapsed."""
    calls: tuple[Call, ...]
    """Of each person whose answer is missing the call with the latest limit; first those whose limit is first."""
    opened_at: datetime
    is_sensitive: bool
    parent: str | None
    forms: tuple[str, ...]
    """Ids of the forms that are filled in."""
    has_tasks: bool
    """At least one is not closed."""
    is_suspected: bool
    is_emergency: bool
    report_sequence: int
    applied: int
    """Sequence of the last fact the case has taken in."""
    compiled_at: datetime | None
    """When the compilation of a special case came out, of the case that it is; None too for an exercise."""
    notice_published_at: datetime | None
    """When the public notice of the case came out; None too for an exercise, whose notice is nobody's to read."""

    @property
    def raw(self) -> bytes:
        return self._together(frozenset())

    @property
    def listed(self) -> bytes:
        """As a list of cases shows it: of a case too large for one message without the inventory, the log,
        and what is longer than a list can show.
        """
        if not self.parts:
            return self.raw
        raw = zlib.decompress(self.packed)
        long = {name for name, addresses in places_of(raw).items() if len(addresses) > LISTED_PARTS}
        return self._together(NOT_LEAN | (long - {DECISION}))

    def _together(self, without: frozenset[str]) -> bytes:
        raw = zlib.decompress(self.packed)
        return put_together(raw, Unpacked(self.parts), without) if self.parts else raw

    @property
    def whole(self) -> Case:
        """Built anew each time: a Case takes ten times the memory of its bytes."""
        return read_case(self.raw)

    @property
    def lean(self) -> Case:
        """Without the inventory and the log of a case too large for one message: enough to say who may do
        what, and what became of it.
        """
        return read_case(self._together(NOT_LEAN))

    @property
    def decision(self) -> Decision:
        """The last one, read alone: asked at each change by whoever waits for it."""
        raw = self._together(_LISTS)
        refuse_newer_bytes(raw)
        return _read_decided.decode(raw).decision

    @property
    def headline(self) -> Headline:
        """Read alone: a page names hundreds of cases by it, anew at each change."""
        raw = self._together(_LISTS | {DECISION})
        refuse_newer_bytes(raw)
        return _read_headed.decode(raw).report

    @property
    def summary(self) -> str:
        return self.headline.summary

    @property
    def owed_duties(self) -> OwedDuties:
        """Read alone, a quarter of the whole: asked by everybody who reports."""
        raw = self._together(_LISTS - {"duties"} | {DECISION})
        refuse_newer_bytes(raw)
        return _read_owed.decode(raw)

    @property
    def item_count(self) -> int:
        """Of the inventory: counted when it is asked for, since none but the act that adds to it asks."""
        return len(_read_counted.decode(self._together(_LISTS - {"items"} | {DECISION})).items)

    @property
    def next_due(self) -> datetime | None:
        return self.owed[0] if self.owed else None

    @property
    def is_standing(self) -> bool:
        return self.kind is ReportKind.STANDING

    @property
    def is_open(self) -> bool:
        """Not settled, or settled with something still owed."""
        return self.status not in ENDED or bool(self.owed)

    def concerns(self, unit: str) -> bool:
        return unit in self.units

    def is_overdue(self, now: datetime) -> bool:
        return bool(self.owed) and self.owed[0] < now


class Unpacked(Mapping[str, bytes]):
    """Compressed parts, each unpacked when it is asked for."""

    def __init__(self, packed: Mapping[str, bytes]) -> None:
        self._packed = packed

    def __getitem__(self, address: str) -> bytes:
        return zlib.decompress(self._packed[address])

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)


def card_of(
    case: CaseId, revision: int, raw: bytes, parts: Mapping[str, bytes] = MappingProxyType({})
) -> Card:
    """`parts` by address, compressed.

    Raises ValueError for a value that is no case, or another case's; MissingPartError where a part that it
    names is not given.
    """
    named = {address for addresses in places_of(raw).values() for address in addresses}
    if not named <= parts.keys():
        raise MissingPartError(f"not all parts of case {case} are there yet")
    parts = {address: parts[address] for address in named}
    value = _glance.decode(put_together(raw, Unpacked(parts), NOT_GLANCED_AT) if parts else raw)
    if value.id != case:
        raise ValueError(f"it is case {value.id}")
    owed = [duty for duty in value.duties if duty.state in OWED]
    return Card(
        case=case,
        revision=revision,
        packed=zlib.compress(raw, 1),
        parts=parts,
        status=value.status,
        kind=value.report.kind,
        level=value.level,
        watch=sys.intern(value.report.topic or "") if value.report.kind is ReportKind.STANDING else None,
        unit=sys.intern(value.report.unit),
        holder=sys.intern(value.holder),
        units=_once(_units(value)),
        people=_once(_people(owed, value.tasks)),
        owed=tuple(sorted(duty.due_at for duty in owed)),
        limit=min((duty.due_at for duty in owed if duty.state is DutyState.OPEN), default=None),
        calls=_calls(owed),
        opened_at=value.opened_at,
        is_sensitive=value.sensitive,
        parent=value.report.parent,
        forms=_once(form.id for form in value.forms),
        has_tasks=any(task.state in TASK_OPEN for task in value.tasks),
        is_emergency=_is_emergency(value),
        is_suspected=value.suspicion is not None and value.suspicion.suspected_at is not None,
        report_sequence=value.report_sequence,
        applied=value.applied.sequence,
        compiled_at=_out_at(value) if _is_compilation(value) else None,
        notice_published_at=None if _is_compilation(value) else _out_at(value),
    )


def _is_compilation(value: _Glance) -> bool:
    return value.report.kind is ReportKind.TASK and value.report.topic == COMPILATION


def _out_at(value: _Glance) -> datetime | None:
    return value.notice.published_at if value.notice is not None and not value.report.exercise else None


def due_order(card: Card) -> tuple[datetime, str]:
    return (card.next_due or NEVER, card.case)


def _is_emergency(value: _Glance) -> bool:
    """Something is happening, or is said to: on the desk it stands before whatever is merely due."""
    return value.report.kind in EMERGENCIES and value.status is CaseStatus.OPEN and not value.report.exercise


def _calls(owed: list[_Duty]) -> tuple[Call, ...]:
    limits: dict[str, datetime] = {}
    for duty in sorted(owed, key=lambda duty: duty.due_at):
        if duty.taken_by is None:
            limits.update((lit.person, duty.due_at) for lit in duty.lit if lit.answered_at is None)
    return tuple(Call(sys.intern(person), limit) for person, limit in limits.items())


def _once(names: Iterable[str | None]) -> tuple[str, ...]:
    # A town has some hundred names and the board some hundred thousand cases: each name is kept once.
    return tuple(dict.fromkeys(sys.intern(name) for name in names if name))


def _units(value: _Glance) -> Iterator[str | None]:
    yield from (value.report.unit, value.holder)
    for transfer in (value.transfer, *(task.transfer for task in value.tasks)):
        if transfer is not None:
            yield from (transfer.to_unit, transfer.superior)
    for task in value.tasks:
        yield from (task.unit, task.assigner)
    yield from (duty.owed_by for duty in value.duties)
    if value.suspicion is not None:
        yield value.suspicion.unit


def _people(owed: list[_Duty], tasks: tuple[_Task, ...]) -> Iterator[str | None]:
    for duty in owed:
        yield duty.bearer
        yield from (lit.person for lit in duty.lit if lit.answered_at is None)
    yield from (task.owner for task in tasks if task.state in TASK_OPEN)
