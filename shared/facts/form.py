"""What a kind of case is about: the one typed block of a report or an act, as it was filled in and as it stands
on record.

Invariant: which fields there are is said by `config/forms.yaml` and not here. On record, what is personal stands
apart from what is not, so that it can be erased by itself; what could not be taken stands there as it was given.
"""

from collections.abc import Mapping
from typing import Annotated, Any, cast

from pydantic import Field, StringConstraints, ValidationError

from shared.facts.bounds import Frozen
from shared.facts.name import Name

FormId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
Values = Annotated[dict[str, Any], Field(max_length=40, default_factory=dict[str, Any])]


class FormGiven(Frozen):
    """What somebody fills in: the form by its id, and its fields by their names."""

    id: FormId
    fields: Values


class WrongField(Frozen):
    """One field that could not be taken: what is wrong with it and what to write, in both languages."""

    field: str
    zh: str
    en: str


class FormBlock(FormGiven):
    """The block as it stands on record; all but the fields intake has worked out."""

    version: int = 1
    """Of the form, as it was declared then."""
    personal: Annotated[dict[str, Any], Field(default_factory=dict[str, Any])]
    """The fields that name somebody, or are somebody's own words."""
    short: Name | None = None
    """Its most telling fields in one line, for messages: with what the case knew of them before."""
    rings: tuple[str, ...] = ()
    """Which of the form's thresholds it has crossed: the policy's trigger `form.<id>.<name>`."""
    missing: tuple[str, ...] = ()
    """What is still lacking before the form counts as complete."""
    wrong: tuple[WrongField, ...] = ()
    as_given: str | None = None
    """The whole block as it was given, JSON, where something in it was wrong."""

    @property
    def values(self) -> dict[str, Any]:
        """All of its fields, personal or not; without those that were erased."""
        return {**self.fields, **(self.personal or {})}


def wrong_in(data: Mapping[str, Any]) -> tuple[WrongField, ...]:
    """What could not be taken of the block of a fact on record: as a rule nothing, and then nothing is read."""
    given = data.get("form")
    if not isinstance(given, dict) or not cast(dict[str, Any], given).get("wrong"):
        return ()
    block = block_in(data)
    return block.wrong if block is not None else ()


def block_in(data: Mapping[str, Any]) -> FormBlock | None:
    """The block of a fact on record, without what was erased of it; None where there is none that can be read."""
    block = data.get("form")
    if not isinstance(block, dict):
        return None
    left = {name: value for name, value in cast(dict[str, Any], block).items() if value is not None}
    try:
        return FormBlock.model_validate(left)
    except ValidationError:
        return None
