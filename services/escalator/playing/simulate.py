"""What would have gone differently under another policy: the same history played twice, and laid side by
side.

Invariant: both sides are played by `decide` over the same acts at the same times; a difference is therefore
the policy's alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

from services.escalator.playing.outcome import CaseOutcome, DutyOutcome, PlayedOutcome, Stored, Turn, play
from services.escalator.policy.load import Policy, parse_policy
from services.escalator.policy.versions import digest_of
from shared.directory import Directory
from shared.facts import Fact, Frozen, Instant, PolicyApproved, PolicyDrafted
from shared.lined_yaml import YamlFault
from shared.vocabulary import Kind

What = Literal["opens", "does_not_open", "due", "lapses", "does_not_lapse", "told", "told_at", "measure"]


class Change(Frozen):
    """One thing that would have gone differently in a case."""

    case: str
    what: What
    duty: str | None = None
    """The duty rule's name."""
    person: str
    """The bearer; for `told` who is told."""
    before: str | None = None
    after: str | None = None
    purpose: str | None = None
    """For what the person would have been told."""
    times: tuple[int, int] | None = None
    """How often, before and after."""
    moments: tuple[Instant | None, Instant | None] | None = None
    """When first told, or the limit, before and after."""


class Totals(Frozen):
    policy: str
    duties: int
    lapses: int
    notices: int
    decisions: int


class Differences(Frozen):
    facts: int
    """Acts of people and systems that were played."""
    not_applicable: int
    """Acts on what there would not have been under the other policy."""
    cases: int
    cases_changed: int
    before: Totals
    after: Totals
    changes: tuple[Change, ...]


def simulate(
    history: Sequence[Stored],
    other: Policy,
    directory: Directory,
    before: Sequence[Turn],
    until: datetime | None = None,
) -> Differences:
    """`history` under `other` all along, against the policies of `before` as they came into force."""
    return compare(
        play(history, before, directory, until), play(history, [(before[0][0], other)], directory, until)
    )


def compare(before: PlayedOutcome, after: PlayedOutcome) -> Differences:
    changes: list[Change] = []
    changed = 0
    for case_id in sorted(before.cases.keys() | after.cases.keys()):
        ours, theirs = before.cases.get(case_id), after.cases.get(case_id)
        found = list(_of_case(ours or _nothing(theirs), theirs or _nothing(ours)))
        changed += bool(found)
        changes += found
    return Differences(
        facts=before.facts,
        not_applicable=max(0, after.not_applicable - before.not_applicable),
        cases=len(before.cases.keys() | after.cases.keys()),
        cases_changed=changed,
        before=_totals(before),
        after=_totals(after),
        changes=tuple(changes),
    )


def policies_in(history: Iterable[Stored], otherwise: Policy) -> list[Turn]:
    """The policies that came into force by the history's own facts; `otherwise` where it tells of none (or
    none that can be read).
    """
    texts: dict[str, str] = {digest_of(otherwise.text): otherwise.text}
    turns: list[Turn] = []
    first: datetime | None = None
    for fact, at in history:
        first = first or at
        if fact.kind == Kind.POLICY_DRAFTED:
            drafted = PolicyDrafted.model_validate(fact.data)
            texts[drafted.version] = drafted.text
        elif fact.kind == Kind.POLICY_APPROVED:
            approved = PolicyApproved.model_validate(fact.data)
            try:
                turns.append((approved.in_force_from, parse_policy(texts[approved.version])))
            except (KeyError, YamlFault):
                continue
    return sorted(turns, key=lambda turn: turn[0]) or [(first or datetime.min, otherwise)]  # noqa: DTZ901 - of an empty history


def _totals(outcome: PlayedOutcome) -> Totals:
    return Totals(
        policy=outcome.policy,
        duties=outcome.duties,
        lapses=outcome.lapses,
        notices=outcome.notices,
        decisions=outcome.decisions,
    )


def _nothing(other: CaseOutcome | None) -> CaseOutcome:
    """A case that there is on the other side only."""
    assert other is not None
    return CaseOutcome(other.case, other.summary, other.unit, other.level)


def _of_case(before: CaseOutcome, after: CaseOutcome) -> Iterator[Change]:
    if before.duties != after.duties:
        for key in sorted(before.duties.keys() | after.duties.keys()):
            yield from _of_duty(before.case, before.duties.get(key), after.duties.get(key))
    if before.measure != after.measure:
        yield Change(
            case=before.case,
            what="measure",
            person="",
            before=before.measure,
            after=after.measure,
        )
    if before.told != after.told:
        yield from _of_told(before, after)


def _of_duty(case: str, before: DutyOutcome | None, after: DutyOutcome | None) -> Iterator[Change]:
    known = before or after
    assert known is not None
    about: dict[str, Any] = {"case": case, "duty": known.rule, "person": known.bearer}
    if before is None or after is None:
        yield Change(
            what="does_not_open" if after is None else "opens",
            before=_due(before),
            after=_due(after),
            moments=_limits(before, after),
            **about,
        )
    elif before.due_at != after.due_at:
        yield Change(
            what="due", before=_due(before), after=_due(after), moments=_limits(before, after), **about
        )
    lapsed, lapses = before.lapsed if before else None, after.lapsed if after else None
    if (lapsed is None) != (lapses is None):
        yield Change(what="lapses" if lapses else "does_not_lapse", before=lapsed, after=lapses, **about)


def _of_told(before: CaseOutcome, after: CaseOutcome) -> Iterator[Change]:
    """How often, and when first, each person would have been told for each purpose."""
    ours, theirs = _calls(before), _calls(after)
    for key in sorted(ours.keys() | theirs.keys()):
        person, purpose = key
        was, would = ours.get(key, []), theirs.get(key, [])
        if len(was) != len(would):
            yield Change(
                case=before.case,
                what="told",
                person=person,
                before=f"{purpose} × {len(was)}",
                after=f"{purpose} × {len(would)}",
                purpose=purpose,
                times=(len(was), len(would)),
            )
        elif _iso(was[0]) != _iso(would[0]):
            yield Change(
                case=before.case,
                what="told_at",
                person=person,
                before=f"{purpose} {_iso(was[0])}",
                after=f"{purpose} {_iso(would[0])}",
                purpose=purpose,
                moments=(was[0], would[0]),
            )


def _calls(outcome: CaseOutcome) -> dict[tuple[str, str], list[datetime]]:
    calls: dict[tuple[str, str], list[datetime]] = {}
    for at, person, purpose, _ in outcome.told:
        calls.setdefault((person, purpose), []).append(at)
    return calls


def _due(duty: DutyOutcome | None) -> str | None:
    return _iso(duty.due_at) if duty else None


def _limits(before: DutyOutcome | None, after: DutyOutcome | None) -> tuple[datetime | None, datetime | None]:
    return before.due_at if before else None, after.due_at if after else None


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


class GivenFact(Frozen):
    """A stored fact as it is handed over for a simulation."""

    at: Instant
    """The broker's time."""
    fact: Fact
