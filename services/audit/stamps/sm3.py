"""The digest SM3 (GB/T 32905-2016), for those who must have a Chinese one beside SHA-256. OpenSSL's where it has it, else this one.

Invariant: both give the same; this one is slow (some 100 kB/s) and meant for a checkpoint's few lines.
"""

import hashlib
from struct import pack, unpack

_IV = (0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E)
_WORD = 0xFFFFFFFF


def sm3(content: bytes) -> str:
    """Hex."""
    try:
        return hashlib.new("sm3", content).hexdigest()
    except ValueError:
        return plain_sm3(content)


def plain_sm3(content: bytes) -> str:
    padded = content + b"\x80" + bytes((55 - len(content)) % 64) + pack(">Q", 8 * len(content))
    state = _IV
    for at in range(0, len(padded), 64):
        state = _compressed(state, padded[at : at + 64])
    return pack(">8I", *state).hex()


def _turn(word: int, by: int) -> int:
    by %= 32
    return (word << by | word >> (32 - by)) & _WORD


def _compressed(state: tuple[int, ...], block: bytes) -> tuple[int, ...]:
    words = list(unpack(">16I", block))
    for j in range(16, 68):
        mixed = words[j - 16] ^ words[j - 9] ^ _turn(words[j - 3], 15)
        words.append(mixed ^ _turn(mixed, 15) ^ _turn(mixed, 23) ^ _turn(words[j - 13], 7) ^ words[j - 6])
    a, b, c, d, e, f, g, h = state
    for j in range(64):
        first = _turn((_turn(a, 12) + e + _turn(0x79CC4519 if j < 16 else 0x7A879D8A, j)) & _WORD, 7)
        left = a ^ b ^ c if j < 16 else a & b | a & c | b & c
        right = e ^ f ^ g if j < 16 else e & f | ~e & g & _WORD
        top = (left + d + (first ^ _turn(a, 12)) + (words[j] ^ words[j + 4])) & _WORD
        below = (right + h + first + words[j]) & _WORD
        a, b, c, d = top, a, _turn(b, 9), c
        e, f, g, h = below ^ _turn(below, 9) ^ _turn(below, 17), e, _turn(f, 19), g
    return tuple(old ^ new for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True))
