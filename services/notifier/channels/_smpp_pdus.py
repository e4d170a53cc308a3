"""The units of SMPP 3.4 that a sender of messages says and hears, as bytes. Pure.

Invariant: what comes from the network is read within its own bounds, or refused with ValueError; a status or
a field that nobody knows is kept as it is. (The packages there are for SMPP refuse whole units for a vendor's
own status or parameter.)
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

from shared.sms import GSM_CODEC, Alphabet, sms_parts

HEADER = struct.Struct(">IIII")
LONGEST = 64 * 1024
"""Bytes of one unit."""
IS_ANSWER = 0x80000000
HAS_HEADER = 0x40
"""Of esm_class: the text begins with a header of its own."""
IS_RECEIPT, KIND_OF_MESSAGE = 0x04, 0x3C
PAYLOAD, RECEIPTED_ID, STATE = 0x0424, 0x001E, 0x0427
GSM, LATIN1, UCS2 = 0, 3, 8


class Command(IntEnum):
    NACK = 0x80000000
    SUBMIT = 0x04
    DELIVER = 0x05
    UNBIND = 0x06
    BIND = 0x09
    ENQUIRE = 0x15


class Status(IntEnum):
    OK = 0x00
    NOT_BOUND = 0x04
    QUEUE_FULL = 0x14
    TEMPORARY = 0x64


@dataclass(frozen=True, slots=True)
class Pdu:
    command: int
    status: int
    sequence: int
    body: bytes = b""

    @property
    def is_answer(self) -> bool:
        return bool(self.command & IS_ANSWER)

    def bytes(self) -> bytes:
        return HEADER.pack(HEADER.size + len(self.body), self.command, self.status, self.sequence) + self.body


def answer(unit: Pdu, status: Status = Status.OK, body: bytes = b"") -> Pdu:
    return Pdu(unit.command | IS_ANSWER, status, unit.sequence, body)


def bind(system: str, password: str, system_type: str) -> bytes:
    return _text(system) + _text(password) + _text(system_type) + bytes((0x34, 0, 0)) + _text("")


@dataclass(frozen=True, slots=True)
class Address:
    number: str
    ton: int
    npi: int


@dataclass(frozen=True, slots=True)
class SmsPart:
    """One unit of a message that may take several."""

    esm_class: int
    coding: int
    text: bytes
    payload: bytes = b""


def parts_of(text: str, reference: int, *, as_payload: bool) -> list[SmsPart]:
    """`reference`: the telephone joins parts of the same; `as_payload`: the other side cuts it."""
    alphabet, pieces = sms_parts(text)
    coding = GSM if alphabet is Alphabet.GSM else UCS2
    if len(pieces) == 1:
        return [SmsPart(0, coding, _encoded(text, coding))]
    if as_payload:
        return [SmsPart(0, coding, b"", _encoded(text, coding))]
    return [
        SmsPart(HAS_HEADER, coding, bytes((5, 0, 3, reference, len(pieces), n)) + _encoded(piece, coding))
        for n, piece in enumerate(pieces, start=1)
    ]


def submission(
    source: Address, to: Address, part: SmsPart, until: datetime | None, *, receipt: bool
) -> bytes:
    ends = f"{until.astimezone(UTC):%y%m%d%H%M%S}000+" if until is not None else ""
    payload = struct.pack(">HH", PAYLOAD, len(part.payload)) + part.payload if part.payload else b""
    return b"".join(
        (
            _text(""),
            *(bytes((address.ton, address.npi)) + _text(address.number) for address in (source, to)),
            bytes((part.esm_class, 0, 1)),  # as urgent as a text message can be
            _text(""),
            _text(ends),
            bytes((int(receipt), 0, part.coding, 0, len(part.text))),
            part.text,
            payload,
        )
    )


def message_id(unit: Pdu) -> str:
    """That the other side gave what it took."""
    return unit.body.partition(b"\0")[0].decode("latin-1")


@dataclass(frozen=True, slots=True)
class BroughtMessage:
    """What the other side brings: what somebody wrote, or what became of a message."""

    number: str
    is_receipt: bool
    text: str
    receipted: str = ""
    state: int | None = None


def brought_by(body: bytes) -> BroughtMessage:
    """Raises ValueError for what ends before it should."""
    rest = _Rest(body)
    rest.text()
    ton, _, number = rest.byte(), rest.byte(), rest.text()
    rest.take(2)
    rest.text()
    esm_class = rest.byte()
    rest.take(2)
    rest.text()
    rest.text()
    rest.take(2)
    coding = rest.byte()
    rest.byte()
    raw = rest.take(rest.byte())
    extra = rest.tagged()
    raw = raw or extra.get(PAYLOAD, b"")
    if esm_class & HAS_HEADER and raw:
        raw = raw[raw[0] + 1 :]
    state = extra.get(STATE, b"")
    return BroughtMessage(
        number=f"+{number}" if ton == 1 and not number.startswith("+") else number,
        is_receipt=esm_class & KIND_OF_MESSAGE == IS_RECEIPT,
        text=_decoded(raw, coding),
        receipted=extra.get(RECEIPTED_ID, b"").rstrip(b"\0").decode("latin-1"),
        state=state[0] if len(state) == 1 else None,
    )


class _Rest:
    def __init__(self, raw: bytes) -> None:
        self._raw, self._at = raw, 0

    def take(self, count: int) -> bytes:
        taken = self._raw[self._at : self._at + count]
        if len(taken) < count:
            raise ValueError("it ends before it should")
        self._at += count
        return taken

    def byte(self) -> int:
        return self.take(1)[0]

    def text(self) -> str:
        end = self._raw.find(b"\0", self._at)
        if end < 0:
            raise ValueError("a text has no end")
        return self.take(end + 1 - self._at)[:-1].decode("latin-1")

    def tagged(self) -> dict[int, bytes]:
        fields: dict[int, bytes] = {}
        while self._at < len(self._raw):
            tag, length = struct.unpack(">HH", self.take(4))
            fields[tag] = self.take(length)
        return fields


def _text(text: str) -> bytes:
    return text.encode("latin-1") + b"\0"


def _encoded(text: str, coding: int) -> bytes:
    return text.encode("utf-16-be") if coding == UCS2 else bytes(GSM_CODEC.encode(text)[0])


def _decoded(raw: bytes, coding: int) -> str:
    if coding == UCS2:
        return raw.decode("utf-16-be", "replace")
    if coding == GSM:
        try:
            return str(GSM_CODEC.decode(raw)[0])
        except UnicodeDecodeError:
            return raw.decode("latin-1")
    return raw.decode("latin-1")
