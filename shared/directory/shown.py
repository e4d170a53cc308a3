"""The directory as others see it: who is who and who answers now, without a number, an address or the reason
of an absence.

Invariant: what is personal (addresses, why somebody is away) is shown whole or not at all, and only where
`personal` is asked. Pure.
"""

from datetime import datetime, timedelta
from typing import Any

from shared.directory.change_facts import Change, PutPerson, SetAbsence
from shared.directory.people import Person
from shared.directory.roster import Roster, Shift
from shared.directory.whole import Directory
from shared.facts import Frozen, rfc3339
from shared.vocabulary import Role

Json = dict[str, Any]
SHOWN_AHEAD = timedelta(days=14)
SEE_ADDRESSES = frozenset({Role.OPERATOR})
"""Who may see what is personal of others; everybody else sees a number masked at most."""


PARTS = tuple(name for name in Directory.model_fields if name != "version")
"""In the order of the document."""


def size(directory: Directory) -> int:
    """Objects of all parts."""
    return sum(len(getattr(directory, name)) for name in PARTS)


def document(directory: Directory, *, personal: bool, start: int = 0, end: int | None = None) -> Json:
    """The document itself, as a file could hold it; of its objects, all parts counted through, those from
    `start` to before `end`.
    """
    shown: Json = directory.model_dump(mode="json", exclude_none=True, exclude=set(PARTS))
    first = 0
    for name in PARTS:
        objects = getattr(directory, name)
        some = objects[max(0, start - first) : None if end is None else max(0, end - first)]
        shown[name] = [_plain(entry, personal=personal) for entry in some]
        first += len(objects)
    return shown


def part(
    directory: Directory, name: str, at: datetime, *, personal: bool, start: int = 0, end: int | None = None
) -> list[Json]:
    """One part of the document (`people`, `posts` …), with what holds at `at`."""
    some = getattr(directory, name)[start:end]
    plain = [_plain(entry, personal=personal) for entry in some]
    if name == "posts":
        for post in plain:
            post["held_by"] = directory.holder_of(post["id"], at).id
            post["why"] = directory.why_holder(post["id"], at)
    if name == "rosters":
        return [line | _on_duty(roster, at) for line, roster in zip(plain, some, strict=True)]
    return plain


def change(one: Change, *, personal: bool) -> Json:
    """A change as it was asked for."""
    shown: Json = one.model_dump(mode="json", exclude_none=True)
    if not personal and isinstance(one, PutPerson):
        shown["person"] = _person(one.person)
    if not personal and isinstance(one, SetAbsence):
        shown["absence"].pop("reason", None)
    return shown


def _plain(value: Frozen, *, personal: bool) -> Json:
    return (
        _person(value)
        if isinstance(value, Person) and not personal
        else value.model_dump(mode="json", exclude_none=True)
    )


def _person(person: Person) -> Json:
    shown = person.model_dump(mode="json", exclude_none=True)
    away = [{"from": absence["from"], "until": absence["until"]} for absence in shown["absences"]]
    # Kinds only: a number or an address never leaves the notifier but for the operator.
    return shown | {"channels": [entry.channel for entry in person.channels], "absences": away}


def _on_duty(roster: Roster, at: datetime) -> Json:
    now = roster.shift_at(at)
    shifts = [shift_shown(shift) for shift in roster.shifts(at, at + SHOWN_AHEAD)]
    return {"on_duty": shift_shown(now) if now else None, "shifts": shifts}


def shift_shown(shift: Shift) -> Json:
    return {
        "person": shift.person,
        "leader": shift.leader,
        "from": rfc3339(shift.starts_at),
        "until": rfc3339(shift.ends_at),
        "override": shift.override,
    }
