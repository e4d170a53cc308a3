"""A duty rule as it stands for one matter: variants applied, terms looked up, every value with the line it
comes from.

Invariant: `decide` reads these and nothing else of the policy; resolving is a pure function of policy and
matter, and is remembered per matter's sort, so that the hot path only looks it up.
"""

from dataclasses import dataclass
from enum import StrEnum

from services.escalator.policy.terms import Term
from shared.case import DutyTerms, Slip
from shared.ids import AreaCode, UnitId
from shared.vocabulary import Category, Level, ReportKind


class Gravity(StrEnum):
    """How grave a matter is, whatever its kind; which levels mean which, the policy says (`gravity:`)."""

    GRAVE = "grave"
    SERIOUS = "serious"
    ORDINARY = "ordinary"


@dataclass(frozen=True, slots=True)
class MatterChoice:
    """What a rule may choose by. Two matters of the same sort have the same duties."""

    kind: ReportKind
    category: Category | None
    topic: str | None
    level: Level | None
    sensitive: bool
    area: AreaCode
    unit: UnitId
    gravity: Gravity = Gravity.ORDINARY


class GivenLimit(StrEnum):
    """Where a limit stands that the policy does not name itself."""

    GIVEN = "given"
    """In the act, task, source or roster that opens the duty."""
    REVIEW_BY = "review_by"
    """In the contingency plan: the day it must be reviewed by."""
    DRILL_EVERY = "drill_every"
    """In the contingency plan: so long after its last drill."""


class RuleScope(StrEnum):
    CASE = "case"
    TASK = "task"
    """One duty for each task."""


@dataclass(frozen=True, slots=True)
class DutyRule:
    """One duty the policy lays on somebody when `on` happens."""

    name: str
    plan: DutyTerms
    """All of it that the case keeps (texts, discharge, chain, lines)."""
    on: tuple[str, ...]
    """Triggers: a fact's kind (`reported`, `assigned`, `acknowledged` …), `filed.<document>`,
    `lapsed.<rule>`, `discharged.<rule>`,
    `established.<watch>`.
    """
    by: str
    """Who owes it: `recipient`, `unit` (that reported), `holder`, `assignee`, `assigner`, `asked` (a
    transfer's addressee), `superior` (the common superior), `competent`, `watched` (a standing case's unit),
    `named` (by a public notice), `approver` (who is next to approve it), or the name of a post.
    """
    to: tuple[str, ...]
    """Posts or audiences it is owed to."""
    term: Term | None
    """None: only what opens it gives a limit (`given`)."""
    starts: str
    """`start` (the case's clock, policy `clock.starts_at`), `event` (the fact that opened it), `occurred_at`,
    `learned_at` or
    `received_at`.
    """
    scope: RuleScope
    remind: tuple[tuple[Term, Slip | None], ...]
    """Fixed terms from the start, or shares of the whole term; each may colour the slip."""
    overdue: tuple[tuple[Term, tuple[str, ...]], ...]
    """How long after the limit, and whom to tell or what to raise."""
    every: str | None
    """Cron (five fields) in the policy's zone: opens at each of its moments."""
    shift: bool
    """Opens at the start of each shift of the standing case's roster."""
    calls: bool
    """The bearer is called when it opens (a report); otherwise only told."""
    by_duty_post: bool = False
    """The unit's duty post answers for it, rung day and night; otherwise its head."""
    extend: Term | None = None
    """By how much its limit may be moved at most; None: not at all."""
    each: str | None = None
    """Every unit whose competence names this topic owes its own."""
    given: GivenLimit | None = None
    """`due`: the act, task, source, roster or plan that opens it names the limit; `term` where it names
    none.
    """
