"""The document of `config/forms.yaml`: each form with its fields, where it belongs, and when it is complete.

Invariant: a form is bounded by what stands here (fields, columns, rows, letters, choices), whatever an operator
writes; a name that a form refers to is one of its own fields.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal, Self, cast

from pydantic import ConfigDict, StringConstraints, model_validator
from pydantic import Field as Bounds

from shared.facts.bounds import PLAIN_VERSION, Closed
from shared.facts.form import FormId
from shared.facts.name import Name
from shared.forms.faults import faults_in
from shared.lined_yaml import PlacedError
from shared.vocabulary import Document, Kind, ReportKind

MOST_FORMS, MOST_FIELDS, MOST_COLUMNS, MOST_ROWS, MOST_CHOICES = 100, 40, 12, 200, 60
LONGEST_TEXT = 2_000
LARGEST_NUMBER = 1e12
"""Beyond it a sum of two hundred rows is no longer exact."""

FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
FieldPath = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39})?$")]
Number = Annotated[float, Bounds(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER, allow_inf_nan=False)]


class FieldType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    MONEY = "money"
    """Yuan, at most two decimals."""
    DATE = "date"
    TIME = "time"
    """A moment: date, time and offset."""
    YES_NO = "yes_no"
    CHOICE = "choice"
    AREA = "area"
    """Code of a division that the directory has."""
    UNIT = "unit"
    PERSON = "person"
    URL = "url"
    ROWS = "rows"
    """A table; its columns are fields of any other type."""


NUMBERS = frozenset({FieldType.NUMBER, FieldType.INTEGER, FieldType.MONEY})
GROUPED = frozenset({FieldType.CHOICE, FieldType.AREA, FieldType.UNIT, FieldType.YES_NO})
"""What a report groups by."""
PERSONAL = frozenset({FieldType.TEXT, FieldType.PERSON, FieldType.URL})
"""Personal unless the form says that they are not: names, and words that people wrote."""


class FillStage(StrEnum):
    """When a field is filled in."""

    REPORT = "report"
    FOLLOW_UP = "follow_up"
    COMPLETION = "completion"


class FormPart(Closed):
    """A part of the document."""

    model_config = ConfigDict(use_attribute_docstrings=True, populate_by_name=True)


class FieldCondition(FormPart):
    """What a field must be: every part that is given holds. A field that is empty meets none but `filled: false`."""

    field: FieldName
    equals: Annotated[tuple[str | bool, ...], Bounds(max_length=MOST_CHOICES)] = ()
    """One of these: choices, or true and false."""
    filled: bool | None = None
    less_than: Number | FieldName | None = None
    """A number, or the name of a field that has it."""
    more_than: Number | FieldName | None = None


Conditions = Annotated[tuple[FieldCondition, ...], Bounds(max_length=10)]
"""All of them hold."""


class DeclaredColumn(FormPart):
    """One field: of a form, or of the rows of a table."""

    title: Name
    type: FieldType
    measure: Name | None = None
    """The unit of measure, written behind the number."""
    choices: Annotated[
        dict[FieldName, Name], Bounds(max_length=MOST_CHOICES, default_factory=dict[str, Name])
    ]
    need: Literal["required", "optional"] = "optional"
    required_when: Conditions = ()
    """Required where all of these hold."""
    least: Number | None = None
    most: Number | None = None
    length: Annotated[int, Bounds(ge=1, le=LONGEST_TEXT)] = 200
    """Letters of a text."""
    lies: Literal["past", "future"] | None = None
    """Of a date or a time: it must lie there. Without it both may be."""
    default: str | Number | bool | None = None
    """Taken where nothing is filled in."""
    personal: bool | None = None
    """Whether it names somebody, or is somebody's own words: erased when that person's data are. Without it texts,
    persons and URLs are, and nothing else.
    """
    hint: Name | None = None
    """Below the field on the desk."""
    adds_up: bool | None = None
    """Whether a sum of this number means something: then reports add it up. Without it whole numbers do."""

    @property
    def is_personal(self) -> bool:
        return self.type in PERSONAL if self.personal is None else self.personal

    @property
    def is_added_up(self) -> bool:
        return self.type is FieldType.INTEGER if self.adds_up is None else self.adds_up


class DeclaredField(DeclaredColumn):
    """A field of a form."""

    at: FillStage = FillStage.REPORT
    """When it is filled in: with the report, at a follow-up, at the end. What is required is asked for from then on."""
    by: Name | None = None
    """Who fills it in, in words."""
    short: bool = False
    """It stands in the one line that SMS and mail carry; at most six of a form do."""
    part_of: FieldName | None = None
    """The number that this one is a part of: reports show the share, as progress."""
    columns: Annotated[
        dict[FieldName, DeclaredColumn],
        Bounds(max_length=MOST_COLUMNS, default_factory=dict[str, DeclaredColumn]),
    ]
    """Of rows."""
    most_rows: Annotated[int, Bounds(ge=1, le=MOST_ROWS)] = 50

    @property
    def is_personal(self) -> bool:
        """A table with one personal column is personal as a whole."""
        if self.type is FieldType.ROWS and self.personal is None:
            return any(column.is_personal for column in self.columns.values())
        return super().is_personal


class Belongs(FormPart):
    """Where a form is filled in; every list that is given must fit, an empty one asks nothing."""

    kinds: Annotated[tuple[ReportKind, ...], Bounds(max_length=20)] = ()
    """Kinds of cases."""
    topics: Annotated[tuple[FormId, ...], Bounds(max_length=50)] = ()
    acts: Annotated[tuple[Kind, ...], Bounds(max_length=20)] = ()
    """Acts it goes with. None: the report itself, and what follows it up or ends it."""
    documents: Annotated[tuple[Document, ...], Bounds(max_length=20)] = ()
    """Documents it goes with, where somebody hands one in."""
    duties: Annotated[tuple[FormId, ...], Bounds(max_length=20)] = ()
    """Rules of the policy that come by the calendar: the case that watches one of them."""
    owed: bool = False
    """A case of this sort does not end without this form, where the form says `ends_complete`."""


class Threshold(FormPart):
    """A threshold: crossed, it is the policy's trigger `form.<form>.<name>`."""

    title: Name
    rows: FieldName | None = None
    """The conditions are about the rows of this table; one row that meets them is enough."""
    when: Annotated[Conditions, Bounds(min_length=1)]


class DeclaredForm(FormPart):
    id: FormId = ""
    """The name it stands under; need not be written."""
    version: Annotated[int, Bounds(ge=1, le=9999)] = 1
    """One more at each change of what a field means."""
    title: Name
    of: Annotated[tuple[Belongs, ...], Bounds(min_length=1, max_length=20)]
    fields: Annotated[dict[FieldName, DeclaredField], Bounds(min_length=1, max_length=MOST_FIELDS)]
    complete: Annotated[tuple[FieldPath, ...], Bounds(max_length=MOST_FIELDS)] = ()
    """Fields (`field`, or `table.column`) without which it does not count as processed."""
    each: Annotated[tuple[FieldName, ...], Bounds(max_length=6)] = ()
    """What one row of a report is about: filled in again with the same values here, a block stands in the place of
    the one before. Without it a case is one row, and each document handed in is.
    """
    ends_complete: bool = False
    """A case with this form is not resolved or closed, and no settlement filed, before it is complete."""
    calendar: FieldName | None = None
    """The time by which such a case stands in the calendar."""
    rings: Annotated[dict[FormId, Threshold], Bounds(max_length=10, default_factory=dict[str, Threshold])]

    @cached_property
    def personal(self) -> frozenset[str]:
        """Fields that are kept apart, so that they can be erased."""
        return frozenset(name for name, field in self.fields.items() if field.is_personal)

    @cached_property
    def telling(self) -> tuple[tuple[str, DeclaredField], ...]:
        """Fields of the one line that messages carry."""
        return tuple((name, field) for name, field in self.fields.items() if field.short)

    def asked_at(self, stages: tuple[FillStage, ...]) -> Mapping[str, DeclaredField]:
        """What must be filled in at these, or may have to be."""
        if stages not in self._asked:
            self._asked[stages] = {
                name: field
                for name, field in self.fields.items()
                if field.at in stages and (field.need == "required" or field.required_when)
            }
        return self._asked[stages]

    @cached_property
    def _asked(self) -> dict[tuple[FillStage, ...], dict[str, DeclaredField]]:
        return {}

    @model_validator(mode="after")
    def refers_to_what_it_has(self) -> Self:
        if faults := faults_in(self):
            raise PlacedError(faults)
        return self


class FormsDocument(FormPart):
    """`config/forms.yaml`: what a kind of case is about."""

    version: Annotated[str, PLAIN_VERSION]
    forms: Annotated[dict[FormId, DeclaredForm], Bounds(max_length=MOST_FORMS)]

    @model_validator(mode="before")
    @classmethod
    def named_by_their_keys(cls, data: Any) -> Any:
        """A form knows the name it stands under."""
        if not isinstance(data, dict):
            return data
        document = cast(dict[str, Any], data)
        forms = document.get("forms")
        if not isinstance(forms, dict):
            return document
        named = {
            key: {**cast(dict[str, Any], form), "id": key} if isinstance(form, dict) else form
            for key, form in cast(dict[str, Any], forms).items()
        }
        return {**document, "forms": named}
