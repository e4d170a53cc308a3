"""What a case has of its forms, as its page shows it."""

from datetime import datetime
from zoneinfo import ZoneInfo

from shared.case import Case
from shared.forms import Forms
from shared.forms.words import FilledForm, FormWords, filled_form
from shared.language.words import Words
from shared.vocabulary import Language
from shared.web.names import Names


def filled_forms(
    case: Case, forms: Forms, names: Names, language: Language, zone: ZoneInfo
) -> tuple[tuple[FilledForm, datetime, str], ...]:
    """Each with when and by whom it was filled in last."""
    words = FormWords(names, Words(language), zone)
    return tuple(
        (
            filled_form(one.id, one.fields, one.missing, forms, words, wrong=bool(one.wrong)),
            one.at,
            one.by,
        )
        for one in case.forms
    )
