"""How the policy writes who is told what: the section `tells:`, one rule each.

Invariant: every value is text as the file has it, and a rule reads as a duty's does: what it extends, its own
fields, then each variant that fits; the last one to name a field wins. A tell lays nothing on anybody.
"""

import re
from typing import Annotated

from pydantic import Field

from services.escalator.policy.duty_spec import DERIVED, Names, RuleName, When, known_triggers
from services.escalator.policy.rule import RuleScope
from services.escalator.policy.written import WrittenPart
from shared.facts import Name
from shared.vocabulary import Kind

TELL_AUDIENCES = (
    "told",
    "owed_to",
    "assigner",
    "assignee_head",
    "commander",
    "holder_head",
    "reporter_head",
    "superior_head",
    "asked_head",
    "competent_head",
    "named_head",
    "competent_duty",
    "area_duty",
)
"""Found at the moment: everybody who was told of the case so far; those to whom the duties are owed that this
has discharged; the heads of the unit that laid the task and of the one that has it; whoever commands; the heads of the unit that
answers for the case, of the one that reported, of the one above it, of the one a transfer asks, of the one
competent for it, of the one a public notice names; the duty posts of the one competent for it, and of the
governments of the place.
"""
FORM_AUDIENCE = re.compile(r"^form(\.[a-z][a-z0-9_]{0,39}){2,3}$")
"""`form.meeting.participants.unit`: whoever is named there now and was not before, a person or the head of a unit."""
GRADED_UP, GRADED_DOWN = "regraded.up", "regraded.down"
"""However it comes about: by a person, by harm, by a duplicate that is merged in."""
OF_A_RULE = ("lapsed", "discharged")
"""Alone of any duty, with a rule's name of that one."""


class TellTerms(WrittenPart):
    """What a rule or one of its variants says. A field that is not written is inherited."""

    title: Name | None = None
    """What happened, in two to six words: it stands in the brackets before the message."""
    to: Names | None = None
    """Who hears of it: posts, audiences, those found at the moment (TELL_AUDIENCES), or named in a form
    (FORM_AUDIENCE).
    """
    channels: Names | None = None
    """By which; who has none of them is told by what they have. Default: those of the half-hour rule."""


class TellVariant(TellTerms):
    when: When


class TellSpec(TellTerms):
    rows: tuple[Annotated[int, Field(ge=1, le=42)], ...] = ()
    """The requirements of DOMAIN.md it serves."""
    extends: RuleName | None = None
    when: When | None = None
    on: Names | None = None
    """What people hear of: see `known_events`."""
    scope: RuleScope | None = None
    """`case` (the default): what happens to the case itself; `task`: what happens to one of its tasks."""
    variants: tuple[TellVariant, ...] = ()


def known_events(rules: frozenset[str]) -> frozenset[str]:
    """Everything that can be told of; `rules`: the duties of the policy."""
    of_rules = {f"{what}.{rule}" for what in OF_A_RULE for rule in rules}
    return frozenset(
        known_triggers() - {str(Kind.ESTABLISHED)}
        | {*DERIVED, *OF_A_RULE, *of_rules, GRADED_UP, GRADED_DOWN, "suspicion_withdrawn"}
    )
