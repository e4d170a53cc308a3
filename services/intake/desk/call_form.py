"""The form by which a duty officer writes down that they reached somebody by telephone: whom, at which number, when, what was said."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from services.intake.desk.view import CaseView
from services.intake.forms import AcknowledgeForm
from shared.facts import Name, Via, field_errors
from shared.ids import PersonId
from shared.problems import Problem
from shared.web.languages import N_
from shared.web.times import read_local

SOME_WRONG = N_("Some fields need another look.")


@dataclass(frozen=True)
class CallForm:
    """Whom it may be about, who is chosen already, and what was typed."""

    people: tuple[tuple[PersonId, Name], ...]
    chosen: str = ""


def call_form(view: CaseView, chosen: str) -> CallForm | None:
    """None where nobody is left whom the reader could have reached."""
    duties = view.reachable
    contacts = [(link.lit.person, link.lit.name) for link in view.chain if link.lit.may_log_call]
    people = tuple(dict.fromkeys((*duties, *contacts)))
    return CallForm(people, chosen) if people else None


def read_call(values: Mapping[str, str], zone: ZoneInfo) -> AcknowledgeForm:
    """An acknowledgement of the reader's own where no person is named. Raises Problem 422 that names every field at fault."""
    given = {name: values[name].strip() for name in ("person", "number", "note") if values.get(name, "").strip()}
    at = values.get("called_at", "").strip()
    try:
        when = {"called_at": read_local(at, zone)} if at else {}
    except ValueError as error:
        raise Problem(422, "Invalid request", SOME_WRONG, errors=[("called_at", str(error))]) from None
    try:
        return AcknowledgeForm.model_validate({**given, **when, "via": Via.LOGGED_CALL if "person" in given else Via.DESK})
    except ValidationError as error:
        raise Problem(422, "Invalid request", SOME_WRONG, errors=field_errors(error)) from None
