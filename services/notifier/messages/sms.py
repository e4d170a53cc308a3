"""How many parts a text is sent in as an SMS (3GPP TS 23.038, 23.040). Pure.

Invariant: a text whose signs all stand in the GSM alphabet has 160 of them in one part and 153 in each of
several; a single sign that does not stand there makes it UCS-2, with 70 and 67.
"""

from enum import StrEnum
from typing import NamedTuple

GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("\f^{}\\[~]|€")
"""Each takes two places."""
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
    signs = set(text)
    if signs <= GSM | GSM_EXTENDED:
        alphabet = Alphabet.GSM
        places = len(text) + sum(text.count(sign) for sign in signs & GSM_EXTENDED)
    else:
        alphabet = Alphabet.UCS2
        places = len(text) + sum(ord(sign) > 0xFFFF for sign in text)
    alone, each = _ROOM[alphabet]
    return SmsSize(places, alphabet, 1 if places <= alone else -(-places // each))


def written_plainly(text: str) -> str:
    """With typewriter's quotes and dots where these alone keep the text out of the GSM alphabet, in which it
    takes half the parts; else as it is.
    """
    if text.isascii():
        return text
    plain = text.translate(WRITTEN_PLAINLY)
    return plain if set(plain) <= GSM | GSM_EXTENDED else text
