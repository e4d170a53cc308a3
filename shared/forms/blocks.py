"""From what was given to the block that goes on record.

Invariant: whatever was given, a block comes of it: with what could be read, and with what could not as it was
given and why. Nobody outside says what intake works out (the short line, the thresholds, what is lacking).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import orjson

from shared.directory import Directory
from shared.facts.form import FormBlock, WrongField
from shared.fault_texts import Fault
from shared.forms.book import CONTINUES, FillingPlace, Forms
from shared.forms.filling import FormFault, fill, lacking, rings_of
from shared.forms.model import DeclaredForm, FillStage
from shared.forms.words import NameSource, short_name
from shared.language.words import Words
from shared.message import N_, said
from shared.vocabulary import Kind, Language

LARGEST = 48_000
"""Bytes of a block as it is given."""
KEPT_AS_GIVEN = 8_000
NOT_A_BLOCK = N_("must be an object with the form's id and its fields")
NO_ID = N_("is missing: name one of the forms %(forms)s")
NO_SUCH_FORM = N_("is no form that is known here: name one of %(forms)s")
NOT_HERE = N_("%(title)s is not filled in here: name one of %(forms)s, or leave the form out")
NOT_HERE_NONE = N_("%(title)s is not filled in here: leave the form out")
TOO_LARGE = N_("is larger than %(most)s bytes: split it over several reports")
NO_FORM = "unknown"
_FORM_ID = re.compile(r"[a-z][a-z0-9_]{1,39}")
ENDS = frozenset({Kind.RESOLVED, Kind.CLOSED, Kind.COMPLETED})


@dataclass(frozen=True, slots=True)
class TakenForm:
    block: FormBlock
    faults: tuple[FormFault, ...]

    def as_faults(self, prefix: str = "") -> list[Fault]:
        return [
            (f"{prefix}form.{field}" if field else f"{prefix}form", words) for field, words in self.faults
        ]


@dataclass(frozen=True, slots=True)
class FormReader:
    """All that reading a block depends on."""

    forms: Forms
    directory: Directory
    names: NameSource
    zone: ZoneInfo
    now: datetime

    def take(
        self, given: object, place: FillingPlace, before: Mapping[str, Mapping[str, Any]] | None = None
    ) -> TakenForm:
        """`before`: what the case has had so far, by form."""
        raw = _written(given)
        if not isinstance(given, dict):
            return _untaken(NO_FORM, raw, "", said(NOT_A_BLOCK))
        block = cast(dict[str, Any], given)
        named = block.get("id")
        here = self.forms.of(place)
        if len(raw) > LARGEST:
            return _untaken(named, raw, "", said(TOO_LARGE, most=LARGEST))
        form = self.forms.get(named) if isinstance(named, str) else None
        if form is None:
            known = ", ".join(form.id for form in here or self.forms.all())
            return _untaken(named, raw, "id", said(NO_SUCH_FORM if named else NO_ID, forms=known))
        return self._taken(form, block, raw, place, here, (before or {}).get(form.id, {}))

    def _taken(
        self,
        form: DeclaredForm,
        block: dict[str, Any],
        raw: bytes,
        place: FillingPlace,
        here: tuple[DeclaredForm, ...],
        before: Mapping[str, Any],
    ) -> TakenForm:
        filled = fill(form, block.get("fields", {}), stage_of(place), self.directory, self.now, before)
        faults: list[FormFault] = [
            (field if field == "fields" else f"fields.{field}", words) for field, words in filled.faults
        ]
        if not before and all(form is not other for other in here):
            others = ", ".join(one.id for one in here)
            words = (
                said(NOT_HERE, title=form.title, forms=others)
                if here
                else said(NOT_HERE_NONE, title=form.title)
            )
            faults.insert(0, ("id", words))
        known = {**before, **filled.values}
        personal = form.personal
        return TakenForm(
            FormBlock(
                id=form.id,
                version=form.version,
                fields={name: value for name, value in filled.values.items() if name not in personal},
                personal={name: value for name, value in filled.values.items() if name in personal},
                short=short_name(form, known, self.names, self.zone),
                rings=rings_of(form, known),
                missing=lacking(form, known),
                wrong=_wrong(faults),
                as_given=_kept(raw) if faults else None,
            ),
            tuple(faults),
        )


def stage_of(place: FillingPlace) -> FillStage:
    """A document, an item, a report are handed in whole; a follow-up adds to what is there."""
    if place.act in ENDS:
        return FillStage.COMPLETION
    return FillStage.FOLLOW_UP if place.act in CONTINUES else FillStage.REPORT


def same_given(first: FormBlock | None, other: FormBlock | None) -> bool:
    """Whether two blocks say the same, whatever has been worked out of them."""
    if first is None or other is None:
        return first is other
    return (first.id, first.values, first.as_given) == (other.id, other.values, other.as_given)


def _untaken(named: object, raw: bytes, field: str, words: Any) -> TakenForm:
    form_id = named if isinstance(named, str) and _FORM_ID.fullmatch(named) else NO_FORM
    faults: list[FormFault] = [(field, words)]
    return TakenForm(
        FormBlock(id=form_id, fields={}, personal={}, wrong=_wrong(faults), as_given=_kept(raw)),
        tuple(faults),
    )


def _wrong(faults: list[FormFault]) -> tuple[WrongField, ...]:
    if not faults:
        return ()
    zh, en = Words(Language.ZH), Words(Language.EN)
    return tuple(WrongField(field=field, zh=zh.again(words), en=en.again(words)) for field, words in faults)


def _written(given: object) -> bytes:
    """As JSON; what JSON can't hold (a number of a thousand digits, half a letter) as it would be typed."""
    try:
        return orjson.dumps(given, default=str)
    except TypeError:
        return ascii(given)[: LARGEST + 1].encode()


def _kept(raw: bytes) -> str:
    text = raw.decode(errors="replace")
    return text if len(text) <= KEPT_AS_GIVEN else f"{text[: KEPT_AS_GIVEN - 1]}…"
