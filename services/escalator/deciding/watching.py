"""What is watched without a report: rosters, sources, contingency plans, periodic duties, the directory's
gaps; each in a standing case of its own.

Invariant: a standing case is established as often as anybody likes and opens each of its duties once; it
never ends, and what it no longer has to watch it lets go with a reason.
"""

from datetime import datetime

from services.escalator.deciding.draft import Draft
from services.escalator.deciding.duties import cancel
from services.escalator.deciding.plan_limits import follow_the_plan
from shared.case import Applied, Case, Matter, Standing
from shared.facts import Decision, EffectKind, Established, Heard, Reason, spelled
from shared.ids import AreaCode, CaseId, SourceId, UnitId
from shared.standing import is_with, own_watch, rule_watched
from shared.vocabulary import ReportKind


def open_standing(
    case: CaseId,
    watch: str,
    subject: str,
    unit: UnitId,
    area: str,
    title: str,
    decision: Decision,
    applied: Applied,
) -> Case:
    at: datetime = applied.at
    matter = Matter(
        kind=ReportKind.STANDING,
        topic=watch,
        unit=unit,
        area=AreaCode(area),
        occurred_at=at,
        learned_at=at,
        received_at=at,
        summary=title,
        reported_by="system",
        source=SourceId(subject) if watch == "source" else None,
    )
    return Case(
        id=case,
        report=matter,
        report_sequence=applied.sequence,
        opened_at=at,
        starts_at=at,
        holder=unit,
        policy=decision.policy,
        standing=Standing(watch=watch, subject=subject),
        applied=applied,
        decision=decision,
    )


def establish(draft: Draft, established: Established) -> None:
    """Watched from now on. Told again, it goes by the policy and the directory of now: a standing case has no
    policy it began under.
    """
    draft.change(policy=draft.policy.label)
    if not _is_there(draft, established):
        draft.openings = []
        for duty in draft.owed():
            cancel(draft, duty, Reason.NO_LONGER_WATCHED)
        draft.note(EffectKind.NOTED, Reason.NO_LONGER_WATCHED, note=established.subject)
        return
    if draft.case.report_sequence == draft.sequence:
        draft.note(
            EffectKind.NOTED,
            spelled(Reason.WATCHED, established.watch),
            unit=established.unit,
            note=established.subject,
        )
    if established.watch == "plan":
        follow_the_plan(draft)
    draft.happened(f"established.{established.watch}", draft.now)


def _is_there(draft: Draft, established: Established) -> bool:
    match established.watch:
        case "roster":
            return established.subject in draft.directory.rosters_by_id
        case "source":
            source = draft.directory.sources_by_id.get(SourceId(established.subject))
            return source is not None and source.silent_after is not None
        case "plan":
            return established.subject in draft.directory.plans_by_id
        case "periodic" | "gaps" | "roll_call":
            return _owes_its_own(draft, established)
        case _:
            return True


def _owes_its_own(draft: Draft, established: Established) -> bool:
    rule = draft.policy.rule_named(rule_watched(established.subject), draft.sort)
    if rule is None or rule.each is None:
        return rule is not None and established.subject == rule.name
    unit = draft.directory.units_by_id.get(established.unit)
    return (
        unit is not None
        and is_with(draft.directory, unit, rule.each)
        and established.subject == own_watch(rule.name, unit.id)
    )


def hear(draft: Draft, heard: Heard) -> None:
    """A sign of life: what was owed is done, and the next is owed from now on."""
    standing = draft.case.standing
    if standing is None or standing.watch != "source":
        draft.note(EffectKind.NOTED, Reason.NOT_A_SOURCE)
        return
    draft.happened("heard", max(min(heard.at, draft.now), draft.case.starts_at))
