"""What a record must be by itself, after the one before it, and beside its payload and search fields.

Invariant: each field shown of a record is derived again from what is hashed; memory is one line for each case.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.audit import fields, record
from services.audit.export import Detail
from services.audit.fields import NOTHING, About
from services.audit.record import Rec, RecordError
from services.audit.trail import Payload

_BACKWARDS = timedelta(seconds=1)
"""A new leader of the broker may be off by less; more is a clock set back, or an order made up."""


@dataclass(frozen=True)
class _Last:
    number: int
    index: int
    about: About | None
    """None where the case began before the first record looked at."""


class Examiner:
    def __init__(self, *, starts_at: int, report: Callable[[int | None, str], None]) -> None:
        self._starts_at, self._report = starts_at, report
        self._cases: dict[str, _Last] = {}
        self._stream: tuple[str, str] | None = None
        self._time: datetime | None = None

    def examine(self, index: int, raw: bytes, detail: Detail | None) -> None:
        try:
            rec = Rec.read(raw)
        except RecordError as error:
            self._report(index, str(error))
            return
        self._place(index, rec)
        about = self._in_case(index, rec)
        if detail is None:
            self._report(index, "its fields and payload are missing")
        elif detail.rec != raw:
            self._report(index, "the record stands twice, and differently: in its bundle and beside its payload")
        else:
            self._beside(index, rec, detail, about)

    def _place(self, index: int, rec: Rec) -> None:
        if rec.index != index or rec.sequence != index + 1:
            self._report(index, f"it says it is record {rec.index}, fact {rec.sequence}: records were moved, inserted or removed")
        stream = (rec.stream, rec.created)
        if self._stream not in (None, stream):
            self._report(index, f"it is of another stream ({rec.stream} made at {rec.created}) than the records before")
        self._stream = stream
        if rec.form == "gap":
            return
        time = record.utc(rec.broker)
        if self._time is not None and time < self._time - _BACKWARDS:
            self._report(index, f"time runs backwards: {rec.broker} comes after {self._time.isoformat()}")
        self._time = max(time, self._time or time)

    def _in_case(self, index: int, rec: Rec) -> About | None:
        """The case's numbering. Returns what its report said, None where that lies before the first record looked at."""
        last = self._cases.get(rec.case)
        if last is not None:
            wanted: tuple[int, int | None] = (last.number + 1, last.index)
            about = last.about
        elif self._starts_at and rec.number > 1 and rec.previous is not None and rec.previous < self._starts_at:
            wanted, about = (rec.number, rec.previous), None
        else:
            wanted, about = (1, None), NOTHING
        if (rec.number, rec.previous) != wanted:
            self._report(
                index,
                f"it is number {rec.number} of case {rec.case or '(none)'} after record {rec.previous}; "
                f"number {wanted[0]} after record {wanted[1]} is due: a record of the case was left out or added",
            )
        self._cases[rec.case] = _Last(rec.number, index, about)
        return about

    def _beside(self, index: int, rec: Rec, detail: Detail, about: About | None) -> None:
        payload = detail.payload
        raw = payload.raw if payload else None
        if rec.form == "fact":
            if payload is None or raw is None:
                self._report(index, "its payload is missing, and no redaction says why")
                return
            if record.digest_of(payload.salt, raw) != rec.digest:
                self._report(index, "its payload is not the one that was recorded: it was altered")
                return
        envelope = record.envelope_of(raw)
        if rec.case != record.case_of(envelope) or rec.claimed != record.claimed_of(envelope):
            self._report(index, "its header does not say of case or time what its payload says")
        if payload is not None:
            self._author(index, rec, payload, record.actor_of(envelope))
        carried = about if about is not None else _claimed_about(detail)
        derived = fields.derive(rec.subject, envelope, carried if rec.case else NOTHING)
        if rec.case and about == NOTHING:
            self._cases[rec.case] = _Last(rec.number, index, derived.about)
        if payload is not None and payload.text != derived.text:
            self._report(index, "its searched text is not what its payload says: it would be found, or hidden, wrongly")
        wanted = fields.searchable(rec, derived)
        if wrong := sorted(name for name in wanted.keys() | detail.fields.keys() if wanted.get(name) != detail.fields.get(name)):
            self._report(
                index, f"its search fields {', '.join(wrong)} are not what record and payload say: it would be found, or hidden, wrongly"
            )

    def _author(self, index: int, rec: Rec, payload: Payload, principal: str | None) -> None:
        known = payload.actor_salt is not None and principal is not None
        pseudonym = record.pseudonym(payload.actor_salt, principal) if known and payload.actor_salt and principal else None
        if payload.actor != principal or pseudonym != rec.actor:
            self._report(index, "its author is not the one its payload names")


def _claimed_about(detail: Detail) -> About:
    """Where the case's report was not looked at, what stands in the fields is taken for it."""
    texts = (detail.fields.get(name) for name in ("unit", "area", "level", "category"))
    return About(*(text if isinstance(text, str) else None for text in texts))
