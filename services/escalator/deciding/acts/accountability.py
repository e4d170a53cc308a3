"""Accountability: a lapse is on its unit's ledger, a measure is proposed by the ladder in force, the organ
decides (DOMAIN rows 3, 20, 33).

Invariant: software proposes and never decides; statement, decision, review and correction are acts of people;
excuses that are on record weigh in, and the reasons of a proposal are named.
"""

from datetime import timedelta

from msgspec.structs import replace

from services.escalator.deciding import states
from services.escalator.deciding.actions import raise_case
from services.escalator.deciding.acts import omission, petitions
from services.escalator.deciding.acts.ending import enter
from services.escalator.deciding.briefing import unit_name
from services.escalator.deciding.draft import Draft, Why
from services.escalator.deciding.duties import cancel_owed
from services.escalator.deciding.lighting import people_lit
from services.escalator.policy.model import Accountability, Grounds
from shared.case import Measure, NoticeCorrection, Standing
from shared.facts import (
    CaseAct,
    EffectKind,
    Harm,
    LapseCause,
    Purpose,
    Reason,
    Referred,
    Report,
    Spelled,
    SuspicionNews,
    SuspicionState,
    spelled,
)
from shared.facts.report import Lapsed
from shared.ids import CaseId, case_id_for
from shared.vocabulary import Category, Kind, ReportKind

WINDOW = timedelta(days=365)
"""How long a lapse counts as a repeat where the policy does not say."""
CAUSES: dict[str, str] = {
    LapseCause.REPORTED_LATE: "迟报",
    LapseCause.NOT_ACKNOWLEDGED: "到限无人应答",
    LapseCause.NOT_DONE: "未按时限完成",
    LapseCause.OMITTED: "漏报",
    LapseCause.SILENT: "信息来源中断",
    LapseCause.ABSENT: "未签到",
}
MOST_OF_A_LINE = 500


def count_lapse(draft: Draft, referred: Referred) -> None:
    """On the ledger: counted, and the accountability case opened; or taken off again, and that case ended."""
    if referred.found is not None:
        take_back(draft, referred, referred.found)
        return
    standing = draft.case.standing or Standing(watch="ledger", subject=referred.unit)
    rule = draft.policy.document.accountability
    since = draft.now - WINDOW
    if rule is not None and rule.window is not None:
        since = draft.now - (rule.window.after(draft.now, draft.policy.calendar) - draft.now)
    earlier = tuple(at for at in standing.lapses if at > since)
    draft.change(standing=replace(standing, lapses=(*earlier, referred.found_at)))
    draft.note(
        EffectKind.NOTED,
        Reason.LAPSE_ON_THE_LEDGER,
        unit=referred.unit,
        case=referred.case,
        note=str(len(earlier) + 1),
    )
    lapsed = Lapsed.model_validate(referred.model_dump() | {"repeats": len(earlier)})
    report = Report(
        kind=ReportKind.ACCOUNTABILITY,
        category=Category.PUBLIC_SECURITY,
        level=referred.level,
        unit=referred.unit,
        area=draft.case.report.area,
        occurred_at=min(referred.limit, draft.now),
        learned_at=draft.now,
        summary=_in_words(referred),
        parent=referred.case,
        received_at=draft.now,
        reported_by="system",
        referred=lapsed,
    )
    raise_case(
        draft,
        _key(referred),
        referred.found_at,
        report,
        Reason.ACCOUNTABILITY_CASE,
        unit=referred.unit,
    )


def _in_words(lapsed: Lapsed) -> str:
    """`书面报告未按时限完成：化工厂爆炸`: what a person reads who is asked for a statement or a decision."""
    failed = f"{lapsed.title or '职责'}{CAUSES.get(lapsed.cause, '逾期未履行')}"
    return f"{failed}：{lapsed.about}"[:MOST_OF_A_LINE] if lapsed.about else failed


def take_back(draft: Draft, referred: Referred, report: CaseId) -> None:
    """A report that was in time was found after the judgement: the ledger no longer counts it and says so to the case
    it had opened, which ends with nothing decided.
    """
    pursued = case_id_for(_key(referred), referred.found_at)
    if draft.case.id == pursued:
        _end_with_nothing_decided(draft, referred, report)
        return
    standing = draft.case.standing
    if standing is not None and referred.found_at in standing.lapses:
        # Another lapse may have been found at the same moment: one is taken off.
        place = standing.lapses.index(referred.found_at)
        draft.change(
            standing=replace(standing, lapses=standing.lapses[:place] + standing.lapses[place + 1 :])
        )
    draft.note(EffectKind.NOTED, Reason.TAKEN_OFF_THE_LEDGER, unit=referred.unit, case=report)
    draft.send(
        Kind.REFERRED,
        pursued,
        referred.model_dump(mode="json", exclude_none=True),
        Reason.SUSPICION_WITHDRAWN,
        unit=referred.unit,
    )


def _end_with_nothing_decided(draft: Draft, referred: Referred, report: CaseId) -> None:
    measure, unit = draft.case.measure, unit_name(draft.directory, referred.unit)
    if measure is not None and measure.decided is not None:
        draft.change(measure=replace(measure, reviewed="set_aside"))
        draft.note(EffectKind.STATUS, Reason.MEASURE_SET_ASIDE, unit=referred.unit, case=report)
    draft.note(EffectKind.NOTED, Reason.SUSPICION_WITHDRAWN, unit=referred.unit, case=report)
    news = SuspicionNews(
        state=SuspicionState.WITHDRAWN, unit=unit, witness=unit, told_at=referred.limit, limit=referred.limit
    )
    for person, post, duty in people_lit(draft):
        draft.call(person, post, Purpose.WITHDRAWN, Reason.SUSPICION_WITHDRAWN, duty, suspicion=news)
    if (draft.case.status, Kind.WITHDRAWN.value) in states.CASE:
        enter(draft, Kind.WITHDRAWN, ended_at=draft.now)
    cancel_owed(draft, Reason.SUSPICION_WITHDRAWN)


def _key(referred: Referred) -> str:
    return f"accountability:{referred.case}:{referred.duty}"


def propose(draft: Draft, lapsed: Lapsed) -> None:
    """The measure by the ladder in force; only a proposal."""
    rule = draft.policy.document.accountability
    if rule is None or not rule.ladder:
        draft.note(EffectKind.NOTED, Reason.NO_LADDER_IN_FORCE)
        return
    step, why = weigh(rule, lapsed)
    measure = rule.ladder[step]
    draft.change(
        measure=Measure(
            proposed=measure, why=why, about=lapsed.case, duty=lapsed.duty, owed_to=lapsed.owed_to
        )
    )
    draft.note(
        EffectKind.PROPOSED,
        Spelled(measure),
        unit=lapsed.unit,
        measure=measure,
        case=lapsed.case,
        cause=lapsed.cause,
        note="; ".join(why),
        rule=draft.policy.rule("accountability", "ladder"),
    )


def weigh(rule: Accountability, lapsed: Lapsed) -> tuple[int, tuple[Why, ...]]:
    """The step of the ladder (from 0) and what it was weighed by: the last of the rules that fits, less what
    excuses.
    """
    step, why = 0, list[Why]([Reason.LAPSE])
    for one in rule.measures:
        found = _fits(one.when, lapsed)
        if found is not None:
            step, why = rule.ladder.index(one.measure), found or [Reason.LAPSE]
    for excuse in lapsed.excuses:
        down = rule.excuses.get(excuse, 0)
        if down:
            step = max(0, step - down)
            why.append(Spelled(f"{excuse}:-{down}"))
    return step, tuple(why)


def _fits(when: Grounds, lapsed: Lapsed) -> list[Why] | None:
    """What of `when` holds; None where something does not."""
    conditions: list[tuple[bool, Why]] = []
    if when.late_by is not None:
        conditions.append(
            (
                timedelta(seconds=lapsed.late_by_seconds or 0) >= when.late_by,
                spelled(Reason.LATE_BY_AT_LEAST, when.late_by),
            )
        )
    if when.level is not None:
        conditions.append((lapsed.level in when.level, spelled(Reason.LEVEL, lapsed.level)))
    if when.repeats is not None:
        conditions.append(
            (lapsed.repeats + 1 >= when.repeats, spelled(Reason.LAPSE_NUMBER, lapsed.repeats + 1))
        )
    if when.cause is not None:
        conditions.append((lapsed.cause in when.cause, Spelled(lapsed.cause)))
    if when.intent is not None:
        conditions.append(
            (when.intent is lapsed.intent, Reason.ON_PURPOSE if when.intent else Reason.NOT_ON_PURPOSE)
        )
    harm = lapsed.harm or Harm()
    for reason, least, actual in (
        (Reason.DEATHS_AT_LEAST, when.deaths, harm.deaths),
        (Reason.INJURIES_AT_LEAST, when.injuries, harm.injuries),
        (Reason.LOSS_AT_LEAST, when.loss, harm.loss),
    ):
        if least is not None:
            conditions.append((actual >= least, spelled(reason, least)))
    return [why for _, why in conditions] if all(holds for holds, _ in conditions) else None


def _measure(draft: Draft) -> Measure | None:
    if draft.case.measure is None:
        draft.refuse(Reason.NO_ACCOUNTABILITY_CASE)
    return draft.case.measure


def state(draft: Draft, act: CaseAct) -> None:
    """What the unit or person has to say, before anything is decided."""
    if draft.case.measure is None and draft.case.suspicion is not None:
        omission.state(draft, act)
        return
    measure = _measure(draft)
    if measure is not None:
        draft.change(measure=replace(measure, stated=True))
        draft.note(EffectKind.NOTED, Reason.STATEMENT, unit=draft.case.report.unit, note=act.text)


def decide_measure(draft: Draft, act: CaseAct) -> None:
    measure = _measure(draft)
    if measure is None:
        return
    rule = draft.policy.document.accountability
    if rule is None or act.measure not in rule.ladder:
        draft.refuse(Reason.NOT_ON_THE_LADDER_IN_FORCE, note=act.measure)
    elif measure.decided is not None:
        draft.refuse(Reason.DECIDED_ALREADY_ASK_FOR_A_REVIEW)
    else:
        draft.change(
            measure=replace(measure, decided=act.measure, decided_by=act.by.principal, decided_at=draft.now)
        )
        as_proposed = act.measure == measure.proposed
        draft.note(
            EffectKind.STATUS,
            Reason.MEASURE_AS_PROPOSED if as_proposed else Reason.MEASURE_OTHER_THAN_PROPOSED,
            unit=draft.case.report.unit,
            measure=act.measure,
            note=f"{act.measure}: {act.text or ''}",
        )


def ask_review(draft: Draft, act: CaseAct) -> None:
    """Of a measure, or of a petition's answer (复查)."""
    if draft.case.report.kind is ReportKind.PETITION:
        draft.note(EffectKind.NOTED, Reason.REVIEW_ASKED, note=act.text)
        return
    measure = _measure(draft)
    if measure is not None and measure.decided is None:
        draft.refuse(Reason.NOTHING_DECIDED_YET)


def review(draft: Draft, act: CaseAct) -> None:
    if draft.case.report.kind is ReportKind.PETITION:
        petitions.review(draft, act)
        return
    measure = _measure(draft)
    if measure is None:
        return
    if measure.decided is None:
        draft.refuse(Reason.NOTHING_DECIDED_YET)
        return
    if measure.decided_by in (act.by.principal, act.by.who):
        draft.refuse(Reason.REVIEWED_BY_WHO_DECIDED)
        return
    upheld = bool(act.approve)
    draft.change(measure=replace(measure, reviewed="upheld" if upheld else "set_aside"))
    draft.note(
        EffectKind.STATUS,
        Reason.MEASURE_UPHELD if upheld else Reason.MEASURE_SET_ASIDE,
        unit=draft.case.report.unit,
        note=act.text,
    )


def correct(draft: Draft, act: CaseAct) -> None:
    """What was published or decided is put right; the first words stay in the trail."""
    if draft.case.measure is not None:
        draft.change(measure=replace(draft.case.measure, corrected=act.text))
    elif draft.case.notice is None:
        draft.refuse(Reason.NOTHING_TO_CORRECT)
        return
    notice = draft.case.notice
    if notice is not None and notice.published_at is not None:
        correction = NoticeCorrection(text=act.text or "", at=draft.now)
        draft.change(notice=replace(notice, corrections=(*notice.corrections, correction)))
    draft.note(EffectKind.STATUS, Reason.CORRECTED, unit=draft.case.report.unit, note=act.text)
