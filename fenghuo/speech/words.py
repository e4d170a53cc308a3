"""What the command says, in the language that was chosen for this process.

Invariant: where English is spoken no catalogue is read, so that help is there at once.
"""

from typing import TYPE_CHECKING, Any

from shared.vocabulary import Language

if TYPE_CHECKING:
    from shared.language.words import Words

_language = Language.EN


def choose(wanted: Language) -> None:
    """For the whole process, at its start."""
    global _language  # noqa: PLW0603 - a process speaks one language
    _language = wanted


def language() -> Language:
    return _language


def _words() -> "Words":
    from shared.language.words import Words

    return Words(_language)


def worded(message: str, **values: object) -> str:
    """A message in the operator's language, filled in: `%(path)s`."""
    if _language is Language.EN:
        return message % values if values else message
    return _words().of(message, **values)


def also(text: str) -> str:
    """What another part said in English, in the operator's language where it is one of our messages."""
    return text if _language is Language.EN else _words().again(text)


def labelled(group: str, value: object) -> str:
    """A value of a closed set in the words of the field."""
    return _words().label(group, "" if value is None else value)


def typed(group: str, value: str) -> str:
    """The same where a column is narrow: in English the value as it is typed (`--kind delivered`)."""
    return value if _language is Language.EN else labelled(group, value)


def reason(why: str) -> str:
    """The reason of a decision, in words."""
    return _words().why(why)


def named(zh: str, en: str) -> str:
    """A name of the directory: in Chinese alone, or in both languages."""
    return zh if _language is Language.ZH else f"{zh} {en}"


def listed(parts: list[Any]) -> str:
    return ("、" if _language is Language.ZH else ", ").join(map(str, parts))
