"""What stands on record about the record: which holds are in force, and which fields were erased by whom on
what basis. Pure.

Invariant: the order of the trail decides. A redaction that comes after a hold on what it names counts for
nothing, whoever wrote it, and one counts only for records of its own case; so whether something missing is
excused is known from the records alone, by anyone who reads them in order.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic import ValidationError

from services.audit.records.fields import kind_of
from services.audit.records.payload_check import WHOLE
from services.audit.records.record import Rec
from shared.facts import Frozen
from shared.facts.file import Sha256
from shared.facts.keeping import Held, Redacted, Released
from shared.vocabulary import Kind, Role

KEEPING_KINDS = frozenset({str(Kind.REDACTED), str(Kind.HELD), str(Kind.RELEASED)})
MAY_HOLD = (Role.AUDITOR, Role.DISCIPLINE)
MAY_REDACT = (Role.REDACTOR,)


@dataclass(frozen=True)
class KeepingFact:
    """A fact of KEEPING_KINDS as it stands on record."""

    index: int
    time: str
    """Broker's."""
    kind: str
    case: str
    """The one it is about; "" for none."""
    data: dict[str, Any]


class Erasure(Frozen):
    """What a reader is told of a field that is not there."""

    record: int
    """The redaction's own."""
    case: str
    time: str
    by: str
    legal_basis: str
    fields: tuple[str, ...] = ()
    files: tuple[Sha256, ...] = ()
    """The contents erased, by hash."""

    def words(self) -> str:
        files = [f"the content of file {sha256}" for sha256 in self.files]
        what = ", ".join([*(["the message"] if WHOLE in self.fields else self.fields), *files])
        return f"{what} erased on {self.time} by {self.by} on the basis of {self.legal_basis} (record {self.record})"


class Hold(Frozen):
    """A hold in force."""

    hold: str
    record: int
    time: str
    by: str
    why: str
    case: str | None = None
    first: int | None = None
    last: int | None = None

    def covers(self, index: int, case: str) -> bool:
        if self.case is not None:
            return self.case == case
        return self.first is not None and self.last is not None and self.first <= index <= self.last

    def words(self) -> str:
        what = f"case {self.case}" if self.case is not None else f"records {self.first} to {self.last}"
        return f"{what}: held by {self.by} since {self.time} ({self.why}; hold {self.hold}, record {self.record})"


@dataclass
class Keeping:
    """Fed with all acts in order."""

    holds: dict[str, Hold] = field(default_factory=dict[str, Hold])
    erasures: dict[int, list[Erasure]] = field(default_factory=dict[int, list[Erasure]])
    """By the record something was erased from."""
    refused: list[int] = field(default_factory=list[int])
    """Redactions that name what was held, or that nobody with the role has ordered: they count for
    nothing.
    """
    last: int = -1

    def take(self, act: KeepingFact) -> None:
        """An act told again changes nothing."""
        if act.index <= self.last:
            return
        self.last = act.index
        try:
            if act.kind == Kind.HELD:
                self._take_hold(act, Held.model_validate(_readable(act.data)))
            elif act.kind == Kind.RELEASED:
                said = Released.model_validate(_readable(act.data))
                if said.by.role in MAY_HOLD:
                    self.holds.pop(said.hold, None)
            elif act.kind == Kind.REDACTED:
                self._take_redaction(act, Redacted.model_validate(act.data))
        except ValidationError:
            self.refused.append(act.index)

    def _take_hold(self, act: KeepingFact, order: Held) -> None:
        if order.by.role not in MAY_HOLD:
            self.refused.append(act.index)
            return
        self.holds[order.hold] = Hold(
            hold=order.hold,
            record=act.index,
            time=act.time,
            by=order.by.principal,
            why=order.why,
            case=order.case,
            first=order.first,
            last=order.last,
        )

    def _take_redaction(self, act: KeepingFact, order: Redacted) -> None:
        indexes = [place.index for place in order.entries]
        if order.by.role not in MAY_REDACT or max(indexes) >= act.index or self.holds_on(indexes, act.case):
            self.refused.append(act.index)
            return
        for entry in order.entries:
            erasure = Erasure(
                record=act.index,
                case=act.case,
                time=act.time,
                by=order.by.principal,
                legal_basis=order.legal_basis,
                fields=entry.fields,
                files=entry.files,
            )
            self.erasures.setdefault(entry.index, []).append(erasure)

    def holds_on(self, indexes: Iterable[int], case: str) -> list[Hold]:
        """The holds on any of these records of one case."""
        wanted = list(indexes)
        return [hold for hold in self.holds.values() if any(hold.covers(index, case) for index in wanted)]

    def erased(self, index: int, case: str) -> frozenset[str]:
        return frozenset(
            path
            for erasure in self.erasures.get(index, ())
            if erasure.case == case
            for path in erasure.fields
        )

    def file_orders(self) -> dict[str, list[Erasure]]:
        """By hash, the orders to erase a file's content."""
        orders: dict[str, list[Erasure]] = {}
        for erasures in self.erasures.values():
            for erasure in erasures:
                for sha256 in erasure.files:
                    orders.setdefault(sha256, []).append(erasure)
        return orders

    def excuses(self, index: int, case: str, missing: frozenset[str]) -> bool:
        """Whether all that is missing of a record was erased by a redaction that counts."""
        erased = self.erased(index, case)
        return WHOLE in erased or missing <= erased


def act_of(rec: Rec, envelope: dict[str, Any]) -> KeepingFact | None:
    """None for a record of another kind."""
    kind = kind_of(rec)
    if kind not in KEEPING_KINDS:
        return None
    data: Any = envelope.get("data")
    return KeepingFact(
        rec.index, rec.broker, kind, rec.case, cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    )


def _readable(data: dict[str, Any]) -> dict[str, Any]:
    """The reason given for a hold is personal too; what it holds stays so without it."""
    return {**data, "why": data.get("why") or "(erased)"}
