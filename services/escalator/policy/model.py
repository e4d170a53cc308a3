"""The policy as a document: what a unit owes, to whom, by when, and who is told when somebody stays dark.

Invariant: nothing about a level, a post, a limit or a chain is in code; an unknown or misspelt key is refused with its line.
"""

from enum import StrEnum
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from services.escalator.policy.durations import Span, Term
from shared.facts import Frozen
from shared.vocabulary import Level

PostName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{name!r} is not a time zone: write one such as Asia/Shanghai") from None
    return name


class StartsAt(StrEnum):
    LEARNED = "learned_at"
    OCCURRED = "occurred_at"
    RECEIVED = "received_at"


class ClockRule(Frozen):
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    starts_at: StartsAt = StartsAt.LEARNED


class Fallback(Frozen):
    """`after`: how long the person owed may stay dark; `step`: how long each contact of the chain may."""

    after: Span
    chain: Annotated[tuple[PostName, ...], Field(min_length=1)]
    step: Span


class HalfHour(Frozen):
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
            raise ValueError(f"a reminder after the limit reminds of nothing: remind {max(late)} is not before within {self.within}")
        return self


class LevelLimits(Frozen):
    report: Span
    written: Span
    acknowledge: Span
    follow_up: Span
    final: Span
    plan: Span


class Opinion(Frozen):
    tv: Span
    web: Span
    external_media: Span


class Extension(Frozen):
    asked_before_due: bool
    approved_by: str
    keeps_original_due: bool


class Objection(Frozen):
    within: Term
    decided_by: str


class Tasks(Frozen):
    meeting_report: Term
    remind: tuple[Term, ...]
    overdue: dict[Term, tuple[str, ...]]
    extension: Extension
    objection: Objection
    bounce_limit: Annotated[int, Field(ge=0)]


class Inventory(Frozen):
    due: Term
    remind: tuple[Term, ...]
    nil_report: Literal["required", "optional"]
    recheck: Term


class Petition(Frozen):
    route: Term
    close: Term
    extend: Term
    review: Term
    re_review: Term


class Hotline(Frozen):
    urgent: Term
    utility: Term
    normal: Term
    complex: Term


class Trend(Frozen):
    monthly: Annotated[str, StringConstraints(pattern=r"^day ([1-9]|1\d|2[0-8])$")]
    quarterly: Annotated[str, StringConstraints(pattern=r"^day ([1-9]|1\d|2[0-8])$")]


class Accountability(Frozen):
    in_force_only_if: Literal["approved"]
    ladder: Annotated[tuple[str, ...], Field(min_length=1)]


class PolicyDocument(Frozen):
    """`config/policy.yaml`. The sections after `levels` belong to duties that are checked here and watched by later versions."""

    version: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    clock: ClockRule = ClockRule()
    half_hour: HalfHour
    levels: dict[Level, LevelLimits]
    opinion: Opinion
    tasks: Tasks | None = None
    inventory: Inventory | None = None
    petition: Petition | None = None
    hotline: Hotline | None = None
    trend: Trend | None = None
    accountability: Accountability | None = None

    @model_validator(mode="after")
    def every_level_has_limits(self) -> Self:
        missing = [level for level in Level if level not in self.levels]
        if missing:
            raise ValueError(f"levels: {', '.join(missing)} missing: every level I to IV needs its limits")
        return self
