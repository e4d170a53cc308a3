"""Who else was told of the same, who has answered, and what comes next if nobody does. Pure.

Invariant: nobody is called silent who could not be reached, or who said that they can't.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.notifier.answering.link_reader import LinkReader
from services.notifier.messages.asking import HasBrief
from services.notifier.messages.keys import ASKED_TO_KNOW, keys_of
from shared.case import Case, Duty
from shared.directory import Directory
from shared.ids import PersonId
from shared.language import times
from shared.language.catalogue import N_
from shared.language.words import Words
from shared.web.names import Names

MOST_LINES = 8
ANSWERED = N_("%(who)s answered at %(at)s")
STOOD_IN = N_("%(who)s: %(other)s answered instead at %(at)s")
CANT = N_("%(who)s can't")
NOT_REACHED = N_("%(who)s not reached yet")
NO_ANSWER = N_("%(who)s has not answered yet")
MORE = N_("and %(count)s more")
NEXT = N_("If nobody answers, %(who)s is called at %(at)s.")
LIMIT = N_("If nobody answers by %(at)s, it is on record that nobody did.")


def standing(
    case: Case | None, told: HasBrief | None, reader: LinkReader, zone: ZoneInfo, now: datetime
) -> dict[str, Any]:
    """What a page says of it to whoever is asked to know; nothing where the case can't be read."""
    if case is None or told is None or keys_of(told) != ASKED_TO_KNOW:
        return {}
    directory, words = reader.directory, reader.words
    return {
        "others": others(case, reader.id, directory, zone, words, now),
        "comes_next": comes_next(case, directory, zone, words, now),
    }


def others(
    case: Case, reader: PersonId, directory: Directory, zone: ZoneInfo, words: Words, now: datetime
) -> list[str]:
    """A line for each of those who are to know, but the reader."""
    names = Names(directory)
    duties = [duty for duty in _to_know(case) if duty.bearer != reader]
    lines = [_line(duty, names, zone, words, now) for duty in duties[:MOST_LINES]]
    left = len(duties) - len(lines)
    return [*lines, words.of(MORE, count=left)] if left else lines


def comes_next(case: Case, directory: Directory, zone: ZoneInfo, words: Words, now: datetime) -> str:
    """The next call or limit of what nobody has answered; empty where nothing runs."""
    open_duties = [duty for duty in _to_know(case) if duty.is_owed and duty.paused_at is None]
    calls = [(duty.next_link_at, duty.chain[0]) for duty in open_duties if duty.next_link_at and duty.chain]
    limits = [duty.due_at for duty in open_duties if duty.due_at > now]
    if calls:
        at, post = min(calls)
        called = directory.holder_of(post, at) if post in directory.posts_by_id else None
        if called is not None and at > now:
            name, at_post = words.name(called.name), words.name(Names(directory).post(post))
            return words.of(NEXT, who=words.aside(name, at_post), at=times.short(at, zone, now))
    return words.of(LIMIT, at=times.short(min(limits), zone, now)) if limits else ""


def _to_know(case: Case) -> Iterator[Duty]:
    return (duty for duty in case.duties if case.plan_of(duty).by_recipient and not duty.cancelled_why)


def _line(duty: Duty, names: Names, zone: ZoneInfo, words: Words, now: datetime) -> str:
    who = words.aside(words.name(names.person(duty.bearer)), words.name(names.post(duty.bearer_post)))
    answered = min(
        (lit for lit in duty.lit if lit.answered_at), key=lambda lit: lit.answered_at or now, default=None
    )
    if answered is not None and answered.answered_at is not None:
        at = times.short(answered.answered_at, zone, now)
        if answered.person == duty.bearer:
            return words.of(ANSWERED, who=who, at=at)
        return words.of(STOOD_IN, who=who, other=words.name(names.person(answered.person)), at=at)
    mine = next((lit for lit in duty.lit if lit.person == duty.bearer), None)
    if mine is not None and mine.passed_at is not None:
        return words.of(CANT, who=who)
    return words.of(NO_ANSWER if mine is not None and mine.is_reached else NOT_REACHED, who=who)
