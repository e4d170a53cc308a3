"""The report form: local times in, one report out; whatever is wrong stands at its field, and nothing typed
is lost.
"""

from collections.abc import Container, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.intake.desk.act_forms import task_of
from shared.acts.fields import FIELDS as FIELDS_OF_ACTS
from shared.acts.fields import TASK_PARTS
from shared.directory import Directory
from shared.facts import HARM
from shared.facts.report import CATEGORISED
from shared.fault_texts import Fault
from shared.language.catalogue import N_
from shared.language.times import local_input, read_local
from shared.message import because
from shared.problems import Problem
from shared.tokens import Principal
from shared.vocabulary import Addressees, Category, Level, ReportKind
from shared.web.picks import PickedSort, Picker, taken

TIMES = ("occurred_at", "learned_at")
TICKS = ("sensitive", "exercise")
TEXTS = ("kind", "category", "topic", "level", "unit", "area", "summary", "details", "parent")
HARM_WORDS = {name: FIELDS_OF_ACTS[name].asks for name in HARM}
"""Each count as the desk asks for it."""
CHOOSE = N_("Choose one.")
SUMMARY = N_("Say in one line what happened.")
IN_FUTURE = N_("This lies in the future.")
TOO_EARLY = N_("Nobody learns of an event before it happens: correct one of the two times.")
SKEW = timedelta(minutes=5)
"""How far the reporter's clock may be ahead of ours."""
SOME_WRONG = N_("Some fields need another look. Nothing has been sent yet.")
NEEDED = {"unit": CHOOSE, "area": CHOOSE, "summary": SUMMARY}
FIELDS = {
    "summary": N_("What happened, in one line"),
    "kind": N_("Kind"),
    "category": N_("Category"),
    "level": N_("Level, as far as known"),
    "unit": N_("Unit that reports"),
    "area": N_("Area where it happened"),
    "occurred_at": N_("Occurred at"),
    "learned_at": N_("Your unit learned of it at"),
    "details": N_("Details (may stay empty)"),
    "files": N_("Photographs, scans, documents (may stay empty)"),
    "topic": N_("What it is about, in the policy's words (may stay empty)"),
    "parent": N_("The case it follows from (may stay empty)"),
    "harm": N_("People and loss, as far as known"),
    "tasks": N_("A task to assign at once (may stay empty)"),
}
"""Each field's label, for the list of faults above the form."""
CATEGORIES, LEVELS, ADDRESSEES = tuple(Category), tuple(Level), tuple(Addressees)
NOT_A_NUMBER = N_("Give a whole number, or leave it empty.")
BY_WHOM = N_("Say what is to be done and by which unit, or leave both empty.")


def blank(principal: Principal, area: str, now: datetime, zone: ZoneInfo, key: str) -> dict[str, str]:
    """An empty form: their own unit and area, learned of it just now. `key` makes a second click the same
    report.
    """
    return {
        "key": key,
        "unit": principal.unit or "",
        "area": area,
        "occurred_at": "",
        "learned_at": local_input(now, zone),
    }


def pickers(directory: Directory, own: str | None) -> dict[str, Picker]:
    """What is named of the directory; `own`: the one unit a reporter reports for."""
    return {
        "unit": Picker(directory, PickedSort.UNITS, among=None if own is None else (own,)),
        "area": Picker(directory, PickedSort.AREAS),
        "task_units": Picker(directory, PickedSort.UNITS),
    }


def read_fields(
    values: Mapping[str, str],
    zone: ZoneInfo,
    now: datetime,
    picked: Mapping[str, Picker],
    preset: Container[str] = (),
) -> dict[str, Any]:
    """The fields of a ReportForm, times made UTC. `preset`: what the blank form had chosen. Raises Problem
    422 naming all that can't be read.
    """
    values, faults = taken(values, picked, many=("task_units",), preset=preset)
    errors = [("tasks" if name == "task_units" else name, words) for name, words in faults]
    fields: dict[str, Any] = {name: values[name].strip() for name in TEXTS if values.get(name, "").strip()}
    fields |= {name: True for name in TICKS if values.get(name)}
    for name in TIMES:
        try:
            fields[name] = read_local(values.get(name, ""), zone)
            if fields[name] > now + SKEW:
                errors.append((name, IN_FUTURE))
        except ValueError as error:
            errors.append((name, because(error)))
    if not errors and fields["learned_at"] < fields["occurred_at"]:
        errors.append(("learned_at", TOO_EARLY))
    if "category" not in fields and fields.get("kind", ReportKind.INCIDENT) in CATEGORISED:
        errors.append(("category", CHOOSE))
    errors += [
        (name, message) for name, message in NEEDED.items() if name not in fields and name not in dict(errors)
    ]
    _read_harm(values, fields, errors)
    if "tasks" not in dict(errors):
        _read_task(values, zone, fields, errors)
    if errors:
        raise Problem(422, N_("Invalid request"), SOME_WRONG, errors=errors)
    return fields


def has_harm(values: Mapping[str, str]) -> bool:
    """Whether any count is filled in."""
    return any(values.get(name) for name in HARM)


def _read_harm(values: Mapping[str, str], fields: dict[str, Any], errors: list[Fault]) -> None:
    texts = {name: values[name].strip() for name in HARM if values.get(name, "").strip()}
    if any(not text.isascii() or not text.isdigit() for text in texts.values()):
        errors.append(("harm", NOT_A_NUMBER))
    elif texts:
        fields["harm"] = {name: int(text) for name, text in texts.items()}


def _read_task(
    values: Mapping[str, str], zone: ZoneInfo, fields: dict[str, Any], errors: list[Fault]
) -> None:
    parts: dict[str, Any] = {name: text for name in TASK_PARTS if (text := values.get(name, "").strip())}
    if "task_units" in parts:
        parts["task_units"] = [unit for unit in parts["task_units"].split(",") if unit]
    if not parts:
        return
    if "task_title" not in parts or not {"task_units", "task_every"} & set(parts):
        errors.append(("tasks", BY_WHOM))
        return
    try:
        if "task_due_at" in parts:
            parts["task_due_at"] = read_local(parts["task_due_at"], zone)
    except ValueError as error:
        errors.append(("tasks", because(error)))
    fields["tasks"] = [task_of(parts)]
