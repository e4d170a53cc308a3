"""What a record's digests were made of, and how it lies in the store: up to sixteen payloads to a chunk.
Pure.

Invariant: a chunk never reaches over a multiple of sixteen, so that payload i lies in a chunk that starts
between the multiple at or below i and i. Whoever holds a payload can make each digest of its record again;
after an erasure, those of what remains.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import msgspec
import orjson

from services.audit.records import fields, personal, record
from services.audit.records.personal import canonical

CHUNK = 16
CHUNK_BYTES = 2_000_000
"""A document of the store may have 16 MB, a message of the broker 1 MB."""


class PayloadError(ValueError):
    """Bytes that are no chunk. Says where."""


class PersonalField(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A personal field, provable by itself: `values` is the canonical JSON array that was hashed with
    `salt`.
    """

    salt: bytes
    values: bytes


class Remains(msgspec.Struct, frozen=True, array_like=True):
    """What an erasure left of a message: all but its personal fields, and those fields that were not
    erased.
    """

    kind: str
    plain: bytes | None
    """Canonical JSON with null for each personal value; None where the message was no JSON object, or all was
    erased.
    """
    salt: bytes
    """Of `plain`."""
    fields: dict[str, PersonalField]
    """By path."""


class RecordMaking(NamedTuple):
    """When the audit made the record, and which writer: with message and salts, all that its header was made
    of.
    """

    ingested: str
    epoch: int


@dataclass(frozen=True)
class Payload:
    """`raw` and `salt` are gone (None, empty) where something was erased: then `remains` has what is left."""

    index: int
    raw: bytes | None
    salt: bytes
    actor_salt: bytes | None = None
    remains: Remains | None = None
    making: RecordMaking | None = None
    """None for what an earlier version stored, or an erasure left: its record can't be made again."""

    @cached_property
    def envelope(self) -> dict[str, Any]:
        """The fact as far as it is there, parsed; {} where it is no JSON object. Not to be changed."""
        if self.remains is None:
            return record.envelope_of(self.raw)
        envelope = record.envelope_of(self.remains.plain)
        values = {path: orjson.loads(field.values) for path, field in self.remains.fields.items()}
        personal.put_back(envelope, self.remains.kind, values)
        return envelope

    @cached_property
    def text(self) -> str | None:
        """The words it is searched by."""
        return fields.words_of(self.envelope)

    @cached_property
    def actor(self) -> str | None:
        """Who did it."""
        return record.actor_of(self.envelope)

    def by(self, actor_salt: bytes | None) -> "Payload":
        """The same with the author's salt; what was parsed stays so."""
        made = Payload(self.index, self.raw, self.salt, actor_salt, self.remains, self.making)
        made.__dict__.update({name: value for name, value in self.__dict__.items() if name in _PARSED})
        return made


_PARSED = ("envelope", "text", "actor")


class Digests(msgspec.Struct, frozen=True, array_like=True):
    """As they enter a record."""

    plain: str | None
    personal: dict[str, str]


NO_DIGESTS = Digests(None, {})


class Parts(msgspec.Struct, frozen=True, array_like=True):
    """A message taken apart: what is hashed for `plain` and for each path. None where it can't be."""

    plain: bytes | None
    fields: dict[str, bytes]


def parts_of(envelope: dict[str, Any], kind: str) -> Parts:
    """The envelope has null for its personal values afterwards."""
    if not envelope:
        return Parts(None, {})
    taken = personal.take_out(envelope, kind)
    try:
        return Parts(canonical(envelope), {path: canonical(values) for path, values in taken.items()})
    except (TypeError, RecursionError):
        return Parts(None, {})


def digests_of(parts: Parts, salt: bytes) -> Digests:
    if parts.plain is None:
        return NO_DIGESTS
    return Digests(
        record.digest_of(record.field_salt(salt, ""), parts.plain),
        {
            path: record.digest_of(record.field_salt(salt, path), values)
            for path, values in parts.fields.items()
        },
    )


def without(payload: Payload, kind: str, paths: Iterable[str] | None) -> Payload:
    """What remains once `paths` are erased; of None all is, but that there was something. Erasing again what
    is erased is no fault.
    """
    if payload.remains is not None:
        remains = payload.remains
    else:
        parts = parts_of(record.envelope_of(payload.raw), kind)
        salted = {
            path: PersonalField(record.field_salt(payload.salt, path), values)
            for path, values in parts.fields.items()
        }
        remains = Remains(kind, parts.plain, record.field_salt(payload.salt, ""), salted)
    if paths is None or remains.plain is None:
        remains = Remains(kind, None, b"", {})
    else:
        gone = frozenset(paths)
        remains = Remains(
            kind,
            remains.plain,
            remains.salt,
            {p: field for p, field in remains.fields.items() if p not in gone},
        )
    return Payload(payload.index, None, b"", payload.actor_salt, remains)


# --- as the store holds them
# ------------------------------------------------------------------------------------------


class _KeptPayload(msgspec.Struct, frozen=True, array_like=True, gc=False):
    salt: bytes
    raw: bytes | None
    remains: Remains | None = None
    ingested: str = ""
    epoch: int = 0


_NOT_KEPT = RecordMaking("", 0)
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[_KeptPayload, ...]).decode


def chunks(payloads: Sequence[Payload]) -> Iterator[tuple[int, int, bytes]]:
    """(first index, how many, bytes) of payloads that are sorted by index; where an index is missing a new
    chunk begins.
    """
    part: list[Payload] = []
    size = 0
    for payload in payloads:
        weight = len(payload.raw or b"")
        if part and (
            payload.index != part[-1].index + 1 or payload.index % CHUNK == 0 or size + weight > CHUNK_BYTES
        ):
            yield part[0].index, len(part), pack(part)
            part, size = [], 0
        part.append(payload)
        size += weight
    if part:
        yield part[0].index, len(part), pack(part)


def pack(payloads: Sequence[Payload]) -> bytes:
    return _pack([_kept_payload(payload, payload.making or _NOT_KEPT) for payload in payloads])


def _kept_payload(payload: Payload, making: RecordMaking) -> _KeptPayload:
    return _KeptPayload(payload.salt, payload.raw, payload.remains, making.ingested, making.epoch)


def unpack(start: int, content: bytes) -> list[Payload]:
    """Raises PayloadError."""
    try:
        kept = _unpack(content)
    except msgspec.MsgspecError as error:
        raise PayloadError(
            f"the payloads stored from record {start} on can't be read ({error}): they were altered"
        ) from None
    return [
        Payload(
            index,
            payload.raw,
            payload.salt,
            None,
            payload.remains,
            RecordMaking(payload.ingested, payload.epoch) if payload.ingested else None,
        )
        for index, payload in enumerate(kept, start)
    ]


def multiples_of(indexes: Iterable[int]) -> list[int]:
    """Where they do start, but for a batch that began between two multiples."""
    return sorted({index - index % CHUNK for index in indexes})


def starts_of(indexes: Iterable[int]) -> list[int]:
    """Where the chunks that may hold these payloads start."""
    return sorted({start for index in indexes for start in range(index - index % CHUNK, index + 1)})
