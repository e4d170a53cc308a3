"""How templates are read: everything escaped, a name that is missing is a fault, one environment a
language.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from shared.facts import Outage
from shared.files.kinds import PICTURES
from shared.language import times
from shared.language.catalogue import N_, catalogue
from shared.language.excuses import excuse_words
from shared.language.harm import harm_in_words
from shared.language.labels import label
from shared.language.origin import origin_in_words
from shared.language.words import Words
from shared.vocabulary import Language

DAYS = N_("{}d")
LANGUAGES = {Language.ZH.value: "中文", Language.EN.value: "English"}


def environment(
    language: Language, zone: ZoneInfo, folders: Sequence[Path], everywhere: dict[str, Any]
) -> Environment:
    """`everywhere` is known in every template. Filters: named, label, span, duration, full, translated, harm, size,
    origin.
    """
    jinja = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )
    messages, words = catalogue(language), Words(language)
    # The extension adds this method at run time, so that no checker knows it.
    cast(Any, jinja).install_gettext_callables(messages.gettext, messages.ngettext, newstyle=True)

    def labelled(value: object, group: str) -> str:
        return words.why(str(value)) if group == "why" else words.of(label(group, value))

    def full(at: datetime) -> str:
        return times.full(at, zone)

    def excused(excuses: Sequence[str], outage: Outage | None = None) -> tuple[str, ...]:
        return excuse_words(excuses, outage, zone, words)

    filters: dict[str, Any] = {
        "named": words.name,
        "label": labelled,
        "span": partial(times.span, days_said=messages.gettext(DAYS)),
        "full": full,
        "duration": partial(words.span, exact=True),
        "translated": words.again,
        "harm": partial(harm_in_words, words),
        "size": words.size,
        "origin": partial(origin_in_words, words, zone=zone),
    }
    jinja.filters.update(filters)
    jinja.globals.update(
        cast(
            Any,
            {
                "language": language.value,
                "languages": LANGUAGES,
                "together": words.names,
                "comma": words.comma,
                "excused": excused,
                "pictures": PICTURES,
                **everywhere,
            },
        )
    )
    return jinja
