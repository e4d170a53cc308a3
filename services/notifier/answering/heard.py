"""What somebody has written back: a digit, perhaps with the code of the message and a reason, or words. Pure.

Invariant: only what can be meant in one way is understood; all else is for a person to read.
"""

import re
import unicodedata
from typing import NamedTuple

# No code begins with 1 or 2: 110, 119 and 120 are nobody's answer.
_DIGITS = re.compile(r"([1-3])([3-9][0-9])?(?![0-9])[\s,.;:，。；：、!！-]*(.*)", re.DOTALL)
_EDGES = " \t\r\n.,;:!?。，；：！？、~…\"'“”"
_MEANT = (
    (1, "知道|知道了|我知道了|已知|已知悉|知悉|收到|已收到|收到了|好|好的|明白|明白了|确认"),
    (1, "ok|okay|yes|received|acknowledged|i know"),
    (2, "不行|不能|我不能|无法|无法处理|处理不了|我处理不了|请找下一位|找下一位|下一位"),
    (2, "cannot|next|i can't|i cannot|next please"),
    (3, "回电|请回电|来电|请来电|给我打电话|打给我|call me|ring me|please call me"),
)
_DIGIT_OF = {words: digit for digit, meant in _MEANT for words in meant.split("|")}


class HeardWords(NamedTuple):
    digit: int | None
    """1, 2 or 3; None: a person must read it."""
    code: str
    rest: str
    """What stands behind the digit: a reason."""


def heard(text: str) -> HeardWords:
    plain = unicodedata.normalize("NFKC", text).strip(_EDGES)
    if (digits := _DIGITS.fullmatch(plain)) is not None:
        return HeardWords(int(digits[1]), digits[2] or "", digits[3].strip(_EDGES))
    words = " ".join(plain.lower().replace("’", "'").split())
    digit = _DIGIT_OF.get(words)
    return HeardWords(digit, "", "" if digit else text.strip())
