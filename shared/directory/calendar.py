"""Rosters as iCalendar (RFC 5545): out for people's own calendars, in as overrides.

Invariant: what is written can be read back and changes nothing. A person is named by
`urn:fenghuo:person:<id>`, never by an address; what others write may name them by mail, by id or by either
name. An event that names nobody known is refused, never guessed.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import recurring_ical_events
from icalendar import Calendar, Event, vCalAddress, vText

from shared.directory.people import Person
from shared.directory.roster import Override, Roster, Shift
from shared.directory.whole import Directory
from shared.ids import PersonId
from shared.lined_yaml import FileFault
from shared.message import N_, Sayable, marked, said

PERSON = "urn:fenghuo:person:"


class CalendarFault(FileFault):
    """A calendar that can't be taken; one line a fault."""


def write_calendar(directory: Directory, roster: Roster, since: datetime, until: datetime) -> bytes:
    """Every shift that has a moment in `since` … `until`, one event each."""
    calendar = _calendar(roster.name.zh, roster.timezone)
    for shift in roster.shifts(since, until):
        calendar.add_component(_event(directory, roster, shift, since))
    return calendar.to_ical()


def write_own_calendar(directory: Directory, person: Person, since: datetime, until: datetime) -> bytes:
    """The shifts of one person, on watch or as the leader on duty, of all rosters."""
    own = [
        (roster, shift)
        for roster in directory.rosters
        for shift in roster.shifts(since, until)
        if person.id in (shift.person, shift.leader)
    ]
    calendar = _calendar(f"值班 {person.name.zh}", own[0][0].timezone if own else "Asia/Shanghai")
    for roster, shift in own:
        calendar.add_component(_event(directory, roster, shift, since))
    return calendar.to_ical()


def _calendar(name: str, timezone: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//Fenghuo//Duty roster//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", timezone)
    return calendar


def _event(directory: Directory, roster: Roster, shift: Shift, stamp: datetime) -> Event:
    person = directory.people_by_id[shift.person]
    event = Event()
    event.add("uid", f"{roster.id}-{shift.starts_at:%Y%m%dT%H%M%SZ}@fenghuo")
    event.add("dtstamp", stamp.astimezone(UTC))
    event.add("dtstart", shift.starts_at)
    event.add("dtend", shift.ends_at)
    event.add("summary", f"{roster.name.zh}：{person.name.zh}")
    lines = [f"{roster.name.en}: {person.name.en}"]
    if shift.leader is not None:
        leader = directory.people_by_id[shift.leader].name
        lines.append(f"带班领导 {leader.zh} · leader on duty {leader.en}")
    event.add("description", "\n".join([*lines, shift.reason] if shift.reason else lines))
    attendee = vCalAddress(f"{PERSON}{person.id}")
    attendee.params["cn"] = vText(person.name.zh)
    event.add("attendee", attendee, encode=False)
    return event


def read_calendar(
    raw: bytes, directory: Directory, roster: Roster, since: datetime, until: datetime
) -> tuple[Override, ...]:
    """What the events between `since` and `until` (recurring ones too) say against the rotation. Raises
    CalendarFault.
    """
    try:
        calendar = Calendar.from_ical(raw)
        events: list[Any] = list(recurring_ical_events.of(calendar).between(since, until))
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise CalendarFault(
            [said(N_("not an iCalendar file (%(error)s): export it anew from your calendar"), error=error)]
        ) from None
    faults: list[Sayable] = []
    overrides: list[Override] = []
    for event in sorted(events, key=lambda shift: _moment(shift["DTSTART"].dt, roster)):
        begins, ends = _times(event, roster)
        summary = str(event.get("SUMMARY", ""))
        person = _person_of(event, summary, directory)
        if not isinstance(person, Person):
            faults.append(_of_event(begins.astimezone(roster.zone), summary, person))
        elif ends <= begins:
            faults.append(
                _of_event(begins.astimezone(roster.zone), summary, N_("ends before it begins: correct it"))
            )
        elif any(shift.person != person.id for shift in roster.shifts(begins, ends)) or not roster.shift_at(
            begins
        ):
            overrides.append(Override(since=begins, until=ends, person=person.id, reason=summary[:200]))
    if faults:
        raise CalendarFault(faults)
    return tuple(overrides)


def _of_event(begins: datetime, summary: str, what: Sayable) -> Sayable:
    values = {"begins": f"{begins:%Y-%m-%d %H:%M}", "summary": repr(summary), "what": marked(what)}
    return said(N_("%(begins)s %(summary)s: %(what)s"), **values)


def _times(event: Any, roster: Roster) -> tuple[datetime, datetime]:
    """An all-day event is the shift that begins on that day."""
    start = event["DTSTART"].dt
    if "DTEND" in event:
        end = event["DTEND"].dt
    elif "DURATION" in event:
        end = start + event["DURATION"].dt
    else:
        end = start + timedelta(days=1)
    return _moment(start, roster), _moment(end, roster)


def _moment(value: date | datetime, roster: Roster) -> datetime:
    """UTC; a time without a zone is the roster's own."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, roster.starts)
    return (value if value.tzinfo is not None else value.replace(tzinfo=roster.zone)).astimezone(UTC)


def _person_of(event: Any, summary: str, directory: Directory) -> Person | Sayable:
    """The one person the event names, or what is wrong."""
    given = event.get("ATTENDEE", [])
    attendees: list[Any] = given if isinstance(given, list) else [given]  # pyright: ignore[reportUnknownVariableType]
    named = {
        person.id: person
        for attendee in attendees
        if (person := _attendee(str(attendee), attendee, directory))
    }
    if not named:
        named = {person.id: person for person in _named_in(summary, directory.people)}
    if len(named) == 1:
        return next(iter(named.values()))
    if named:
        return said(
            N_("names %(named)s: one shift is one person's, make it two events"),
            named=tuple(sorted(named)),
        )
    return N_("names nobody of the directory: write the person's id or name into the title")


def _attendee(address: str, attendee: Any, directory: Directory) -> Person | None:
    if address.lower().startswith(PERSON):
        return directory.people_by_id.get(PersonId(address[len(PERSON) :]))
    mail = address.lower().removeprefix("mailto:")
    by_mail = next(
        (
            person
            for person in directory.people
            if any(entry.address.lower() == mail for entry in person.channels)
        ),
        None,
    )
    name = str(attendee.params.get("CN", "")) if hasattr(attendee, "params") else ""
    return by_mail or next(
        (
            person
            for person in directory.people
            if name and name in (person.name.zh, person.name.en, person.id)
        ),
        None,
    )


def _named_in(text: str, people: Iterable[Person]) -> list[Person]:
    return [
        person
        for person in people
        if person.id in text or person.name.zh in text or person.name.en.lower() in text.lower()
    ]
