"""A form of `config/forms.yaml` that goes with a report on the desk: which are offered, and what was typed into one.

Invariant: whoever sits at the desk hears of every fault at once, those of the form beside the others.
"""

from collections.abc import Callable, Sequence
from typing import Any

from services.intake.desk import report_form
from services.intake.desk.here import DeskPages, Values
from services.intake.desk.typed_form import read_typed, shown_default
from shared.fault_texts import Fault
from shared.forms import DeclaredForm, FieldType, Forms
from shared.message import N_
from shared.problems import Problem
from shared.vocabulary import ReportKind


def block_of_report(
    here: DeskPages, declared: DeclaredForm, values: Values, preset: tuple[str | None, ...]
) -> tuple[dict[str, Any] | None, list[Fault]]:
    """The form that was filled in, and all that is wrong with it: here somebody sits who can put it right at once."""
    own = [one for one in preset if one]
    block, faults = read_typed(declared, values, here.desk.zone, here.desk.directory, own)
    kind, topic = values.get("kind", ""), values.get("topic", "").strip()
    if block is not None:
        named = {field for field, _ in faults}
        wrong = here.desk.forms.faults_of_report({"kind": kind, "topic": topic or None, "form": block})
        faults += [
            (field, words) for field, words in wrong if field.replace("form.fields.", "f.") not in named
        ]
    return block, faults


def all_faults(faults: list[Fault], read: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """What `read` gives. Raises Problem 422 with its faults and these."""
    try:
        fields = read(*arguments)
    except Problem as problem:
        problem.errors = (*problem.errors, *faults)
        raise
    if faults:
        raise Problem(422, N_("Invalid request"), report_form.SOME_WRONG, errors=faults)
    return fields


def fit_to_form(form: DeclaredForm | None, values: dict[str, str], kinds: Sequence[ReportKind]) -> None:
    """A form that was chosen says of which kind and topic the report is, where nothing that fits is chosen yet."""
    if form is None:
        return
    places = [place for place in form.of if not (place.acts or place.documents or place.duties)]
    kind, topic = values.get("kind", ""), values.get("topic", "")
    for place in places:
        fits_kind = not place.kinds or kind in place.kinds
        if fits_kind and (not place.topics or topic in place.topics):
            return
    for place in places:
        may = [one for one in place.kinds if one in kinds]
        if may or not place.kinds:
            values["kind"] = kind if not place.kinds or kind in place.kinds else may[0].value
            if place.topics and topic not in place.topics:
                values["topic"] = place.topics[0]
            return


def offered_on_report(forms: Forms, kinds: Sequence[ReportKind]) -> list[DeclaredForm]:
    """The forms that a report of these kinds may carry."""
    return [
        form
        for form in forms.all()
        if any(
            not (place.acts or place.documents or place.duties)
            and (not place.kinds or not set(kinds).isdisjoint(place.kinds))
            for place in form.of
        )
    ]


def own_values(form: DeclaredForm | None, unit: str | None, area: str) -> dict[str, str]:
    """What a reader most likely means: their own unit and area; and what the form itself puts in."""
    likely = {FieldType.UNIT: unit or "", FieldType.AREA: area}
    fields = form.fields.items() if form is not None else ()
    return {f"f.{name}": likely.get(field.type) or shown_default(field) for name, field in fields}
