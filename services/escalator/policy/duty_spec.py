"""How a duty is written in the policy: the section `duties:`, one rule each.

Invariant: every value is text as the file has it; `@levels.{level}.report` points into the tables above, so
that a number stands in one place. A rule reads from top to bottom: what it extends, its own fields, then each
variant that fits; the last one to name a field wins.
"""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from services.escalator.policy.durations import Span
from services.escalator.policy.rule import GivenLimit, Gravity, RuleScope
from services.escalator.policy.terms import PATTERN, parse_term
from services.escalator.policy.written import Also, OneOrMany, WrittenPart
from shared.acts import ACTS
from shared.case import ROLL_CALL, UNANSWERED, Slip, StandIn
from shared.directory.units import AREA_CODE
from shared.facts import LapseCause, Name
from shared.message import N_, said
from shared.vocabulary import Category, Document, Kind, Level, ReportKind

RuleName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
_REF = re.compile(r"^@[a-z_]+(\.(\w+|\{(level|topic|kind|category)\}))+$")

BEARERS = (
    "recipient",
    "unit",
    "holder",
    "assignee",
    "assigner",
    "asked",
    "superior",
    "superior_above",
    "competent",
    "watched",
    "named",
    "approver",
)
"""Who may owe a duty, besides the holder of a post: see `DutyRule.by`."""
EVERYBODY = "everybody"
EACH_CHANNEL, FIRST_CHANNEL = "each", "first"
"""In place of channels: all that a person has, or the first of them."""
DYNAMIC_AUDIENCES = (
    "owner",
    "bearer",
    "unit_head",
    "assigner",
    "holder_head",
    "superior_head",
    "reporter_head",
    "competent_duty",
    "area_duty",
    EVERYBODY,
)
"""Found at the moment: the task's owner, who is the bearer; the head of the unit that owes it, of the
assigner, of the case's holder, of the superior of the unit that owes it, of the unit that reported; the duty
post of the unit competent for the matter, and of the government of the place (the county's, the township's);
everybody of the case's unit who has a channel.
"""
ACTIONS = ("supervision_order", "public_notice_draft", "refer", "incident", "unacknowledge")
"""What may be raised when a duty is overdue, besides telling people."""
WATCHES = ("roster", "source", "plan", "periodic", "ledger", "gaps", ROLL_CALL)


def is_ref(text: str) -> bool:
    return text.startswith("@")


def _ref_or(text: str, parse: Any) -> str:
    if is_ref(text):
        if not _REF.match(text):
            raise ValueError(
                said(
                    N_(
                        "%(text)s points nowhere: write a path into the tables, such as @levels.{level}.report"
                    ),
                    text=repr(text),
                )
            )
    else:
        parse(text)
    return text


def _fallback(value: Any) -> Any:
    if value == "none":
        return {}
    return {"same_as": value} if isinstance(value, str) else value


def _overdue(value: Any) -> Any:
    return {value: []} if isinstance(value, str) else value


FORM_TRIGGER = re.compile(r"^form\.[a-z][a-z0-9_]{1,39}\.[a-z][a-z0-9_]{1,39}$")
"""A threshold of a form was crossed, or a field of one; whether there is such a form `fenghuo forms check` says."""
FormField = Annotated[str, StringConstraints(pattern=FORM_TRIGGER.pattern)]
TermText = Annotated[
    str,
    AfterValidator(lambda text: _ref_or(text, parse_term)),
    Field(json_schema_extra={"pattern": f"{PATTERN}|^@.+$"}),
]
REF_SCHEMA = {"type": "string", "pattern": _REF.pattern}
Ref = Annotated[str, StringConstraints(pattern=_REF.pattern)]
Names = Annotated[tuple[str, ...], OneOrMany()]
Terms = Annotated[tuple[TermText, ...], OneOrMany()]


class When(WrittenPart):
    """What a matter must be; each a value or a list, `none` for a matter without one. A key that is absent
    asks nothing.
    """

    kind: Annotated[tuple[ReportKind, ...] | None, OneOrMany()] = None
    category: Annotated[tuple[Category | Literal["none"], ...] | None, OneOrMany()] = None
    level: Annotated[tuple[Level | Literal["none"], ...] | None, OneOrMany()] = None
    area: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=rf"^{AREA_CODE}(/\*\*)?$")], ...] | None, OneOrMany()
    ] = None
    """A division code; `620600/**` for it and everything within."""
    unit: Annotated[tuple[str, ...] | None, OneOrMany()] = None
    topic: Annotated[tuple[str, ...] | None, OneOrMany()] = None
    sensitive: bool | None = None
    gravity: Annotated[tuple[Gravity, ...] | None, OneOrMany()] = None
    """By the table `gravity`: a level, or that the matter is called sensitive."""


class FallbackSpec(WrittenPart):
    """`none`, a reference, or all three fields."""

    same_as: Ref | None = None
    after: Span | None = None
    chain: Names = ()
    step: Span | None = None

    @model_validator(mode="after")
    def is_whole(self) -> Self:
        if self.chain and (self.after is None or self.step is None):
            raise ValueError(
                N_(
                    "a chain needs `after` (how long the first may stay dark) and `step` (how long each of the chain may)"
                )
            )
        return self


class WrittenTerms(WrittenPart):
    """What a rule or one of its variants says. A field that is not written is inherited."""

    title: Name | None = None
    by: str | None = None
    """Who owes it: one of BEARERS, or a post."""
    to: Names | None = None
    """To whom: posts, audiences, or a dynamic audience."""
    within: TermText | None = None
    due: GivenLimit | None = None
    """`given`: the act, task, source or roster that opens it gives the limit; with `within`, where that gives
    none. Of a contingency plan: `review_by`, the day it must be reviewed by; `drill_every`, so long
    after the last drill.
    """
    starts: Literal["start", "event", "occurred_at", "learned_at", "received_at"] | FormField | None = None
    """`start`: the case's own clock (clock.starts_at); `event`: the fact that opens it; `form.visit.at`: the date or
    time that the case's form says, also one still to come. Default: `start` on reported, else `event`.
    """
    remind: Terms | None = None
    slips: tuple[Slip, ...] | None = None
    """The colour each reminder turns the slip, in their order."""
    overdue: Annotated[dict[TermText, Names] | None, Also(_overdue, REF_SCHEMA)] = None
    """How long after the limit, and whom to tell or what to raise."""
    discharged_by: Names | None = None
    until: Names | None = None
    """Acts that end it with nothing more owed. Default: closed, withdrawn, merged."""
    fallback: Annotated[FallbackSpec | None, Also(_fallback, {"const": "none"}, REF_SCHEMA)] = None
    answer: Literal["each", "any"] | None = None
    """`any`: one of those owed answers for all."""
    nag: Span | None = None
    """After the limit, called again at this interval until it is done."""
    again: bool | None = None
    extend: TermText | None = None
    """By how much at most its limit may be moved, where that is asked for before the limit and granted. Tasks
    are extended without it.
    """
    reserves: Names | None = None
    """Acts that end the case, such as `resolved`, which only the leader who owes this, or somebody above, may do
    while it is owed.
    """
    cause: LapseCause | None = None
    refers: bool | Literal["together"] | None = None
    """A lapse goes to the discipline organ: each by itself, or `together` those of one case as one list, of which the
    organ says who answers for it (`on: listed`, discharged by `judged.all`).
    """
    channels: Names | None = None
    """Default: those of the half-hour rule."""
    stand_in: StandIn | None = None
    """What it means for a duty to report that a contact of the chain has answered. Default: `settles`."""
    calls: bool | None = None
    """Whether the bearer is called when it opens. Default: only where the recipient must answer."""
    through: Literal["head", "duty_post"] | None = None
    """Who of the unit that owes it is called and answers for it: its head (the default), or its duty post."""


class Variant(WrittenTerms):
    when: When


class DutySpec(WrittenTerms):
    rows: tuple[Annotated[int, Field(ge=1, le=42)], ...] = ()
    """The requirements of DOMAIN.md it serves."""
    extends: RuleName | None = None
    when: When | None = None
    on: Names | None = None
    """Triggers: see `known_triggers`."""
    every: str | None = None
    """Cron, five fields, in the policy's zone; opened by `established.periodic` where `on` says nothing
    else.
    """
    each: RuleName | None = None
    """Of a rule by the calendar: every unit whose competence names this topic owes its own (`unit`: every unit with
    somebody who has a channel), in a case of its own.
    """
    shift: bool | None = None
    scope: RuleScope | None = None
    variants: tuple[Variant, ...] = ()


DERIVED = (
    "reported.outside",
    "suspected",
    "review_asked.again",
    "bounced",
    "all_verified",
    "listed",
    UNANSWERED,
)
"""Triggers that are no fact's kind: reported by an outside witness, suspected to be omitted, a review asked
for once more, sent to and fro too often, the last task verified, a lapse put on the organ's list, a roll call
that ended without everybody's answer.
"""


DECIDED = (
    "compilation_drafted",
    "notice_approved.wanting",
    "notice_approved.all",
    "notice_turned_down",
    "suspicion_withdrawn",
    "judged.wanting",
    "judged.all",
    "text_drafted",
    "text_approved.wanting",
    "text_approved.all",
    "text_sent_back",
    "released",
)
"""What several acts, or the answer an act gives, have come to: a public notice lacks an approval still, has all of
them, or is turned down; a report in time was found for what was suspected to be omitted; of the organ's list some
lapse waits to be judged, or none; the text of a publication is there, lacks an approval still, has all, is sent back,
or has gone to the outlets.
"""


def known_triggers() -> frozenset[str]:
    """Every trigger that does not name a rule (`lapsed.<rule>` and `discharged.<rule>` do)."""
    kinds = {str(kind) for kind in Kind} - {"due", "decided", "delivered", "failed", "rejected", "checked"}
    kinds -= {kind for kind, act in ACTS.items() if act.is_a_note}
    filed = {f"filed.{document}" for document in Document}
    watched = {f"established.{watch}" for watch in WATCHES}
    return frozenset(kinds | filed | watched | {*DERIVED, *DECIDED})


def known_discharges() -> frozenset[str]:
    """Every act that can discharge a duty."""
    return known_triggers() - {*DERIVED, "established", "reported"} | {"logged_call"}
