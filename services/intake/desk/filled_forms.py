"""What a case has of its forms, as its page shows it."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from shared.case import Case
from shared.facts import Name
from shared.forms import Forms
from shared.forms.filling import title_of
from shared.forms.words import FormWords, ShownField
from shared.language.words import Words
from shared.vocabulary import Language
from shared.web.names import Names


@dataclass(frozen=True, slots=True)
class FilledForm:
    id: str
    title: Name
    fields: tuple[ShownField, ...]
    missing: str
    """What is lacking before it counts as complete; empty where nothing is."""
    wrong: int
    at: datetime
    by: str


def filled_forms(
    case: Case, forms: Forms, names: Names, language: Language, zone: ZoneInfo
) -> tuple[FilledForm, ...]:
    words = Words(language)
    shown = FormWords(names, words, zone)
    filled: list[FilledForm] = []
    for block in case.forms:
        form = forms.get(block.id)
        columns = (title_of(form, name) for name in block.missing) if form is not None else ()
        filled.append(
            FilledForm(
                id=block.id,
                title=form.title if form is not None else Name(zh=block.id, en=block.id),
                fields=tuple(shown.fields(form, block.fields)),
                missing=words.names(column.title for column in columns if column is not None),
                wrong=block.wrong,
                at=block.at,
                by=block.by,
            )
        )
    return tuple(filled)
