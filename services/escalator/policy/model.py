"""The policy as a document: what a unit owes, to whom, by when, and who is told when somebody stays dark.

Invariant: nothing about a level, a post, a limit or a chain is in code; an unknown or misspelt key is refused
with its line.
"""

from datetime import time, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from services.escalator.policy.durations import Span
from services.escalator.policy.duty_spec import DutySpec, RuleName
from services.escalator.policy.holidays import Holidays
from services.escalator.policy.rule import Gravity
from services.escalator.policy.tell_spec import TellSpec
from services.escalator.policy.terms import TermField
from services.escalator.policy.written import WrittenPart
from shared.facts import HarmCount, LapseCause
from shared.lined_yaml import PlacedError
from shared.message import N_, said
from shared.vocabulary import Category, Level, Role

PostName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder, or one too long
        raise ValueError(
            said(N_("%(name)s is not a time zone: write one such as Asia/Shanghai"), name=repr(name[:60]))
        ) from None
    return name


class StartsAt(StrEnum):
    LEARNED = "learned_at"
    OCCURRED = "occurred_at"
    RECEIVED = "received_at"


class ClockRule(WrittenPart):
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    starts_at: StartsAt = StartsAt.LEARNED


class Fallback(WrittenPart):
    """`after`: how long the person owed may stay dark; `step`: how long each contact of the chain may."""

    after: Span
    chain: Annotated[tuple[PostName, ...], Field(min_length=1)]
    step: Span


class HalfHour(WrittenPart):
    """One duty per person owed, from the moment the unit learned of it."""

    owed_to: Annotated[tuple[PostName, ...], Field(min_length=1)]
    within: Span
    remind: tuple[Span, ...] = ()
    channels: Annotated[tuple[str, ...], Field(min_length=1)]
    discharged_by: Annotated[tuple[Literal["acknowledged", "logged_call"], ...], Field(min_length=1)]
    fallback: Fallback

    @model_validator(mode="after")
    def reminders_come_before_the_limit(self) -> Self:
        late = [span for span in self.remind if span >= self.within]
        if late:
            raise ValueError(
                said(
                    N_(
                        "a reminder after the limit reminds of nothing: remind %(late)s is not before within %(within)s"
                    ),
                    late=max(late),
                    within=self.within,
                )
            )
        return self


class LevelLimits(WrittenPart):
    report: Span
    written: Span
    acknowledge: Span
    follow_up: Span
    final: Span
    plan: Span


def _time_of_day(text: str) -> str:
    try:
        time.fromisoformat(text)
    except ValueError:
        raise ValueError(N_("is no time of the day: write one such as 08:30, in quotes")) from None
    return text


TimeOfDay = Annotated[str, StringConstraints(pattern=r"^\d\d:\d\d$"), AfterValidator(_time_of_day)]


class RollCallTable(WrittenPart):
    """How gently people are asked whether they can be reached."""

    within: Span
    """How long there is to answer."""
    spread: Span = timedelta(0)
    """The units begin one after the other over this time, each always at the same place of it."""
    hours: Annotated[tuple[TimeOfDay, ...], Field(min_length=2, max_length=2)] = ("09:00", "17:00")
    """A roll call begins on working days from the one to the other, and never otherwise."""

    @model_validator(mode="after")
    def fits_its_hours(self) -> Self:
        begins, ends = (time.fromisoformat(text) for text in self.hours)
        if begins >= ends:
            raise ValueError(
                said(
                    N_("hours end before they begin: write the earlier time first, such as %(hours)s"),
                    hours=(self.hours[1], self.hours[0]),
                )
            )
        return self

    def begin_and_end(self) -> tuple[time, time]:
        return time.fromisoformat(self.hours[0]), time.fromisoformat(self.hours[1])


Weight = Level | Literal["sensitive"]


class GravityTable(WrittenPart):
    """Which levels make a matter grave or serious, whatever its kind; `sensitive` is what is called so. The
    rest is ordinary.
    """

    grave: Annotated[tuple[Weight, ...], Field(min_length=1)] = (Level.I, Level.II, "sensitive")
    serious: tuple[Weight, ...] = (Level.III,)

    @model_validator(mode="after")
    def nothing_is_both(self) -> Self:
        if both := [weight for weight in self.serious if weight in self.grave]:
            raise ValueError(
                said(N_("%(both)s is grave and serious at once: remove it from one"), both=tuple(both))
            )
        return self

    def of(self, level: Level | None, sensitive: bool) -> Gravity:
        weights = {level, "sensitive" if sensitive else None}
        if not weights.isdisjoint(self.grave):
            return Gravity.GRAVE
        return Gravity.ORDINARY if weights.isdisjoint(self.serious) else Gravity.SERIOUS


class Opinion(WrittenPart):
    tv: Span
    web: Span
    external_media: Span


class ExtensionTerms(WrittenPart):
    asked_before_due: bool
    approved_by: str
    keeps_original_due: bool = True
    """Read from older policies, and without effect: the limit that stood before always stays on record."""


class Objection(WrittenPart):
    within: TermField
    decided_by: str


class Tasks(WrittenPart):
    meeting_report: TermField
    remind: tuple[TermField, ...]
    overdue: dict[TermField, tuple[str, ...]]
    extension: ExtensionTerms
    objection: Objection
    bounce_limit: Annotated[int, Field(ge=0)]
    supervised_by: PostName | None = None
    """The post whose unit issues supervision orders; without one, whoever is owed what is overdue does."""


class Inventory(WrittenPart):
    due: TermField
    remind: tuple[TermField, ...]
    nil_report: Literal["required", "optional"]
    recheck: TermField


class Petition(WrittenPart):
    route: TermField
    close: TermField
    extend: TermField
    ask: TermField | None = None
    """How long whoever petitioned may ask for a review of an answer, as its letter says; not said where it is not given."""
    review: TermField
    re_review: TermField


class Hotline(WrittenPart):
    urgent: TermField
    utility: TermField
    normal: TermField
    complex: TermField


class TrendTerms(WrittenPart):
    monthly: TermField
    quarterly: TermField


class Press(WrittenPart):
    """From the moment the unit learned of it: the first word, the conference, what follows."""

    first: TermField
    conference: TermField
    follow: TermField


class Snooze(WrittenPart):
    """ "I know, remind me in ten minutes": for how long at most, and how many times."""

    up_to: Span
    times: Annotated[int, Field(ge=0)]


class Pause(WrittenPart):
    """Who may stop a clock with a reason, and for how long at most."""

    by: Annotated[tuple[Role, ...], Field(min_length=1)]
    up_to: TermField


class SilentSource(WrittenPart):
    """As what the incident of a silent source is reported."""

    category: Category = Category.ACCIDENT
    level: Level | None = None


class Exercise(WrittenPart):
    channels: tuple[str, ...] = ()
    """Over which an exercise rings; none: nobody is rung."""


Share = Annotated[float, Field(ge=0, le=1)]


class WrittenWeights(WrittenPart):
    area: Share
    category: Share
    time: Share
    text: Share

    @model_validator(mode="after")
    def make_one(self) -> Self:
        total = self.area + self.category + self.time + self.text
        if abs(total - 1) > 1e-9:
            raise ValueError(said(N_("the weights make %(total)s: they must make 1"), total=f"{total:g}"))
        return self


class CrossCheck(WrittenPart):
    """An outside source knows what no unit has reported `within`: suspected omission. Alike enough from
    `alike` on.
    """

    within: Span
    alike: Share
    weights: WrittenWeights
    judged_within: TermField | None = None
    """How long whoever judges a suspicion has for it."""
    window: Span
    """How far apart in time two tellings of one event may lie."""


class Grounds(WrittenPart):
    """What a lapse must be for a measure. A key that is absent asks nothing; `late_by` and numbers are at
    least.
    """

    late_by: Span | None = None
    level: tuple[Level, ...] | None = None
    repeats: Annotated[int, Field(ge=1)] | None = None
    """Which lapse of the unit it is within the window: 2 is the second."""
    cause: tuple[LapseCause, ...] | None = None
    deaths: Annotated[int, Field(ge=1)] | None = None
    injuries: Annotated[int, Field(ge=1)] | None = None
    loss: Annotated[int, Field(ge=1)] | None = None
    intent: bool | None = None
    """Concealed, falsified or under-graded, as a person has confirmed."""


class MeasureRule(WrittenPart):
    when: Grounds = Grounds()
    measure: str


class Accountability(WrittenPart):
    """Proposed, never decided: the organ decides. `measures` is read from top to bottom, the last that fits
    wins.
    """

    in_force_only_if: Literal["approved", "resolution"]
    """What puts another version of the policy into force, beside another person than who drafted it: `resolution`, that
    of a meeting on record, with the file it is written in. What counts is the policy in force at the approval.
    """
    ladder: Annotated[tuple[str, ...], Field(min_length=1)]
    window: TermField | None = None
    """How long a lapse counts as a repeat."""
    measures: tuple[MeasureRule, ...] = ()
    excuses: Annotated[dict[str, Annotated[int, Field(ge=0)]], Field(default_factory=dict)]
    """What weighs for whoever lapsed: so many steps down the ladder, never below its first."""
    statement_within: TermField | None = None
    decide_within: TermField | None = None
    review_within: TermField | None = None

    @model_validator(mode="after")
    def measures_are_on_the_ladder(self) -> Self:
        faults = [
            (
                ("measures", number, "measure"),
                said(
                    N_("%(measure)s is no step of the ladder: write one of %(ladder)s"),
                    measure=rule.measure,
                    ladder=tuple(self.ladder),
                ),
            )
            for number, rule in enumerate(self.measures)
            if rule.measure not in self.ladder
        ]
        if faults:
            raise PlacedError(faults)
        return self


class PublicNoticeRule(WrittenPart):
    approvals: Annotated[int, Field(ge=1)]
    reply_within: TermField
    approvers: tuple[PostName, ...] = ()
    """Posts that are asked to approve, in this order; whoever drafted it or has approved it is passed over."""


class PublicationRule(WrittenPart):
    """The text that goes out at every outlet at once."""

    approvals: Annotated[int, Field(ge=1, le=5)]
    approvers: tuple[PostName, ...] = ()
    """Posts that are asked to approve, in this order; whoever drafted it or has approved it is passed over."""


class Thresholds(WrittenPart):
    """From how many on an accident is of level I, II, III."""

    deaths: tuple[int, int, int]
    injuries: tuple[int, int, int]
    loss: tuple[int, int, int]
    in_danger: tuple[int, int, int] | None = None
    """Missing and trapped together: their lives are in danger. Absent: they do not count."""

    @model_validator(mode="after")
    def fall(self) -> Self:
        for name in ("deaths", "injuries", "loss", "in_danger"):
            first, second, third = getattr(self, name) or (3, 2, 1)
            if not first > second > third > 0:
                raise ValueError(
                    said(
                        N_("%(name)s: levels I, II, III need falling numbers, such as [30, 10, 3]"), name=name
                    )
                )
        return self

    def level_of(self, harm: HarmCount) -> Level:
        """The higher of the counts (DOMAIN.md)."""
        counts = [(harm.deaths, self.deaths), (harm.injuries, self.injuries), (harm.loss, self.loss)]
        if self.in_danger is not None:
            counts.append((harm.missing + harm.trapped, self.in_danger))
        for number, level in enumerate((Level.I, Level.II, Level.III)):
            if any(count >= least[number] for count, least in counts):
                return level
        return Level.IV


class Grading(WrittenPart):
    accident: Thresholds
    follows_harm: Literal["up", "never"] = "never"
    """`up`: where a follow-up says of an accident that the harm has grown to a graver level, the case is of
    that level from then on. It is never graded down by itself.
    """


class PolicyDocument(WrittenPart):
    """`config/policy.yaml`: the tables with the numbers, then who is told what and who owes what."""

    version: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    clock: ClockRule = ClockRule()
    half_hour: HalfHour
    levels: dict[Level, LevelLimits]
    gravity: GravityTable = GravityTable()
    opinion: Opinion
    tasks: Tasks | None = None
    inventory: Inventory | None = None
    petition: Petition | None = None
    hotline: Hotline | None = None
    trend: TrendTerms | None = None
    press: Press | None = None
    accountability: Accountability | None = None
    public_notice: PublicNoticeRule | None = None
    publication: PublicationRule | None = None
    grading: Grading | None = None
    cross_check: CrossCheck | None = None
    snooze: Snooze | None = None
    pause: Pause | None = None
    silent_source: SilentSource = SilentSource()
    exercise: Exercise = Exercise()
    roll_call: RollCallTable | None = None
    holidays: Holidays = Holidays(years={})
    """Filled from the file `holidays.yaml` beside the policy's."""
    audiences: Annotated[
        dict[RuleName, Annotated[tuple[PostName, ...], Field(min_length=1)]], Field(default_factory=dict)
    ]
    tells: Annotated[dict[RuleName, TellSpec], Field(default_factory=dict)]
    duties: Annotated[dict[RuleName, DutySpec], Field(min_length=1)]

    @model_validator(mode="after")
    def every_level_has_limits(self) -> Self:
        missing = [level for level in Level if level not in self.levels]
        if missing:
            raise ValueError(
                said(
                    N_("levels: %(missing)s missing: every level I to IV needs its limits"),
                    missing=tuple(missing),
                )
            )
        return self
