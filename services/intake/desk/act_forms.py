"""The forms by which people move a case on: one an act, each asking for no more than its act needs; what
comes back is an ActForm.

Invariant: times are read in the office's zone; whatever is wrong stands at its field, and nothing typed is
lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from services.intake.desk.act_fields import (
    ASKED,
    OF_A_TASK,
    PICKED,
    ROWS,
    FormField,
    Setting,
    duty_name,
    fields_of,
    needed,
)
from services.intake.desk.offered_acts import awaited
from services.intake.desk.typed_form import TypedForm, chosen_in, typed_form
from services.intake.fields.act_form import FIELDS, ActForm
from services.intake.fields.form_blocks import place_of
from shared.acts import ACTS, FILES, GROUPS, ONE_OF_TWO, Act
from shared.acts.fields import Widget
from shared.acts.states import is_to_judge, left_unreferred, on_the_list
from shared.case import Case
from shared.directory import Directory
from shared.facts import Name, Outage, field_errors
from shared.fault_texts import Fault
from shared.forms import DeclaredForm, Forms
from shared.language.catalogue import N_
from shared.language.times import read_local
from shared.message import because
from shared.problems import Problem
from shared.vocabulary import Document, Kind
from shared.web.picks import Picker, near_areas, taken

MISSING = N_("This can't stay empty.")
NO_SUCH_ACT = N_("There is no such act.")
ALL_THE_SAME = N_("Refer a lapse that our own failure excuses")
SOME_WRONG = N_("Some fields need another look.")


_OF_A_LIST = {
    Kind.CONFIRMED: (
        N_("Refer what was not done in time"),
        N_("Somebody answers for it"),
        N_("Why somebody answers for it"),
    ),
    Kind.REFUTED: (
        N_("Let off what was not done in time"),
        N_("Nobody answers for it"),
        N_("Why nobody answers for it"),
    ),
}
"""Title, button and text of a word about the organ's list."""


@dataclass(frozen=True)
class ExcusedLapse:
    """Not referred, because the failure was ours."""

    name: Name
    due_at: datetime
    excuses: tuple[str, ...]
    outage: Outage | None


@dataclass(frozen=True)
class ActPage:
    """One act's form."""

    act: Act
    fields: tuple[FormField, ...]
    needs_text: bool
    is_awaited: bool
    """It would end a duty that is owed."""
    excused: tuple[ExcusedLapse, ...] = ()
    """What the reader must have seen before they go on."""
    offered_forms: tuple[DeclaredForm, ...] = ()
    """Forms of `config/forms.yaml` that go with it."""
    typed: TypedForm | None = None
    """The one that is being filled in."""

    @property
    def takes_files(self) -> bool:
        return FILES in self.act.fields


def grouped(can: frozenset[Kind], here: Setting) -> list[tuple[str, list[ActPage]]]:
    """(title, forms) of each group that has any."""
    groups: dict[str, list[ActPage]] = {title: [] for title in GROUPS.values()}
    due = awaited(here.case)
    for act in ACTS.values():
        if act.kind in can:
            page = ActPage(
                _worded(act, here),
                fields_of(act, here),
                "text" in needed(act),
                act.kind in due,
                _excused(act, here),
                *_forms_of(act, here, is_awaited=act.kind in due),
            )
            if not _asks_for_what_is_not_there(page):
                groups[GROUPS[act.group]].append(page)
    return [(title, pages) for title, pages in groups.items() if pages]


def _forms_of(
    act: Act, here: Setting, *, is_awaited: bool
) -> tuple[tuple[DeclaredForm, ...], TypedForm | None]:
    """What may be filled in with the act; the one chosen, or the only one where the act is awaited, with its inputs."""
    offered = offered_forms(act, here.case, here.forms)
    mine: Mapping[str, str] = here.values if here.wrong == act.kind else {}
    form = here.forms.get(chosen_in(mine))
    made_for_it = len(offered) == 1 and any(act.kind in place.acts for place in offered[0].of)
    if form is None and not mine and (made_for_it or (is_awaited and len(offered) == 1)):
        form = offered[0]
    if form is None:
        return offered, None
    likely = [*here.likely_units, *near_areas(here.directory, here.case.report.area), *here.likely_people]
    return offered, typed_form(form, mine, here.typed_errors if mine else {}, here.directory, likely)


def offered_forms(act: Act, case: Case, forms: Forms) -> tuple[DeclaredForm, ...]:
    documents = tuple(Document) if act.kind is Kind.FILED else (None,)
    fitting = (form for document in documents for form in forms.of(place_of(case, act.kind, document)))
    return tuple({form.id: form for form in fitting}.values())


def _worded(act: Act, here: Setting) -> Act:
    """Where nothing is suspected there is no omission to confirm: what is on the organ's list is judged, and a lapse
    that is excused is referred all the same.
    """
    if act.kind not in _OF_A_LIST or is_to_judge(here.case):
        return act
    if on_the_list(here.case):
        title, button, text = _OF_A_LIST[act.kind]
        return replace(act, title=title, button=button, text=text)
    if act.kind is Kind.REFUTED:
        return act
    return replace(
        act,
        title=ALL_THE_SAME,
        button=N_("Refer it all the same"),
        text=N_("Why somebody answers for it all the same"),
    )


def _excused(act: Act, here: Setting) -> tuple[ExcusedLapse, ...]:
    if act.kind is not Kind.CONFIRMED:
        return ()
    excused = (duty for duty in left_unreferred(here.case) if duty.lapse is not None and duty.lapse.is_ours)
    first = sorted(excused, key=lambda duty: duty.due_at)[:ROWS]
    lapses = ((duty, duty.lapse) for duty in first)
    return tuple(
        ExcusedLapse(duty_name(duty, here), lapse.at, lapse.excuses, lapse.outage)
        for duty, lapse in lapses
        if lapse is not None
    )


def _asks_for_what_is_not_there(page: ActPage) -> bool:
    """A choice that must be made and offers nothing: a task that is with another unit, a plan where there is
    none.
    """
    return any(field.needed and field.widget is Widget.SELECT and not field.choices for field in page.fields)


def read_act(kind: Kind, values: Mapping[str, str], zone: ZoneInfo, directory: Directory) -> ActForm:
    """Raises Problem 422 that names every field at fault."""
    act = ACTS[kind]
    asked = [part for name in act.fields for part in (OF_A_TASK if name == "tasks" else (name,))]
    pickers = {name: Picker(directory, PICKED[name]) for name in asked if name in PICKED}
    values, errors = taken(values, pickers, many=("task_units",))
    texts = {name: values[name].strip() for name in ("text", *asked) if values.get(name, "").strip()}
    errors += [
        (name, MISSING) for name in sorted(needed(act)) if name not in texts and name not in dict(errors)
    ]
    if "tasks" in act.fields and not {"task_units", "task_every"} & set(texts) | set(dict(errors)):
        errors.append(("task_units", MISSING))
    if act.either == ONE_OF_TWO and not set(ONE_OF_TWO) & set(texts):
        errors += [(name, MISSING) for name in ONE_OF_TWO]
    filled: dict[str, Any] = {}
    for name, text in texts.items():
        try:
            filled[name] = _read(name, text, zone)
        except ValueError as error:
            errors.append((name, because(error)))
    if errors:
        raise _wrong(errors)
    if "tasks" in act.fields:
        filled["tasks"] = [task_of(filled)]
    try:
        return ActForm.model_validate({name: value for name, value in filled.items() if name in FIELDS})
    except ValidationError as error:
        raise _wrong(field_errors(error)) from None


def _read(name: str, text: str, zone: ZoneInfo) -> object:
    widget = ASKED[name].widget
    if widget is Widget.TIME:
        return read_local(text, zone)
    if widget is Widget.MANY:
        return text.split(",")
    if widget in (Widget.YES_NO, Widget.TICK) or name == "sensitive":
        return text == "yes"
    return text


def task_of(filled: Mapping[str, Any]) -> dict[str, Any]:
    """A TaskForm of the parts that were filled in (`TASK_PARTS`)."""
    units: list[str] = filled.get("task_units") or []
    names = {"every": "task_every", "sector": "task_sector", "due_at": "task_due_at"}
    more = {name: filled[part] for name, part in names.items() if filled.get(part)}
    to_whom = {"unit": units[0]} if len(units) == 1 and "every" not in more else {"units": units}
    return {"title": filled["task_title"], **(to_whom if units else {}), **more}


def shown_errors(problem: Problem) -> dict[str, str]:
    """Each fault at the field of the form it belongs to."""
    parts = {
        "title": "task_title",
        "unit": "task_units",
        "units": "task_units",
        "every": "task_every",
        "sector": "task_sector",
        "due_at": "task_due_at",
    }
    errors: dict[str, str] = {}
    for field, message in problem.errors:
        path = field.split(".")
        name = parts.get(path[2], "task_title") if path[0] == "tasks" and len(path) > 2 else path[0]
        errors.setdefault(name, message)
    return errors


def _wrong(errors: list[Fault]) -> Problem:
    return Problem(422, N_("Invalid request"), SOME_WRONG, errors=errors)
