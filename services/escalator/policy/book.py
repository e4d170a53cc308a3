"""The policy as services work by it: its document, its text with the lines, and the duties a trigger lays in
a matter of some sort.

Invariant: a Policy never changes; what it says of a sort of matter is worked out once and remembered.
"""

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from services.escalator.policy.holidays import WorkCalendar
from services.escalator.policy.inherit import Section
from services.escalator.policy.model import PolicyDocument
from services.escalator.policy.resolve import dimensions_told_apart, fits, resolve, triggers_of, whole_rule
from services.escalator.policy.rule import DutyRule, MatterChoice
from services.escalator.policy.tell_rule import TellRule, resolve_tell
from shared.facts import PolicyLine
from shared.ids import AreaCode, PostId, UnitId
from shared.lined_yaml import Lines
from shared.vocabulary import ReportKind

REMEMBERED = 50_000
"""Sorts of matter whose rules are kept at hand; beyond that the memory starts anew."""


@dataclass(frozen=True)
class Policy:
    """A policy with its text, so that each decision can name the line it came from."""

    document: PolicyDocument
    text: str
    name: str
    lines: Lines
    _read: dict[tuple[str, MatterChoice], tuple[DutyRule, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _rules: dict[tuple[str, MatterChoice], DutyRule | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    _told: dict[tuple[str, MatterChoice], tuple[TellRule, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @cached_property
    def label(self) -> str:
        """What a case keeps of the policy it began under: version and the digest of the very bytes."""
        return f"{self.document.version} sha256:{hashlib.sha256(self.text.encode()).hexdigest()[:16]}"

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.document.clock.timezone)

    @cached_property
    def calendar(self) -> WorkCalendar:
        """Which days are worked, in the policy's zone."""
        return WorkCalendar.of(self.zone, self.document.holidays)

    @cached_property
    def audiences(self) -> dict[str, tuple[PostId, ...]]:
        """Names for several posts, usable wherever posts are."""
        return {name: tuple(map(PostId, posts)) for name, posts in self.document.audiences.items()}

    @cached_property
    def _triggered(self) -> dict[str, tuple[str, ...]]:
        """The rules' names by what opens them, in the policy's order."""
        names_by_trigger: dict[str, list[str]] = {}
        for name in self.document.duties:
            for trigger in triggers_of(whole_rule(self.document, name)):
                names_by_trigger.setdefault(trigger, []).append(name)
        return {trigger: tuple(names) for trigger, names in names_by_trigger.items()}

    def names_on(self, trigger: str) -> tuple[str, ...]:
        """The names of all rules that the trigger opens, whatever the matter."""
        return self._triggered.get(trigger, ())

    def rules_on(self, trigger: str, sort: MatterChoice) -> tuple[DutyRule, ...]:
        """The duties that `trigger` lays on somebody in a matter of this sort, in the policy's order.

        All periodic rules are opened by `established.periodic`, all rules of shifts by `established.roster`.
        """
        key = (trigger, sort)
        if (known := self._read.get(key)) is not None:
            return known
        names = self.names_on(trigger)
        return self._remember(
            key, tuple(rule for name in names if (rule := self._resolved(name, sort)) is not None)
        )

    @cached_property
    def _tells(self) -> dict[str, tuple[str, ...]]:
        """The tells' names by what is told, in the policy's order."""
        names_by_event: dict[str, list[str]] = {}
        for name in self.document.tells:
            for event in whole_rule(self.document, name, Section.TELLS).get("on") or ():
                names_by_event.setdefault(event, []).append(name)
        return {event: tuple(names) for event, names in names_by_event.items()}

    def tells_on(self, event: str, sort: MatterChoice) -> tuple[TellRule, ...]:
        """Who is told what of `event` in a matter of this sort. `filed` in a rule means any document."""
        tells, whole = self._tells, event.partition(".")[0]
        if event not in tells and whole not in tells:
            return ()
        key = (event, sort)
        if (known := self._told.get(key)) is None:
            names = (*tells.get(event, ()), *(tells.get(whole, ()) if whole != event else ()))
            if len(self._told) >= REMEMBERED:
                self._told.clear()
            self._told[key] = known = tuple([rule for name in names if (rule := self.tell_named(name, sort))])
        return known

    def tell_named(self, name: str, sort: MatterChoice) -> TellRule | None:
        """The rule as it stands for this sort; None where it is not for it."""
        fitting = fits(whole_rule(self.document, name, Section.TELLS).get("when"), sort)
        return resolve_tell(self.document, name, sort, self.lines.of) if fitting else None

    def rule_named(self, name: str, sort: MatterChoice) -> DutyRule | None:
        """The rule as it stands for this sort, whatever opens it; None where it is not there, or not for this
        sort.
        """
        if name not in self.document.duties:
            return None
        key = (f"={name}", sort)
        if (known := self._read.get(key)) is not None:
            return known[0] if known else None
        rule = self._resolved(name, sort)
        self._remember(key, () if rule is None else (rule,))
        return rule

    def _resolved(self, name: str, sort: MatterChoice) -> DutyRule | None:
        """Worked out once for all sorts that differ in nothing the policy asks about anywhere."""
        plain = replace(sort, **self._never_asked)
        if (name, plain) not in self._rules:
            fitting = fits(whole_rule(self.document, name).get("when"), sort)
            self._rules[name, plain] = resolve(self.document, name, sort, self.lines.of) if fitting else None
        return self._rules[name, plain]

    def _remember(self, key: tuple[str, MatterChoice], rules: tuple[DutyRule, ...]) -> tuple[DutyRule, ...]:
        if len(self._read) >= REMEMBERED:
            self._read.clear()
            self._rules.clear()
        self._read[key] = rules
        return rules

    @cached_property
    def _never_asked(self) -> dict[str, Any]:
        """Dimensions of a sort that no rule tells matters apart by, each with a value that stands for all."""
        dimensions = dimensions_told_apart(self.document)
        return {
            name: blank
            for name, blank in (("unit", ""), ("area", ""), ("category", None), ("topic", None))
            if name not in dimensions
        }

    @cached_property
    def periodic(self) -> tuple[DutyRule, ...]:
        """Every rule that `established.periodic` opens, as it stands for the standing case that watches
        it.
        """
        names = self._triggered.get("established.periodic", ())
        sort = MatterChoice(ReportKind.STANDING, None, None, None, False, AreaCode("000000"), UnitId(""))
        return tuple(resolve(self.document, name, sort, self.lines.of) for name in names)

    def rule(self, *path: str | int) -> PolicyLine:
        return PolicyLine(path=".".join(str(part) for part in path), line=self.lines.of(path))
