"""Who has been called and has not answered, each once, with the rule by which they were called.

Invariant: a pure reading of the case. The rule is the one that the case keeps of the policy it began under, with its line;
nothing is read out of a text.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from services.intake.desk.lights import PROMISE, LitView, PersonLight, light_of, lit_view, most_hopeful
from shared.case import Case, Duty, DutyTerms, Lit
from shared.facts import Name, PolicyLine
from shared.ids import PersonId, PostId
from shared.language.labels import LABELS
from shared.vocabulary import Kind
from shared.web.names import Names

PRESSING = (PersonLight.DARK, PersonLight.UNREACHED, PersonLight.WAITING)
"""Whoever is silent stands first: they are to be rung by hand."""
SHOWN = 20
"""People on a page; their views are made for these alone, since two thousand may be silent."""


@dataclass(frozen=True)
class ToldWhy:
    """One rule by which a person was called."""

    terms: DutyTerms
    line: PolicyLine
    post: Name
    within: timedelta
    """From where the clock starts to the limit, as it was at first."""
    chain: tuple[Name, ...]
    number: int = 0
    """Of a contact their place in the chain, counted from 1."""
    stands_for: tuple[Name, ...] = ()
    """Of a contact whose silence had them called."""

    @property
    def done_by(self) -> tuple[str, ...]:
        """What counts as done; none where the desk lacks words for one of them: the policy's page has all."""
        events = self.terms.discharged_by
        return events if all(map(_has_words, events)) else ()


@dataclass(frozen=True)
class UnansweredView:
    person: PersonId
    name: Name
    post: Name
    lit: LitView | None
    """None: nobody has called them yet."""
    titles: tuple[Name, ...]
    stands_for: tuple[Name, ...]
    why: tuple[ToldWhy, ...]
    may_log_call: bool


class _Call(NamedTuple):
    """A duty for which somebody is to answer; `lit` is None where nobody has called them yet."""

    duty: Duty
    post: PostId
    lit: Lit | None


def _has_words(event: str) -> bool:
    whole, _, part = event.partition(".")
    if part:
        return whole == Kind.FILED and part in LABELS["document"]
    return event in LABELS["via"] or event in LABELS["fact"]


def unanswered(
    owed: Iterable[Duty], case: Case, names: Names, *, logs_calls: bool, wanted: str = ""
) -> tuple[tuple[UnansweredView, ...], int]:
    """Of the duties still owed: the people a page shows, and how many there are of all. Whoever answered one of the
    duties stands here while they are owed another. `wanted`: a person shown however many press more.
    """
    called: dict[PersonId, list[_Call]] = {}
    for duty in owed:
        for lit in duty.lit:
            if lit.answered_at is None:
                called.setdefault(lit.person, []).append(_Call(duty, lit.post, lit))
        if case.plan_of(duty).by_recipient and all(lit.person != duty.bearer for lit in duty.lit):
            called.setdefault(duty.bearer, []).append(_Call(duty, duty.bearer_post, None))
    people = sorted(called, key=lambda person: _urgency(person, called[person]))
    shown = people[:SHOWN] + [person for person in people[SHOWN:] if person == wanted]
    views = (_view(person, called[person], case, names, logs_calls) for person in shown)
    return tuple(views), len(people)


def _urgency(person: PersonId, calls: list[_Call]) -> tuple[bool, int]:
    """Those whom the report is owed to before their stand-ins, the dark first."""
    lights = [light_of(call.lit, call.duty)[0] for call in calls if call.lit is not None]
    light = min(lights, key=PROMISE.index, default=None)
    return _is_contact(person, calls), PRESSING.index(light) if light in PRESSING else len(PRESSING)


def _is_contact(person: PersonId, calls: list[_Call]) -> bool:
    return all(call.duty.bearer != person for call in calls)


def _view(person: PersonId, calls: list[_Call], case: Case, names: Names, logs_calls: bool) -> UnansweredView:
    lights = [
        lit_view(call.lit, call.duty, names, logs_calls=logs_calls) for call in calls if call.lit is not None
    ]
    bearers = dict.fromkeys(names.person(call.duty.bearer) for call in calls)
    return UnansweredView(
        person=person,
        name=names.person(person),
        post=names.post(calls[0].post),
        lit=most_hopeful(lights) if lights else None,
        titles=tuple(dict.fromkeys(case.plan_of(call.duty).title for call in calls)),
        stands_for=tuple(bearers) if _is_contact(person, calls) else (),
        why=_why(person, calls, case, names),
        may_log_call=logs_calls,
    )


def _why(person: PersonId, calls: list[_Call], case: Case, names: Names) -> tuple[ToldWhy, ...]:
    """Duties of one rule are one reason."""
    of_rule: dict[tuple[str, bool], list[tuple[Duty, PostId]]] = {}
    for call in calls:
        of_rule.setdefault((call.duty.rule, call.duty.bearer == person), []).append((call.duty, call.post))
    return tuple(
        told_why(duties, case, names, is_bearer=is_bearer) for (_, is_bearer), duties in of_rule.items()
    )


def told_why(duties: list[tuple[Duty, PostId]], case: Case, names: Names, *, is_bearer: bool) -> ToldWhy:
    """Why somebody was called for these duties of one rule, through which post."""
    (duty, post), terms = duties[0], case.plan_of(duties[0][0])
    chain = terms.chain
    return ToldWhy(
        terms=terms,
        line=terms.limit if is_bearer or terms.chain_rule is None else terms.chain_rule,
        post=names.post(post),
        within=(duty.first_due_at or duty.due_at) - duty.starts_at,
        chain=tuple(names.post(contact) for contact in chain),
        number=0 if is_bearer or post not in chain else chain.index(post) + 1,
        stands_for=() if is_bearer else tuple(dict.fromkeys(names.person(one.bearer) for one, _ in duties)),
    )


@dataclass(frozen=True)
class PolicyOfCase:
    """The version of the policy under which a case began: its name, and its digest, by which the pages of the policy
    find it.
    """

    version: str
    digest: str

    @classmethod
    def of(cls, label: str) -> "PolicyOfCase":
        """`label`: as a case keeps it (`Policy.label` of the escalator)."""
        version, _, digest = label.partition(" sha256:")
        return cls(version, digest)
