"""A case as it stands: the value under its id in the KV bucket CASES, written by the escalator alone, read by
the desk.

Invariant: a case is exactly what its facts, applied in the order of FACTS, make of it; `applied` is the last
of them, and `decision` what was decided then, so that a redelivered fact repeats that decision instead of
making a second one.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from shared.case.duty import Duty, DutyTerms, Opening
from shared.case.file import CaseFile
from shared.case.filled import CaseForm
from shared.case.petition import PetitionAnswer
from shared.case.proceedings import Commander, Ending, LoggedCall, Measure, PublicNotice, Suspicion
from shared.case.release import ReleaseText
from shared.case.task import HolderTerm, Item, Task, Transfer
from shared.facts import Decision, Effect, HarmCount, Value
from shared.facts.account import Calls
from shared.formats import refuse_newer_bytes
from shared.ids import AreaCode, CaseId, DutyId, PersonId, PostId, SourceId, UnitId
from shared.vocabulary import Category, Kind, Level, ReportKind


class CaseStatus(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


ENDED = frozenset({CaseStatus.CLOSED, CaseStatus.WITHDRAWN, CaseStatus.MERGED})
"""Nobody works on such a case any more; what is still owed of it stays owed."""


STRAY_REPLIES = "replies"
"""What the case of replies watches that belong to no message."""


class Standing(Value, frozen=True, kw_only=True):
    """What a standing case watches."""

    watch: str
    subject: str
    lapses: tuple[datetime, ...] = ()
    """Ledger: when the unit's lapses of the last year were found."""


class LogEntry(Value, frozen=True, kw_only=True):
    """One moment in the case's short log, for the desk; the trail has them all."""

    sequence: int
    at: datetime
    kind: Kind
    by: str
    text: str | None = None
    refused: str | None = None
    """Why it was refused, in entries of before: now the effects say it."""
    data: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it
    """What its sentence tells of the fact besides."""
    effects: tuple[Effect, ...] = ()
    """What came of it; entries of before have none."""
    calls: tuple[Calls, ...] = ()
    """Whom it called, each by themself."""


class LeftOut(Value, frozen=True, kw_only=True):
    """What could not be decided on: a part of the report, an act, what a clock was to do."""

    sequence: int
    """Of the fact that it was part of."""
    at: datetime
    kind: str
    """Of that fact."""
    why: str
    note: str | None = None


class Applied(Value, frozen=True, kw_only=True):
    """The last fact this case has taken in."""

    id: str
    sequence: int
    at: datetime


class Matter(Value, frozen=True, kw_only=True):
    """What was reported: the fields of the `reported` fact that the case needs; as given, whatever was
    regraded since.
    """

    kind: ReportKind
    category: Category | None = None
    topic: str | None = None
    level: Level | None = None
    sensitive: bool = False
    unit: UnitId
    area: AreaCode
    occurred_at: datetime
    learned_at: datetime
    received_at: datetime
    handed_in_at: datetime | None = None
    summary: str
    tried_at: tuple[datetime, ...] = ()
    """When the unit says that it tried to report before, in vain."""
    details: str | None = None
    exercise: bool = False
    deaths: int = 0
    missing: int = 0
    trapped: int = 0
    injuries: int = 0
    evacuated: int = 0
    loss: int = 0
    parent: CaseId | None = None
    item: int | None = None
    """Of the ledger of `parent`, a campaign, the item that this was."""
    reported_by: str
    person: PersonId | None = None
    source: SourceId | None = None
    """The system it came from."""
    latitude: float | None = None
    longitude: float | None = None
    witness: bool = False
    """Another than the unit reports it, and the unit itself has not said anything yet."""
    by_telephone: bool = False
    """A duty office wrote down what the unit reported by telephone."""

    @property
    def is_first_hand(self) -> bool:
        """The unit itself handed in when it learned of it; otherwise that is a claim, and its clocks start
        when it was told.
        """
        return not (self.witness or self.by_telephone)


class Case(Value, frozen=True, kw_only=True):
    id: CaseId
    status: CaseStatus = CaseStatus.OPEN
    report: Matter
    report_sequence: int
    opened_at: datetime
    starts_at: datetime
    """Where the duties' clocks start: the earliest of this case and of all that were merged into it."""
    level: Level | None = None
    """As graded now."""
    sensitive: bool = False
    harm: HarmCount | None = None
    """As follow-ups have said since the report; None: as the report has it."""
    holder: UnitId
    """The one unit that answers for the case now."""
    held: tuple[HolderTerm, ...] = ()
    bounces: int = 0
    policy: str
    plans: dict[str, DutyTerms] = {}  # noqa: RUF012 - msgspec copies it
    duties: tuple[Duty, ...] = ()
    openings: tuple[Opening, ...] = ()
    tasks: tuple[Task, ...] = ()
    items: tuple[Item, ...] = ()
    files: tuple[CaseFile, ...] = ()
    transfer: Transfer | None = None
    merged_into: CaseId | None = None
    merged_from: tuple[CaseId, ...] = ()
    split_from: CaseId | None = None
    grown_into: CaseId | None = None
    """The incident that this small matter has become."""
    command: tuple[Commander, ...] = ()
    suspicion: Suspicion | None = None
    measure: Measure | None = None
    notice: PublicNotice | None = None
    release: ReleaseText | None = None
    """Of a publication: the text for every outlet."""
    reviewed_by: tuple[UnitId, ...] = ()
    """A petition's answer: the units that have reviewed it 复查 复核, in order."""
    answers: tuple[PetitionAnswer, ...] = ()
    """Of a petition, in order: taken up, settled, reviewed; its letters are made of them."""
    kept_until: datetime | None = None
    """Until then at least it stays on the desk, though it has ended: a review of its last answer may be asked for."""
    ending: Ending | None = None
    """What waits for a second person."""
    calls: tuple[LoggedCall, ...] = ()
    forms: tuple[CaseForm, ...] = ()
    """What it is about, typed; the form filled in last stands first."""
    told: dict[PersonId, PostId] = {}  # noqa: RUF012 - msgspec copies it
    """Everybody who was told of the case so far, and as holder of which post. Empty in cases of before: see
    `people_told`.
    """
    standing: Standing | None = None
    clock_at: datetime | None = None
    """The one clock armed for this case."""
    clock_duty: DutyId | None = None
    ended_at: datetime | None = None
    """When it was closed, withdrawn or merged."""
    log: tuple[LogEntry, ...] = ()
    """The last twenty acts, and the last twelve moments of clocks and deliveries that brought something about."""
    left_out: tuple[LeftOut, ...] = ()
    """The last twenty things that could not be decided on: a person sees to them."""
    taken: tuple[str, ...] = ()
    """Digests of the ids of the facts it has taken in, the last of them: a fact stored again under its id
    changes nothing.
    """
    applied: Applied
    decision: Decision

    @property
    def harm_now(self) -> HarmCount:
        """As far as it is known."""
        if self.harm is not None:
            return self.harm
        report = self.report
        return HarmCount(
            deaths=report.deaths,
            missing=report.missing,
            trapped=report.trapped,
            injuries=report.injuries,
            evacuated=report.evacuated,
            loss=report.loss,
        )

    @property
    def people_told(self) -> dict[PersonId, PostId]:
        """Of a case that was written before it remembered them: whoever was called for one of its duties."""
        return self.told or {lit.person: lit.post for duty in self.duties for lit in duty.lit}

    @property
    def next_due(self) -> datetime | None:
        """The earliest limit still ahead or passed among the duties still owed."""
        return min((duty.due_at for duty in self.duties if duty.is_owed), default=None)

    def plan_of(self, duty: Duty) -> DutyTerms:
        return self.plans[duty.rule]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Case)


def write_case(case: Case) -> bytes:
    return _encoder.encode(case)


def read_case(raw: bytes) -> Case:
    """Raises msgspec.ValidationError, or msgspec.DecodeError, for bytes that are no case; NewerError for a
    case of a newer format.
    """
    refuse_newer_bytes(raw)
    return _decoder.decode(raw)
