"""What became of a decision's notices, as kept in the bucket DELIVERIES and as told in facts. Pure.

Invariant: one sheet a decision, one record on it for each notice on each channel; a notice that was held has
its reason there instead. The facts are made from the sheet alone, so that a repeat after a crash has the same
bytes and the same message id, and is stored once.
"""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import product
from typing import Annotated, Any, Self

import msgspec
from pydantic import PlainSerializer, PlainValidator

from services.notifier.channels import Reference
from shared.facts import Brief, Deliveries, Delivery, Fact, Frozen, Instant, MessageState, Notice, Purpose
from shared.formats import refuse_newer_bytes
from shared.ids import CaseId, DutyId, NoticeId, PersonId, PostId
from shared.vocabulary import Kind, Language

SOURCE = "/services/notifier"
MESSAGE_ID = re.compile(r"[A-Za-z0-9_=]+(-[A-Za-z0-9_=]+)+")
NOTICE_PARTS = 3
"""Case, sequence, number; the id of a message that says several has a digest behind them."""
LARGEST_SHEET = 950_000
"""Bytes; the broker takes 1 MB with the envelope around it."""
OUTCOME_BYTES = 700
"""Of one record on a sheet, at most."""
UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")
Place = tuple[str, str]
"""Notice, key-safe, and channel."""


class DeliveryOutcome(StrEnum):
    DELIVERED = "delivered"
    """Handed over: the gateway or the mail server has it."""
    FAILED = "failed"
    HELD = "held"
    """Sent to nobody, because the decision says so (an exercise, a suppression by plan): kept here, and no
    fact of ours.
    """

    @property
    def kind(self) -> Kind:
        return Kind(self.value)


TOLD = (DeliveryOutcome.DELIVERED, DeliveryOutcome.FAILED)
"""The outcomes that become facts."""


def _brief(value: Any) -> Brief:
    return value if isinstance(value, Brief) else msgspec.convert(value, Brief)


KeptBrief = Annotated[Brief, PlainValidator(_brief), PlainSerializer(msgspec.to_builtins)]


class Receipt(Frozen):
    """What the gateway said later: it reached the person, or it did not."""

    outcome: DeliveryOutcome
    at: Instant
    reference: Reference | None = None
    error: str | None = None
    reply: str | None = None
    """In the gateway's own words."""


class DeliveryRecord(Frozen):
    """One notice on one channel, done with."""

    outcome: DeliveryOutcome
    delivery: Delivery
    receipt: Receipt | None = None

    def receipt_fact(self, case: CaseId) -> Fact | None:
        """What the gateway's call-back added, under an id of its own."""
        if self.receipt is None:
            return None
        receipt = self.receipt
        delivery = self.delivery.model_copy(
            update={
                "done_at": receipt.at,
                "error": receipt.error,
                "reply": receipt.reply,
                "state": MessageState.ARRIVED
                if receipt.outcome is DeliveryOutcome.DELIVERED
                else MessageState.UNDELIVERED,
                "reference": receipt.reference or self.delivery.reference,
            }
        )
        fact_id = f"{delivery.notice}:{delivery.channel}:receipt:{receipt.outcome}"
        return _fact(case, receipt.outcome, fact_id, [delivery])


class NoticeMatter(Frozen):
    """What a notice is about, for the page behind its link."""

    person: PersonId
    post: PostId | None = None
    """As whose holder they were told. None on a sheet of an earlier version."""
    purpose: Purpose
    language: Language
    duties: tuple[DutyId, ...] = ()
    brief: KeptBrief
    held: str | None = None
    """Why it was sent to nobody."""

    @classmethod
    def of(cls, notice: Notice) -> Self:
        return cls(
            person=notice.person,
            post=notice.post,
            purpose=notice.purpose,
            language=notice.language,
            duties=notice.duties,
            brief=notice.brief,
            held=notice.held,
        )


class Sheet(Frozen):
    """A decision's deliveries. `bundles` holds what was done within the same moment together: each is told in
    one fact an outcome.
    """

    case: CaseId
    decision: str
    """The id of the `decided` fact: `<case>:<sequence>`."""
    matters: dict[NoticeId, NoticeMatter]
    bundles: tuple[tuple[DeliveryRecord, ...], ...] = ()

    @classmethod
    def of(cls, case: CaseId, decision: str, notices: Sequence[Notice]) -> Self:
        return cls(
            case=case, decision=decision, matters={notice.id: NoticeMatter.of(notice) for notice in notices}
        )

    def bounded(self, legs: int) -> Self:
        """The same, or without what its links' pages say, where it would not fit a message once each of
        `legs` has its outcome.
        """
        fits = len(self.write()) + legs * OUTCOME_BYTES <= LARGEST_SHEET
        return self if fits else self.model_copy(update={"matters": {}})

    def with_bundle(self, records: Sequence[DeliveryRecord]) -> Self:
        """Person by person, whatever order they came in. What another notifier has done meanwhile, which had
        the same decision, stays as it is: the gateway knows it by its id.
        """
        known = self.by_place()
        new = [
            record
            for record in records
            if place_of(record.delivery.notice, record.delivery.channel) not in known
        ]
        if not new:
            return self
        ordered = tuple(sorted(new, key=lambda record: (record.delivery.notice, record.delivery.channel)))
        return self.model_copy(update={"bundles": (*self.bundles, ordered)})

    def with_receipt(self, record: DeliveryRecord) -> Self:
        """The same sheet with the record of `record`'s notice and channel replaced."""
        about = (record.delivery.notice, record.delivery.channel)
        bundles = tuple(
            tuple(
                record if (kept.delivery.notice, kept.delivery.channel) == about else kept for kept in bundle
            )
            for bundle in self.bundles
        )
        return self.model_copy(update={"bundles": bundles})

    def held_matters(self) -> Iterator[tuple[NoticeId, NoticeMatter]]:
        """The notices that were sent to nobody."""
        return ((notice, matter) for notice, matter in self.matters.items() if matter.held)

    def records(self) -> Iterator[DeliveryRecord]:
        return (record for bundle in self.bundles for record in bundle)

    def by_place(self) -> dict[Place, DeliveryRecord]:
        """For whoever asks of many."""
        return {
            place_of(record.delivery.notice, record.delivery.channel): record for record in self.records()
        }

    def record_of(self, notice: str, channel: str) -> DeliveryRecord | None:
        """By the notice's id or by its key-safe form."""
        records = (
            record
            for record in self.records()
            if record.delivery.channel == channel and key_safe(record.delivery.notice) == key_safe(notice)
        )
        return next(records, None)

    def facts(self, number: int) -> list[Fact]:
        """Bundle `number` told: `delivered`, `failed` or both; what went beside, in facts of its own."""
        facts: list[Fact] = []
        for outcome, is_beside in product(TOLD, (False, True)):
            deliveries = [
                record.delivery
                for record in self.bundles[number]
                if record.outcome is outcome and (record.delivery.state is MessageState.BESIDE) is is_beside
            ]
            if deliveries:
                fact_id = f"{self.decision}:{outcome}:{number}{':beside' if is_beside else ''}"
                facts.append(_fact(self.case, outcome, fact_id, deliveries))
        return facts

    def write(self) -> bytes:
        return self.model_dump_json(exclude_none=True).encode()

    @classmethod
    def read(cls, raw: bytes) -> Self:
        """Raises NewerError for a sheet of a newer format."""
        refuse_newer_bytes(raw)
        return cls.model_validate_json(raw)


def _fact(case: CaseId, outcome: DeliveryOutcome, fact_id: str, deliveries: Sequence[Delivery]) -> Fact:
    at = max(delivery.done_at for delivery in deliveries)
    return Fact.of(
        outcome.kind,
        id=fact_id,
        source=SOURCE,
        subject=case,
        time=at,
        data=Deliveries(deliveries=tuple(deliveries)),
    )


def place_of(notice: str, channel: str) -> Place:
    """Of a record on its sheet."""
    return key_safe(notice), channel


def key_safe(text: str) -> str:
    """In letters the KV takes."""
    return UNSAFE.sub(lambda match: f"={ord(match[0]):02x}", text)


def sheet_key(notice: str) -> str:
    """Where the sheet of a notice lies: `<case>.<sequence>` of `<case>.<sequence>.<number>`."""
    return key_safe(notice).rpartition(".")[0]


def message_id(notice: NoticeId, channel: str) -> str:
    """What a gateway sees as the id: notice and channel without dots, which Standard Webhooks puts between
    the parts it signs.
    """
    return key_safe(f"{notice}.{channel}").replace(".", "-")


def notice_of_message_id(text: str) -> str | None:
    """The notice (key-safe) behind an id that a gateway sends back (ids of ours have no other hyphens); None
    for what can't be one. Of a message that says several: the first of them.
    """
    return ".".join(text.split("-")[:-1][:NOTICE_PARTS]) if MESSAGE_ID.fullmatch(text) else None
