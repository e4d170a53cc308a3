"""Who may change what in the directory alone, what takes a second person, and who that may be: one table, two
pure functions.

Invariant: alone, a duty officer says who is away and who stands in, of the own unit (a supervisor also of the
units under it), from now on and for at most a shift, counted together with what lies ahead already, so that a
year can't be put together of days. All else takes a second person of a unit above, or the operator; never
whoever proposed it, never whom it changes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.directory import change_facts as wire
from shared.directory.changes import Change
from shared.directory.people import Post
from shared.directory.whole import Directory
from shared.facts import Actor, Name
from shared.ids import PersonId, PostId, RosterId, UnitId
from shared.vocabulary import Role

USUAL_SHIFT = timedelta(hours=24)
"""Of whoever stands in no roster."""
BACKWARDS = timedelta(minutes=5)
"""So far before the moment it arrives a change may begin: clocks differ, and forms take time to fill in."""
MAY_PROPOSE = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.DUTY_OFFICER})
MAY_APPROVE = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.LEADER})


class Need(StrEnum):
    """Why a change takes a second person."""

    OTHER_THAN_SHIFTS = "other_than_shifts"
    ANOTHER_UNIT = "another_unit"
    BEGINS_EARLIER = "begins_earlier"
    LONGER_THAN_A_SHIFT = "longer_than_a_shift"
    TAKES_OVER = "takes_over"


NEEDS: dict[Need, Name] = {
    Need.OTHER_THAN_SHIFTS: Name(
        zh="岗位、任职、代理人、号码、单位等的变更须由第二人同意",
        en="it changes more than who is away and who stands in (posts, holders, deputies, numbers, units …)",
    ),
    Need.ANOTHER_UNIT: Name(
        zh="涉及其他单位的人员或值班表", en="it concerns a person or a roster of another unit"
    ),
    Need.BEGINS_EARLIER: Name(zh="起始时间早于现在", en="it begins before now"),
    Need.LONGER_THAN_A_SHIFT: Name(
        zh="连同已有安排超过一个班次",
        en="it lasts longer than a shift, together with what lies ahead already",
    ),
    Need.TAKES_OVER: Name(
        zh="变更后由申请人本人代岗或带班",
        en="whoever asks for it would stand in for the person, or lead the watch",
    ),
}
"""In words for people."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, as the directory of now knows them."""

    role: Role
    unit: UnitId | None
    person: PersonId | None

    @classmethod
    def of(cls, role: Role, unit: UnitId | None, person: str, directory: Directory) -> "Asker":
        """The unit is the directory's of that person; for whom it does not know, `unit`, which their token
        names.
        """
        known = directory.people_by_id.get(PersonId(person))
        return cls(role, known.unit if known else unit, known.id if known else None)


def needs(
    asker: Asker, changes: Sequence[Change], before: Directory, after: Directory, now: datetime
) -> tuple[Need | None, ...]:
    """For each of the changes, which together lead from `before` to `after`: None where the asker may make it
    alone.
    """
    if asker.role is Role.OPERATOR:
        return (None,) * len(changes)
    return tuple(_need(asker, change, before, after, now) for change in changes)


def _need(asker: Asker, change: Change, before: Directory, after: Directory, now: datetime) -> Need | None:
    match change:
        case wire.SetAbsence():
            stretch = _ahead(after, change.person, now)
            shift, takes_over = shift_of(before, change.person), _is_deputy(asker, change.person, before)
            begins = change.absence.since
        case wire.EndAbsence():
            stretch = _ahead(before, change.person, now) - _ahead(after, change.person, now)
            shift, takes_over, begins = shift_of(before, change.person), False, change.at
        case wire.OverrideRoster():
            roster, person = after.rosters_by_id.get(change.roster), change.override.person
            if roster is None:
                return Need.OTHER_THAN_SHIFTS
            stretch = sum(
                (_rest(each.since, each.until, now) for each in roster.overrides if each.person == person),
                timedelta(),
            )
            shift, begins = timedelta(hours=roster.hours), change.override.since
            takes_over = asker.person is not None and change.override.leader == asker.person
        case _:
            return Need.OTHER_THAN_SHIFTS
    if not all(_is_theirs(asker, unit, before) for unit in units_of(change, before, after)):
        return Need.ANOTHER_UNIT
    if begins < now - BACKWARDS:
        return Need.BEGINS_EARLIER
    if stretch > shift + BACKWARDS:
        return Need.LONGER_THAN_A_SHIFT
    return Need.TAKES_OVER if takes_over else None


def shift_of(directory: Directory, person: str) -> timedelta:
    """How long a shift is for this person: of the rosters they stand in the shortest."""
    hours = [roster.hours for roster in directory.rosters if person in (*roster.rotation, *roster.leaders)]
    return timedelta(hours=min(hours)) if hours else USUAL_SHIFT


def _ahead(directory: Directory, person: str, now: datetime) -> timedelta:
    """How long the person will be absent from now on, all in all."""
    known = directory.people_by_id.get(PersonId(person))
    return (
        sum((_rest(absence.since, absence.until, now) for absence in known.absences), timedelta())
        if known
        else timedelta()
    )


def _rest(since: datetime, until: datetime, now: datetime) -> timedelta:
    return max(timedelta(), until - max(now, since))


def _is_deputy(asker: Asker, person: str, directory: Directory) -> bool:
    return any(post.holder == person and asker.person in post.deputies for post in directory.posts)


def _is_theirs(asker: Asker, unit: UnitId | None, directory: Directory) -> bool:
    if unit is None or asker.unit is None:
        return False
    return unit == asker.unit or (asker.role is Role.SUPERVISOR and directory.is_above(asker.unit, unit))


# Whom it concerns


def units_of(change: Change, before: Directory, after: Directory) -> frozenset[UnitId | None]:
    """The units a change concerns; None: the whole city."""
    match change:
        case wire.SetAbsence() | wire.EndAbsence():
            units = _of_people([change.person], before, after)
        case wire.OverrideRoster():
            people = [person for person in (change.override.person, change.override.leader) if person]
            units = _of_roster(change.roster, before, after) | _of_people(people, before, after)
        case wire.SetHolder():
            units = _of_post(change.post, before, after)
        case wire.PutPerson():
            former = before.people_by_id.get(change.person.id)
            # Whoever gives roles gives power over more than their unit.
            gives_roles = change.person.roles != (former.roles if former else None)
            units = set[str]() if gives_roles else _of_people([change.person.id], before, after)
        case wire.PutPost():
            was = before.posts_by_id.get(change.post.id)
            # Whoever is in charge is rung for the whole city, and ends what is grave.
            moves_charge = _portfolio(change.post) != (_portfolio(was) if was else _portfolio(None))
            units = set[str]() if moves_charge else _of_post(change.post.id, before, after)
        case wire.PutRoster():
            units = _of_roster(change.roster.id, before, after)
        case wire.PutSource():
            former = before.sources_by_id.get(change.source.id)
            units = {*change.source.reports_for, *(former.reports_for if former else ())}
        case wire.Remove(what="person"):
            units = _of_people([change.id], before, after)
        case wire.Remove(what="post"):
            units = _of_post(change.id, before, after)
        case wire.Remove(what="roster"):
            units = _of_roster(change.id, before, after)
        case _:
            # Areas, plans, suppressions; and units: where they stand decides who has power over whom.
            units = set[str]()
    return frozenset(UnitId(unit) for unit in units) or frozenset({None})


def _portfolio(post: Post | None) -> tuple[object, ...]:
    return (
        (None, (), (), (), ())
        if post is None
        else (post.stands_for, post.kinds, post.categories, post.topics, post.areas)
    )


def _of_people(people: Iterable[str], *directories: Directory) -> set[str]:
    """Their units, before and after."""
    known = [directory.people_by_id.get(PersonId(person)) for directory in directories for person in people]
    return {person.unit for person in known if person is not None}


def _of_post(post: str, *directories: Directory) -> set[str]:
    """The post's unit and those of whoever holds it, before and after."""
    units: set[str] = set()
    for directory in directories:
        if (known := directory.posts_by_id.get(PostId(post))) is not None:
            units |= {known.unit, *_of_people((known.holder, *known.deputies), directory)}
    return units


def _of_roster(roster: str, *directories: Directory) -> set[str]:
    """The roster's unit and those of its post: whoever is on it holds the post."""
    units: set[str] = set()
    for directory in directories:
        if (known := directory.rosters_by_id.get(RosterId(roster))) is not None:
            units |= {known.unit, directory.posts_by_id[known.post].unit}
    return units


def approvers(units: Iterable[UnitId | None], directory: Directory) -> tuple[UnitId, ...]:
    """The units whose supervisor or leader may be the second person, the nearest first; without any it is for
    the operator alone.

    Above every unit concerned; of the unit above all others nobody is above, so that its own people are
    asked.
    """
    concerned = tuple(units)
    if None in concerned:
        return ()
    above = [_above(unit, directory) for unit in concerned if unit is not None]
    return tuple(unit for unit in above[0] if all(unit in others for others in above)) if above else ()


def _above(unit: UnitId, directory: Directory) -> tuple[UnitId, ...]:
    return directory.superiors.get(unit, ()) or (unit,)


class NotYours(StrEnum):
    """Why somebody may not be the second person."""

    ROLE = "role"
    OWN_PROPOSAL = "own_proposal"
    TOUCHED = "touched"
    UNIT = "unit"


def why_not(
    asker: Asker,
    principal: str,
    proposer: Actor,
    proposer_person: str | None,
    touched: Iterable[str],
    units: Iterable[UnitId],
) -> NotYours | None:
    """Why this asker may not approve or refuse; None: they may. `units` as `approvers` gives them."""
    if asker.role not in MAY_APPROVE:
        return NotYours.ROLE
    if principal == proposer.principal or (
        asker.person is not None and asker.person in (proposer_person, proposer.principal)
    ):
        return NotYours.OWN_PROPOSAL
    if asker.person is not None and asker.person in frozenset(touched):
        return NotYours.TOUCHED
    if asker.role is not Role.OPERATOR and asker.unit not in frozenset(units):
        return NotYours.UNIT
    return None
