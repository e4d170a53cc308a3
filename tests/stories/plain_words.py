"""What no message to a person may contain: ids, enums, policy keys, times in UTC, the other language. Pure."""

import re

from shared.vocabulary import Language

_LINK = re.compile(r"https?://\S+")
_MACHINE_WORDS = {
    "an id": re.compile(r"\b[0-9A-HJKMNP-TV-Z]{26}\b|\bt\d+\b"),
    "an enum or a key of the policy": re.compile(r"\b[a-z]+(?:_[a-z]+)+\b|(?<![A-Za-z0-9.])@\w+"),
    "a time that is not the wall's": re.compile(r"\d{4}-\d\d-\d\dT\d|\bUTC\b|\+00:00"),
    "a span as machines write it": re.compile(r"\bP(?:\d+[DWMY])+\b|\bP?T\d+[HMS]"),
    "what was not there": re.compile(r"\b(?:None|null|undefined|True|False)\b|\{\{|\}\}|、、|（）|\(\)"),
}
_ENGLISH = re.compile(r"(?!III(?![A-Za-z]))[A-Za-z]{3,}")


def faults_in(text: str, language: Language, written: str = "") -> list[str]:
    """In words, each with what is wrong; none where a frightened person can read it. `written`: what people
    wrote themselves, in whatever language.
    """
    said, theirs = _LINK.sub("", text), set(_ENGLISH.findall(written))
    faults = [
        f"{what}: {match[0]!r}" for what, rule in _MACHINE_WORDS.items() for match in rule.finditer(said)
    ]
    if language is Language.ZH:
        faults += [
            f"English in a Chinese text: {match[0]!r}"
            for match in _ENGLISH.finditer(said)
            if not any(word.startswith(match[0]) for word in theirs)
        ]
    elif "【" in said:
        faults.append("a Chinese heading in an English text")
    return faults
