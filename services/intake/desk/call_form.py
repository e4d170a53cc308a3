"""The form by which a duty officer writes down that they reached somebody by telephone: whom, at which
number, when, what was said.
"""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from services.intake.fields.act_form import AcknowledgeForm
from shared.directory import Directory
from shared.facts import Via, field_errors
from shared.language.catalogue import N_
from shared.language.times import read_local
from shared.message import because
from shared.problems import Problem
from shared.web.picks import WRITTEN, PickedSort, Picker, taken

SOME_WRONG = N_("Some fields need another look.")


def is_call(values: Mapping[str, str]) -> bool:
    """Somebody is named whom the reader reached; else it is an acknowledgement of their own."""
    return bool(values.get("person") or values.get(f"person{WRITTEN}"))


def read_call(values: Mapping[str, str], zone: ZoneInfo, directory: Directory) -> AcknowledgeForm:
    """An acknowledgement of the reader's own where no person is named. Raises Problem 422 that names every
    field at fault.
    """
    values, not_named = taken(values, {"person": Picker(directory, PickedSort.PEOPLE)})
    if not_named:
        raise Problem(422, N_("Invalid request"), SOME_WRONG, errors=not_named)
    texts = {
        name: values[name].strip() for name in ("person", "number", "note") if values.get(name, "").strip()
    }
    at = values.get("called_at", "").strip()
    try:
        when = {"called_at": read_local(at, zone)} if at else {}
    except ValueError as error:
        raise Problem(
            422, N_("Invalid request"), SOME_WRONG, errors=[("called_at", because(error))]
        ) from None
    try:
        return AcknowledgeForm.model_validate(
            {**texts, **when, "via": Via.LOGGED_CALL if "person" in texts else Via.DESK}
        )
    except ValidationError as error:
        raise Problem(422, N_("Invalid request"), SOME_WRONG, errors=field_errors(error)) from None
