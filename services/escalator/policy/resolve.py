"""A rule as written, read for one sort of matter: inheritance, variants and references settled, each value
with its line.

Invariant: pure, and the only reading of `duties:` there is; deciding, checking, explaining and simulating all
go through it.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, cast

from services.escalator.policy.duty_spec import FallbackSpec, is_ref
from services.escalator.policy.field_reader import FieldReader
from services.escalator.policy.inherit import (
    Path,
    PolicyError,
    Section,
    ancestry,
    area_fits,
    dimensions_told_apart,
    fits,
    triggers_of,
    whole_rule,
)
from services.escalator.policy.model import Fallback, PolicyDocument
from services.escalator.policy.rule import DutyRule, GivenLimit, MatterChoice, RuleScope
from services.escalator.policy.terms import Term, fixed_term, parse_term
from shared.case import DutyTerms, Slip, StandIn
from shared.facts import LapseCause, Name, PolicyLine
from shared.ids import PostId
from shared.message import N_, said

UNTIL = ("closed", "withdrawn", "merged")

__all__ = [
    "Path",
    "PolicyError",
    "ancestry",
    "area_fits",
    "comes_too_late",
    "dimensions_told_apart",
    "fits",
    "reminders_as_written",
    "resolve",
    "triggers_of",
    "whole_rule",
]


def resolve(
    document: PolicyDocument, name: str, sort: MatterChoice, line_of: Callable[[Path], int]
) -> DutyRule:
    """Raises PolicyError where a value is missing or leads nowhere for this sort."""
    return _TermReader(document, name, sort, line_of).rule()


def reminders_as_written(document: PolicyDocument, name: str, sort: MatterChoice) -> tuple[Term, ...]:
    """All of them, also those that would come too late."""
    return _TermReader(document, name, sort, lambda _: 0).reminders()[0]


class _TermReader(FieldReader):
    section = Section.DUTIES

    def rule(self) -> DutyRule:
        whole = whole_rule(self.document, self.name)
        on = triggers_of(whole)
        by = self.plainly("by")
        if by is None:
            raise PolicyError(("duties", self.name), N_("nobody owes it: write `by:`"))
        if not on:
            raise PolicyError(
                ("duties", self.name), N_("nothing opens it: write `on:`, `every:` or `shift:`")
            )
        term, limit = self._term()
        starts = self.plainly("starts") or ("start" if on[0].partition(".")[0] == "reported" else "event")
        # Of a moment that the form names a reminder may come before it, and not only within the term that begins then.
        remind, remind_rule = self._remind(None if starts.startswith("form.") else term)
        overdue, overdue_rule = self._overdue()
        chain, chain_rule = self._fallback()
        to, _ = self.names("to")
        calls = self.plainly("calls")
        plan = DutyTerms(
            rule=self.name,
            title=self.plainly("title") or Name(zh=self.name, en=self.name),
            by=by,
            on=on,
            limit=limit,
            by_recipient=by == "recipient",
            any_answers=self.plainly("answer") == "any",
            discharged_by=self.names("discharged_by")[0],
            until=UNTIL if (until := self.plainly("until")) is None else until,
            channels=self.names("channels")[0] or self.document.half_hour.channels,
            chain=tuple(PostId(post) for post in chain.chain),
            wait=chain.after,
            step=chain.step,
            chain_rule=chain_rule,
            remind_rule=remind_rule,
            nag=self.plainly("nag"),
            overdue_rule=overdue_rule,
            refers=bool(self.plainly("refers")),
            refers_together=self.plainly("refers") == "together",
            cause=self.plainly("cause") or LapseCause.NOT_DONE,
            again=bool(self.plainly("again")),
            reserves=self.plainly("reserves") or (),
            stand_in=self.plainly("stand_in") or StandIn.SETTLES,
        )
        return DutyRule(
            name=self.name,
            plan=plan,
            on=on,
            by=by,
            to=to,
            term=term,
            starts=starts,
            scope=whole.get("scope") or RuleScope.CASE,
            remind=remind,
            overdue=overdue,
            every=whole.get("every"),
            each=whole.get("each"),
            shift=bool(whole.get("shift")),
            calls=by == "recipient" if calls is None else calls,
            by_duty_post=self.plainly("through") == "duty_post",
            extend=self._extend(),
            given=GivenLimit(due[0]) if (due := self.written("due")) is not None else None,
        )

    def _term(self) -> tuple[Term | None, PolicyLine]:
        """The term, which `due: given` may do without, and its line."""
        due, within = self.written("due"), self.written("within")
        if within is None or within[0] is None:
            if due is None:
                raise PolicyError(
                    ("duties", self.name), N_("it has no limit: write `within:`, or `due: given`")
                )
            return None, self.line_at(due[1])
        text, path = within
        if is_ref(text):
            value, path = self.follow(text, path)
            term = _as_term(value, text, within[1])
        else:
            term = parse_term(text)
        return term, self.line_at(path)

    def _extend(self) -> Term | None:
        found = self.written("extend")
        if found is None or found[0] is None:
            return None
        text, where = found
        return _as_term(self.follow(text, where)[0], text, where) if is_ref(text) else parse_term(text)

    def reminders(self) -> tuple[tuple[Term, ...], PolicyLine | None]:
        found = self.written("remind")
        if found is None or not found[0]:
            return (), None
        texts, where = found
        terms: list[Term] = []
        source = where
        for text in texts:
            if is_ref(text):
                value, source = self.follow(text, where)
                several = cast(tuple[Any, ...], value) if isinstance(value, tuple) else (value,)
                terms += [_as_term(one, text, where) for one in several]
            else:
                terms.append(parse_term(text))
        return tuple(terms), self.line_at(source)

    def _remind(self, whole: Term | None) -> tuple[tuple[tuple[Term, Slip | None], ...], PolicyLine | None]:
        """Without those that would come at or after the limit, which `policy check` finds."""
        terms, rule = self.reminders()
        slips = self.plainly("slips") or ()
        coloured = [
            (term, slips[number] if number < len(slips) else None) for number, term in enumerate(terms)
        ]
        return tuple(one for one in coloured if not comes_too_late(one[0], whole)), rule

    def _overdue(self) -> tuple[tuple[tuple[Term, tuple[str, ...]], ...], PolicyLine | None]:
        overdue = self.written("overdue")
        if overdue is None or not overdue[0]:
            return (), None
        steps: list[tuple[Term, tuple[str, ...]]] = []
        source = overdue[1]
        for text, tell in overdue[0].items():
            if is_ref(text):
                value, source = self.follow(text, overdue[1])
                if not isinstance(value, dict):
                    raise PolicyError(
                        overdue[1], said(N_("%(text)s is no table of terms and names"), text=text)
                    )
                steps += _as_steps(cast(dict[Any, Any], value))
            else:
                steps.append((parse_term(text), tell))
        return tuple(steps), self.line_at(source)

    def _fallback(self) -> tuple[FallbackSpec, PolicyLine | None]:
        found = self.written("fallback")
        if found is None or found[0] is None:
            return FallbackSpec(), None
        spec, where = found
        if spec.same_as is None:
            return spec, (self.line_at(where) if spec.chain else None)
        value, source = self.follow(spec.same_as, where)
        if not isinstance(value, Fallback):
            raise PolicyError(
                where,
                said(
                    N_("%(same_as)s is no fallback chain: point to one, such as @half_hour.fallback"),
                    same_as=spec.same_as,
                ),
            )
        return FallbackSpec(after=value.after, chain=value.chain, step=value.step), self.line_at(source)


def comes_too_late(reminder: Term, whole: Term | None) -> bool:
    """Whether the reminder never comes between the start and the limit."""
    if reminder.is_before:
        return whole is not None and (reminder.fixed or timedelta(0)) >= whole.at_most
    if whole is None or reminder.is_share:
        return reminder.percent == 100
    return reminder.at_least >= whole.at_most


def _as_term(value: Any, ref: str, where: Path) -> Term:
    if isinstance(value, Term):
        return value
    if isinstance(value, timedelta):
        return fixed_term(value)
    raise PolicyError(where, said(N_("%(ref)s is no term: point to one, such as @half_hour.within"), ref=ref))


def _as_steps(table: dict[Any, Any]) -> Iterator[tuple[Term, tuple[str, ...]]]:
    for term, tell in table.items():
        yield (term if isinstance(term, Term) else parse_term(str(term))), tuple(tell)
