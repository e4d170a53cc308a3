"""A case is graded anew, up or down, or called sensitive; or its clock turns out to have started earlier.

Invariant: open duties are worked out again from the original start; what has lapsed stays lapsed and owed;
every limit that moved is on record with where it was. One person's word never forgives: limits come earlier by
it, never later, and what was owed is owed still. Only where a second person has agreed do limits follow a lesser
grade, and what is no longer owed ends with that reason. What is
owed only at the new level counts from the regrading, and so does what somebody is owed who was owed nothing
before, and a shorter term that would have ended already: nobody could have known.
"""

from datetime import datetime

from services.escalator.deciding.draft import Draft, Event
from services.escalator.deciding.duties import cancel, lapse_if_past, move_limit
from services.escalator.deciding.gravity import raises
from services.escalator.deciding.opening import open_rule, overdue_of, promised_limit, reminders_of, schedule
from services.escalator.deciding.parties import parties
from services.escalator.policy.rule import DutyRule, GivenLimit, MatterChoice, RuleScope
from shared.case import Case, Duty, DutyState
from shared.facts import CaseAct, EffectKind, LapseCause, Reason
from shared.vocabulary import Kind, Level

REPORTED = ("reported", "reported.outside")


def regrade(draft: Draft, act: CaseAct) -> None:
    case = draft.case
    level = act.level if act.level is not None else case.level
    sensitive = act.sensitive if act.sensitive is not None else case.sensitive
    if (level, sensitive) == (case.level, case.sensitive):
        draft.refuse(Reason.GRADED_SO_ALREADY)
        return
    before = draft.sort
    is_graver = raises((case.level, case.sensitive), (level, sensitive))
    draft.is_by_one = not draft.is_agreed and not is_graver
    draft.change(level=level, sensitive=sensitive)
    draft.note(EffectKind.REGRADED, Reason.REGRADED, level=level, note=_from_to(case, level, sensitive))
    rework(draft, before)


def rework(draft: Draft, before: MatterChoice | None = None, started: datetime | None = None) -> None:
    """Work the duties out again for the case as it is graded, and started, now; `started`: where its clocks
    started before.
    """
    triggers = [name for name in REPORTED if name == "reported" or draft.case.suspicion is not None]
    rules = {
        rule.name: rule
        for name in triggers
        for rule in draft.policy.rules_on(name, draft.sort)
        if rule.scope is RuleScope.CASE
    }
    was = before or draft.sort
    rules_before = {rule.name for name in triggers for rule in draft.policy.rules_on(name, was)}
    for duty in draft.owed():
        if duty.rule in rules and rules[duty.rule].every is None:
            _again(draft, duty, rules[duty.rule], started)
        elif (
            duty.rule in rules_before
            and duty.rule not in rules
            and duty.state is DutyState.OPEN
            and not draft.forgives_nothing
        ):
            cancel(draft, duty, Reason.NOT_OWED_AT_THIS_LEVEL)
    _others(draft)
    now_owed = (
        Event("reported", draft.case.opened_at) if draft.is_absorbing else Event(Kind.REGRADED, draft.now)
    )
    for rule in rules.values():
        if rule.every is not None or rule.shift:
            schedule(draft, rule, draft.now)
        elif not _was_owed(draft, rule):
            open_rule(draft, rule, now_owed)
        elif rule.plan.by_recipient:
            _recipients(draft, rule, now_owed)
    lapse_if_past(draft, draft.now, LapseCause.NOT_ACKNOWLEDGED)


def _again(draft: Draft, duty: Duty, rule: DutyRule, started: datetime | None = None) -> None:
    """One duty under the rule as it now reads. Its start stays, a later round's too; what began with the case
    begins earlier with it.
    """
    if rule.term is None or duty.state is not DutyState.OPEN:
        return
    if rule.given is GivenLimit.GIVEN and duty.due_at == promised_limit(draft):
        return
    start = draft.case.starts_at if rule.starts == "start" and duty.starts_at == started else duty.starts_at
    calendar = draft.policy.calendar
    due_at = rule.term.after(start, calendar) + duty.granted
    if start == duty.starts_at and due_at <= draft.now < duty.due_at:
        due_at = min(duty.due_at, rule.term.after(draft.now, calendar))
    if draft.is_by_one and due_at > duty.due_at:
        draft.on(duty, EffectKind.NOTED, Reason.LIMIT_STAYS_ONE_PERSON_ALONE, due_at=duty.due_at)
        return
    draft.keep_plan(rule.plan)
    if due_at == duty.due_at and start == duty.starts_at:
        return
    if draft.is_absorbing and not draft.now < due_at <= duty.due_at:
        return
    duty = move_limit(
        draft, duty, due_at, Reason.REGRADED if start == duty.starts_at else Reason.EARLIER_CLOCK
    )
    draft.put(
        duty,
        starts_at=start,
        reminders=reminders_of(rule, start, due_at, draft.now, calendar),
        overdue=overdue_of(rule, due_at, calendar),
    )


def _others(draft: Draft) -> None:
    """Duties that something else than the report opened, a follow-up's next round say, read their terms for
    the new level too.
    """
    for duty in draft.owed():
        rule = draft.policy.rule_named(duty.rule, draft.sort)
        if rule is not None and duty.task is None and not set(rule.on) & set(REPORTED):
            _again(draft, duty, rule)


def _was_owed(draft: Draft, rule: DutyRule) -> bool:
    return any(
        duty.rule == rule.name and duty.cancelled_why != Reason.NOT_OWED_AT_THIS_LEVEL
        for duty in draft.duties.values()
    )


def _recipients(draft: Draft, rule: DutyRule, now_owed: Event) -> None:
    """At another level others may be owed the report: they are told; who no longer is owed it is let go."""
    recipients = {
        party.bearer.id for party in parties(draft, rule.by, rule.to, None, any_answers=rule.plan.any_answers)
    }
    for duty in draft.owed():
        if (
            duty.rule == rule.name
            and duty.bearer not in recipients
            and duty.state is DutyState.OPEN
            and not draft.forgives_nothing
        ):
            cancel(draft, duty, Reason.NOT_OWED_AT_THIS_LEVEL)
    had = {
        duty.bearer
        for duty in draft.duties.values()
        if duty.rule == rule.name and duty.cancelled_why != Reason.NOT_OWED_AT_THIS_LEVEL
    }
    if recipients - had:
        open_rule(draft, rule, now_owed, only=frozenset(recipients - had))


def take_on(draft: Draft, starts_at: datetime, level: Level | None, sensitive: bool) -> None:
    """A duplicate is taken in: its start where that is the earlier one, its grade where that is the
    graver.
    """
    case, before = draft.case, draft.sort
    draft.is_absorbing = True
    start = min(starts_at, case.starts_at)
    if (start, level, sensitive) == (case.starts_at, case.level, case.sensitive):
        return
    draft.change(starts_at=start, level=level, sensitive=sensitive)
    if (level, sensitive) != (case.level, case.sensitive):
        draft.note(
            EffectKind.REGRADED,
            Reason.MERGED_WITH_A_GRAVER_ONE,
            level=level,
            note=_from_to(case, level, sensitive),
        )
    rework(draft, before, started=case.starts_at)


def _from_to(case: Case, level: Level | None, sensitive: bool) -> str:
    return f"{case.level or '-'}{'+' if case.sensitive else ''} → {level or '-'}{'+' if sensitive else ''}"
