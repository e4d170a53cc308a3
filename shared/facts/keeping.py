"""What is done with the record itself: personal data erased on a legal basis, and holds that forbid it.
Written by the audit.

Invariant: these facts name records and fields, never what stood in them.
"""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from shared.facts.acts import Actor
from shared.facts.bounds import Frozen
from shared.facts.file import Sha256
from shared.facts.report import Line
from shared.ids import CaseId
from shared.message import N_

HoldId = Annotated[str, StringConstraints(pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$")]


class ErasedFields(Frozen):
    """Of one record: the paths of the personal fields that are erased, as its header names them; `*` for the
    whole message. And of the files it names those whose content is erased, by hash: the hash stays.
    """

    index: Annotated[int, Field(ge=0)]
    fields: tuple[str, ...] = ()
    files: tuple[Sha256, ...] = ()

    @model_validator(mode="after")
    def names_something(self) -> Self:
        if not self.fields and not self.files:
            raise ValueError(N_("names neither a field nor a file: give one of the two"))
        return self


class Redacted(Frozen):
    """The data of `redacted`: these fields are erased from the payloads, and these files from the store. It comes
    first; what it names is erased after it.
    """

    by: Actor
    entries: Annotated[tuple[ErasedFields, ...], Field(min_length=1, max_length=1_000)]
    legal_basis: Line
    """The provision it rests on, or the order: what anyone may read."""
    reason: Line | None = None


class Held(Frozen):
    """The data of `held`: nothing of these records may be erased until the hold is released."""

    by: Actor
    hold: HoldId
    case: CaseId | None = None
    """All records of this case, later ones too; without a case the records `first` to `last`."""
    first: Annotated[int, Field(ge=0)] | None = None
    last: Annotated[int, Field(ge=0)] | None = None
    why: Line

    @model_validator(mode="after")
    def holds_something(self) -> Self:
        ranged = self.first is not None and self.last is not None
        if (self.case is None) != ranged or (self.first is None) != (self.last is None):
            raise ValueError(
                N_("a hold is on a `case`, or on the records `first` to `last`: give one of the two")
            )
        if self.first is not None and self.last is not None and self.last < self.first:
            raise ValueError(N_("`last` lies before `first`"))
        return self


class Released(Frozen):
    """The data of `released`: a hold has ended."""

    by: Actor
    hold: HoldId
    why: Line
