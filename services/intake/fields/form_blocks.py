"""The typed block of a report or an act, read as of now.

Invariant: a report is never worth less for its block: what is wrong in it stands beside what could be read, and
whoever sent it is told. An act whose block is wrong is not done: nothing of it is lost by asking again.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from shared.case import Case, Item
from shared.directory import Directory
from shared.facts import FormBlock, FormGiven
from shared.fault_texts import Fault
from shared.forms import FillingPlace, Forms
from shared.forms.blocks import FormReader, TakenForm
from shared.forms.book import CONTINUES
from shared.forms.filling import title_of
from shared.message import N_, listed, said
from shared.standing import rule_watched
from shared.vocabulary import Document, Kind, ReportKind
from shared.web.names import Names

NOT_COMPLETE = N_(
    "%(title)s is not complete: %(missing)s still to be filled in, with this act or a follow-up report before it"
)
ENDS = frozenset({Kind.RESOLVED, Kind.CLOSED})
_KINDS = {kind.value: kind for kind in ReportKind}


class FormBlocks:
    def __init__(
        self, forms: Forms, directory: Callable[[], Directory], zone: ZoneInfo, clock: Callable[[], datetime]
    ) -> None:
        self.forms = forms
        self._directory, self._zone, self._clock = directory, zone, clock
        self.names = Names(directory)

    def of_report(self, fields: Mapping[str, Any]) -> FormBlock | None:
        """None where no form is filled in."""
        taken = self._taken(fields)
        return taken.block if taken is not None else None

    def faults_of_report(self, fields: Mapping[str, Any]) -> list[Fault]:
        """What is wrong with its form."""
        taken = self._taken(fields)
        return taken.as_faults() if taken is not None else []

    def _taken(self, fields: Mapping[str, Any]) -> TakenForm | None:
        given = fields.get("form")
        if given is None:
            return None
        kind, topic = fields.get("kind"), fields.get("topic")
        known = _KINDS.get(kind) if isinstance(kind, str) else None
        place = FillingPlace(known or ReportKind.INCIDENT, topic if isinstance(topic, str) else None)
        return self._reader().take(given, place)

    def of_act(
        self,
        kind: Kind,
        document: Document | None,
        given: FormGiven,
        case: Case,
        item: Item | None = None,
    ) -> TakenForm:
        """`item`: of a ledger, the one whose form goes on being filled in."""
        before = {form.id: form.fields for form in case.forms} if kind in CONTINUES else {}
        if item is not None and item.form is not None:
            before = {item.form.id: item.form.values}
        return self._reader().take(given.model_dump(), place_of(case, kind, document), before)

    def unfinished(
        self, kind: Kind, document: Document | None, block: FormBlock | None, case: Case
    ) -> list[Fault]:
        """What a case lacks that is to end with this act."""
        if kind not in ENDS and (kind, document) != (Kind.FILED, Document.SETTLEMENT):
            return []
        owed = self.forms.owed_of(case.report.kind, case.report.topic)
        missing: dict[str, tuple[str, ...]] = {form.id: form.complete for form in owed}
        missing |= {form.id: form.missing for form in case.forms}
        if block is not None:
            missing[block.id] = block.missing
        faults: list[Fault] = []
        for form_id, names in missing.items():
            form = self.forms.get(form_id)
            if form is None or not form.ends_complete or not names:
                continue
            titles = (title_of(form, name) for name in names)
            lacking = tuple(column.title for column in titles if column is not None)
            faults.append(("form", said(NOT_COMPLETE, title=form.title, missing=lacking)))
        return faults

    def _reader(self) -> FormReader:
        return FormReader(self.forms, self._directory(), self.names, self._zone, self._clock())


def place_of(case: Case, kind: Kind, document: Document | None) -> FillingPlace:
    """Where somebody stands who does this act to the case."""
    report, standing = case.report, case.standing
    duty = rule_watched(standing.subject) if standing is not None else None
    return FillingPlace(report.kind, report.topic, kind, document, duty)


def faults_of_block(block: FormBlock | None, prefix: str = "") -> list[Fault]:
    """What is told of it to whoever sent it."""
    wrong = block.wrong if block is not None else ()
    return [(f"{prefix}form.{one.field}" if one.field else f"{prefix}form", listed([one])) for one in wrong]


def without_form(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != "form"}


def given_of(block: FormGiven | None) -> FormBlock | None:
    """The block that intake has put in place of what was given."""
    return block if isinstance(block, FormBlock) else None
