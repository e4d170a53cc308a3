"""What became of one notice on one channel, as kept in the bucket DELIVERIES and as told in a fact. Pure.

Invariant: the facts of a delivery are made from its record alone, so that a repeat after a crash has the same bytes and the
same message id, and is stored once.
"""

import re
from enum import StrEnum
from typing import Self

from services.notifier.channels import Reference
from shared.facts import Brief, Decision, Delivery, Fact, Frozen, Instant, Notice, Purpose
from shared.ids import CaseId, NoticeId
from shared.vocabulary import Kind, Language

SOURCE = "/services/notifier"
MESSAGE_ID = re.compile(r"[A-Za-z0-9_=]+(-[A-Za-z0-9_=]+)+")
UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")


class Outcome(StrEnum):
    DELIVERED = "delivered"
    """Handed over: the gateway or the mail server has it."""
    FAILED = "failed"

    @property
    def kind(self) -> Kind:
        return Kind(self.value)


class Receipt(Frozen):
    """What the gateway said later: it reached the person, or it did not."""

    outcome: Outcome
    at: Instant
    reference: Reference | None = None
    error: str | None = None


class Record(Frozen):
    case: CaseId
    outcome: Outcome
    delivery: Delivery
    purpose: Purpose
    language: Language
    brief: Brief
    """For the page behind the link."""
    receipt: Receipt | None = None

    @classmethod
    def of(cls, decision: Decision, notice: Notice, outcome: Outcome, delivery: Delivery) -> Self:
        return cls(
            case=decision.case,
            outcome=outcome,
            delivery=delivery,
            purpose=notice.purpose,
            language=notice.language,
            brief=notice.brief,
        )

    @property
    def key(self) -> str:
        return delivery_key(self.delivery.notice, self.delivery.channel)

    def write(self) -> bytes:
        return self.model_dump_json(exclude_none=True).encode()

    @classmethod
    def read(cls, raw: bytes) -> Self:
        return cls.model_validate_json(raw)

    def fact(self) -> Fact:
        """`delivered` or `failed`, as it was when the notifier was done with it."""
        delivery = self.delivery
        fact_id = f"{delivery.notice}:{delivery.channel}:{self.outcome}"
        return Fact.of(self.outcome.kind, id=fact_id, source=SOURCE, subject=self.case, time=delivery.done_at, data=delivery)

    def receipt_fact(self) -> Fact | None:
        """What the gateway's call-back added, under an id of its own."""
        if self.receipt is None:
            return None
        told = self.receipt
        delivery = self.delivery.model_copy(
            update={"done_at": told.at, "error": told.error, "reference": told.reference or self.delivery.reference}
        )
        fact_id = f"{delivery.notice}:{delivery.channel}:receipt:{told.outcome}"
        return Fact.of(told.outcome.kind, id=fact_id, source=SOURCE, subject=self.case, time=told.at, data=delivery)


def delivery_key(notice: NoticeId, channel: str) -> str:
    """`<case>.<sequence>.<number>.<channel>`, in letters the KV takes."""
    return UNSAFE.sub(lambda found: f"={ord(found[0]):02x}", f"{notice}.{channel}")


def message_id(notice: NoticeId, channel: str) -> str:
    """What a gateway sees as the id: the key without dots, which Standard Webhooks puts between the parts it signs."""
    return delivery_key(notice, channel).replace(".", "-")


def key_of_message_id(given: str) -> str | None:
    """The key behind an id that a gateway sends back (ids of ours have no other hyphens); None for what can't be one."""
    return given.replace("-", ".") if MESSAGE_ID.fullmatch(given) else None


def masked(address: str) -> str:
    """Enough to recognise, not enough to ring: `…0101`, `z…@wangfeng.example`."""
    name, at, domain = address.rpartition("@")
    if at:
        return f"{name[:1]}…@{domain}"
    return f"…{address[-4:]}" if len(address) > 6 else "…"
