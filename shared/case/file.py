"""A file that a fact of the case has named, for those who look at the case."""

from datetime import datetime

from shared.facts import Value
from shared.facts.file import MadeFromRecord
from shared.vocabulary import Kind


class CaseFile(Value, frozen=True, kw_only=True):
    sha256: str
    name: str
    type: str
    """The media type that its content has."""
    bytes: int
    sequence: int
    """Of the fact that named it first."""
    kind: Kind
    """Of that fact."""
    at: datetime
    by: str
    """The principal."""
    origin: MadeFromRecord | bool | None = None
    """Of a document that is to be made from the record: of which, or that it is not. None: nobody has looked."""
