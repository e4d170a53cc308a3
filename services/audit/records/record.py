"""A record's header `rec`: the small canonical JSON that is hashed into the tree, one for each fact.

Invariant: `rec` is canonical by RFC 8785 (ASCII keys sorted, integers below 2^53, no floats: msgspec writes
the same bytes) and holds no personal data: the message, the message without its personal fields and each of
these enter by salted digests, its author by a pseudonym. Headers of version 1 are read and written back for
ever; of version 3 are only those that name a `distrust`.
"""

import hmac
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal, NamedTuple

import msgspec
import orjson

from shared.facts import rfc3339
from shared.facts.distrust import Distrust
from shared.formats import NewerError

VERSION = 2
DISTRUSTED_VERSION = 3
FOLLOWING_VERSION = 4
"""Of the first record of a trail that follows one that was ended."""
_CASE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OUR_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_TEXT_LIMIT = 256
_MILLISECOND = timedelta(milliseconds=1)
_ABSENT_IN_V1 = ("offset", "personal", "plain", "repeats")


class RecordError(ValueError):
    """Bytes that are no `rec`. Says what is wrong."""


class BrokerMessage(NamedTuple):
    """A fact as the broker holds it; `raw` None where the broker has lost it."""

    sequence: int
    subject: str
    message_id: str
    time: datetime
    raw: bytes | None
    headers: Mapping[str, str] | None = None
    """As they are stored; None where they are not known, so that nothing is concluded from them."""


class Rec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """`case` is "" for facts about no case: they are numbered among themselves. Fields stand in the order
    they are hashed in.
    """

    actor: str | None
    broker: str
    case: str
    claimed: str | None
    created: str
    """When the stream was made: another stream of the same name is another record."""
    digest: str | None
    """SHA-256(salt ‖ message), hex; None for a gap, as all that is made of the message."""
    distrust: Distrust | msgspec.UnsetType = msgspec.UNSET
    """Why the message is no authentic fact; absent where it is one."""
    epoch: int
    follows: str | msgspec.UnsetType = msgspec.UNSET
    """The note about the end of the trail before; in a first record alone."""
    form: Literal["fact", "gap"]
    index: int
    ingested: str
    message_id: str
    number: int
    offset: int | None = None
    """Broker's time minus the claimed one, whole milliseconds, rounded down."""
    personal: dict[str, str] = {}
    """Path of each personal field the message has → SHA-256(field salt ‖ its values as a canonical JSON
    array), hex.
    """
    plain: str | None = None
    """The same of the message with null for each personal value; None where it is no JSON object."""
    previous: int | None
    repeats: int | None = None
    """An earlier record with the same message id, looked for among the last `Seen.WIDTH`."""
    sequence: int
    stream: str
    subject: str
    v: int = VERSION

    def write(self) -> bytes:
        return _encode(self) if self.v != 1 else orjson.dumps(self.header())

    def header(self) -> dict[str, Any]:
        """As it is written: a header of version 1 has only that version's fields."""
        header = msgspec.structs.asdict(self)
        if self.distrust is msgspec.UNSET:
            del header["distrust"]
        if self.follows is msgspec.UNSET:
            del header["follows"]
        if self.v == 1:
            for name in _ABSENT_IN_V1:
                del header[name]
        return header

    @classmethod
    def read(cls, raw: bytes) -> "Rec":
        """Raises RecordError for bytes that `write` would not have made."""
        try:
            rec = _decode(raw)
        except (msgspec.MsgspecError, ValueError) as error:
            raise RecordError(f"the header is no record of this trail ({error})") from None
        if rec.v not in (1, VERSION, DISTRUSTED_VERSION, FOLLOWING_VERSION):
            raise RecordError(f"the header is of version {rec.v}, which this program does not know")
        if (rec.v == FOLLOWING_VERSION) is (rec.follows is msgspec.UNSET) or (
            rec.v == FOLLOWING_VERSION and rec.index != 0
        ):
            raise RecordError(
                f"a first header of version {FOLLOWING_VERSION}, and no other, says which trail it follows"
            )
        if rec.v != FOLLOWING_VERSION and (rec.v == DISTRUSTED_VERSION) is (rec.distrust is msgspec.UNSET):
            raise RecordError(
                f"a header of version {DISTRUSTED_VERSION}, and no other, says why its message is not trusted"
            )
        if rec.write() != raw:
            raise RecordError("the header is not in canonical form")
        return rec


class _Version(msgspec.Struct):
    v: int = 1


def refuse_newer(raw: bytes) -> None:
    """Raises NewerError for a header that a newer version has written."""
    with suppress(msgspec.MsgspecError):
        if (version := _version(raw).v) > FOLLOWING_VERSION:
            raise NewerError(version)


_version = msgspec.json.Decoder(_Version).decode
_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(Rec).decode


def digest_of(salt: bytes, raw: bytes) -> str:
    return sha256(salt + raw).hexdigest()


def pseudonym(salt: bytes, principal: str) -> str:
    """The same for all acts of one principal; with the salt anyone can check it, without it nobody can guess
    it.
    """
    return sha256(salt + principal.encode()).hexdigest()[:32]


def field_salt(salt: bytes, path: str) -> bytes:
    """The salt of one field, or of the message without them ("" for its path): it can be shown without
    showing the others'.
    """
    return hmac.digest(salt, path.encode(), "sha256")


def envelope_of(raw: bytes | None) -> dict[str, Any]:
    """The CloudEvent of a fact's bytes; empty where they are none."""
    try:
        parsed: object = orjson.loads(raw or b"")
    except orjson.JSONDecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def case_of(envelope: dict[str, Any]) -> str:
    case = envelope.get("subject")
    return case if isinstance(case, str) and _CASE.fullmatch(case) else ""


def claimed_of(envelope: dict[str, Any]) -> str | None:
    """When the author says it happened, in the trail's spelling; None where it does not say so readably."""
    stamp = envelope.get("time")
    if not isinstance(stamp, str):
        return None
    try:
        at = datetime.fromisoformat(stamp)
        if at.tzinfo is None:
            return None
        return stamp if _OUR_TIME.fullmatch(stamp) else rfc3339(at)
    except (ValueError, OverflowError):
        return None


def offset_of(broker: datetime, claimed: str | None) -> int | None:
    return None if claimed is None else (broker - datetime.fromisoformat(claimed)) // _MILLISECOND


def actor_of(envelope: dict[str, Any]) -> str | None:
    """Who did it: the token's subject where the fact has one, else the service that wrote it."""
    data: Any = envelope.get("data")
    if isinstance(data, dict):
        by: Any = data.get("by")  # pyright: ignore[reportUnknownVariableType]
        principal: Any = by.get("principal") if isinstance(by, dict) else data.get("reported_by")  # pyright: ignore[reportUnknownVariableType]
        if isinstance(principal, str):
            return principal
    source = envelope.get("source")
    return source if isinstance(source, str) else None


def bounded(text: str) -> str:
    """Texts of others enter a record at a bounded length: a longer one by its digest."""
    return text if len(text) <= _TEXT_LIMIT else f"sha256:{sha256(text.encode()).hexdigest()}"


def utc(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp).astimezone(UTC)
