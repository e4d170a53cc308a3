"""The forms by which people move a case on: one a kind, each asking for no more than its act needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from services.intake.forms import REQUIRED, ActForm
from shared.facts import field_errors
from shared.problems import Problem
from shared.vocabulary import Kind
from shared.web.languages import N_


@dataclass(frozen=True)
class ActPage:
    """What one act's form says. `text` labels its text field; `also` names the field beside it."""

    title: str
    button: str
    text: str
    also: str | None = None


ACTS: dict[Kind, ActPage] = {
    Kind.FOLLOWED_UP: ActPage(N_("Follow-up report"), N_("Send the follow-up"), N_("What is known now")),
    Kind.PROGRESSED: ActPage(N_("Progress"), N_("Record progress"), N_("What was done"), "percent"),
    Kind.TRANSFERRED: ActPage(N_("Transfer"), N_("Ask for the transfer"), N_("Why it is theirs"), "to_unit"),
    Kind.ACCEPTED: ActPage(N_("Accept the transfer"), N_("Accept: we answer for it now"), N_("Note")),
    Kind.OBJECTED: ActPage(N_("Refuse the transfer"), N_("Refuse"), N_("Why the case is not yours")),
    Kind.RESOLVED: ActPage(N_("Resolve"), N_("Record as resolved"), N_("How it was resolved")),
    Kind.CLOSED: ActPage(N_("Close"), N_("Close the case"), N_("The evidence that it is settled")),
    Kind.WITHDRAWN: ActPage(N_("Withdraw"), N_("Withdraw the report"), N_("Why the report is withdrawn")),
    Kind.MERGED: ActPage(N_("Merge"), N_("Merge into the other case"), N_("How you know they are the same"), "into"),
}
FIELDS = ("text", "to_unit", "into", "percent")
MISSING = N_("This can't stay empty.")


def required(kind: Kind) -> frozenset[str]:
    return frozenset(REQUIRED.get(kind, {}))


def read_act(kind: Kind, values: Mapping[str, str]) -> ActForm:
    """Raises Problem 422 that names every field at fault."""
    filled: dict[str, Any] = {name: values[name].strip() for name in FIELDS if values.get(name, "").strip()}
    missing = [(name, MISSING) for name in sorted(required(kind)) if name not in filled]
    if missing:
        raise _wrong(missing)
    try:
        return ActForm.model_validate(filled)
    except ValidationError as error:
        raise _wrong(field_errors(error)) from None


def _wrong(errors: list[tuple[str, str]]) -> Problem:
    return Problem(422, "Invalid request", N_("Some fields need another look."), errors=errors)
