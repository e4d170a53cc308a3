"""Whom a change of the directory touches, and in what way: found by laying the directory before it beside the
one after. Pure.

Invariant: whoever is reached otherwise, answers for something else or counts as absent at another time after
a change than before is found, whichever change brought it about; only what lies ahead counts. Newcomers, whom
nobody could tell before, are not.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise

from shared.directory.change_facts import Told
from shared.directory.parts import Ids, altered, objects_of
from shared.directory.people import Absence, Person, Post
from shared.directory.roster import Override, Roster
from shared.directory.whole import Directory
from shared.facts import Name, PersonalChange, Signature, Touch
from shared.ids import PersonId, UnitId

QUIET = ("sms", "email", "chat")
"""Channels by which a change is told; the telephone rings only for those who have none of them."""

Touches = Iterator[tuple[str, PersonalChange]]
"""(person's id, what is different for them)."""


def touched(before: Directory, after: Directory, now: datetime) -> tuple[Told, ...]:
    """Everybody of `before` whom the step to `after` touches from `now` on; also who made it: their token may
    be in other hands.
    """
    changes_by_person: dict[str, dict[PersonalChange, None]] = {}
    differs = altered(before, after)
    for each in (
        _people(before, after, differs, now),
        _posts(before, after, differs),
        _rosters(before, after, differs, now),
    ):
        for person, change in each:
            changes_by_person.setdefault(person, {})[change] = None
    return tuple(
        Told(
            person=person.id,
            language=person.language,
            channels=_channels(person),
            changes=tuple(changes_by_person[person.id]),
        )
        for person in (before.people if changes_by_person else ())
        if person.id in changes_by_person
    )


def signature(directory: Directory, person: str | None, unit: str | None, otherwise: Name) -> Signature:
    """Name, unit and first post of who does something; `otherwise` is the name where the directory does not
    know the person.
    """
    known = directory.people_by_id.get(PersonId(person or ""))
    of_unit = directory.units_by_id.get(UnitId(known.unit if known else unit or ""))
    post = next(
        (post.name for post in directory.posts if known is not None and post.holder == known.id), None
    )
    return Signature(
        name=known.name if known else otherwise, unit=of_unit.name if of_unit else None, post=post
    )


def _channels(person: Person) -> tuple[str, ...]:
    channels = tuple(dict.fromkeys(entry.channel for entry in person.channels))
    return tuple(channel for channel in QUIET if channel in channels) or channels


def _people(before: Directory, after: Directory, differs: Ids, now: datetime) -> Touches:
    for old in objects_of(before, "people", differs):
        new = after.people_by_id.get(old.id)
        if new is None:
            yield old.id, PersonalChange(Touch.REMOVED)
            continue
        if new.channels != old.channels:
            yield old.id, PersonalChange(Touch.ADDRESSES)
        if new.roles != old.roles:
            yield old.id, PersonalChange(Touch.ROLES)
        if new.unit != old.unit:
            yield old.id, PersonalChange(Touch.UNIT, about=after.units_by_id[new.unit].name)
        for since, until in _ahead(_without(new.absences, old.absences), now):
            yield old.id, PersonalChange(Touch.ABSENT, since=since, until=until)
        for since, until in _ahead(_without(old.absences, new.absences), now):
            yield old.id, PersonalChange(Touch.PRESENT, since=since, until=until)


def _without(these: Iterable[Absence], those: Iterable[Absence]) -> list[tuple[datetime, datetime]]:
    """The stretches of `these` that no stretch of `those` covers."""
    left = [(span.since, span.until) for span in these]
    for other in those:
        left = [
            piece
            for since, until in left
            for piece in ((since, min(until, other.since)), (max(since, other.until), until))
            if piece[0] < piece[1]
        ]
    return left


def _ahead(stretches: list[tuple[datetime, datetime]], now: datetime) -> list[tuple[datetime, datetime]]:
    return [(since, until) for since, until in stretches if until > now]


def _posts(before: Directory, after: Directory, differs: Ids) -> Touches:
    for old in objects_of(before, "posts", differs):
        new = after.posts_by_id.get(old.id)
        if new is None:
            yield old.holder, PersonalChange(Touch.HOLDS_NO_MORE, about=old.name)
        elif (new.holder, new.deputies, new.roster) != (old.holder, old.deputies, old.roster):
            yield from _post(before, after, old, new)
    for new in objects_of(after, "posts", differs):
        if new.id not in before.posts_by_id:
            yield new.holder, PersonalChange(Touch.HOLDS, about=new.name)


def _post(before: Directory, after: Directory, old: Post, new: Post) -> Touches:
    if new.holder != old.holder:
        yield old.holder, PersonalChange(Touch.HOLDS_NO_MORE, about=old.name, other=_name(after, new.holder))
        yield new.holder, PersonalChange(Touch.HOLDS, about=new.name, other=_name(before, old.holder))
    elif new.roster != old.roster:
        yield new.holder, PersonalChange(Touch.ROSTER, about=new.name)
    for person in old.deputies:
        if person not in new.deputies and person != new.holder:
            yield person, PersonalChange(Touch.DEPUTY_NO_MORE, about=old.name)
    for person in new.deputies:
        if person not in old.deputies and person != old.holder:
            yield person, PersonalChange(Touch.DEPUTY, about=new.name)


def _rosters(before: Directory, after: Directory, differs: Ids, now: datetime) -> Touches:
    for old in objects_of(before, "rosters", differs):
        new = after.rosters_by_id.get(old.id)
        if new is None or _rotation(new) != _rotation(old):
            for person in dict.fromkeys(
                (*old.rotation, *old.leaders, *(new.rotation + new.leaders if new else ()))
            ):
                yield person, PersonalChange(Touch.ROSTER, about=old.name)
        if new is not None:
            added = [entry for entry in new.overrides if entry not in old.overrides and entry.until > now]
            gone = [entry for entry in old.overrides if entry not in new.overrides and entry.until > now]
            for override in added:
                yield from _override(before, after, old, new, override)
            for override in gone:
                yield from _override(before, after, old, new, override)


def _rotation(roster: Roster) -> tuple[object, ...]:
    return (
        roster.post,
        roster.timezone,
        roster.starts,
        roster.hours,
        roster.rotation,
        roster.leaders,
        roster.since,
        roster.ends,
    )


def _override(before: Directory, after: Directory, old: Roster, new: Roster, override: Override) -> Touches:
    """Who watches otherwise within the stretch of an override that was added or taken away."""
    shifts = [*old.shifts(override.since, override.until), *new.shifts(override.since, override.until)]
    edges = {
        at
        for shift in shifts
        for at in (shift.starts_at, shift.ends_at)
        if override.since < at < override.until
    }
    for since, until in pairwise(sorted({override.since, override.until, *edges})):
        was, now = old.shift_at(since), new.shift_at(since)
        for earlier, later in (
            (was and was.person, now and now.person),
            (was and was.leader, now and now.leader),
        ):
            if earlier == later:
                continue
            if earlier is not None:
                yield earlier, PersonalChange(Touch.OFF_SHIFT, new.name, _name(after, later), since, until)
            if later is not None:
                yield later, PersonalChange(Touch.ON_SHIFT, new.name, _name(before, earlier), since, until)


def _name(directory: Directory, person: str | None) -> Name | None:
    if person is None:
        return None
    known = directory.people_by_id.get(PersonId(person))
    return known.name if known else Name(zh=person, en=person)
