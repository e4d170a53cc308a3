"""A draft on a page: limits and degrees without YAML, or the text itself; checked, compared, laid down.

Invariant: nothing is kept before it was asked for, and what was typed is there again whatever was wrong with
it; each fault names its line and the remedy in the reader's language.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from services.escalator.policy.book import Policy
from services.escalator.policy.check import findings
from services.escalator.policy.versions import Version
from services.escalator.policy_pages.desk import PolicyDesk, fields_of
from services.escalator.policy_pages.in_words import Difference
from services.escalator.policy_pages.limits_form import (
    NAME,
    UNIT,
    UNIT_WORDS,
    LimitsForm,
    changed,
    limits_form,
)
from services.escalator.policy_pages.reading_pages import policy_of
from services.escalator.policy_store.steps import DRAFTERS, LONGEST
from shared.door import doorway
from shared.http_fields import IdRef
from shared.language.catalogue import N_
from shared.lined_yaml import YamlFault
from shared.message import Placed, Sayable, said
from shared.tokens import Principal

FORM_LIMIT = 4 * LONGEST
"""Bytes of the form: a letter of Chinese takes three times its bytes there."""
TOO_LONG = N_("the text is longer than %(most)s KB: that is no policy of ours")
SAME_TEXT = N_("this text is laid down already: change something first")


@dataclass(frozen=True)
class TextFault:
    """A fault where it stands."""

    line: int | None
    written: str
    """What stands in that line."""
    words: Sayable


def add_drafting(router: APIRouter, desk: PolicyDesk) -> None:
    @router.get("/versions/{version}/change")
    async def limits(request: Request, version: IdRef) -> Response:
        principal = desk.pages.admit(request, *DRAFTERS)
        stored = desk.steps.version(version)
        form = _form_of(desk, request, stored)
        return _show(desk, request, "limits.html", principal, stored, form=form, values=form.values())

    @router.post("/versions/{version}/change")
    async def change_limits(request: Request, version: IdRef) -> Response:
        principal = desk.pages.admit_form(request, *DRAFTERS)
        stored = desk.steps.version(version)
        form, given = _form_of(desk, request, stored), await fields_of(request)
        changes, errors = form.changes(given)
        text, elsewhere = changed(desk.policies.text_of(stored), changes)
        errors |= elsewhere
        values = form.values() | given
        if errors:
            more: dict[str, Any] = {"form": form, "values": values, "errors": errors}
            return _show(desk, request, "limits.html", principal, stored, status=422, **more)
        return await _step(
            desk, request, "limits.html", principal, stored, text, given, form=form, values=values
        )

    @router.get("/versions/{version}/text")
    async def text_of(request: Request, version: IdRef) -> Response:
        principal = desk.pages.admit(request, *DRAFTERS)
        stored = desk.steps.version(version)
        return _show(desk, request, "text.html", principal, stored, text=desk.policies.text_of(stored))

    @router.post("/versions/{version}/text")
    @doorway(body_limit=FORM_LIMIT)
    async def change_text(request: Request, version: IdRef) -> Response:
        principal = desk.pages.admit_form(request, *DRAFTERS)
        stored, given = desk.steps.version(version), await fields_of(request)
        text = given.get("text", "").replace("\r\n", "\n")
        return await _step(desk, request, "text.html", principal, stored, text, given, text=text)


def _form_of(desk: PolicyDesk, request: Request, version: Version) -> LimitsForm:
    policy = policy_of(desk, version)
    return limits_form(policy, desk.wording(request, policy))


async def _step(
    desk: PolicyDesk,
    request: Request,
    template: str,
    principal: Principal,
    base: Version,
    new_text: str,
    given: Mapping[str, str],
    **typed: Any,
) -> Response:
    """Checks the new text, and shows it or lays it down."""
    faults = _own_faults(desk, base, new_text)
    if not faults:
        try:
            policy = await desk.policies.checked(new_text)
        except YamlFault as fault:
            faults = [_text_fault(line, new_text) for line in fault.faults]
        else:
            if given.get("do") == "save":
                return desk.back_to(await desk.policies.draft(new_text, principal.subject), "drafted")
            return _show(desk, request, template, principal, base, checked=policy, **typed)
    return _show(desk, request, template, principal, base, status=422, faults=faults, **typed)


def _own_faults(desk: PolicyDesk, base: Version, text: str) -> list[TextFault]:
    if len(text.encode()) > LONGEST:
        return [TextFault(None, "", said(TOO_LONG, most=LONGEST // 1024))]
    return [TextFault(None, "", SAME_TEXT)] if text == desk.policies.text_of(base) else []


def _text_fault(fault: Sayable, text: str) -> TextFault:
    if not isinstance(fault, Placed):
        return TextFault(None, "", fault)
    lines = text.splitlines()
    written = lines[fault.line - 1].strip() if 0 < fault.line <= len(lines) else ""
    return TextFault(fault.line, written[:200], fault.what)


def _show(
    desk: PolicyDesk,
    request: Request,
    template: str,
    principal: Principal,
    base: Version,
    *,
    checked: Policy | None = None,
    **context: Any,
) -> Response:
    """`checked`: the policy that would be laid down."""
    compared: list[Difference] = []
    warnings: list[TextFault] = []
    if checked is not None:
        now = desk.pages.clock()
        compared = desk.differences(request, desk.policies.in_force(now), checked)
        doubtful = findings(checked, desk.directory(), now).warnings
        warnings = [_text_fault(warning, checked.text) for warning in doubtful]
    more: dict[str, Any] = {"errors": {}, "faults": [], **context}
    return desk.show(
        request,
        template,
        principal,
        view=desk.view(base),
        is_checked=checked is not None,
        differences=compared,
        warnings=warnings,
        unit_words=UNIT_WORDS,
        name_field=NAME,
        unit_suffix=UNIT,
        **more,
    )
