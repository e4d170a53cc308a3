"""From a fact to its record: header, leaf, payload and search fields. Pure.

Invariant: the same message at the same place makes the same payload and the same header but for `ingested` and `epoch`:
so a batch that was cut short by a crash is finished with what was begun.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.audit import fields, record
from services.audit.fields import NOTHING, About
from services.audit.merkle import leaf_hash
from services.audit.record import Message, Rec, Salts
from services.audit.trail import Payload, Stored
from shared.facts import rfc3339


@dataclass(frozen=True)
class CaseHead:
    """Where a case stands: its last record, and what its report says it is about."""

    number: int
    index: int
    about: About


@dataclass(frozen=True)
class Source:
    """Which stream, under which writer."""

    stream: str
    created: str
    epoch: int


@dataclass(frozen=True)
class Built:
    entry: Stored
    payload: Payload
    case: str
    head: CaseHead


def case_of(message: Message) -> str:
    return record.case_of(record.envelope_of(message.raw))


def build(message: Message, head: CaseHead | None, source: Source, salts: Salts, now: datetime, kept: Payload | None = None) -> Built:
    """`head`: the case's last record so far. `kept`: the payload already stored, whose salts are the ones to use."""
    index = message.sequence - 1
    envelope = record.envelope_of(message.raw)
    case, principal = record.case_of(envelope), record.actor_of(envelope)
    salt = kept.salt if kept else salts.of_message(source.stream, source.created, message.sequence)
    actor_salt = None
    if principal is not None:
        actor_salt = kept.actor_salt if kept and kept.actor_salt else salts.of_actor(principal)
    rec = Rec(
        index=index,
        stream=source.stream,
        created=source.created,
        sequence=message.sequence,
        form="gap" if message.raw is None else "fact",
        subject=record.bounded(message.subject),
        message_id=record.bounded(message.message_id),
        case=case,
        number=head.number + 1 if head else 1,
        previous=head.index if head else None,
        claimed=record.claimed_of(envelope),
        broker=rfc3339(message.time),
        ingested=rfc3339(now),
        actor=record.pseudonym(actor_salt, principal) if actor_salt and principal is not None else None,
        digest=None if message.raw is None else record.digest_of(salt, message.raw),
        epoch=source.epoch,
    )
    searched = fields.derive(rec.subject, envelope, head.about if head else NOTHING)
    raw = rec.write()
    return Built(
        Stored(index, raw, leaf_hash(raw), fields.searchable(rec, searched)),
        Payload(index, message.raw, salt, principal, actor_salt, searched.text),
        case,
        CaseHead(rec.number, index, searched.about if case else NOTHING),
    )


def build_all(
    messages: Sequence[Message],
    heads: dict[str, CaseHead],
    source: Source,
    salts: Salts,
    now: datetime,
    kept: dict[int, Payload] | None = None,
) -> list[Built]:
    """`heads` is moved on as the batch goes. `kept`: payloads already stored, by index."""
    built: list[Built] = []
    for message in messages:
        one = build(message, heads.get(case_of(message)), source, salts, now, (kept or {}).get(message.sequence - 1))
        heads[one.case] = one.head
        built.append(one)
    return built


def head_of(entry: Stored) -> CaseHead:
    """The head of a case whose last record this is."""
    field = entry.fields
    about = About(field["unit"], field["area"], field["level"], field["category"]) if field["case"] else NOTHING
    return CaseHead(field["number"], entry.index, about)
