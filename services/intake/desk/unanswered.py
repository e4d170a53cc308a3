"""Who has been called and has not answered, each once, with the rule by which they were called.

Invariant: a pure reading of the case. The rule is the one that the case keeps of the policy it began under, with its line;
nothing is read out of a text.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from services.intake.desk.lights import LitView, PersonLight, lit_view, most_hopeful
from shared.case import Case, Duty, DutyTerms
from shared.facts import Name, PolicyLine
from shared.ids import PersonId, PostId
from shared.language.labels import LABELS
from shared.vocabulary import Kind
from shared.web.names import Names

PRESSING = (PersonLight.DARK, PersonLight.UNREACHED, PersonLight.WAITING)
"""Whoever is silent stands first: they are to be rung by hand."""


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


def _has_words(event: str) -> bool:
    whole, _, part = event.partition(".")
    if part:
        return whole == Kind.FILED and part in LABELS["document"]
    return event in LABELS["via"] or event in LABELS["fact"]


def unanswered(
    owed: Iterable[Duty], case: Case, names: Names, *, logs_calls: bool
) -> tuple[UnansweredView, ...]:
    """Of the duties still owed; whoever answered one of them stands here while they are owed another."""
    called: dict[PersonId, list[tuple[Duty, PostId, LitView | None]]] = {}
    for duty in owed:
        for lit in duty.lit:
            if lit.answered_at is None:
                view = lit_view(lit, duty, names, logs_calls=logs_calls)
                called.setdefault(lit.person, []).append((duty, lit.post, view))
        if case.plan_of(duty).by_recipient and all(lit.person != duty.bearer for lit in duty.lit):
            called.setdefault(duty.bearer, []).append((duty, duty.bearer_post, None))
    views = [_view(person, calls, case, names, logs_calls) for person, calls in called.items()]
    return tuple(sorted(views, key=_urgency))


def _urgency(view: UnansweredView) -> tuple[bool, int]:
    """Those whom the report is owed to before their stand-ins, the dark first."""
    light = PRESSING.index(view.lit.light) if view.lit and view.lit.light in PRESSING else len(PRESSING)
    return bool(view.stands_for), light


def _view(
    person: PersonId,
    calls: list[tuple[Duty, PostId, LitView | None]],
    case: Case,
    names: Names,
    logs_calls: bool,
) -> UnansweredView:
    lights = [lit for _, _, lit in calls if lit is not None]
    is_contact = all(duty.bearer != person for duty, _, _ in calls)
    return UnansweredView(
        person=person,
        name=names.person(person),
        post=names.post(calls[0][1]),
        lit=most_hopeful(lights) if lights else None,
        titles=tuple(dict.fromkeys(case.plan_of(duty).title for duty, _, _ in calls)),
        stands_for=tuple(dict.fromkeys(names.person(duty.bearer) for duty, _, _ in calls))
        if is_contact
        else (),
        why=_why(person, calls, case, names),
        may_log_call=logs_calls,
    )


def _why(
    person: PersonId, calls: list[tuple[Duty, PostId, LitView | None]], case: Case, names: Names
) -> tuple[ToldWhy, ...]:
    """Duties of one rule are one reason."""
    of_rule: dict[tuple[str, bool], list[tuple[Duty, PostId]]] = {}
    for duty, post, _ in calls:
        of_rule.setdefault((duty.rule, duty.bearer == person), []).append((duty, post))
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
