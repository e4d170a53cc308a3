"""How templates are read: everything escaped, a name that is missing is a fault, one environment a
language.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from shared.facts import Name, Outage
from shared.language import times
from shared.language.catalogue import catalogue, name_in
from shared.language.excuses import excuse_words
from shared.language.filled import Said
from shared.language.labels import label, why_in_words
from shared.vocabulary import Language

LANGUAGES = {Language.ZH.value: "中文", Language.EN.value: "English"}


def environment(
    language: Language, zone: ZoneInfo, folders: Sequence[Path], everywhere: dict[str, Any]
) -> Environment:
    """`everywhere` is known in every template. Filters: named, label, span, full, translated."""
    made = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )
    words = catalogue(language)
    # The extension adds this method at run time, so that no checker knows it.
    cast(Any, made).install_gettext_callables(words.gettext, words.ngettext, newstyle=True)

    def named(name: Name) -> str:
        return name_in(name, language)

    def labelled(value: object, group: str) -> str:
        if group == "why":
            return why_in_words(str(value), words.gettext)
        return words.gettext(label(group, value))

    def full(at: datetime) -> str:
        return times.full(at, zone)

    def excused(excuses: Sequence[str], outage: Outage | None = None) -> tuple[str, ...]:
        return excuse_words(excuses, outage, language, zone, words.gettext)

    comma = "、" if language is Language.ZH else ", "

    def together(names: Sequence[Name]) -> str:
        return comma.join(named(name) for name in names)

    def translated(message: str) -> str:
        return (
            message.again(words.gettext, named, comma)
            if isinstance(message, Said)
            else words.gettext(message)
        )

    filters: dict[str, Any] = {
        "named": named,
        "label": labelled,
        "span": times.span,
        "full": full,
        "translated": translated,
    }
    made.filters.update(filters)
    made.globals.update(
        cast(
            Any,
            {
                "language": language.value,
                "languages": LANGUAGES,
                "together": together,
                "excused": excused,
                **everywhere,
            },
        )
    )
    return made
