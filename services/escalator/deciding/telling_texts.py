"""Do two texts tell of the same thing? Pure. Chinese is compared in pairs of characters, everything else in
words, Chinese with anything else by the numbers and names that stand in both.

Invariant: texts are compared only where they can be. Where they are of two scripts and share neither number nor
name, there is no likeness at all, neither high nor low: the caller leaves the text out. One that says next to
nothing is like nothing.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

TELLING = 3
"""So many words and pairs say enough to be compared: a summary of two characters is one pair."""
_RUN = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]+")
_FIRST_HAN = "\u3400"
_EMPTY_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and at by for from has have in is it near of on or the to was were with reported report media online video",
    )
)
_EMPTY_PAIRS = frozenset(
    re.findall(
        r"\w+",
        "发生 目前 现场 情况 有关 相关 工作 已经 正在 我市 我县 我区 报告 事件 事项 一起 一名 其中 "
        "外媒 媒体 网传 网友 网民 报道 视频 热线 来电 反映",
    )
)
"""Who says it, and what every telling says: two that share nothing else are no one event."""
_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_TENS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
_COUNTED = re.compile(r"([零〇一二两三四五六七八九十百千万]{1,12})(?=[人名户辆吨栋间条所个])")
"""A Chinese numeral counts where something is counted with it."""
_SPELLED = {
    word: str(value)
    for value, word in enumerate(re.findall(r"\w+", "zero one two three four five six seven eight nine ten"))
}


@dataclass(frozen=True, slots=True)
class TakenApart:
    """A text as it is compared, taken apart once."""

    words: frozenset[str]
    numbers: frozenset[str]
    """Numbers, and names in Latin letters with a number in them: `38`, `g30`."""
    is_chinese: bool


@dataclass(frozen=True, slots=True)
class Likeness:
    alike: float
    common: frozenset[str]


def taken_apart(*texts: str | None) -> TakenApart:
    whole = " ".join(text for text in texts if text).lower()
    words = words_of(whole)
    numbers = {word for word in words if any(character.isdigit() for character in word)}
    numbers |= {str(_value(numeral)) for numeral in _COUNTED.findall(whole)}
    numbers |= {_SPELLED[word] for word in words if word in _SPELLED}
    han = sum(word[0] >= _FIRST_HAN for word in words)
    return TakenApart(words, frozenset(numbers), is_chinese=2 * han > len(words))


def words_of(*texts: str | None) -> frozenset[str]:
    """Pairs of neighbouring Chinese characters, and words of other scripts in lower case."""
    words: set[str] = set()
    for text in texts:
        for run in _RUN.findall((text or "").lower()):
            if run[0] < _FIRST_HAN or len(run) == 1:
                words.add(run)
            else:
                words.update(run[i : i + 2] for i in range(len(run) - 1))
    return frozenset(words - _EMPTY_WORDS - _EMPTY_PAIRS)


def compare_texts(
    first: TakenApart, second: TakenApart, place: frozenset[str] = frozenset()
) -> Likeness | None:
    """None where they can't be compared. 0: one says next to nothing, or two of one script share nothing, but for the
    name of the `place`.
    """
    if min(len(first.words), len(second.words)) < TELLING:
        return Likeness(0.0, frozenset())
    if first.is_chinese is not second.is_chinese:
        common = first.numbers & second.numbers
        fewer = min(len(first.numbers), len(second.numbers))
        return Likeness(len(common) / fewer, common) if common else None
    shorter, longer = sorted((first.words, second.words), key=len)
    common = shorter & longer
    if common <= place:
        return Likeness(0.0, frozenset())
    alike = len(common) / (len(shorter) + 1) if len(shorter) < TELLING + 1 else len(common) / len(shorter)
    return Likeness(min(1.0, alike), common)


def shown(words: Iterable[str], most: int = 8) -> list[str]:
    return sorted(words, key=lambda word: (-len(word), word))[:most]


def _value(numeral: str) -> int:
    """`三十八` is 38."""
    whole = part = digit = 0
    for character in numeral:
        if character == "万":
            whole, part, digit = (whole + part + digit) * 10_000, 0, 0
        elif character in _TENS:
            part, digit = part + (digit or 1) * _TENS[character], 0
        else:
            digit = _DIGITS[character]
    return whole + part + digit
