"""Who hears of what is new in a case: by the rules of `tells:` in the policy, and by nothing else.

Invariant: whoever was told of a case hears of what happens in it where a rule says so; nobody is told twice by
one decision, nobody of what they did themself. Who is called for a duty at that moment hears the news with it.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec.structs import replace

from services.escalator.deciding import roll_call
from services.escalator.deciding.briefing import (
    MOST_DETAILS,
    NewsInMaking,
    asked_task,
    brief_of,
    leading_unit,
    unit_name,
)
from services.escalator.deciding.draft import Draft, Event, NoticeInMaking
from services.escalator.deciding.early_end import name_of
from services.escalator.deciding.gravity import graver
from services.escalator.deciding.parties import newly_named, posts_of, unit_of
from services.escalator.policy.rule import RuleScope
from services.escalator.policy.tell_rule import TellRule
from services.escalator.policy.tell_spec import FORM_AUDIENCE, GRADED_DOWN, GRADED_UP
from shared.case import UNANSWERED, Measure
from shared.facts import Brief, ChangedLimit, EffectKind, Name, News, Purpose, Reason, SuspicionNews
from shared.facts.report import HAPPENING
from shared.ids import PersonId, PostId, UnitId
from shared.vocabulary import Kind

SAYS_IT_ALL = frozenset({Purpose.WITHDRAWN, Purpose.ENDED})
"""Who gets one of these knows what happened, who did it and what they still owe."""
WHY = Name(zh="事由", en="why")
CHANGES_TOLD = 3
"""Limits of the reader's that are named; the case page has all."""


Hearers = dict[PersonId, tuple[PostId, tuple[TellRule, ...]]]
"""Who hears of it, as holder of which post and by which rules."""


def tell_news(draft: Draft) -> list[NewsInMaking]:
    """The notices that tell of what this decision is about; of whoever is called by it anyway, the call says
    it.
    """
    happened = _happened(draft) if draft.policy.document.tells else []
    hearers = _hearers(draft, happened) if happened else {}
    made: list[NewsInMaking] = []
    if draft.calls:
        _say_why(draft, hearers)
    if not hearers:
        return made
    words, calls = _NewsWords(draft, happened), _calls(draft)
    people = draft.directory.people_by_id
    groups: dict[tuple[tuple[TellRule, ...], PersonId | None], NewsInMaking] = {}
    for who, (post, rules) in hearers.items():
        if who in calls:
            calls[who].more["news"] = words.news(who, rules[0])
            calls[who].more.setdefault("suspicion", words.suspicion)
            calls[who].news_channels = _channels(rules)
            continue
        # Those who hear by the same rules, and nothing of their own, share the message.
        key = rules, who if who in words.personal else None
        group = groups.get(key)
        if group is None:
            groups[key] = group = NewsInMaking(words.brief(who, rules[0]), _channels(rules), [])
        group.people.append((people[who], post))
    made += groups.values()
    for rule, _ in happened:
        told = tuple([who for who, (_, rules) in hearers.items() if rule in rules])
        if told:
            draft.note(EffectKind.TOLD, Reason.HEARS_OF_IT, people=told, rule=rule.line)
    return made


def _say_why(draft: Draft, hearers: Hearers) -> None:
    """Whoever owes something by what somebody did reads in the call who did it and why; those who hear the news
    read it there.
    """
    event = next((event for event in draft.past if event.actor is not None and event.text), None)
    if event is None or event.actor is None:
        return
    by, unit = event.actor.who, event.actor.unit
    calls = (call for (_, purpose), call in draft.calls.items() if purpose is Purpose.DUTY)
    for call in calls:
        if call.person.id not in hearers and call.person.id != by:
            call.more["news"] = News(
                title=WHY,
                by=name_of(draft, by, unit),
                by_unit=unit_name(draft.directory, unit) if unit is not None else None,
                text=event.text,
            )


def _channels(rules: tuple[TellRule, ...]) -> tuple[str, ...]:
    if len(rules) == 1:
        return rules[0].channels
    return tuple(dict.fromkeys([channel for rule in rules for channel in rule.channels]))


def _calls(draft: Draft) -> dict[PersonId, NoticeInMaking]:
    """One of those that each person gets by this decision anyway."""
    calls: dict[PersonId, NoticeInMaking] = {}
    for call in draft.calls.values():
        calls.setdefault(call.person.id, call)
    return calls


def _happened(draft: Draft) -> list[tuple[TellRule, Event]]:
    """The rules that something in this decision is told by, each once: of another level first, then as it
    happened.
    """
    graded = _graded(draft)
    if graded is None and not draft.past:
        return []
    sort, policy = draft.sort, draft.policy
    found: dict[str, tuple[TellRule, Event]] = {}
    for event in (graded, *draft.past) if graded is not None else draft.past:
        for rule in policy.tells_on(event.name, sort):
            if (rule.scope is RuleScope.CASE) is (event.task is None):
                found.setdefault(rule.name, (rule, event))
    return list(found.values())


def _graded(draft: Draft) -> Event | None:
    """The case is of another level, or sensitive, by now, whatever has made it so."""
    was, case = draft.was, draft.case
    if was.level is case.level and was.sensitive is case.sensitive:
        return None
    by = next((event for event in _done(draft) if event.actor is not None), None)
    return Event(
        GRADED_UP if is_graver(draft) else GRADED_DOWN, draft.now, actor=by.actor if by is not None else None
    )


def _done(draft: Draft) -> Iterator[Event]:
    """What has happened, without the agreement of a second person to it."""
    return (event for event in draft.past if event.name != Kind.SECONDED)


def is_graver(draft: Draft) -> bool:
    was, case = draft.was, draft.case
    if was.level is not case.level:
        return graver(was.level, case.level) is case.level
    return case.sensitive


def _hearers(draft: Draft, happened: list[tuple[TellRule, Event]]) -> Hearers:
    """Without those who did it, and those whom another notice tells all of it."""
    know = {author.who for event in draft.past if (author := _author(draft, event)) is not None}
    know |= {person for person, purpose in draft.calls if purpose in SAYS_IT_ALL}
    people, hearers = draft.directory.people_by_id, Hearers()
    for rule, event in happened:
        alone = (rule,)
        for who, post in _audience(draft, rule, event).items():
            if who in know or who not in people:
                continue
            heard = hearers.get(who)
            hearers[who] = (post, alone) if heard is None else (heard[0], (*heard[1], rule))
    return hearers


class _Author(NamedTuple):
    who: str
    unit: UnitId | None


def _author(draft: Draft, event: Event) -> _Author | None:
    """Whoever did it; work that is laid down, such as a meeting, is laid down by who reports it."""
    report = draft.case.report
    if event.actor is not None:
        return _Author(event.actor.who, event.actor.unit)
    if event.name == Kind.REPORTED and report.kind not in HAPPENING:
        return _Author(report.person or report.reported_by, report.unit)
    return None


def _audience(draft: Draft, rule: TellRule, event: Event) -> dict[PersonId, PostId]:
    """Each person the rule names once, and the post they hear of it through."""
    named, task = dict[PersonId, PostId](), draft.tasks.get(event.task) if event.task else None
    for name in rule.to:
        if name == "told":
            named = {**draft.case.people_told, **named}
        elif name == "owed_to":
            for post in _owed_to(draft):
                named.setdefault(draft.directory.holder_of(post, draft.now).id, post)
        elif FORM_AUDIENCE.match(name):
            for post, person in newly_named(draft, name):
                named.setdefault(person.id, post)
        else:
            for post, person in posts_of(draft, (name,), task=task):
                named.setdefault(person.id, post)
    return named


def _owed_to(draft: Draft) -> Iterator[PostId]:
    """The posts to whom the duties are owed that this decision has discharged."""
    for effect in draft.effects:
        if effect.kind is EffectKind.DISCHARGED and effect.duty is not None:
            yield from [
                post for post in draft.duties[effect.duty].posts if post in draft.directory.posts_by_id
            ]


def _suspicion(draft: Draft) -> SuspicionNews | None:
    """What the unit that is suspected, or no longer, reads of it."""
    told = (call.more.get("suspicion") for call in draft.calls.values())
    return next((news for news in told if news is not None), None)


def _measure(was: Measure | None, now: Measure | None) -> dict[str, Any]:
    """What the organ has decided, and what a review has made of it."""
    if was is None or now is None or was == now:
        return {}
    return {
        "measure": now.decided if was.decided != now.decided else None,
        "upheld": now.reviewed == "upheld" if was.reviewed != now.reviewed else None,
    }


def _command(draft: Draft) -> dict[str, Any]:
    """Who commands from now on."""
    if draft.was.command is draft.case.command:
        return {}
    commander = draft.case.command[-1]
    return {"commander": name_of(draft, commander.person), "acting": commander.acting}


class _NewsWords:
    """What is new, for each reader; those who are told the same share it."""

    def __init__(self, draft: Draft, happened: list[tuple[TellRule, Event]]) -> None:
        self._draft = draft
        case, was = draft.case, draft.was
        event, said, second = happened[0][1], None, None
        for _, one in happened:
            if _author(draft, one) is not None:
                event = one
                break
        for one in draft.past:
            if one.name == Kind.SECONDED:
                second = one
            elif said is None:
                said = one.text
        task = draft.tasks.get(event.task) if event.task is not None else None
        self._tasks = (asked_task(task, leading_unit(draft), draft.directory),) if task is not None else ()
        self.suspicion = _suspicion(draft)
        author, report = _author(draft, event), case.report
        unit = author.unit if author is not None else None
        happens = report.kind in HAPPENING
        if event.name == Kind.REPORTED and not happens and report.details:
            said = report.details[:MOST_DETAILS]
        asked = unit_of(draft, "asked", None) if was.transfer is not case.transfer else None
        regraded = was.level is not case.level or was.sensitive is not case.sensitive
        self._news = News(
            title=happened[0][0].title,
            is_first=happened[0][1].name == Kind.REPORTED and happens,
            by=name_of(draft, author.who, unit) if author is not None else None,
            by_unit=unit_name(draft.directory, unit) if unit is not None else None,
            seconded_by=name_of(draft, second.actor.who) if second is not None and second.actor else None,
            text=event.text or said,
            harm=case.harm_now if was.harm is not case.harm else None,
            harm_was=was.harm_now if was.harm is not case.harm else None,
            regraded=regraded,
            up=regraded and is_graver(draft),
            was_level=was.level,
            was_sensitive=was.sensitive,
            asked=unit_name(draft.directory, asked) if asked is not None else None,
            holder=unit_name(draft.directory, case.holder) if was.holder != case.holder else None,
            **_measure(was.measure, case.measure),
            **_command(draft),
        )
        self._changes = self._changed_limits() if regraded else {}
        has_ended = any(one.name == UNANSWERED for _, one in happened)
        self._roll_call = roll_call.news_of(draft) if has_ended else None
        by_recipient = {rule for rule, plan in draft.plans.items() if plan.by_recipient}
        self._unanswered = {
            duty.bearer: duty.due_at
            for duty in draft.duties.values()
            if duty.rule in by_recipient and duty.is_owed
        }
        self.personal = {*self._unanswered, *self._changes}
        """Those to whom the news means something of their own."""

    def _changed_limits(self) -> dict[PersonId, tuple[ChangedLimit, ...]]:
        """By reader: the duties they bear, or that are owed to them, whose limit is another one by the new
        level, or that are owed only by it.
        """
        draft = self._draft
        changed: dict[PersonId, dict[str, ChangedLimit]] = {}
        for effect in draft.effects:
            if effect.kind not in (EffectKind.MOVED, EffectKind.OPENED) or effect.duty is None:
                continue
            duty = draft.duties[effect.duty]
            if duty.due_at <= draft.now or not duty.is_owed:
                continue
            limit = ChangedLimit(title=draft.plans[duty.rule].title, due_at=duty.due_at)
            for who in (duty.bearer, duty.owed_to):
                changed.setdefault(who, {})[duty.rule] = limit
        return {
            who: tuple(sorted(limits.values(), key=lambda limit: limit.due_at)[:CHANGES_TOLD])
            for who, limits in changed.items()
        }

    def news(self, who: PersonId, rule: TellRule) -> News:
        changes, owes = self._changes.get(who, ()), who in self._unanswered
        if rule.title == self._news.title and not changes and not owes:
            return self._news
        return replace(self._news, title=rule.title, changes=changes, owes=owes)

    def brief(self, who: PersonId, rule: TellRule) -> Brief:
        news, due_at = self.news(who, rule), self._unanswered.get(who)
        return brief_of(
            self._draft,
            due_at=due_at,
            news=news,
            tasks=self._tasks,
            suspicion=self.suspicion,
            roll_call=self._roll_call,
        )
