"""What people do to a case, and what the broker's clocks say: the facts the escalator decides on besides the
report.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from shared.facts.actor import Actor
from shared.facts.bounds import Frozen, Instant
from shared.facts.file import FileRef
from shared.facts.form import FormBlock
from shared.facts.harm import People, Yuan
from shared.facts.report import Lapsed, Line, Original, TaskForm, Text
from shared.ids import AreaCode, CaseId, DutyId, NoticeId, PersonId, PostId, SourceId, TaskId, UnitId
from shared.vocabulary import Category, Document, Level, ReportKind, ReviewCause


class Via(StrEnum):
    """How an acknowledgement came in."""

    API = "api"
    DESK = "desk"
    LINK = "link"
    LOGGED_CALL = "logged_call"
    MESSAGE = "message"
    """A reply by SMS or chat."""
    KEY = "key"
    """A key pressed in a call."""
    MAIL = "mail"


BY_REPLY = frozenset({Via.MESSAGE, Via.KEY, Via.MAIL})
"""What a gateway brings back; like a link, it is bound to the message it answers."""


class Acknowledgement(Frozen):
    """The data of `acknowledged`: this person now knows. It discharges exactly that person's duties of the
    case.
    """

    person: PersonId
    via: Via
    by: Actor
    """Differs from `person` for a logged call: the duty officer who rang writes it down."""
    notice: NoticeId | None = None
    """The notice whose link was used."""
    post: PostId | None = None
    """By link: the post that was called, for which this person answers."""
    note: Text | None = None
    """What was said in a logged call, or stands behind the digit of a reply."""
    called_at: Instant | None = None
    """Of a logged call: when it was rung."""
    number: Line | None = None
    """Of a logged call: the number rung, masked: enough to recognise, not enough to ring."""
    listed: bool | None = None
    """Of a logged call: the number is the person's own in the directory; otherwise it is as given."""


class CaseAct(Frozen):
    """The data of every act of `CASE_ACTS`; which fields an act needs stands in services/intake and is
    refused there by name.
    """

    by: Actor
    via: Via | None = None
    """By which way, where it was a reply to a message."""
    text: Text | None = None
    """What was found, done or asked; the reason of an objection, a withdrawal or a transfer; the evidence of
    a closure.
    """
    to_unit: UnitId | None = None
    """Transfer, imposition: the unit asked to take the case (or task) over; public notice: the unit it
    names.
    """
    to_person: PersonId | None = None
    """Reassignment, hand-over, command: who takes it."""
    into: CaseId | None = None
    """Merge: the case this one is a duplicate of."""
    percent: Annotated[int, Field(ge=0, le=100)] | None = None
    original: Original | None = None
    """Where another system said it, if one did."""
    duty: DutyId | None = None
    """Snooze, pause, resume, reassign, escalate: the duty it is about; without one, all the case's open
    duties the actor may move. Extension: the duty it is about, where it is not a task.
    """
    task: TaskId | None = None
    """Accept, object, transfer, complete, return, verify, extension: the task it is about; without one, the
    case itself.
    """
    tasks: tuple[TaskForm, ...] = ()
    """Assign: what is assigned."""
    document: Document | None = None
    """File: what is handed in."""
    deaths: People | None = None
    """Harm as it is known now, each count by itself; one that is absent stays as it was."""
    missing: People | None = None
    trapped: People | None = None
    injuries: People | None = None
    """Seriously injured."""
    evacuated: People | None = None
    loss: Yuan | None = None
    """Direct loss in yuan."""
    causes: tuple[ReviewCause, ...] = ()
    """File: of a review, what it found to be the causes."""
    category: Category | None = None
    """Grown: of the incident; register: of the case that the item becomes."""
    level: Level | None = None
    """Regrade: the level from now on; absent with `sensitive` alone."""
    sensitive: bool | None = None
    due_at: Instant | None = None
    """Extension: the limit asked for or granted."""
    span: timedelta | None = None
    """Snooze: for how long; pause: at most how long."""
    approve: bool | None = None
    """Extension, review, notice, second person: granted or refused."""
    measure: str | None = None
    """A step of the ladder in force."""
    plan: str | None = None
    """The contingency plan invoked."""
    post: PostId | None = None
    """Escalate: the post to light now; sign in: the post signed in for; by link: the post for which this person
    answers.
    """
    step: Annotated[int, Field(ge=0)] | None = None
    """Escalate: the step of the chain to go on from; 0 is the person owed."""
    owner: PersonId | None = None
    """Register: who answers for the item's measure."""
    becomes: ReportKind | None = None
    """Register: the item goes on as a case of its own, of this kind; take up: what people told of on a visit."""
    acting: bool | None = None
    """Command: acting commander 代理指挥长, until the commander is back."""
    summary: Line | None = None
    """Split: what the new case is about; register: the item."""
    intent: bool | None = None
    """Confirm: concealed, falsified or under-graded on purpose (瞒报 谎报 轻报), as the person who confirms
    has found.
    """
    satisfaction: Annotated[int, Field(ge=1, le=5)] | None = None
    """File, close: what those who reported or complained said when asked how it was handled, 5 very
    satisfied, 1 not at all.
    """
    reply_by: Instant | None = None
    """Notice drafted: until when the unit named may reply."""
    files: tuple[FileRef, ...] = ()
    """What it shows or hands in: photographs, scans, minutes."""
    form: FormBlock | None = None
    """What the act fills in of a form."""


class Heard(Frozen):
    """The data of `heard`: the source spoke, or said that it lives."""

    source: SourceId
    at: Instant


class Established(Frozen):
    """The data of `established`: what the standing case watches. Told again where the policy or its entry in
    the directory has changed.
    """

    watch: Literal["roster", "source", "plan", "periodic", "ledger", "gaps", "roll_call"]
    subject: str
    """The roster, source, plan, duty rule or unit watched."""
    unit: UnitId
    area: AreaCode
    title: str


class MatchReason(Frozen):
    """One aspect of a match: how alike (0 to 1), and both sides in words."""

    aspect: Literal["area", "category", "time", "text"]
    alike: float
    words: str


class Matched(Frozen):
    """The data of `matched`, on the outside witness's case: this unit's report tells of the same event, and
    why we think so.
    """

    report: CaseId
    unit: UnitId
    reported_at: Instant
    score: float
    why: tuple[MatchReason, ...]
    by_hand: bool = False
    """A person has said so, by merging the witness into the report."""


class Absorbed(Frozen):
    """The data of `absorbed`, on the case that goes on: the duplicate, its earliest clock, and how grave it
    was.
    """

    case: CaseId
    starts_at: Instant
    opened_at: Instant
    lapses: int
    by: Actor
    level: Level | None = None
    sensitive: bool = False
    told: dict[PersonId, PostId] = Field(default_factory=dict[PersonId, PostId])
    """Who was told of the duplicate: they hear what becomes of it."""
    awaits_a_report: bool = False
    """It is what an outside witness told of, and whoever may judge an omission says that this case is its report."""


class Referred(Lapsed):
    """The data of `referred`, on the unit's ledger: one lapse; with `found` it is taken off again, there and in the
    accountability case.
    """

    found: CaseId | None = None
    """The report that was in time and turned up after the judgement."""


class Due(Frozen):
    """The data of `due`, written when the clock is armed: the case had something to do at `at`, first of all
    for `duty`.
    """

    at: Instant
    duty: DutyId | None = None


class MessageState(StrEnum):
    """How far a message has come beyond the hand-over."""

    ARRIVED = "arrived"
    """The gateway says later that the telephone has it."""
    OPENED = "opened"
    """Somebody, or a mail scanner, has opened its link: no answer."""
    UNDELIVERED = "undelivered"
    """The gateway had taken it and says later that it did not arrive."""
    BESIDE = "beside"
    """It went, or did not go, by a way beside those of the notice: nothing follows from it either way."""
    SPARED = "spared"
    """In `failed`: not handed over, since what it asks was answered or over before its turn came."""
    KEPT = "kept"
    """In `failed`: not handed over yet; it waits until the person's quiet hours end, at `until`."""


class Delivery(Frozen):
    """What became of one notice on one channel."""

    notice: NoticeId
    person: PersonId
    channel: str
    address: str
    """Masked: enough to recognise, not enough to ring."""
    attempts: int
    first_tried_at: Instant
    done_at: Instant
    reference: str | None = None
    """The gateway's own id for it."""
    error: str | None = None
    """failed only: what the last attempt said, and what to do."""
    state: MessageState | None = None
    """None: `delivered` is handed over to the gateway and `failed` is not handed over, as in every fact of an
    earlier version. Each other state implies what its fact says without one, so that a reader who does
    not know it still reads what is true.
    """
    gateway: str | None = None
    """Which gateway took it, where that is not the channel's first."""
    reply: str | None = None
    """What the gateway itself answered, as far as its description says where that stands."""
    until: Instant | None = None
    """Kept: until when."""


class StrayReply(Frozen):
    """The data of `stray_reply`: somebody replied, and it belongs to no message that waits for an answer."""

    channel: str
    number: Line
    """Whose telephone or mailbox it came from, whole: the duty desk has nothing else to ring."""
    words: Text
    person: PersonId | None = None
    """Who has this address in the directory, where it is one person."""


class Deliveries(Frozen):
    """The data of `delivered` and `failed`: hand-overs of one decision that ended within the same moment are
    one fact.

    A major emergency tells five people or more over several channels at once; each hand-over has its own line
    here.
    """

    deliveries: Annotated[tuple[Delivery, ...], Field(min_length=1)]
