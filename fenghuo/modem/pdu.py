"""Text messages as a modem takes and gives them in PDU mode (3GPP TS 23.040, 23.038). Pure."""

from typing import NamedTuple

from shared.sms import GSM_CODEC, Alphabet, sms_parts

SUBMIT_WITH_VALIDITY, HAS_HEADER = 0x11, 0x40
ONE_DAY = 0xA7
"""How long the network tries to deliver: what is older has been answered or passed on."""
INTERNATIONAL, NATIONAL, LETTERS = 0x91, 0x81, 0x50
UCS2 = 0x08
MOST_PARTS = 10


class Submit(NamedTuple):
    """One part to send."""

    octets: int
    """As `AT+CMGS` counts them: without the service centre's address."""
    pdu: str


class PartReceived(NamedTuple):
    """One part that came in."""

    sender: str
    text: str
    reference: int = 0
    part: int = 1
    parts: int = 1


def submits(number: str, text: str, reference: int) -> list[Submit]:
    """`reference`: the same for all parts and for a repeat, so that a telephone joins them. Raises ValueError
    for a text of more than ten parts.
    """
    alphabet, parts = sms_parts(text)
    if len(parts) > MOST_PARTS:
        raise ValueError(f"more than {MOST_PARTS} parts")
    return [
        _submit(number, _encoded(part, alphabet), (reference & 0xFF, len(parts), place), alphabet)
        for place, part in enumerate(parts, 1)
    ]


def _encoded(part: str, alphabet: Alphabet) -> bytes:
    return GSM_CODEC.encode(part)[0] if alphabet is Alphabet.GSM else part.encode("utf-16-be")


def _submit(number: str, body: bytes, place: tuple[int, int, int], alphabet: Alphabet) -> Submit:
    header = bytes((5, 0, 3, *place)) if place[1] > 1 else b""
    digits = number.lstrip("+")
    address = bytes((len(digits), INTERNATIONAL if number.startswith("+") else NATIONAL)) + _half_octets(
        digits
    )
    if alphabet is Alphabet.GSM:
        coding, room = 0, -(-len(header) * 8 // 7)
        length, content = room + len(body), header + packed(body, room * 7 - len(header) * 8)
    else:
        coding, length, content = UCS2, len(header) + len(body), header + body
    first = SUBMIT_WITH_VALIDITY | (HAS_HEADER if header else 0)
    whole = bytes((first, 0)) + address + bytes((0, coding, ONE_DAY, length)) + content
    return Submit(len(whole), f"00{whole.hex()}".upper())


def packed(septets: bytes, fill: int = 0) -> bytes:
    """Seven bits each, the first sign in the lowest, after `fill` bits."""
    number = sum(septet << (7 * place) for place, septet in enumerate(septets)) << fill
    return number.to_bytes((7 * len(septets) + fill + 7) // 8, "little")


def _unpacked(octets: bytes, count: int, fill: int = 0) -> bytes:
    number = int.from_bytes(octets, "little") >> fill
    return bytes(number >> (7 * place) & 0x7F for place in range(count))


def _half_octets(digits: str) -> bytes:
    padded = digits + "F" * (len(digits) % 2)
    return bytes.fromhex("".join(padded[place + 1] + padded[place] for place in range(0, len(padded), 2)))


def delivered(pdu: str) -> PartReceived:
    """A part that came in. Raises ValueError for what is none."""
    try:
        return _delivered(bytes.fromhex(pdu))
    except (IndexError, UnicodeDecodeError) as error:
        raise ValueError(f"no text message: {error}") from None


def _delivered(octets: bytes) -> PartReceived:
    rest = octets[1 + octets[0] :]
    first, digits, kind = rest[0], rest[1], rest[2]
    if first & 0x03:
        raise ValueError("no text message that came in")
    address, rest = rest[3 : 3 + (digits + 1) // 2], rest[3 + (digits + 1) // 2 :]
    sender = _sender(address, digits, kind)
    coding, length, content = rest[1], rest[9], rest[10:]
    header = content[: 1 + content[0]] if first & HAS_HEADER else b""
    reference, parts, part = _place(header)
    room = -(-len(header) * 8 // 7)
    body = content[len(header) :]
    if _is_ucs2(coding):
        text = body[: max(length - len(header), 0)].decode("utf-16-be", "replace")
    elif _is_octets(coding):
        text = body[: max(length - len(header), 0)].decode("latin-1")
    else:
        septets = min(max(length - room, 0), len(body) * 8 // 7)
        text = _read(_unpacked(body, septets, room * 7 - len(header) * 8))
    return PartReceived(sender, text, reference, part, parts)


def _sender(address: bytes, digits: int, kind: int) -> str:
    if kind & 0x70 == LETTERS:
        return _read(_unpacked(address, digits * 4 // 7))
    number = "".join(f"{octet & 0xF:x}{octet >> 4:x}" for octet in address)[:digits]
    return ("+" if kind & 0x70 == 0x10 else "") + number


def _read(septets: bytes) -> str:
    return str(GSM_CODEC.decode(septets, "replace")[0])


def _place(header: bytes) -> tuple[int, int, int]:
    """Reference, parts and place of a part; of a whole message `(0, 1, 1)`."""
    rest = header[1:]
    while len(rest) >= 2:
        kind, length, content = rest[0], rest[1], rest[2 : 2 + rest[1]]
        if (kind, length, len(content)) in ((0, 3, 3), (8, 4, 4)):
            reference, parts, part = int.from_bytes(content[:-2], "big"), content[-2], content[-1]
            return (reference, parts, part) if 1 <= part <= parts else (0, 1, 1)
        rest = rest[2 + length :]
    return 0, 1, 1


def _is_ucs2(coding: int) -> bool:
    return coding >> 4 == 0xE or (coding < 0x80 and coding & 0x0C == UCS2)


def _is_octets(coding: int) -> bool:
    return coding & 0x0C == 0x04 if coding < 0x80 else coding >> 4 == 0xF and bool(coding & 0x04)
