"""Somebody else takes a shift, or two exchange theirs: what the form on the roster's page asks of the directory.

Invariant: the shift is one of those ahead, as the roster has it now; an exchange is two overrides of one change, so that
both are in force or neither is. Who may do it alone, and who must agree, the directory's own rules say.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import ValidationError

from services.intake.directory.changes import ChangeForm
from shared.directory import Directory, Override, Shift
from shared.directory.change_facts import OverrideRoster
from shared.directory.roster import Roster
from shared.facts import field_errors
from shared.fault_texts import Fault
from shared.ids import PersonId
from shared.message import N_
from shared.problems import invalid

NOT_AHEAD = N_("is none of the shifts ahead: the roster was changed meanwhile, open the page again")
NOT_KNOWN = N_("choose somebody of the directory")
THE_SAME = N_("is on this shift already: choose somebody else")
NOT_THEIRS = N_("is not a shift of whoever stands in: choose one of theirs, or leave it empty")
WHY_LENGTH = 200


def who_could(roster: Roster, directory: Directory) -> list[PersonId]:
    """Those of the rotation, then the others of the unit."""
    unit = [person.id for person in directory.people if person.unit == roster.unit]
    return list(dict.fromkeys([*roster.rotation, *roster.leaders, *unit]))


def shift_change(
    roster: Roster,
    ahead: Sequence[Shift],
    values: Mapping[str, str],
    directory: Directory,
    now: datetime,
) -> ChangeForm:
    """Raises Problem 422 that names each field."""
    shifts = {shift.starts_at.isoformat(): shift for shift in ahead}
    shift, person = shifts.get(values.get("shift", "")), PersonId(values.get("person", ""))
    wanted = values.get("in_return", "")
    returned = shifts.get(wanted)
    faults: list[Fault] = []
    if shift is None:
        faults.append(("shift", NOT_AHEAD))
    if person not in directory.people_by_id:
        faults.append(("person", NOT_KNOWN))
    elif shift is not None and shift.person == person:
        faults.append(("person", THE_SAME))
    if wanted and (returned is None or returned.person != person):
        faults.append(("in_return", NOT_THEIRS))
    if faults or shift is None:
        raise invalid(faults, N_("change"))
    why = values.get("why", "").strip()[:WHY_LENGTH]
    stand_ins = [(shift, person)] if returned is None else [(shift, person), (returned, shift.person)]
    try:
        overrides = [_override(one, stands_in, why, now) for one, stands_in in stand_ins]
        changes = tuple(OverrideRoster(roster=roster.id, override=override) for override in overrides)
        return ChangeForm(changes=changes, why=why)
    except ValidationError as error:  # of all this, the reason alone is typed
        raise invalid([("why", words) for _, words in field_errors(error)], N_("change")) from None


def _override(shift: Shift, person: PersonId, why: str, now: datetime) -> Override:
    return Override(since=max(shift.starts_at, now), until=shift.ends_at, person=person, reason=why)
