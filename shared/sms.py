"""In how many parts a text is sent as an SMS, and where they end (3GPP TS 23.038, 23.040). Pure.

Invariant: a text whose signs all stand in the GSM alphabet has 160 of them in one part and 153 in each of
several; a single sign that does not stand there makes it UCS-2, with 70 and 67. A sign that takes two places is
never split between parts: joined again, they are the text.
"""

from contextlib import suppress
from enum import StrEnum
from typing import NamedTuple

from gsm0338 import Codec

GSM_CODEC = Codec()
ESCAPE = 0x1B


def _signs(*lead: int) -> frozenset[str]:
    """What a septet after these means, for each that means something."""
    signs: set[str] = set()
    for septet in range(0x80):
        with suppress(UnicodeDecodeError):
            signs.add(str(GSM_CODEC.decode(bytes((*lead, septet)))[0]))
    return frozenset(signs - {""})  # the escape alone is no sign


GSM = _signs()
GSM_EXTENDED = _signs(ESCAPE)
"""Each takes two places."""
IN_GSM = GSM | GSM_EXTENDED
WRITTEN_PLAINLY = str.maketrans(
    {"…": "...", "“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "→": "->", "\u00a0": " "}
)


class Alphabet(StrEnum):
    GSM = "GSM 7-bit"
    UCS2 = "UCS-2"


_ROOM = {Alphabet.GSM: (160, 153), Alphabet.UCS2: (70, 67)}


class SmsSize(NamedTuple):
    places: int
    """As the network counts: `€` takes two of the GSM alphabet, a sign beyond the basic plane two of UCS-2."""
    alphabet: Alphabet
    parts: int


def sms_size(text: str) -> SmsSize:
    alphabet, places = _measured(text)
    return SmsSize(sum(places), alphabet, len(_cut(text, alphabet, places)))


def sms_parts(text: str) -> tuple[Alphabet, list[str]]:
    alphabet, places = _measured(text)
    return alphabet, _cut(text, alphabet, places)


def written_plainly(text: str) -> str:
    """With typewriter's quotes and dots where these alone keep the text out of the GSM alphabet, in which it
    takes half the parts; else as it is.
    """
    if text.isascii():
        return text
    plain = text.translate(WRITTEN_PLAINLY)
    return plain if set(plain) <= IN_GSM else text


def _measured(text: str) -> tuple[Alphabet, list[int]]:
    """The places that each sign takes."""
    if set(text) <= IN_GSM:
        return Alphabet.GSM, [1 + (sign in GSM_EXTENDED) for sign in text]
    return Alphabet.UCS2, [1 + (ord(sign) > 0xFFFF) for sign in text]


def _cut(text: str, alphabet: Alphabet, places: list[int]) -> list[str]:
    alone, each = _ROOM[alphabet]
    if sum(places) <= alone:
        return [text]
    parts: list[str] = []
    start = filled = 0
    for at, taken in enumerate(places):
        if filled + taken > each:
            parts.append(text[start:at])
            start, filled = at, 0
        filled += taken
    return [*parts, text[start:]]
