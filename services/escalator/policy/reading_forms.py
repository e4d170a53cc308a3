"""The policy and the forms against each other: what one names of the other must be there. Pure.

Invariant: each fault names the file and line that is to be mended.
"""

from collections.abc import Iterator

from services.escalator.policy.book import Policy
from services.escalator.policy.duty_spec import FORM_TRIGGER, DutySpec, Variant, is_ref
from services.escalator.policy.inherit import Path
from services.escalator.policy.tell_spec import FORM_AUDIENCE, TellSpec, TellVariant
from shared.forms import FieldType, Forms
from shared.forms.faults import CHANGED
from shared.forms.model import DeclaredColumn, DeclaredField
from shared.message import N_, Sayable, placed, said


def form_faults(policy: Policy, forms: Forms) -> list[Sayable]:
    return [
        *_of_the_policy(policy, forms),
        *_of_starts(policy, forms),
        *_of_audiences(policy, forms),
        *_of_the_forms(policy, forms),
    ]


def _duties(policy: Policy) -> Iterator[tuple[Path, DutySpec | Variant]]:
    """Each duty and each of its variants, and where it is written."""
    for name, spec in policy.document.duties.items():
        yield ("duties", name), spec
        for number, variant in enumerate(spec.variants):
            yield ("duties", name, "variants", number), variant


def _tells(policy: Policy) -> Iterator[tuple[Path, TellSpec | TellVariant]]:
    for name, spec in policy.document.tells.items():
        yield ("tells", name), spec
        for number, variant in enumerate(spec.variants):
            yield ("tells", name, "variants", number), variant


def _fault(policy: Policy, path: Path, text: Sayable) -> Sayable:
    return placed(policy.name, policy.lines.of(path), ".".join(map(str, path)), text)


def _of_the_policy(policy: Policy, forms: Forms) -> Iterator[Sayable]:
    known = tuple(f"form.{one.id}.{each}" for one in forms.all() for each in (*one.rings, CHANGED))
    for path, spec in (*_duties(policy), *_tells(policy)):
        for field in ("on", "discharged_by", "until"):
            for trigger in getattr(spec, field, None) or ():
                if not is_ref(trigger) and FORM_TRIGGER.match(trigger) and trigger not in known:
                    no_form = said(
                        N_("no form has %(trigger)s: write one of %(known)s"), trigger=trigger, known=known
                    )
                    yield _fault(policy, (*path, field), no_form)


def _of_starts(policy: Policy, forms: Forms) -> Iterator[Sayable]:
    known = tuple(
        f"form.{one.id}.{each}"
        for one in forms.all()
        for each, declared in one.fields.items()
        if declared.type in (FieldType.DATE, FieldType.TIME)
    )
    for path, spec in _duties(policy):
        starts = spec.starts
        if starts is not None and FORM_TRIGGER.match(starts) and starts not in known:
            no_field = said(
                N_("no form has the date or time %(field)s: write one of %(known)s"),
                field=starts,
                known=known,
            )
            yield _fault(policy, (*path, "starts"), no_field)


def _of_audiences(policy: Policy, forms: Forms) -> Iterator[Sayable]:
    """A field, or the column of a table, that names units or persons."""
    known = tuple(
        f"form.{form.id}.{path}"
        for form in forms.all()
        for name, field in form.fields.items()
        for path, declared in ((name, field), *_columns(name, field))
        if declared.type in (FieldType.UNIT, FieldType.PERSON)
    )
    for path, spec in _tells(policy):
        for name in spec.to or ():
            if FORM_AUDIENCE.match(name) and name not in known:
                nobody = said(
                    N_("no form names units or persons in %(field)s: write one of %(known)s"),
                    field=name,
                    known=known,
                )
                yield _fault(policy, (*path, "to"), nobody)


def _columns(name: str, field: DeclaredField) -> Iterator[tuple[str, DeclaredColumn]]:
    yield from ((f"{name}.{column}", declared) for column, declared in field.columns.items())


def _of_the_forms(policy: Policy, forms: Forms) -> Iterator[Sayable]:
    for form in forms.all():
        for place in form.of:
            for duty in place.duties:
                if duty not in policy.document.duties:
                    yield said(
                        N_("forms.%(form)s.of: the policy has no rule %(duty)s: name one of its duties"),
                        form=form.id,
                        duty=duty,
                    )
