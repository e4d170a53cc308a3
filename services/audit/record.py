"""A record's header `rec`: the small canonical JSON that is hashed into the tree, one for each fact.

Invariant: `rec` is canonical by RFC 8785 (ASCII keys sorted, integers below 2^53, no floats: orjson's sorted output is the
same bytes) and holds no personal data: the message enters by a salted digest, its author by a pseudonym.
"""

import hmac
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal

import orjson

from shared.facts import rfc3339

VERSION = 1
_CASE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TEXT_LIMIT = 256


class RecordError(ValueError):
    """Bytes that are no `rec`. Says what is wrong."""


@dataclass(frozen=True)
class Message:
    """A fact as the broker holds it; `raw` None where the broker has lost it."""

    sequence: int
    subject: str
    message_id: str
    time: datetime
    raw: bytes | None


@dataclass(frozen=True)
class Rec:
    """`case` is "" for facts about no case: they are numbered among themselves."""

    index: int
    stream: str
    created: str
    """When the stream was made: another stream of the same name is another record."""
    sequence: int
    form: Literal["fact", "gap"]
    subject: str
    message_id: str
    case: str
    number: int
    previous: int | None
    claimed: str | None
    broker: str
    ingested: str
    actor: str | None
    digest: str | None
    epoch: int
    v: int = VERSION

    def write(self) -> bytes:
        return orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS)

    @classmethod
    def read(cls, raw: bytes) -> "Rec":
        """Raises RecordError for bytes that `write` would not have made."""
        try:
            rec = cls(**orjson.loads(raw))
        except (orjson.JSONDecodeError, TypeError) as error:
            raise RecordError(f"the header is no record of this trail ({error})") from None
        for name, kinds in _TYPES.items():
            if type(getattr(rec, name)) not in kinds:
                raise RecordError(f"the header's {name} is a {type(getattr(rec, name)).__name__}")
        if rec.write() != raw:
            raise RecordError("the header is not in canonical form")
        return rec


_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("index", "sequence", "number", "epoch", "v"), (int,)),
    **dict.fromkeys(("stream", "created", "form", "subject", "message_id", "case", "broker", "ingested"), (str,)),
    **dict.fromkeys(("claimed", "actor", "digest"), (str, type(None))),
    "previous": (int, type(None)),
}


class Salts:
    """Salts from one secret, so that a record built again after a crash is the same record.

    They are kept beside the payload: erasing both there leaves a digest nobody can reproduce.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of_message(self, stream: str, created: str, sequence: int) -> bytes:
        return self._derive(f"message\n{stream}\n{created}\n{sequence}")

    def of_actor(self, principal: str) -> bytes:
        return self._derive(f"actor\n{principal}")

    def _derive(self, what: str) -> bytes:
        return hmac.digest(self._secret, what.encode(), "sha256")


def digest_of(salt: bytes, raw: bytes) -> str:
    return sha256(salt + raw).hexdigest()


def pseudonym(salt: bytes, principal: str) -> str:
    """The same for all acts of one principal; with the salt anyone can check it, without it nobody can guess it."""
    return sha256(salt + principal.encode()).hexdigest()[:32]


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
    try:
        at = datetime.fromisoformat(stamp) if isinstance(stamp, str) else None
    except ValueError:
        return None
    return rfc3339(at) if at is not None and at.tzinfo is not None else None


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
