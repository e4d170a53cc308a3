"""A sentence as a voice reads it: levels, times and telephone numbers as people say them. Pure.

Invariant: no word is left out or put in another order. It is done to the finished sentence, since what a
reporter typed holds times and numbers too.
"""

import re
from collections.abc import Callable, Sequence

from shared.vocabulary import Language

LEVELS = {"I": 1, "II": 2, "III": 3, "IV": 4}
NUMERALS = "〇一二三四"
MARKS = str.maketrans({"【": None, "】": "，", "〔": "，", "〕": None, "[": None, "]": ":"})
"""Brackets are for the eye."""
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
UNITS = {"d": "day", "h": "hour", "min": "minute", "s": "second"}

LEVEL_ZH = re.compile(r"(?<![A-Za-z])(IV|I{1,3})(?=级)")
LEVEL_EN = re.compile(r"\b([Ll]evel) (IV|I{1,3})\b")
TIME = re.compile(r"(?<![\d:.])([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?![\d:])")
DATE = re.compile(r"(?<![\d-])(?:(\d{4})-)?(0\d|1[0-2])-([0-2]\d|3[01])(?=[ T，。、；）)]|$)")
GAP_ZH = re.compile(
    r"(?:(?<=\d[点分秒日])|(?<=点整)) (?=[\u4e00-\u9fff\d])|(?<=[\u4e00-\u9fff]) (?=\d{1,2}[点月])"
)
SPAN_EN = re.compile(r"\b(\d+) (d|h|min|s)\b(?!\.\w)")
TELEPHONE = re.compile(
    r"(?<![\d.-])(?:\+\d{1,3}[- ]?\d[\d -]{5,12}\d|0\d{2,3}-?\d{7,8}|[48]00-?\d{3}-?\d{4}|1[3-9]\d{9})(?!\d|[.-]\d)"
)


def aloud(text: str, language: Language, telephones: Sequence[str] = ()) -> str:
    """`telephones`: numbers that stand in it for certain, whatever they look like."""
    for number in telephones:
        text = text.replace(number, _digits(number, language)) if number else text
    text = TELEPHONE.sub(lambda match: _digits(match.group(), language), text)
    for pattern, say in _SAID[language]:
        text = pattern.sub(say, text)
    return text.translate(MARKS)


def _digits(number: str, language: Language) -> str:
    """Sign by sign, with a breath where the number has one; without the country's own code."""
    if language is Language.ZH:
        number = number.removeprefix("+86")
    breath = "，" if language is Language.ZH else ", "
    groups = re.split(r"[^\d+]+", number.strip())
    return breath.join(" ".join(group.replace("+", "")) for group in groups if group)


def _time_zh(match: re.Match[str]) -> str:
    hour, minute, second = match.groups()
    said = f"{int(hour)}点" + (
        f"{'零' * (int(minute) < 10)}{int(minute)}分" if int(minute) or second else "整"
    )
    return f"{said}{int(second)}秒" if second and int(second) else said


def _time_en(match: re.Match[str]) -> str:
    hour, minute, second = match.groups()
    said = f"{int(hour)}:{minute}"
    return f"{said} and {_counted(int(second), 'second')}" if second and int(second) else said


def _date_zh(match: re.Match[str]) -> str:
    year, month, day = match.groups()
    return (f"{year}年" if year else "") + f"{int(month)}月{int(day)}日"


def _date_en(match: re.Match[str]) -> str:
    year, month, day = match.groups()
    return f"{MONTHS[int(month) - 1]} {int(day)}" + (f", {year}" if year else "")


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


_SAID: dict[Language, tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]] = {
    Language.ZH: (
        (LEVEL_ZH, lambda match: NUMERALS[LEVELS[match[1]]]),
        (DATE, _date_zh),
        (TIME, _time_zh),
        (GAP_ZH, lambda _: ""),
    ),
    Language.EN: (
        (LEVEL_EN, lambda match: f"{match[1]} {LEVELS[match[2]]}"),
        (DATE, _date_en),
        (TIME, _time_en),
        (SPAN_EN, lambda match: _counted(int(match[1]), UNITS[match[2]])),
    ),
}
