"""The forms as services work by them: by id, and by where they belong.

Invariant: a book never changes; what it says of a place is looked up, not searched, once it was asked.
"""

from dataclasses import dataclass, field
from pathlib import Path

from shared.forms.model import Belongs, DeclaredForm, FormsDocument
from shared.lined_yaml import parse, text_of
from shared.message import N_
from shared.vocabulary import Document, Kind, ReportKind

CONTINUES = (Kind.FOLLOWED_UP, Kind.PROGRESSED, Kind.RESOLVED, Kind.COMPLETED, Kind.CLOSED)
"""Acts that go on filling in what the report began."""
_REMEMBERED = 10_000


@dataclass(frozen=True)
class FillingPlace:
    """Where somebody stands with a form in hand."""

    kind: ReportKind
    topic: str | None = None
    act: Kind | None = None
    """None: the report itself."""
    document: Document | None = None
    duty: str | None = None
    """The rule that the standing case watches."""


@dataclass(frozen=True)
class Forms:
    document: FormsDocument
    _known: dict[FillingPlace, tuple[DeclaredForm, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def get(self, form_id: str) -> DeclaredForm | None:
        return self.document.forms.get(form_id)

    def all(self) -> tuple[DeclaredForm, ...]:
        return tuple(self.document.forms.values())

    def of(self, place: FillingPlace) -> tuple[DeclaredForm, ...]:
        """Those that may be filled in there, in the order of the file."""
        if (known := self._known.get(place)) is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[place] = known = tuple(
                form for form in self.all() if any(_fits(belongs, place) for belongs in form.of)
            )
        return known

    def of_report(self, kind: ReportKind, topic: str | None) -> tuple[DeclaredForm, ...]:
        return self.of(FillingPlace(kind, topic))

    def owed_of(self, kind: ReportKind, topic: str | None) -> tuple[DeclaredForm, ...]:
        """Those without which such a case does not end."""
        place = FillingPlace(kind, topic)
        return tuple(
            form
            for form in self.of(place)
            if form.ends_complete and any(each.owed and _fits(each, place) for each in form.of)
        )


NO_FORMS = Forms(FormsDocument(version="none", forms={}))


def _fits(belongs: Belongs, place: FillingPlace) -> bool:
    if belongs.kinds and place.kind not in belongs.kinds:
        return False
    if belongs.topics and place.topic not in belongs.topics:
        return False
    if belongs.duties and place.duty not in belongs.duties:
        return False
    if belongs.documents:
        return place.act is Kind.FILED and place.document in belongs.documents
    if belongs.acts:
        return place.act in belongs.acts
    return place.act is None or place.act in CONTINUES


def parse_forms(text: str, name: str = "forms.yaml") -> Forms:
    """Raises YamlFault with a line for each fault."""
    document, _ = parse(text, FormsDocument, name)
    return Forms(document)


def load_forms(path: Path) -> Forms:
    """Raises YamlFault."""
    return parse_forms(text_of(path, N_("set FENGHUO_FORMS to an existing file")), path.name)
