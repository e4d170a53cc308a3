"""What became of lapses: done late, referred to the ledger, stated, proposed, decided, reviewed, corrected,
refuted.

Invariant: read up to the checkpoint, whatever the window: an outcome is no less one for coming after the
month's end. Only records are read that a lapse leads to: its own matter from there on, the ledger of whoever
answers for it, and the case it was pursued in.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from services.audit.reading.reader import TrailReader
from services.audit.records.actors import RecentIds
from services.audit.reports.matters import ORGAN, LapseSeen
from services.audit.reports.reading import ReportedFact, read
from services.audit.reports.views import LapseLine, LapseStep
from shared.facts import EffectKind, Reason
from shared.standing import standing_case
from shared.vocabulary import Kind

_CROSSING = 256
"""A referral may be stored a little before the decision it comes from."""
_LATER = 2_000
"""Records of one matter read after its lapse, at most."""
Lapse = tuple[str, str]
"""Case and duty."""
_SAID = {
    Kind.STATED: "stated",
    Kind.REVIEW_ASKED: "review_asked",
}


@dataclass(slots=True)
class Followed:
    """What the records after a lapse say about it."""

    referred: int | None = None
    answerable: str | None = None
    excuses: tuple[str, ...] = ()
    accountability: str | None = None
    done: int | None = None
    done_late_by: float | None = None
    steps: list[LapseStep] = field(default_factory=list[LapseStep])


async def lines_of(reader: TrailReader, lapses: Sequence[LapseSeen], size: int) -> tuple[LapseLine, ...]:
    """Each lapse with what became of it."""
    followed = {(lapse.case, lapse.duty): Followed() for lapse in lapses}
    for case, first in _first_of_each(lapses).items():
        follow_matter(followed, await _from(reader, case, first, size))
    ledgers = {unit for lapse in lapses for unit in (lapse.unit, lapse.answerable) if unit is not None}
    since = min((lapse.index for lapse in lapses), default=0) - _CROSSING
    for unit in sorted(ledgers):
        follow_ledger(followed, await _from(reader, standing_case("ledger", unit), since, size))
    for after in followed.values():
        if after.accountability is not None:
            after.steps += steps_of(await _from(reader, after.accountability, 0, size))
    return tuple(_line(lapse, followed[lapse.case, lapse.duty]) for lapse in lapses)


def _first_of_each(lapses: Iterable[LapseSeen]) -> dict[str, int]:
    firsts: dict[str, int] = {}
    for lapse in lapses:
        firsts[lapse.case] = min(lapse.index, firsts.get(lapse.case, lapse.index))
    return firsts


async def _from(reader: TrailReader, case: str, first: int, size: int) -> list[ReportedFact]:
    """The case's decisions and acts from record `first` on."""
    stored = [entry for entry in await reader.records.of_case(case, size) if entry.index >= first]
    return await read(reader, stored[:_LATER], RecentIds())


def follow_matter(followed: Mapping[Lapse, Followed], facts: Iterable[ReportedFact]) -> None:
    """Whether what lapsed was done in the end, and whether a suspicion was confirmed or refuted."""
    for fact in facts:
        for effect in fact.data.effects:
            lapse = followed.get((fact.case, effect.duty or ""))
            if lapse is not None and effect.kind == EffectKind.DISCHARGED:
                lapse.done, lapse.done_late_by = fact.index, effect.late_by
            elif effect.kind == EffectKind.SUSPECTED and effect.why in (Reason.CONFIRMED, Reason.REFUTED):
                for (case, _), other in followed.items():
                    if case == fact.case:
                        other.steps.append(LapseStep(index=fact.index, at=fact.at, what=effect.why))


def follow_ledger(followed: Mapping[Lapse, Followed], facts: Iterable[ReportedFact]) -> None:
    """Which lapses were referred here, with what excuses, and in which case each is pursued."""
    last: dict[str, Followed] = {}
    for fact in facts:
        if fact.kind == Kind.REFERRED:
            lapse = followed.get((fact.data.text("case") or "", fact.data.text("duty") or ""))
            if lapse is not None:
                lapse.referred, lapse.excuses = fact.index, fact.data.texts("excuses")
                lapse.answerable = fact.data.text("unit")
                last[fact.id] = lapse
        elif fact.kind == Kind.DECIDED:
            lapse = last.get(fact.about.text("id") or "")
            raised = [effect for effect in fact.data.effects if effect.why == Reason.ACCOUNTABILITY_CASE]
            if lapse is not None and raised:
                lapse.accountability = raised[0].text("case")


def steps_of(facts: Iterable[ReportedFact]) -> list[LapseStep]:
    """What happened in an accountability case, in order."""
    steps: list[LapseStep] = []
    by: str | None = None
    for fact in facts:
        if fact.kind != Kind.DECIDED:
            by = fact.by
        if fact.kind in _SAID:
            steps.append(LapseStep(index=fact.index, at=fact.at, what=_SAID[Kind(fact.kind)], by=by))
        for effect in fact.data.effects:
            if effect.kind == EffectKind.PROPOSED:
                steps.append(LapseStep(index=fact.index, at=fact.at, what="proposed", measure=effect.measure))
            elif effect.kind == EffectKind.STATUS and (what := ORGAN.get(effect.why)) is not None:
                measure = effect.measure if what == "decided" else None
                steps.append(LapseStep(index=fact.index, at=fact.at, what=what, measure=measure, by=by))
    return steps


def measure_in_force(steps: Iterable[LapseStep]) -> str | None:
    """What was decided and not set aside since."""
    measure: str | None = None
    for step in steps:
        if step.what == "decided":
            measure = step.measure
        elif step.what == "set_aside":
            measure = None
    return measure


def _line(lapse: LapseSeen, after: Followed) -> LapseLine:
    return LapseLine(
        index=lapse.index,
        case=lapse.case,
        unit=lapse.unit,
        duty=lapse.duty,
        person=lapse.person,
        cause=lapse.cause,
        due_at=lapse.due_at,
        late_by_seconds=lapse.late_by,
        stood_in=lapse.stood_in,
        found_at=lapse.at,
        rule=lapse.rule,
        area=lapse.area,
        level=lapse.level,
        category=lapse.category,
        answerable=after.answerable or lapse.answerable,
        referred=after.referred if after.referred is not None else lapse.referred,
        excuses=tuple(dict.fromkeys((*lapse.excuses, *after.excuses))),
        done_index=after.done if after.done is not None else lapse.done,
        done_late_by_seconds=after.done_late_by if after.done is not None else lapse.done_late_by,
        accountability=after.accountability,
        measure=measure_in_force(after.steps),
        steps=tuple(sorted(after.steps, key=lambda step: step.index)),
    )
