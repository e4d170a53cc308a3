"""A rule as written, read for one sort of matter: inheritance, variants and references settled, each value
with its line.

Invariant: pure, and the only reading of `duties:` there is; deciding, checking, explaining and simulating all
go through it.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, cast

from services.escalator.policy.duty_spec import FallbackSpec, is_ref
from services.escalator.policy.inherit import (
    Path,
    PolicyError,
    ancestry,
    area_fits,
    dimensions_told_apart,
    fits,
    layers_of,
    triggers_of,
    whole_rule,
)
from services.escalator.policy.model import Fallback, PolicyDocument
from services.escalator.policy.rule import DutyRule, GivenLimit, MatterChoice, RuleScope
from services.escalator.policy.terms import Term, fixed_term, parse_term
from shared.case import DutyTerms, Slip, StandIn
from shared.facts import LapseCause, Name, PolicyLine
from shared.ids import PostId

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


class _TermReader:
    def __init__(
        self, document: PolicyDocument, name: str, sort: MatterChoice, line_of: Callable[[Path], int]
    ) -> None:
        self._document, self._name, self._sort, self._line_of = document, name, sort, line_of
        self._layers = layers_of(document, name, sort)

    def rule(self) -> DutyRule:
        whole = whole_rule(self._document, self._name)
        on = triggers_of(whole)
        by = self._plainly("by")
        if by is None:
            raise PolicyError(("duties", self._name), "nobody owes it: write `by:`")
        if not on:
            raise PolicyError(("duties", self._name), "nothing opens it: write `on:`, `every:` or `shift:`")
        term, limit = self._term()
        remind, remind_rule = self._remind(term)
        overdue, overdue_rule = self._overdue()
        chain, chain_rule = self._fallback()
        to, _ = self._names("to")
        starts = self._plainly("starts") or ("start" if on[0].partition(".")[0] == "reported" else "event")
        calls = self._plainly("calls")
        plan = DutyTerms(
            rule=self._name,
            title=self._plainly("title") or Name(zh=self._name, en=self._name),
            by=by,
            on=on,
            limit=limit,
            by_recipient=by == "recipient",
            any_answers=self._plainly("answer") == "any",
            discharged_by=self._names("discharged_by")[0],
            until=UNTIL if (until := self._plainly("until")) is None else until,
            channels=self._names("channels")[0] or self._document.half_hour.channels,
            chain=tuple(PostId(post) for post in chain.chain),
            wait=chain.after,
            step=chain.step,
            chain_rule=chain_rule,
            remind_rule=remind_rule,
            nag=self._plainly("nag"),
            overdue_rule=overdue_rule,
            refers=bool(self._plainly("refers")),
            cause=self._plainly("cause") or LapseCause.NOT_DONE,
            again=bool(self._plainly("again")),
            stand_in=self._plainly("stand_in") or StandIn.SETTLES,
        )
        return DutyRule(
            name=self._name,
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
            shift=bool(whole.get("shift")),
            calls=by == "recipient" if calls is None else calls,
            by_duty_post=self._plainly("through") == "duty_post",
            extend=self._extend(),
            given=GivenLimit(due[0]) if (due := self._written("due")) is not None else None,
        )

    # Where a value stands

    def _written(self, field: str) -> tuple[Any, Path] | None:
        for layer in reversed(self._layers):
            if field in layer.terms.model_fields_set:
                return getattr(layer.terms, field), (*layer.path, field)
        return None

    def _plainly(self, field: str) -> Any:
        found = self._written(field)
        return found[0] if found else None

    def _at(self, path: Path) -> PolicyLine:
        return PolicyLine(path=".".join(map(str, path)), line=self._line_of(path))

    def _follow(self, ref: str, where: Path) -> tuple[Any, Path]:
        """What `@levels.{level}.report` stands for, and its own path."""
        sort = self._sort
        filled = {"level": sort.level, "topic": sort.topic, "kind": sort.kind, "category": sort.category}
        path: list[str] = []
        value: Any = self._document
        for part in ref[1:].split("."):
            key = part
            if part.startswith("{"):
                key = str(filled[part[1:-1]] or "")
                if not key:
                    raise PolicyError(
                        where,
                        f"{ref} has no meaning for a matter without {part[1:-1]}: add a variant for {part[1:-1]} none",
                    )
            value = (
                cast(dict[str, Any], value).get(key)
                if isinstance(value, dict)
                else getattr(cast(object, value), key, None)
            )
            path.append(key)
            if value is None:
                raise PolicyError(where, f"{ref} leads nowhere: there is no {'.'.join(path)} in the policy")
        return value, tuple(path)

    # What a value means

    def _term(self) -> tuple[Term | None, PolicyLine]:
        """The term, which `due: given` may do without, and its line."""
        due, within = self._written("due"), self._written("within")
        if within is None or within[0] is None:
            if due is None:
                raise PolicyError(("duties", self._name), "it has no limit: write `within:`, or `due: given`")
            return None, self._at(due[1])
        text, path = within
        if is_ref(text):
            value, path = self._follow(text, path)
            term = _as_term(value, text, within[1])
        else:
            term = parse_term(text)
        return term, self._at(path)

    def _extend(self) -> Term | None:
        found = self._written("extend")
        if found is None or found[0] is None:
            return None
        text, where = found
        return _as_term(self._follow(text, where)[0], text, where) if is_ref(text) else parse_term(text)

    def _names(self, field: str) -> tuple[tuple[str, ...], PolicyLine | None]:
        found = self._written(field)
        if found is None or not found[0]:
            return (), None
        names, where = found
        flat: list[str] = []
        source = where
        for name in names:
            if is_ref(name):
                value, source = self._follow(name, where)
                flat += [value] if isinstance(value, str) else [str(one) for one in value]
            else:
                flat.append(name)
        return tuple(dict.fromkeys(flat)), self._at(source)

    def reminders(self) -> tuple[tuple[Term, ...], PolicyLine | None]:
        found = self._written("remind")
        if found is None or not found[0]:
            return (), None
        texts, where = found
        terms: list[Term] = []
        source = where
        for text in texts:
            if is_ref(text):
                value, source = self._follow(text, where)
                several = cast(tuple[Any, ...], value) if isinstance(value, tuple) else (value,)
                terms += [_as_term(one, text, where) for one in several]
            else:
                terms.append(parse_term(text))
        return tuple(terms), self._at(source)

    def _remind(self, whole: Term | None) -> tuple[tuple[tuple[Term, Slip | None], ...], PolicyLine | None]:
        """Without those that would come at or after the limit, which `policy check` finds."""
        terms, rule = self.reminders()
        slips = self._plainly("slips") or ()
        coloured = [
            (term, slips[number] if number < len(slips) else None) for number, term in enumerate(terms)
        ]
        return tuple(one for one in coloured if not comes_too_late(one[0], whole)), rule

    def _overdue(self) -> tuple[tuple[tuple[Term, tuple[str, ...]], ...], PolicyLine | None]:
        overdue = self._written("overdue")
        if overdue is None or not overdue[0]:
            return (), None
        steps: list[tuple[Term, tuple[str, ...]]] = []
        source = overdue[1]
        for text, tell in overdue[0].items():
            if is_ref(text):
                value, source = self._follow(text, overdue[1])
                if not isinstance(value, dict):
                    raise PolicyError(overdue[1], f"{text} is no table of terms and names")
                steps += _as_steps(cast(dict[Any, Any], value))
            else:
                steps.append((parse_term(text), tell))
        return tuple(steps), self._at(source)

    def _fallback(self) -> tuple[FallbackSpec, PolicyLine | None]:
        found = self._written("fallback")
        if found is None or found[0] is None:
            return FallbackSpec(), None
        spec, where = found
        if spec.same_as is None:
            return spec, (self._at(where) if spec.chain else None)
        value, source = self._follow(spec.same_as, where)
        if not isinstance(value, Fallback):
            raise PolicyError(
                where, f"{spec.same_as} is no fallback chain: point to one, such as @half_hour.fallback"
            )
        return FallbackSpec(after=value.after, chain=value.chain, step=value.step), self._at(source)


def comes_too_late(reminder: Term, whole: Term | None) -> bool:
    """Whether the reminder never comes before the limit."""
    if whole is None or reminder.is_share:
        return reminder.percent == 100
    return reminder.at_least >= whole.at_most


def _as_term(value: Any, ref: str, where: Path) -> Term:
    if isinstance(value, Term):
        return value
    if isinstance(value, timedelta):
        return fixed_term(value)
    raise PolicyError(where, f"{ref} is no term: point to one, such as @half_hour.within")


def _as_steps(table: dict[Any, Any]) -> Iterator[tuple[Term, tuple[str, ...]]]:
    for term, tell in table.items():
        yield (term if isinstance(term, Term) else parse_term(str(term))), tuple(tell)
