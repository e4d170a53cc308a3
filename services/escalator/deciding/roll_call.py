"""A roll call 联络点名 in a unit's own case: when it may begin, and what is told when its time is over.

Invariant: it begins within the hours of the policy on a working day, and never while an emergency of level I or II is
being handled; nobody is asked twice by one roll call; nobody answers for silence: what is still owed at its limit ends
with that reason, and no lapse is written.
"""

import zlib
from datetime import datetime, timedelta

from msgspec.structs import replace

from services.escalator.deciding.draft import Draft
from services.escalator.policy.model import RollCallTable
from services.escalator.policy.rule import DutyRule
from shared.case import ROLL_CALL, UNANSWERED, Duty, Opening
from shared.case.roll_call import Reach, UnitRollCall, dark_posts, made_of
from shared.facts import CaseAct, EffectKind, Name, Reason, RollCallNews
from shared.ids import PersonId

A_LITTLE_LATE = timedelta(minutes=10)
"""A clock strikes some milliseconds after its moment; one that strikes later than this was held up."""
MOST_TOLD = 30
"""Names in a message, of each sort; the page has all."""


def offset(subject: str, spread: timedelta) -> timedelta:
    """The place of a unit in the time over which the units begin: always the same."""
    return timedelta(seconds=int(spread.total_seconds() * zlib.crc32(subject.encode()) / 2**32))


def first_moment(draft: Draft, rule: DutyRule, at: datetime) -> datetime:
    """When this unit's turn comes of a roll call that begins at `at`."""
    table, standing = draft.policy.document.roll_call, draft.case.standing
    if table is None or standing is None or not rule.plan.is_roll_call:
        return at
    return _within_hours(draft, table, at + offset(standing.subject, table.spread))


def _within_hours(draft: Draft, table: RollCallTable, at: datetime) -> datetime:
    """The first moment from `at` on at which people may be asked."""
    begins, ends = table.begin_and_end()
    local = at.astimezone(draft.policy.zone)
    is_today = draft.policy.calendar.is_working_day(local.date())
    if is_today and begins <= local.time() <= ends:
        return at
    day = local.date()
    if not is_today or local.time() > ends:
        day += timedelta(days=1)
        while not draft.policy.calendar.is_working_day(day):
            day += timedelta(days=1)
    return datetime.combine(day, begins, draft.policy.zone).astimezone(at.tzinfo) + _place(draft, table)


def _place(draft: Draft, table: RollCallTable) -> timedelta:
    """Those put off together begin one after the other again, as far as the day has room for it."""
    begins, ends = table.begin_and_end()
    room = timedelta(hours=ends.hour - begins.hour, minutes=ends.minute - begins.minute)
    subject = draft.case.standing.subject if draft.case.standing is not None else ""
    return offset(subject, min(table.spread, room))


def put_off(draft: Draft, rule: DutyRule, opening: Opening) -> Opening | None:
    """The same at another moment, where it can't begin now; the reason is on record."""
    table = draft.policy.document.roll_call
    if table is None or not rule.plan.is_roll_call:
        return None
    allowed = _within_hours(draft, table, draft.now)
    if allowed > draft.now:
        draft.note(EffectKind.NOTED, Reason.ROLL_CALL_OUT_OF_HOURS, due_at=allowed, rule=rule.plan.limit)
        return replace(opening, at=allowed)
    grave = draft.rules.grave_case
    if grave is None and not _is_silenced(draft):
        return None
    tomorrow = datetime.combine(
        draft.now.astimezone(draft.policy.zone).date() + timedelta(days=1),
        table.begin_and_end()[0],
        draft.policy.zone,
    )
    later = _within_hours(draft, table, tomorrow.astimezone(draft.now.tzinfo) + _place(draft, table))
    why = Reason.ROLL_CALL_PUT_OFF if grave is not None else Reason.ROLL_CALL_SILENCED
    draft.note(EffectKind.NOTED, why, case=grave, due_at=later, rule=rule.plan.limit)
    return replace(opening, at=later)


def _is_silenced(draft: Draft) -> bool:
    """A plan of silence holds every call there: nobody could answer."""
    report = draft.case.report
    return (
        draft.directory.suppression_for(report.unit, report.area, report.category, report.source, draft.now)
        is not None
    )


def counts_from(draft: Draft, opening: Opening) -> datetime:
    """The time to answer begins when the last unit is asked: so the roll calls of all units end together, and whoever
    hears of all of them reads one message.
    """
    table, late = draft.policy.document.roll_call, draft.now - opening.at
    if table is None or draft.case.standing is None or late > A_LITTLE_LATE:
        return draft.now
    return opening.at + table.spread - offset(draft.case.standing.subject, table.spread)


def forget_the_last(draft: Draft, rule: DutyRule) -> None:
    """The case keeps one roll call; the trail has them all."""
    for duty in list(draft.duties.values()):
        if duty.rule == rule.name and not duty.is_owed:
            del draft.duties[duty.id]


def call_the_roll(draft: Draft, act: CaseAct) -> None:
    """By hand: now. At an hour, or beside an emergency, that would put it off, only where whoever asks says why."""
    standing, table = draft.case.standing, draft.policy.document.roll_call
    if standing is None or standing.watch != ROLL_CALL or table is None:
        draft.refuse(Reason.NOT_A_ROLL_CALL)
    elif any(draft.plan_of(duty).is_roll_call for duty in draft.owed()):
        draft.refuse(Reason.ROLL_CALL_GOES_ON)
    elif act.text:
        draft.note(EffectKind.NOTED, Reason.ROLL_CALL, note=act.text)
    elif _within_hours(draft, table, draft.now) > draft.now:
        draft.refuse(Reason.ROLL_CALL_OUT_OF_HOURS)
    elif draft.rules.grave_case is not None:
        draft.refuse(Reason.ROLL_CALL_PUT_OFF, case=draft.rules.grave_case)
    elif _is_silenced(draft):
        draft.refuse(Reason.ROLL_CALL_SILENCED)


def end(draft: Draft) -> None:
    """The time to answer is over, and somebody has not: whoever the policy names hears of it, once."""
    if all(event.name != UNANSWERED for event in draft.events):
        draft.happened(UNANSWERED, follows=True)


def outcome(draft: Draft) -> UnitRollCall | None:
    return made_of(draft.case.report.unit, [duty for duty in draft.duties.values() if _is_of_it(draft, duty)])


def _is_of_it(draft: Draft, duty: Duty) -> bool:
    return draft.plan_of(duty).is_roll_call


def news_of(draft: Draft) -> RollCallNews | None:
    """Who did not answer, for those who are told."""
    made = outcome(draft)
    if made is None:
        return None
    reach = {one.person: one.reach for one in made.called}
    posts = [post for post in dark_posts(draft.directory, reach) if post.unit == made.unit]
    return RollCallNews(
        asked=len(made.called),
        answered=len(made.of(Reach.ANSWERED)),
        silent=_names(draft, made.of(Reach.SILENT)),
        unreachable=_names(draft, made.of(Reach.UNREACHABLE)),
        not_sent=_names(draft, made.of(Reach.NOT_SENT)),
        dark_posts=tuple([post.name for post in posts[:MOST_TOLD]]),
    )


def _names(draft: Draft, people: tuple[PersonId, ...]) -> tuple[Name, ...]:
    known = draft.directory.people_by_id
    return tuple([known[who].name for who in people if who in known][:MOST_TOLD])
