"""How the directory is changed: typed changes applied as a whole, and the changes that lead from one
directory to another. Pure.

Invariant: what comes out is valid as a whole and leaves no post dark that was not dark before: neither by a
reference that leads nowhere nor by an absence that nobody stands in for. Else DirectoryFault says which post,
and what to do.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from shared.directory import change_facts as wire
from shared.directory.change_facts import Change
from shared.directory.moments import moments
from shared.directory.parts import PARTS, TABLES, altered, id_of, posts_answered_otherwise
from shared.directory.people import Absence, Person, Post, WhyHolder
from shared.directory.placed import DirectoryFault, PlacedFault
from shared.directory.roster import Override, Roster
from shared.directory.whole import Directory
from shared.ids import PersonId, PostId
from shared.message import N_, said

_PUT: dict[str, Callable[[Any], Change]] = {
    "area": lambda area: wire.PutArea(area=area),
    "unit": lambda unit: wire.PutUnit(unit=unit),
    "person": lambda person: wire.PutPerson(person=person),
    "post": lambda post: wire.PutPost(post=post),
    "roster": lambda roster: wire.PutRoster(roster=roster),
    "source": lambda source: wire.PutSource(source=source),
    "plan": lambda plan: wire.PutPlan(plan=plan),
    "suppression": lambda suppression: wire.PutSuppression(suppression=suppression),
}


def apply_change(directory: Directory, change: wire.DirectoryChange) -> Directory:
    """The directory after the change. Raises DirectoryFault listing every fault in words, and changes nothing
    then.
    """
    draft = _Draft(directory)
    for number, part in enumerate(change.changes):
        draft.apply(part, number)
    if draft.faults:
        raise DirectoryFault(draft.faults)
    changed = directory.revised(version=change.version, **draft.parts())
    posts = posts_answered_otherwise(changed, altered(directory, changed))
    before = _dark_moments(directory, posts)
    if dark := [fault for moment, fault in _dark_moments(changed, posts).items() if moment not in before]:
        raise DirectoryFault(dark)
    return changed


def difference(before: Directory | None, after: Directory) -> tuple[Change, ...]:
    """The changes that make `after` of `before` (None: of nothing): what is put, then what is removed."""
    puts: list[Change] = []
    removals: list[Change] = []
    for kind, part in PARTS.items():
        new = {id_of(entry): entry for entry in getattr(after, part)}
        old: dict[str, Any] = {id_of(entry): entry for entry in getattr(before, part)} if before else {}
        puts += [
            _PUT[kind](entry)
            for key, entry in new.items()
            if old.get(key) is not entry and old.get(key) != entry
        ]
        removals += [wire.Remove.model_validate({"what": kind, "id": key}) for key in old if key not in new]
    return (*puts, *removals)


class _Draft:
    """The parts of a directory while changes are made to them; not valid in between."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._altered: dict[str, dict[str, Any]] = {}
        """What a change calls it → all of its kind by their ids, once one of them was altered."""
        self.faults: list[PlacedFault] = []

    def parts(self) -> dict[str, tuple[Any, ...]]:
        """Those that were altered."""
        return {PARTS[what]: tuple(those.values()) for what, those in self._altered.items()}

    def _all(self, what: str) -> dict[str, Any]:
        if what not in self._altered:
            self._altered[what] = dict(getattr(self._directory, TABLES[PARTS[what]]))
        return self._altered[what]

    def apply(self, change: Change, number: int) -> None:
        match change:
            case wire.Remove():
                if self._find(change.what, change.id, number, "id") is not None:
                    del self._all(change.what)[change.id]
            case wire.SetHolder():
                self._alter("post", change.post, change, number)
            case wire.SetAbsence() | wire.EndAbsence():
                self._alter("person", change.person, change, number)
            case wire.OverrideRoster():
                self._alter("roster", change.roster, change, number)
            case _:
                what = change.op.removeprefix("put_")
                self._put(what, getattr(change, what))

    def _alter(self, kind: str, key: str, change: Change, number: int) -> None:
        if (current := self._find(kind, key, number, kind)) is not None:
            self._put(kind, change_one(change, current))

    def _put(self, what: str, value: Any) -> None:
        self._all(what)[id_of(value)] = value

    def _find(self, kind: str, key: str, number: int, field: str) -> Any:
        value = self._all(kind).get(key)
        if value is None:
            self.faults.append(
                PlacedFault(
                    ("changes", number, field),
                    said(
                        N_("no %(kind)s %(key)s is known: take an id from the directory"),
                        kind=kind,
                        key=repr(key[:60]),
                    ),
                )
            )
        return value


def change_one(change: Change, current: Any) -> Any:
    """The object that the change names, after it; `current` is the object before (None: there is none). None
    where there is none then.
    """
    match change:
        case wire.Remove():
            return None
        case wire.SetHolder():
            return current and _with_holder(current, change)
        case wire.SetAbsence():
            return current and _away(current, change.absence)
        case wire.EndAbsence():
            return current and _back(current, change.at)
        case wire.OverrideRoster():
            return current and _overridden(current, change.override)
        case _:
            return getattr(change, change.op.removeprefix("put_"))


def _with_holder(post: Post, change: wire.SetHolder) -> Post:
    deputies = post.deputies if change.deputies is None else change.deputies
    deputies = tuple(deputy for deputy in deputies if deputy != change.holder)
    return post.model_copy(update={"holder": change.holder, "deputies": deputies})


def _away(person: Person, absence: Absence) -> Person:
    others = [kept for kept in person.absences if kept.since != absence.since]
    return person.model_copy(
        update={"absences": tuple(sorted([*others, absence], key=lambda span: span.since))}
    )


def _back(person: Person, at: datetime) -> Person:
    kept: list[Absence] = []
    for absence in person.absences:
        if not absence.covers(at):
            kept.append(absence)
        elif absence.since < at:
            kept.append(absence.model_copy(update={"until": at}))
    return person.model_copy(update={"absences": tuple(kept)})


def _overridden(roster: Roster, override: Override) -> Roster:
    others = [kept for kept in roster.overrides if kept.since != override.since]
    return roster.model_copy(update={"overrides": (*others, override)})


def _dark_moments(
    directory: Directory, posts: frozenset[str]
) -> dict[tuple[PostId, PersonId, datetime], PlacedFault]:
    """Every moment from which the holder of one of these posts and all who could stand in are absent."""
    faults: dict[tuple[PostId, PersonId, datetime], PlacedFault] = {}
    for number, post in enumerate(directory.posts):
        if post.id not in posts:
            continue
        for at in _while_somebody_is_away(directory, post):
            if directory.why_holder(post.id, at) is WhyHolder.HOLDER_THOUGH_ABSENT:
                text = said(
                    N_(
                        "post %(post)s would be dark from %(at)s: %(holder)s is absent and nobody stands in; "
                        "name a deputy who is there in the same change (set_holder with deputies)"
                    ),
                    post=post.id,
                    at=at.isoformat(),
                    holder=post.holder,
                )
                faults[post.id, post.holder, at] = PlacedFault(("posts", number, "holder"), text, post.id)
    return faults


def _while_somebody_is_away(directory: Directory, post: Post) -> list[datetime]:
    """It takes the holder's absence for a post to be dark: every moment in one of them at which somebody else
    may come to hold it.
    """
    absences = directory.people_by_id[post.holder].absences
    return sorted(
        {at for absence in absences for at in moments(directory, post, absence.since, absence.until)}
    )
