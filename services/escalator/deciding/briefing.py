"""The notices of a decision: whom it tells over which channels, with all that they must know.

Invariant: a person gets at most one notice of a kind from a decision, bundling all duties it is about; a plan
of silence and an exercise hold calls, never a clock or a lapse.
"""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from msgspec.structs import replace

from services.escalator.deciding.draft import DESK_DUTY, Draft, NoticeInMaking, notice_id
from services.escalator.deciding.exercises import is_spared
from services.escalator.deciding.leaving_out import LeavingOut
from services.escalator.deciding.referral import listed_lapses
from services.escalator.policy.duty_spec import FIRST_CHANNEL
from shared.case import STRAY_REPLIES, Case, Duty, Matter, ReleaseText, Task, desk_post
from shared.directory import Directory, Person
from shared.facts import (
    EXCUSES,
    MOST_NAMED,
    AskedNotice,
    AskedTask,
    Brief,
    EffectKind,
    Excuse,
    HarmCount,
    LapseCause,
    Name,
    Notice,
    OwingUnits,
    Purpose,
    Reason,
    Spelled,
    spelled,
)
from shared.ids import AreaCode, PersonId, PostId, SourceId, UnitId
from shared.vocabulary import Kind, ReportKind

NO_HARM = HarmCount()
OURSELVES = Name(zh="烽火系统", en="Fenghuo itself")
MOST_DETAILS = 400
"""Characters of a report's details that a message and its page have; the case has all of them."""
JUDGED = "judged.all"
"""What discharges the organ's duty to go through its list."""
ACTS_ON_A_NOTICE = frozenset({Kind.NOTICE_APPROVED, Kind.NOTICE_REPLIED})


class NewsInMaking(NamedTuple):
    """What several people hear of by the same rules of the policy's `tells:`, in the same words."""

    brief: Brief
    channels: tuple[str, ...]
    people: list[tuple[Person, PostId]]


def notices_of(draft: Draft, news: Sequence[NewsInMaking] = ()) -> tuple[Notice, ...]:
    if not draft.calls and not news:
        return tuple(draft.notices)
    hold_reason: Reason | Spelled | None = None
    with LeavingOut(draft, Reason.FAULT_OF_OURS, "suppressions"):
        hold_reason = _hold_reason(draft)
    shared = _Shared(draft)
    notices: list[Notice] = []
    for call in [*draft.calls.values()]:
        with LeavingOut(draft, Reason.NOBODY_TOLD, call.purpose.value, person=call.person.id):
            notices.append(_notice(draft, call, hold_reason, shared))
    number = len(draft.calls) + len(draft.notices)
    for group in news:
        notices += _news_notices(draft, group, hold_reason, number)
        number += len(group.people)
    if hold_reason is not None:
        draft.note(EffectKind.HELD, hold_reason, note=f"{len(notices)}")
    return (*draft.notices, *notices)


def _news_notices(
    draft: Draft, news: NewsInMaking, hold_reason: Reason | Spelled | None, number: int
) -> list[Notice]:
    channels = draft.policy.document.exercise.channels if draft.case.report.exercise else news.channels
    case, sequence = draft.case.id, draft.sequence
    return [
        Notice(
            id=notice_id(case, sequence, place),
            person=person.id,
            post=post,
            purpose=Purpose.NEWS,
            duties=(),
            channels=() if (held := hold_reason or _spared(draft, person)) else channels_to(person, channels),
            language=person.language,
            brief=news.brief,
            why=Reason.HEARS_OF_IT,
            held=held,
        )
        for place, (person, post) in enumerate(news.people, number)
    ]


def _hold_reason(draft: Draft) -> Reason | Spelled | None:
    """Why nobody is to be rung, if so: an exercise touches nobody; a plan of silence holds calls, never a
    clock or a lapse.
    """
    report = draft.case.report
    if report.exercise and not draft.policy.document.exercise.channels:
        return Reason.EXERCISE
    silence = draft.directory.suppression_for(
        report.unit, report.area, report.category, report.source, draft.now
    )
    return None if silence is None else spelled(Reason.SUPPRESSED, silence.id)


def _spared(draft: Draft, person: Person) -> Reason | None:
    return Reason.NOT_AGREED_TO_EXERCISES if is_spared(draft, person.id) else None


def _notice(
    draft: Draft,
    call: NoticeInMaking,
    hold_reason: Reason | Spelled | None,
    shared: "_Shared",
) -> Notice:
    duties = [draft.duties[duty] for duty in call.duties]
    channels = (
        draft.policy.document.exercise.channels
        if draft.case.report.exercise
        else tuple(dict.fromkeys((*draft.plans[duties[0].rule].channels, *call.news_channels)))
        if call.news_channels
        else draft.plans[duties[0].rule].channels
    )
    if hold_reason is not None and hold_reason is not Reason.EXERCISE and call.purpose is Purpose.OVERDUE:
        hold_reason = None
    hold_reason = hold_reason or _spared(draft, call.person)
    return Notice(
        id=draft.notice_id(call.number),
        person=call.person.id,
        post=call.post,
        purpose=Purpose.UNDECIDED if duties[0].rule == DESK_DUTY else call.purpose,
        duties=tuple(call.duties),
        channels=() if hold_reason else channels_to(call.person, channels),
        language=call.person.language,
        brief=_brief(draft, call, duties, shared),
        why=call.why,
        held=hold_reason,
    )


class _Shared:
    """What the notices of one decision have in common: made once, however many people are called."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self.briefs: dict[tuple[Any, ...], Brief] = {}

    @cached_property
    def lead(self) -> UnitId | None:
        return leading_unit(self._draft)


def _brief(draft: Draft, call: NoticeInMaking, duties: list[Duty], shared: _Shared) -> Brief:
    first = duties[0]
    due_at, rules, owed_by = first.due_at, (first.rule,), first.owed_by
    if len(duties) > 1:
        due_at = min([duty.due_at for duty in duties])
        rules = tuple(dict.fromkeys([duty.rule for duty in duties]))
    tasks = tuple(dict.fromkeys([duty.task for duty in duties if duty.task in draft.tasks]))
    owing = _owing(draft, call, duties, rules)
    unanswered = _unanswered(draft, duties) if call.purpose is Purpose.OVERDUE else ()
    key = (
        call.purpose,
        unanswered,
        due_at,
        rules,
        tasks,
        owed_by,
        owing,
        tuple([name.zh for name in call.dark]),
        *call.more.items(),
    )
    briefs, directory = shared.briefs, draft.directory
    if key not in briefs:
        briefs[key] = brief_of(
            draft,
            due_at=due_at,
            owes=tuple(draft.plans[rule].title for rule in rules),
            knowing=all("acknowledged" in draft.plans[rule].discharged_by for rule in rules),
            tasks=tuple(
                asked_task(draft.tasks[task], shared.lead, directory)
                for task in tasks[:MOST_NAMED]
                if task is not None
            ),
            tasks_count=len(tasks) if len(tasks) > MOST_NAMED else 0,
            owed_by=unit_name(directory, owed_by),
            owing=owing,
            excuses=_excuses(first) if call.purpose is Purpose.OVERDUE and owing is None else (),
            unanswered=tuple(person_name(directory, person) for person in unanswered),
            dark=tuple(call.dark),
            settled_for=_settled_for(draft, first) if call.purpose is Purpose.FALLBACK else None,
            public_notice=_asked_notice(draft, rules),
            **({"reported_by": _reporter(draft.case.report, directory)} if first.rule == DESK_DUTY else {}),
            **call.more,
        )
    return briefs[key]


def _owing(
    draft: Draft, call: NoticeInMaking, duties: list[Duty], rules: tuple[str, ...]
) -> OwingUnits | None:
    """Of whom the notice tells: who stands on the list that it asks the organ to judge, or several units whose limit
    has passed.
    """
    if any(JUDGED in draft.plans[rule].discharged_by for rule in rules):
        about, at_least = listed_lapses(draft), 1
    elif call.purpose is Purpose.OVERDUE and len(duties) > 1:
        about, at_least = duties, 2
    else:
        return None
    units = tuple(dict.fromkeys([duty.owed_by for duty in about]))
    if len(units) < at_least:
        return None
    names = tuple([unit_name(draft.directory, unit) for unit in units[:MOST_NAMED]])
    return OwingUnits(names=names, count=len(units))


def _unanswered(draft: Draft, duties: list[Duty]) -> tuple[PersonId, ...]:
    """Those who have not answered a report that was in time: whoever reported has done its duty. None where
    anything else lapsed, too.
    """
    is_unanswered = all(
        duty.lapse is not None
        and duty.lapse.cause is LapseCause.NOT_ACKNOWLEDGED
        and draft.plan_of(duty).by_recipient
        for duty in duties
    )
    return tuple(dict.fromkeys([duty.bearer for duty in duties])) if is_unanswered else ()


def _excuses(duty: Duty) -> tuple[Excuse, ...]:
    """What speaks for whoever owed it; to have put the reminder off does not."""
    found = duty.lapse.excuses if duty.lapse is not None else ()
    return tuple(Excuse(name) for name in found if name in EXCUSES)


def _settled_for(draft: Draft, duty: Duty) -> Name | None:
    return unit_name(draft.directory, duty.owed_by) if draft.plan_of(duty).is_settled_by_stand_in else None


def brief_of(draft: Draft, **more: Any) -> Brief:
    """The matter as it stands, and whatever else the reader must know of it."""
    case, report, directory = draft.case, draft.case.report, draft.directory
    brief = Brief(
        kind=report.kind,
        category=report.category,
        level=case.level,
        sensitive=case.sensitive,
        exercise=report.exercise,
        unit=report.unit,
        unit_name=unit_name(directory, report.unit),
        area=report.area,
        area_name=area_name(directory, report.area),
        summary=report.summary,
        details=report.details[:MOST_DETAILS] if report.details else None,
        reported_by=_other_reporter(report, directory),
        harm=known_harm(case),
        form=case.forms[0].short if case.forms else None,
        occurred_at=report.occurred_at,
        learned_at=report.learned_at,
        reported_at=case.opened_at,
        stray=case.standing is not None and case.standing.watch == STRAY_REPLIES,
        desk=desk_post(draft.plans.values()) or PostId(draft.policy.document.half_hour.fallback.chain[-1]),
    )
    return replace(brief, **more) if more else brief


def known_harm(case: Case) -> HarmCount | None:
    """None where nothing is known of any."""
    harm = case.harm_now
    return None if harm == NO_HARM else harm


def leading_unit(draft: Draft) -> UnitId | None:
    return next((task.unit for task in draft.tasks.values() if task.lead), None)


def asked_task(task: Task, lead: UnitId | None, directory: Directory) -> AskedTask:
    """`lead`: the unit that leads the others of the case."""
    return AskedTask(
        title=task.title,
        due_at=task.due_at,
        assigner=unit_name(directory, task.assigner),
        id=task.id,
        lead=task.lead,
        led_by=unit_name(directory, lead) if lead is not None and not task.lead else None,
    )


def _asked_notice(draft: Draft, rules: tuple[str, ...]) -> AskedNotice | None:
    """The draft that duties of these rules wait for somebody's word on."""
    if draft.case.release is not None:
        return _asked_text(draft, draft.case.release, rules)
    notice = draft.case.notice
    waited_for = {name.partition(".")[0] for rule in rules for name in draft.plans[rule].discharged_by}
    if notice is None or notice.published_at is not None or waited_for.isdisjoint(ACTS_ON_A_NOTICE):
        return None
    return AskedNotice(
        text=notice.text,
        unit=unit_name(draft.directory, notice.unit),
        approvals=len(notice.approvals),
        approvals_needed=notice.approvals_needed,
    )


def _other_reporter(report: Matter, directory: Directory) -> Name | None:
    """Who says it of a unit that has not said anything itself: a source, the unit of who reports, or we do."""
    if report.reported_by == "system" and report.kind is ReportKind.INCIDENT:
        return OURSELVES
    if not report.witness:
        return None
    source = directory.sources_by_id.get(report.source) if report.source is not None else None
    person = directory.people_by_id.get(PersonId(report.person or report.reported_by))
    if source is None and person is not None:
        return unit_name(directory, person.unit)
    return source.name if source is not None else _reporter(report, directory)


def _reporter(report: Matter, directory: Directory) -> Name:
    """The person by name, the system by its source's name, or the principal as it stands."""
    person = directory.people_by_id.get(PersonId(report.person or report.reported_by))
    if person is not None:
        return person.name
    source = directory.sources_by_id.get(SourceId(report.reported_by.removeprefix("source:")))
    return source.name if source is not None else Name(zh=report.reported_by, en=report.reported_by)


def person_name(directory: Directory, person: PersonId) -> Name:
    found = directory.people_by_id.get(person)
    return found.name if found else Name(zh=person, en=person)


def unit_name(directory: Directory, unit: UnitId) -> Name:
    found = directory.units_by_id.get(unit)
    return found.name if found else Name(zh=unit, en=unit)


def area_name(directory: Directory, area: AreaCode) -> Name:
    found = directory.areas_by_code.get(area)
    return found.name if found else Name(zh=area, en=area)


def channels_to(person: Person, channels: tuple[str, ...]) -> tuple[str, ...]:
    """The policy's channels that the person has, in the policy's order (`first`: the person's first); where they have
    none of them (`each`: in any case), all they have.
    """
    return _in_order(tuple([address.channel for address in person.channels]), channels)


@lru_cache(maxsize=4096)
def _in_order(theirs: tuple[str, ...], channels: tuple[str, ...]) -> tuple[str, ...]:
    if channels == (FIRST_CHANNEL,):
        return theirs[:1]
    return tuple([channel for channel in channels if channel in theirs]) or tuple(dict.fromkeys(theirs))


def _asked_text(draft: Draft, release: ReleaseText, rules: tuple[str, ...]) -> AskedNotice | None:
    """For those who approve the text, and for the outlets once it is out."""
    plans = [draft.plans[rule] for rule in rules]
    approves = any(name.startswith(Kind.TEXT_APPROVED) for plan in plans for name in plan.discharged_by)
    publishes = release.released_at is not None and any("released" in plan.on for plan in plans)
    if not (approves or publishes):
        return None
    return AskedNotice(
        text=release.text,
        approvals=len(release.approvals),
        approvals_needed=release.approvals_needed,
        not_before=release.not_before,
    )
