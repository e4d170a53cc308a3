"""What a unit, a person or a system reports. Reported once; later facts refer to it and never change it."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from shared.facts.actor import Actor
from shared.facts.bounds import (
    PLAIN_ID,
    PLAIN_LINE,
    PLAIN_TEXT,
    Frozen,
    Given,
    Instant,
    Term,
    WhenGiven,
    at_most,
    between,
)
from shared.facts.cause import Cause
from shared.facts.distrust import Distrust
from shared.facts.file import Files
from shared.facts.form import FormBlock, FormGiven
from shared.facts.harm import Harm
from shared.ids import AreaCode, CaseId, DutyId, PersonId, PostId, SourceId, UnitId
from shared.message import N_, Said, said
from shared.vocabulary import Addressees, Category, Level, ReportKind

CATEGORISED = (ReportKind.INCIDENT, ReportKind.OPINION, ReportKind.DISPUTE, ReportKind.HAZARD)
HAPPENING = (*CATEGORISED, ReportKind.PETITION, ReportKind.COMPLAINT)
"""What happens and is learned of; a case of another kind is work that somebody lays down."""
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), PLAIN_LINE]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000), PLAIN_TEXT]
Topic = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
MOST_TASKS_OF_A_CASE = 10_000
"""So many are measured (bench/many_tasks.py): each act on the case takes the longer, the more there are."""
MOST_ITEMS_OF_A_CASE = 10_000
"""Of an inventory; so many are measured (bench/many_items.py)."""
MOST_TASKS = 2_000
"""Of one report or act, each unit of a campaign counted: so many are decided in 0.12 s of CPU, in 23 facts of 0.5 MB at
most (bench/RESULTS.md), and others hardly wait meanwhile.
"""


class Place(Frozen):
    """WGS 84 degrees. CAP writes lat,lon; GeoJSON lon,lat: here each has its name."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]


class TaskForm(Frozen):
    """A task to assign: to one unit, or (a campaign) one task to each of `units`, or to `every` unit that the
    directory has there. Either `due_at` or `within`, or the policy's term.
    """

    title: Line
    unit: Annotated[UnitId, PLAIN_ID] | None = None
    units: tuple[Annotated[UnitId, PLAIN_ID], ...] = ()
    """With `every`, whom that meant when it was handed in: on record only, nobody gives both."""
    every: Addressees | None = None
    """In place of `unit` or `units`: every unit there (`unit`), or the government of every area directly below
    (`government`). Whoever assigns, and those above them, are not among them.
    """
    sector: Topic | None = None
    """With `every`: only units that are competent for this topic, and those under them."""
    owner: Annotated[PersonId, PLAIN_ID] | None = None
    """The person who answers for it in that unit; without one the unit's head does."""
    due_at: Instant | None = None
    within: Term | None = None
    lead: bool = False
    """Joint task: this unit leads, the others help."""
    after: Annotated[int, Field(ge=1), between(1, MOST_TASKS)] | None = None
    """Number (from 1) of the task of this list that must be done first."""

    @model_validator(mode="after")
    def for_somebody(self) -> Self:
        if self.every is None and (self.unit is None) == (not self.units):
            raise ValueError(
                N_("a task needs `unit`, or `units` or `every` for one task each: give one of the three")
            )
        if self.every is not None and self.unit is not None:
            raise ValueError(N_("`every` says whom the task is for: leave `unit` out"))
        if self.sector is not None and self.every is None:
            raise ValueError(N_("`sector` narrows `every`: give `every`, or leave `sector` out"))
        return self

    @property
    def as_asked(self) -> "TaskForm":
        """Without the units that `every` meant: the directory may mean others by the next day."""
        return self if self.every is None else self.model_copy(update={"units": ()})


def task_count(tasks: tuple[TaskForm, ...]) -> int:
    """One for each unit."""
    return sum(len(task.units) or 1 for task in tasks)


def too_many(tasks: tuple[TaskForm, ...]) -> Said | None:
    many = task_count(tasks)
    return (
        said(
            N_("are %(many)s tasks, one for each unit: assign at most %(most_tasks)s at a time"),
            many=many,
            most_tasks=MOST_TASKS,
        )
        if many > MOST_TASKS
        else None
    )


Tasks = Annotated[tuple[TaskForm, ...], WhenGiven(too_many, (("maxItems", MOST_TASKS),))]


MOST_TRIES = 20
"""Times that a report names at which it was tried in vain."""
Tries = Annotated[tuple[Instant, ...], at_most(MOST_TRIES)]


class Reported(Frozen):
    """What a reporter filled in, as it stands on record."""

    kind: ReportKind = ReportKind.INCIDENT
    category: Category | None = None
    """Incidents, opinion, disputes and hazards need one."""
    topic: Topic | None = None
    """The policy's finer sorting: opinion tv, web, external_media; complaint urgent, utility, normal,
    complex; petition land …
    """
    level: Level | None = None
    sensitive: bool = False
    unit: Annotated[UnitId, PLAIN_ID]
    area: Annotated[AreaCode, PLAIN_ID]
    occurred_at: Instant
    learned_at: Instant
    summary: Line
    details: Text | None = None
    place: Place | None = None
    exercise: bool = False
    harm: Harm | None = None
    parent: Annotated[CaseId, PLAIN_ID] | None = None
    """The case this one follows from: what a task, an order or an accountability case is about."""
    tasks: Tasks = ()
    tried_at: Tries = ()
    """When it was tried to hand this in before, in vain. It excuses a late report where our own record says
    that intake was away then.
    """
    files: Files = ()
    """Photographs, scans, clips: uploaded before (`POST /api/v1/files`), named here by their hashes."""
    by_telephone: bool | None = None
    """A duty office with the whole city writes down what the unit itself reported by telephone. Without it,
    who reports for another unit is its witness.
    """

    @model_validator(mode="after")
    def has_a_category(self) -> Self:
        if self.category is None and self.kind in CATEGORISED:
            raise ValueError(
                N_(
                    "category is missing: a report of this kind needs one of natural_disaster, accident, public_health, public_security"
                )
            )
        return self

    @model_validator(mode="after")
    def learned_after_it_occurred(self) -> Self:
        if self.learned_at < self.occurred_at:
            raise ValueError(
                N_(
                    "learned_at is before occurred_at: nobody learns of an event before it happens; correct one of the two"
                )
            )
        return self


class ReportForm(Given, Reported):
    """What a reporter fills in: the body of `POST /api/v1/reports`, of `report.submit` and of
    `cn.fenghuo.report.v1`.
    """

    model_config = ConfigDict(extra="forbid")

    form: FormGiven | None = None
    """What this kind of case is about: a form of `config/forms.yaml` (`fenghuo forms list`)."""


class Original(Frozen):
    """Where a report that came from another system stands in that system, so that both can be laid side by
    side.
    """

    format: str
    source: SourceId
    id: str
    area_as_given: str | None = None
    digest: str
    """SHA-256 of the bytes as they came, hex."""


class Lapsed(Frozen):
    """A lapse as accountability sees it, with what weighs for and against."""

    case: CaseId
    duty: DutyId
    rule: str
    title: Line | None = None
    """What was owed, in the words of the record; one referred before it was said has none."""
    about: Line | None = None
    """What the case was about in which it lapsed."""
    owed_to: tuple[PostId, ...] = ()
    """The posts of all whom the same failure concerned: one report that came late was owed to each of them."""
    unit: UnitId
    limit: Instant
    found_at: Instant
    cause: str
    level: Level | None = None
    harm: Harm | None = None
    late_by_seconds: float | None = None
    excuses: tuple[str, ...] = ()
    """Named: `every_channel_failed`, `stood_in`, `transfer_pending` …"""
    intent: bool = False
    """On purpose, as a person has confirmed; nothing else can know it."""
    repeats: Annotated[int, Field(ge=0)] = 0
    """The unit's other lapses within the policy's window, as its ledger counts them."""


class Report(Reported):
    """The data of `reported`: the form, who handed it in, when intake had it in hand, and where it came
    from.
    """

    received_at: Instant
    handed_in_at: Instant | None = None
    """The broker's time of the inbox message, where it came that way: what decides in time or late, so that
    intake being away is never held against a unit. Over HTTP the fact's own broker time is that moment.
    """
    reported_by: str
    """The principal: a person id, or `source:<id>` for a system."""
    person: PersonId | None = None
    by: Actor | None = None
    """Who handed it in, in which role, for which unit: the report of another unit is a witness's. Absent in
    reports of before, and where the system itself raised the case.
    """
    original: Original | None = None
    form: FormBlock | None = None
    referred: Lapsed | None = None
    """Accountability: the lapse it is about."""
    starts_at: Instant | None = None
    """Split off or raised by another case: its clock goes on from there."""
    grown: bool | None = None
    """It grew out of `parent`, a small matter or a campaign that goes on beside it."""
    item: int | None = None
    """The number of the item of `parent`, a campaign, that it grew out of."""


class Rejection(Frozen):
    """The data of `rejected`: a message that could not be taken, kept with the reason."""

    subject: str
    """The subject it came on; of an id that was used again, the kind of fact and the case that it stands
    for.
    """
    reason: str
    errors: tuple[tuple[str, str], ...] = ()
    """(field, what is wrong and what to do)."""
    headers: Annotated[dict[str, str], Field(default_factory=dict)]
    body: str | None = None
    """The original bytes, base 64; absent where they are many: `stream` and `sequence` say where they
    stand.
    """
    digest: str
    """SHA-256 of the original bytes, hex."""
    size: int | None = None
    """How many bytes they are."""
    case: CaseId | None = None
    """The case it says it is about."""
    sequence: int | None = None
    """Where it stands in `stream`."""
    stream: str | None = None
    """FACTS, where it is absent and `sequence` is not; of the INBOX, which keeps a month, where the bytes do
    not fit here.
    """
    distrust: Distrust | None = None
    """Why it is no authentic fact, where that is the reason."""
    cause: Cause | None = None
    """Absent in rejections of before."""
