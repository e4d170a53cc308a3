"""The policy and the forms against each other: what one names of the other must be there. Pure.

Invariant: each fault names the file and line that is to be mended.
"""

from collections.abc import Iterator

from services.escalator.policy.book import Policy
from services.escalator.policy.duty_spec import FORM_TRIGGER, is_ref
from shared.forms import FieldType, Forms
from shared.message import N_, Sayable, placed, said


def form_faults(policy: Policy, forms: Forms) -> list[Sayable]:
    return [*_of_the_policy(policy, forms), *_of_starts(policy, forms), *_of_the_forms(policy, forms)]


def _of_the_policy(policy: Policy, forms: Forms) -> Iterator[Sayable]:
    for name, spec in policy.document.duties.items():
        for field in ("on", "discharged_by", "until"):
            for trigger in getattr(spec, field) or ():
                if is_ref(trigger) or not FORM_TRIGGER.match(trigger):
                    continue
                _, form_id, ring = trigger.split(".")
                form = forms.get(form_id)
                if form is None or ring not in form.rings:
                    known = tuple(f"form.{one.id}.{each}" for one in forms.all() for each in one.rings)
                    line = policy.lines.of(("duties", name, field))
                    no_form = said(
                        N_("no form has %(trigger)s: write one of %(known)s"), trigger=trigger, known=known
                    )
                    yield placed(policy.name, line, f"duties.{name}.{field}", no_form)


def _of_starts(policy: Policy, forms: Forms) -> Iterator[Sayable]:
    for name, spec in policy.document.duties.items():
        if spec.starts is None or not FORM_TRIGGER.match(spec.starts):
            continue
        _, form_id, field_name = spec.starts.split(".")
        form = forms.get(form_id)
        field = form.fields.get(field_name) if form is not None else None
        if field is None or field.type not in (FieldType.DATE, FieldType.TIME):
            known = tuple(
                f"form.{one.id}.{each}"
                for one in forms.all()
                for each, declared in one.fields.items()
                if declared.type in (FieldType.DATE, FieldType.TIME)
            )
            line = policy.lines.of(("duties", name, "starts"))
            no_field = said(
                N_("no form has the date or time %(field)s: write one of %(known)s"),
                field=spec.starts,
                known=known,
            )
            yield placed(policy.name, line, f"duties.{name}.starts", no_field)


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
