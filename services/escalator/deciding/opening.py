"""A duty opens: at something that happened, at a moment of the calendar, at the start of a shift.

Invariant: a duty opens once for what opens it. While one of the same rule is owed by the same bearer (or for
the same task), the same trigger opens no second; its limit counts from the moment the policy says, never from
when the machine got round to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim
from msgspec.structs import replace

from services.escalator.deciding import roll_call
from services.escalator.deciding.draft import Draft, Event
from services.escalator.deciding.duties import cancel
from services.escalator.deciding.forms import end_of_day, moment_in_form
from services.escalator.deciding.leaving_out import LeavingOut
from services.escalator.deciding.lighting import light_first, why_owed
from services.escalator.deciding.parties import Party, in_charge, parties
from services.escalator.deciding.plan_limits import plan_limit
from services.escalator.policy.holidays import WorkCalendar
from services.escalator.policy.rule import DutyRule, GivenLimit, RuleScope
from shared.case import CaseStatus, Duty, DutyState, DutyTerms, Opening, Overdue, Reminder, Task
from shared.directory import gaps
from shared.directory.gaps import GapCode
from shared.facts import EffectKind, Reason
from shared.ids import DutyId, RosterId, SourceId
from shared.standing import rule_watched
from shared.vocabulary import Kind

OF_A_TASK = ("assignee", "assigner", "asked", "superior")
"""Whoever is meant by these is meant for the task where a task is what it is about."""
KEPT = 3
"""Duties of one rule that come again and again and were done in time: so many are kept in the case. The trail
has them all.
"""
LAPSED_KEPT = 50
ENDS = (EffectKind.DISCHARGED, EffectKind.CANCELLED)
GAP_HORIZON = timedelta(days=14)


def open_on(draft: Draft, event: Event) -> None:
    """Whatever the policy opens when `event` happens."""
    if event.follows:
        with LeavingOut(draft, Reason.FAULT_OF_OURS, event.name):
            _open_again(draft, event)
    for rule in _rules_on(draft, event.name):
        with LeavingOut(draft, Reason.RULE_FAILED, rule.name, rule=rule.plan.limit):
            _open_by(draft, rule, event)


def _rules_on(draft: Draft, trigger: str) -> Sequence[DutyRule]:
    """What the policy says for this trigger; in a careful draft without what can't be worked out for such a
    matter.
    """
    if not draft.is_careful:
        return draft.policy.rules_on(trigger, draft.sort)
    rules: list[DutyRule] = []
    for name in draft.policy.names_on(trigger):
        with LeavingOut(draft, Reason.RULE_FAILED, name):
            rule = draft.policy.rule_named(name, draft.sort)
            if rule is not None:
                rules.append(rule)
    return rules


def _open_by(draft: Draft, rule: DutyRule, event: Event) -> None:
    if event.name == Kind.ROLL_CALLED:
        _begin_round(draft, rule, Opening(rule=rule.name, at=event.at, key=f"{event.at:%Y%m%dT%H%M%S}"))
        return
    if rule.every is not None or rule.shift:
        # What comes by the calendar and is scheduled already keeps its moment when it is established again.
        if all(one.rule != rule.name for one in draft.openings):
            schedule(draft, rule, event.at)
        return
    task = draft.tasks.get(event.task) if event.task else None
    if task is not None and (rule.scope is RuleScope.TASK or rule.by in OF_A_TASK):
        open_rule(draft, rule, event, task)
    elif rule.scope is RuleScope.CASE:
        open_rule(draft, rule, event)


def _open_again(draft: Draft, event: Event) -> None:
    """What comes again and again (`again: true`) opens anew as of the moment it was done, while the case is
    being handled.
    """
    prefix, _, name = event.name.partition(".")
    if prefix != "discharged" or draft.case.status is not CaseStatus.OPEN:
        return
    rule = draft.policy.rule_named(name, draft.sort)
    if rule is not None and rule.plan.again:
        open_rule(draft, rule, event)


def open_rule(
    draft: Draft,
    rule: DutyRule,
    event: Event,
    task: Task | None = None,
    key: str | None = None,
    *,
    only: frozenset[str] | None = None,
) -> list[Duty]:
    """Open what the rule lays on everybody it names, or on those of them in `only`, leaving out who owes it
    already.

    Nothing opens that has ended already: what is owed until the case is resolved is not owed once it is.
    """
    if draft.case.status.value in rule.plan.until or _is_held_back(draft, rule):
        return []
    calendar = draft.policy.calendar
    start = _start(draft, rule, event)
    due_at = _due(draft, rule, event, start, task)
    if draft.is_absorbing and due_at is not None and due_at <= draft.now and rule.term is not None:
        start, due_at = draft.now, rule.term.after(draft.now, calendar)
    if due_at is None:
        if rule.given is GivenLimit.GIVEN:
            draft.note(EffectKind.NOTED, Reason.NO_LIMIT_GIVEN, note=rule.name)
        return []
    was_known = rule.name in draft.plans
    if was_known and task is None and key is None and not rule.plan.by_recipient and _is_owed(draft, rule):
        return []
    plan = rule.plan
    term = OpenedTogether(
        start,
        due_at,
        reminders_of(rule, start, due_at, draft.now, calendar),
        overdue_of(rule, due_at, calendar),
    )
    opened: list[Duty] = []
    for party in parties(
        draft, rule.by, rule.to, task, any_answers=plan.any_answers, by_duty_post=rule.by_duty_post
    ):
        if only is not None and party.bearer.id not in only:
            continue
        if key is None and was_known and _is_owed_already(draft, rule, party, task):
            continue
        opened.append(open_duty(draft, rule, plan, party, term, task, key))
    if opened:
        draft.keep_plan(plan)
    return opened


def _is_held_back(draft: Draft, rule: DutyRule) -> bool:
    """What waits for the release of a text waits for it, whatever else opens it."""
    release = draft.case.release
    return release is not None and release.is_held_back and "released" in rule.on


@dataclass(frozen=True, slots=True)
class OpenedTogether:
    """What all duties opened together have in common."""

    starts_at: datetime
    due_at: datetime
    reminders: tuple[Reminder, ...]
    overdue: tuple[Overdue, ...]


def open_duty(
    draft: Draft,
    rule: DutyRule,
    plan: DutyTerms,
    party: Party,
    term: OpenedTogether,
    task: Task | None,
    key: str | None = None,
) -> Duty:
    duty = Duty(
        id=_id(draft, rule, key or party.key),
        rule=rule.name,
        act=rule.name,
        owed_by=party.unit,
        owed_to=party.owed_to.id,
        posts=party.posts,
        bearer=party.bearer.id,
        bearer_post=party.post,
        task=task.id if task else None,
        starts_at=term.starts_at,
        opened_at=draft.now,
        due_at=term.due_at,
        reminders=term.reminders,
        overdue=term.overdue,
        chain=tuple([in_charge(draft, post) for post in plan.chain]),
    )
    draft.duties[duty.id] = duty
    draft.on(
        duty,
        EffectKind.OPENED,
        why_owed(plan),
        post=party.post,
        due_at=duty.due_at,
        rule=plan.limit,
    )
    if plan.by_recipient or rule.calls:
        return light_first(draft, duty, plan, party)
    return duty


def reminders_of(
    rule: DutyRule, start: datetime, due_at: datetime, now: datetime, calendar: WorkCalendar
) -> tuple[Reminder, ...]:
    """The reminders still ahead and before the limit, in order."""
    if not rule.remind:
        return ()
    found = [Reminder(at=term.within(start, due_at, calendar), slip=slip) for term, slip in rule.remind]
    ahead = [one for one in found if now < one.at < due_at]
    ahead.sort(key=_at)
    return tuple(ahead)


def _at(reminder: Reminder) -> datetime:
    return reminder.at


def overdue_of(rule: DutyRule, due_at: datetime, calendar: WorkCalendar) -> tuple[Overdue, ...]:
    return tuple([Overdue(at=term.after(due_at, calendar), tell=tell) for term, tell in rule.overdue])


def _start(draft: Draft, rule: DutyRule, event: Event) -> datetime:
    """The moment the policy names; a later round (done and owed again, a case reopened) counts from its own
    beginning, and what is owed only since the case was graded anew from then.
    """
    case = draft.case
    if event.name in (Kind.REOPENED, Kind.REGRADED, f"discharged.{rule.name}"):
        return event.at
    if not case.report.is_first_hand and rule.starts in ("occurred_at", "learned_at"):
        return case.starts_at
    match rule.starts:
        case "start":
            return case.starts_at
        case "occurred_at":
            return case.report.occurred_at
        case "learned_at":
            return case.report.learned_at
        case "received_at":
            return case.report.handed_in_at or case.opened_at
        case "event":
            return event.at
        case field:
            return moment_in_form(case.forms, field, draft.policy.zone) or event.at


def _due(draft: Draft, rule: DutyRule, event: Event, start: datetime, task: Task | None) -> datetime | None:
    if rule.given is not None:
        named = (
            _named_limit(draft, event, start, task)
            if rule.given is GivenLimit.GIVEN
            else plan_limit(draft, rule, start)
        )
        if named is not None:
            return named
    return rule.term.after(start, draft.policy.calendar) if rule.term is not None else None


def _named_limit(draft: Draft, event: Event, start: datetime, task: Task | None) -> datetime | None:
    """The limit that the act, the task, the source, the roster or the notice itself names."""
    if task is not None:
        return task.due_at
    if event.due_at is not None:
        return event.due_at
    if event.name == Kind.REPORTED and (promised := promised_limit(draft)) is not None:
        return promised
    notice, standing = draft.case.notice, draft.case.standing
    if event.name == "notice_drafted" and notice is not None:
        return notice.reply_by
    if standing is not None and standing.watch == "source":
        source = draft.directory.sources_by_id.get(SourceId(standing.subject))
        return start + source.silent_after if source is not None and source.silent_after is not None else None
    if standing is not None and standing.watch == "roster":
        roster = draft.directory.rosters_by_id.get(RosterId(standing.subject))
        return (
            start + roster.sign_in_within
            if roster is not None and roster.sign_in_within is not None
            else None
        )
    return None


def promised_limit(draft: Draft) -> datetime | None:
    """The date by which the matter's own form says it will be put right; one that has passed already is none."""
    days = (form.fields.get("due") for form in draft.case.forms)
    ends = (end_of_day(day, draft.policy.zone) for day in days)
    return next((end for end in ends if end is not None and end > draft.now), None)


def _is_owed(draft: Draft, rule: DutyRule) -> bool:
    name = rule.name
    return any(duty.rule == name and duty.is_owed for duty in draft.duties.values())


def _is_owed_already(draft: Draft, rule: DutyRule, party: Party, task: Task | None) -> bool:
    """Whether this very thing is owed: for a task by its id, for a person who must answer by the person, else
    by the rule alone.
    """
    duties, name = draft.duties.values(), rule.name
    if task is not None:
        # A campaign has thousands of duties of one rule, and one of each task.
        return any(duty.rule == name and duty.is_owed for duty in duties if duty.task == task.id)
    bearer = party.bearer.id if rule.plan.by_recipient else None
    return any(duty.rule == name and duty.is_owed and bearer in (None, duty.bearer) for duty in duties)


def _id(draft: Draft, rule: DutyRule, key: str) -> DutyId:
    """`<rule>-<key>`, numbered where the case has had it before."""
    plain = DutyId(f"{rule.name}-{key}")
    if plain not in draft.duties:
        return plain
    number = 2
    while DutyId(f"{plain}.{number}") in draft.duties:
        number += 1
    # Numbers of duties that were dropped from the case are not used again: the sequence of the fact tells
    # them apart.
    return DutyId(f"{plain}.{max(number, draft.sequence)}" if rule.plan.again else f"{plain}.{number}")


# By the calendar


def schedule(draft: Draft, rule: DutyRule, after: datetime) -> None:
    """The next opening of a duty that comes by itself; nothing where there is none."""
    draft.openings = [one for one in draft.openings if one.rule != rule.name]
    standing = draft.case.standing
    if rule.shift:
        roster = draft.directory.rosters_by_id.get(RosterId(standing.subject)) if standing else None
        shift = roster.next_shift(after) if roster is not None and roster.sign_in_within is not None else None
        if shift is not None:
            draft.openings.append(
                Opening(rule=rule.name, at=shift.starts_at, key=f"{shift.starts_at:%Y%m%dT%H%M}")
            )
    elif rule.every is not None and (standing is None or rule_watched(standing.subject) == rule.name):
        at = roll_call.first_moment(draft, rule, next_moment(rule.every, after, draft.policy.zone))
        draft.openings.append(
            Opening(rule=rule.name, at=at, key=f"{at.astimezone(draft.policy.zone):%Y%m%d}")
        )


def next_moment(cron: str, after: datetime, zone: ZoneInfo) -> datetime:
    """The first moment of the five-field cron expression after `after`, by the wall clock of `zone`."""
    return next(CronSim(cron, after.astimezone(zone))).astimezone(after.tzinfo)


def open_due(draft: Draft) -> None:
    """Openings whose moment has come: the duty opens as of that moment, and the next one is set."""
    for opening in sorted((one for one in draft.openings if one.at <= draft.now), key=lambda one: one.at):
        draft.openings.remove(opening)
        rule = draft.policy.rule_named(opening.rule, draft.sort)
        if rule is None:
            draft.note(EffectKind.NOTED, Reason.NO_SUCH_DUTY_ANY_MORE, note=opening.rule)
            continue
        standing = draft.case.standing
        if standing is None or standing.watch != "gaps" or _note_gaps(draft):
            if (later := roll_call.put_off(draft, rule, opening)) is not None:
                draft.openings.append(later)
                continue
            if rule.plan.is_roll_call:
                opening = replace(opening, at=roll_call.counts_from(draft, opening))  # noqa: PLW2901
            _begin_round(draft, rule, opening)
        schedule(draft, rule, opening.at)


def _begin_round(draft: Draft, rule: DutyRule, opening: Opening) -> None:
    _give_up_the_last(draft, rule)
    if rule.plan.is_roll_call:
        if _is_owed(draft, rule):
            draft.note(EffectKind.NOTED, Reason.ROLL_CALL_GOES_ON, rule=rule.plan.limit)
            return
        roll_call.forget_the_last(draft, rule)
    open_rule(draft, rule, Event(f"every.{rule.name}", opening.at), key=opening.key)


def _give_up_the_last(draft: Draft, rule: DutyRule) -> None:
    """A shift that is over, a month that is past: what lapsed then can't be made up once its next round
    begins. The lapse stays.
    """
    for duty in draft.owed():
        if duty.rule == rule.name and duty.state is DutyState.LAPSED:
            cancel(draft, duty, Reason.ITS_NEXT_ROUND_HAS_BEGUN)


def _note_gaps(draft: Draft) -> bool:
    """Warning before a gap: each is on record, and the duty to close them opens. A person's only number is no
    gap yet, nor a matter that stays with whoever is in charge of all.
    """
    gaps_ahead = [
        gap
        for gap in gaps(draft.directory, draft.now, draft.now + GAP_HORIZON)
        if gap.code not in (GapCode.ONE_CHANNEL, GapCode.NOBODY_IN_CHARGE)
    ]
    for gap in gaps_ahead:
        draft.note(EffectKind.GAP, gap.code, note=f"{gap.subject}: {gap.text.zh}", due_at=gap.since)
    return bool(gaps_ahead)


def prune(draft: Draft) -> None:
    """Of duties that come again and again the case keeps the last few that were done in time; there is one too
    many only where one has just ended.
    """
    if not any(effect.kind in ENDS for effect in draft.effects):
        return
    done: dict[tuple[str, bool], list[Duty]] = {}
    for duty in draft.duties.values():
        plan = draft.plans[duty.rule]
        if plan.is_roll_call:
            continue
        if (plan.again or draft.case.standing is not None) and not duty.is_owed:
            done.setdefault((duty.rule, duty.lapse is not None), []).append(duty)
    for (_, lapsed), duties in done.items():
        for duty in duties[: -(LAPSED_KEPT if lapsed else KEPT)]:
            del draft.duties[duty.id]
