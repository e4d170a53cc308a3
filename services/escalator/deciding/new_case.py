"""A case begins: with a report, with something that is watched, with a lapse on a unit's ledger, with a change
of the directory.

Invariant: every report that may be made opens its case; what can't be read of it, or may not be said by
whoever reports it, is left out of the case with an effect that says so.
"""

from datetime import UTC, datetime

from services.escalator.deciding.acts import accountability, notices, omission, releasing
from services.escalator.deciding.acts.tasks import make_tasks
from services.escalator.deciding.case_files import keep_files
from services.escalator.deciding.directory_told import open_directory, tell_touched
from services.escalator.deciding.draft import Draft, Rules, UndecidableError
from services.escalator.deciding.forms import take_form
from services.escalator.deciding.harm import grade_by_harm
from services.escalator.deciding.leaving_out import NOTE_LIMIT, LeavingOut
from services.escalator.deciding.matching import is_witness
from services.escalator.deciding.report_reading import read_report
from services.escalator.deciding.stray_reply import open_stray, see_to
from services.escalator.deciding.watching import establish, open_standing
from shared import territory
from shared.case import Applied, Case, HolderTerm, Matter
from shared.directory import Directory
from shared.facts import (
    HARM,
    About,
    Decision,
    EffectKind,
    Established,
    Fact,
    Reason,
    Referred,
    Report,
    StrayReply,
)
from shared.fault_texts import Fault
from shared.ids import CaseId
from shared.territory import Refusal
from shared.vocabulary import Kind, Level, ReportKind


def begun(
    case_id: CaseId, fact: Fact, sequence: int, now: datetime, rules: Rules
) -> tuple[Decision, Applied]:
    """What a case begins with: nothing decided yet, and the fact that opens it."""
    about = About(id=fact.id, kind=fact.kind, sequence=sequence, time=now)
    empty = Decision(case=case_id, about=about, policy=rules.policy.label, directory=rules.revision)
    return empty, Applied(id=fact.id, sequence=sequence, at=now)


def new_case(
    case_id: CaseId, fact: Fact, sequence: int, now: datetime, rules: Rules, *, careful: bool
) -> Draft:
    empty, applied = begun(case_id, fact, sequence, now, rules)
    match fact.kind:
        case Kind.REPORTED:
            return _open(fact, case_id, sequence, now, rules, empty, applied, careful=careful)
        case Kind.ESTABLISHED:
            established = Established.model_validate(fact.data)
            draft = Draft(
                open_standing(
                    case_id,
                    established.watch,
                    established.subject,
                    established.unit,
                    established.area,
                    established.title,
                    empty,
                    applied,
                ),
                sequence,
                now,
                rules,
            )
            establish(draft, established)
            return draft
        case Kind.REFERRED:
            lapse = Referred.model_validate(fact.data)
            area = (
                rules.directory.units_by_id[lapse.unit].area
                if lapse.unit in rules.directory.units_by_id
                else ""
            )
            opened = open_standing(
                case_id,
                "ledger",
                lapse.unit,
                lapse.unit,
                area,
                f"责任台账 ledger {lapse.unit}",
                empty,
                applied,
            )
            draft = Draft(opened, sequence, now, rules)
            accountability.count_lapse(draft, lapse)
            return draft
        case Kind.DIRECTORY_CHANGED | Kind.DIRECTORY_PROPOSED:
            draft = Draft(open_directory(case_id, rules.directory, empty, applied), sequence, now, rules)
            tell_touched(draft, Kind(fact.kind), fact.data)
            return draft
        case Kind.STRAY_REPLY:
            reply = StrayReply.model_validate(fact.data)
            draft = Draft(open_stray(case_id, reply, rules.directory, empty, applied), sequence, now, rules)
            see_to(draft, reply)
            return draft
        case kind:
            raise UndecidableError(f"{kind} about case {fact.subject}, which was never reported")


def _open(
    fact: Fact,
    case_id: CaseId,
    sequence: int,
    now: datetime,
    rules: Rules,
    empty: Decision,
    applied: Applied,
    *,
    careful: bool,
) -> Draft:
    report, unread = read_report(fact, now) if careful else (Report.model_validate(fact.data), [])
    report, barred = _as_it_may_be(report, rules.directory)
    handed_in = utc(min(report.handed_in_at or now, now))
    moments: dict[str, datetime] = {
        "learned_at": report.learned_at,
        "occurred_at": report.occurred_at,
        "received_at": handed_in,
    }
    matter = matter_of(report, rules.directory)
    start = (
        utc(report.starts_at or moments[rules.policy.document.clock.starts_at.value])
        if matter.is_first_hand
        else handed_in
    )
    case = Case(
        id=case_id,
        report=matter,
        report_sequence=sequence,
        opened_at=handed_in,
        starts_at=start,
        level=report.level,
        sensitive=report.sensitive,
        holder=report.unit,
        held=(HolderTerm(unit=report.unit, since=handed_in),),
        policy=rules.policy.label,
        split_from=report.parent if report.starts_at is not None and not report.grown else None,
        applied=applied,
        decision=empty,
    )
    draft = Draft(case, sequence, now, rules, careful=careful)
    _say_what_is_left_out(draft, report, unread, barred)
    keep_files(draft, report.files, Kind.REPORTED, report.reported_by)
    draft.happened("reported", handed_in)
    with LeavingOut(draft, Reason.FAULT_OF_OURS, "form"):
        take_form(draft, report.form, Kind.REPORTED, report.reported_by, report.by)
    with LeavingOut(draft, Reason.FAULT_OF_OURS, "text"):
        releasing.begin(draft)
    with LeavingOut(draft, Reason.FAULT_OF_OURS, "cross-check"):
        if is_witness(draft.case.report, draft.directory):
            omission.begin(draft)
    with LeavingOut(draft, Reason.FAULT_OF_OURS, "compilation"):
        notices.begin(draft, report)
    if report.tasks:
        with LeavingOut(draft, Reason.TASKS_NOT_LAID, f"{len(report.tasks)}"):
            make_tasks(draft, report.tasks, report.unit)
    if report.referred is not None:
        with LeavingOut(draft, Reason.FAULT_OF_OURS, "measure"):
            accountability.propose(draft, report.referred)
    with LeavingOut(draft, Reason.FAULT_OF_OURS, "grading"):
        _grade(draft, report)
    return draft


def _as_it_may_be(report: Report, directory: Directory) -> tuple[Report, list[tuple[str, Refusal]]]:
    """The report without what its reporter may not say. Intake refuses that; here it has come past intake, or
    the directory has changed since. What lays work on people falls away, the matter itself is taken up all
    the same.

    Raises UndecidableError for a kind of case that nobody in that role may open: intake has never accepted
    that.
    """
    by = territory.reporter_of(report, directory)
    if by is None or report.starts_at is not None:
        return report, []
    barred: list[tuple[str, Refusal]] = []
    for field, refusal in territory.report_faults(by, report, directory):
        if field == "kind":
            raise UndecidableError(f"{by.principal} may not report it so: {field}: {refusal.why}")
        if field == "unit" and report.kind in territory.WITNESSED:
            continue  # an emergency is never dropped for whom it names: who reports it is a witness
        barred.append((field, refusal))
    fields = {field.partition(".")[0] for field, _ in barred}
    if "tasks" in fields or "unit" in fields:
        report = report.model_copy(update={"tasks": ()})
    if "by_telephone" in fields:
        report = report.model_copy(update={"by_telephone": None})
    return report, barred


def _say_what_is_left_out(
    draft: Draft, report: Report, unread: list[Fault], barred: list[tuple[str, Refusal]]
) -> None:
    directory = draft.directory
    for field, why in unread:
        draft.note(EffectKind.LEFT_OUT, Reason.FIELD_NOT_UNDERSTOOD, note=f"{field}: {why}"[:NOTE_LIMIT])
    for field, refusal in barred:
        draft.note(EffectKind.LEFT_OUT, Reason.MAY_NOT_BE_SAID_SO, unit=refusal.unit, note=field)
    if report.unit not in directory.units_by_id:
        draft.note(EffectKind.LEFT_OUT, Reason.NO_SUCH_UNIT, note=report.unit)
    if report.area and report.area not in directory.areas_by_code:
        draft.note(EffectKind.LEFT_OUT, Reason.NO_SUCH_AREA, note=report.area)


def matter_of(report: Report, directory: Directory) -> Matter:
    """What the case keeps of its report."""
    harm, place, original = report.harm, report.place, report.original
    return Matter(
        kind=report.kind,
        category=report.category,
        topic=report.topic,
        level=report.level,
        sensitive=report.sensitive,
        unit=report.unit,
        area=report.area,
        occurred_at=utc(report.occurred_at),
        learned_at=utc(report.learned_at),
        received_at=utc(report.received_at),
        handed_in_at=utc(report.handed_in_at) if report.handed_in_at else None,
        summary=report.summary,
        tried_at=tuple(utc(at) for at in report.tried_at),
        details=report.details,
        exercise=report.exercise,
        **({name: getattr(harm, name) for name in HARM} if harm else {}),
        parent=report.parent,
        item=report.item,
        reported_by=report.reported_by,
        person=report.person,
        source=original.source if original else None,
        latitude=place.latitude if place else None,
        longitude=place.longitude if place else None,
        witness=territory.is_witness(report, directory),
        by_telephone=bool(report.by_telephone),
    )


def utc(at: datetime) -> datetime:
    """The same moment in the one zone object that all of a case's times share: comparing across two takes
    four times as long.
    """
    return at.astimezone(UTC)


def _grade(draft: Draft, report: Report) -> None:
    """Under-grading 轻报 is said at once: what the harm makes of it stands beside the level that was given.
    Where the policy lets harm grade a case, an accident is of that level from the first report on.
    """
    rule = draft.policy.document.grading
    if rule is None or report.harm is None or report.kind is not ReportKind.INCIDENT:
        return
    accident_level = rule.accident.level_of(draft.case.harm_now)
    order = list(Level)
    if report.level is None or order.index(accident_level) < order.index(report.level):
        draft.note(
            EffectKind.NOTED,
            Reason.UNDER_GRADED,
            unit=report.unit,
            note=accident_level.value,
            rule=draft.policy.rule("grading", "accident"),
        )
        grade_by_harm(draft, draft.case.harm_now, Reason.GRADED_BY_HARM)
