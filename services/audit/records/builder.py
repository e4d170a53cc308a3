"""From a fact to its record: header, leaf, payload and search fields. Pure.

Invariant: the same message at the same place with the same salts, time and writer makes the same payload and
the same header. All of these lie with the payload: so a batch that was cut short by a crash is finished with
what was begun, and a lost record is made again. A message is parsed once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import UNSET

from services.audit.records import fields, record
from services.audit.records.actors import Actors, RecentIds, fresh_salts
from services.audit.records.fields import NOTHING, CaseTopic
from services.audit.records.payloads import Payload, RecordMaking, digests_of, parts_of
from services.audit.records.record import DISTRUSTED_VERSION, FOLLOWING_VERSION, VERSION, BrokerMessage, Rec
from services.audit.records.stored import StoredRecord
from shared.facts import rfc3339
from shared.facts.authenticity import distrust_envelope
from shared.facts.distrust import Distrust
from shared.formats import refuse_newer
from shared.tlog.merkle import leaf_hash


@dataclass(frozen=True, slots=True)
class CaseHead:
    """Where a case stands: its last record, and what its report says it is about."""

    number: int
    index: int
    about: CaseTopic


class WriterStream(NamedTuple):
    """Which stream, under which writer."""

    stream: str
    created: str
    epoch: int
    follows: str | None = None
    """How the trail before this one ended: its first record says so (writing/succession.py)."""


class ReadMessage(NamedTuple):
    """A message read: whose it is and which case it belongs to. `envelope` is used up by `build`."""

    message: BrokerMessage
    envelope: dict[str, Any]
    case: str
    principal: str | None
    distrust: Distrust | None = None


class Built(NamedTuple):
    entry: StoredRecord
    payload: Payload
    case: str
    head: CaseHead


def opened(message: BrokerMessage) -> ReadMessage:
    """Raises NewerError for a fact of a newer format: which fields of it are personal is not for this version
    to say.
    """
    envelope = record.envelope_of(message.raw)
    refuse_newer(envelope)
    if (
        message.headers is not None
        and (why := distrust_envelope(message.subject, message.headers, envelope)) is not None
    ):
        return ReadMessage(message, envelope, record.case_of(envelope), None, why)
    return ReadMessage(message, envelope, record.case_of(envelope), record.actor_of(envelope))


def build(
    read_message: ReadMessage,
    head: CaseHead | None,
    source: WriterStream,
    actors: Actors,
    salt: bytes,
    now: str,
    repeats: int | None = None,
) -> Built:
    """`head`: the case's last record so far. `actors` knows the message's principal. `salt`: fresh, or the
    one stored already.
    `now` as rfc3339. Uses up the envelope.
    """
    message, envelope, case, principal, distrust = read_message
    raw = message.raw
    index = message.sequence - 1
    author = actors[principal] if principal is not None else None
    claimed = record.claimed_of(envelope)
    subject = record.bounded(message.subject)
    kind = fields.UNTRUSTED if distrust else fields.of_subject(subject)
    searched = fields.derive(kind, envelope, head.about if head else NOTHING)
    follows = source.follows if index == 0 else None
    digests = digests_of(parts_of(envelope, kind), salt)
    rec = Rec(
        actor=author.pseudonym if author else None,
        broker=rfc3339(message.time),
        case=case,
        claimed=claimed,
        created=source.created,
        digest=None if raw is None else record.digest_of(salt, raw),
        distrust=distrust or UNSET,
        epoch=source.epoch,
        follows=follows or UNSET,
        form="gap" if raw is None else "fact",
        index=index,
        ingested=now,
        message_id=record.bounded(message.message_id),
        number=head.number + 1 if head else 1,
        offset=record.offset_of(message.time, claimed),
        personal=digests.personal,
        plain=digests.plain,
        previous=head.index if head else None,
        repeats=repeats,
        sequence=message.sequence,
        stream=source.stream,
        subject=subject,
        v=FOLLOWING_VERSION if follows else DISTRUSTED_VERSION if distrust else VERSION,
    )
    written = rec.write()
    return Built(
        StoredRecord(index, written, leaf_hash(written), fields.searchable(rec, searched)),
        Payload(index, raw, salt, author.salt if author else None, making=RecordMaking(now, source.epoch)),
        case,
        CaseHead(rec.number, index, searched.about if case else NOTHING),
    )


def build_all(
    messages: Iterable[BrokerMessage],
    heads: dict[str, CaseHead],
    source: WriterStream,
    actors: Actors,
    now: datetime,
    kept: Mapping[int, Payload] | None = None,
    recent_ids: RecentIds | None = None,
    already: Sequence[ReadMessage] | None = None,
) -> list[Built]:
    """`heads` is moved on as the batch goes. `kept`: payloads already stored, by index. `already`: the
    messages, opened.
    """
    all_opened = already if already is not None else [opened(message) for message in messages]
    salts, at, kept = fresh_salts(len(all_opened)), rfc3339(now), kept or {}
    recent_ids = recent_ids or RecentIds()
    built: list[Built] = []
    for read_message, fresh in zip(all_opened, salts, strict=True):
        index = read_message.message.sequence - 1
        stored = kept.get(index)
        salt = stored.salt if stored is not None else fresh
        by, when = (
            (source._replace(epoch=stored.making.epoch), stored.making.ingested)
            if stored is not None and stored.making
            else (source, at)
        )
        built_record = build(
            read_message,
            heads.get(read_message.case),
            by,
            actors,
            salt,
            when,
            recent_ids.add(read_message.message.message_id, index),
        )
        heads[read_message.case] = built_record.head
        built.append(built_record)
    return built


def head_of(entry: StoredRecord) -> CaseHead:
    """The head of a case whose last record this is."""
    field = entry.fields
    about = (
        CaseTopic(field["unit"], field["area"], field["level"], field["category"])
        if field["case"]
        else NOTHING
    )
    return CaseHead(field["number"], entry.index, about)
