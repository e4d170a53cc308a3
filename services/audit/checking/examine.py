"""What a record must be by itself, after the one before it, and beside its payload and search fields.

Invariant: each field shown of a record is derived again from what is hashed. A run of records is examined
without knowing what came before it: what must be compared across runs stands in its `Run`, and `Chain` lays
the runs one after the other, so that many may be examined at once. Memory is one line for each case.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from services.audit.records import fields, record
from services.audit.records.fields import NOTHING, CaseTopic
from services.audit.records.keeping import Keeping, KeepingFact, act_of
from services.audit.records.line import Detail
from services.audit.records.payload_check import WHOLE, header_faults, missing_of, payload_faults
from services.audit.records.record import Rec, RecordError
from shared.facts.distrust import Distrust

Report = Callable[[int | None, str], None]
_BACKWARDS = timedelta(seconds=1)
"""A new leader of the broker may be off by less; more is a clock set back, or an order made up."""
_TOLD = 20
"""Erasures told in words."""
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
"""All of one length: their order as text is their order in time."""


@dataclass(slots=True)
class CaseSpan:
    """The records of one case within a run: the first, the last, and what the case is about."""

    number: int
    previous: int | None
    index: int
    last_number: int
    last_index: int
    about: CaseTopic | None = None
    """None until known."""
    assumed: CaseTopic | None = None
    """Where the case's report lies before the run: what the search fields of its records say, to be
    compared.
    """


@dataclass
class Run:
    """What the next run must fit: one line for each case, the times at the ends, the stream."""

    cases: dict[str, CaseSpan] = field(default_factory=dict[str, CaseSpan])
    stream: tuple[str, str] | None = None
    earliest: tuple[str, int] | None = None
    """(broker time, index) of the record with the smallest time."""
    latest: tuple[str, int] | None = None
    missing: dict[int, tuple[str, frozenset[str]]] = field(
        default_factory=dict[int, tuple[str, frozenset[str]]]
    )
    """Record → its case, and what is not there of its message: a later redaction may say why."""
    acts: list[KeepingFact] = field(default_factory=list[KeepingFact])
    lost: list[int] = field(default_factory=list[int])
    """Records that say the broker had lost their fact."""
    distrusted: list[tuple[int, str, Distrust]] = field(default_factory=list[tuple[int, str, Distrust]])
    """(record, case, why) of messages that are no authentic facts."""
    follows: str | None = None
    """The note about the trail before, of a first record that has one."""


class Examiner:
    """One run of records in order."""

    def __init__(self, report: Report) -> None:
        self.run = Run()
        self._report = report

    def examine(self, index: int, raw: bytes, detail: Detail | None, *, beside: bool) -> None:
        """`beside`: whether `detail` was looked for, so that its absence means something."""
        try:
            rec = Rec.read(raw)
        except RecordError as error:
            self._report(index, str(error))
            return
        if rec.index != index or rec.sequence != index + 1:
            self._report(
                index,
                f"it says it is record {rec.index}, fact {rec.sequence}: records were moved, inserted or removed",
            )
        self._place(index, rec)
        span = self._in_case(index, rec)
        if rec.follows:
            self.run.follows = rec.follows
        if rec.distrust:
            self.run.distrusted.append((index, rec.case, rec.distrust))
        if not beside:
            return
        if detail is None:
            self._report(index, "its fields and payload are missing")
        elif detail.rec != raw:
            self._report(
                index, "the record stands twice, and differently: in its bundle and beside its payload"
            )
        else:
            self._beside(index, rec, detail, span)

    def _place(self, index: int, rec: Rec) -> None:
        run, stream, stamp = self.run, (rec.stream, rec.created), rec.broker
        if run.stream is None:
            run.stream = stream
        elif run.stream != stream:
            self._report(index, _other_stream(stream, run.stream))
            run.stream = stream
        if not _STAMP.fullmatch(stamp):
            self._report(index, f"it says it was stored at {stamp!r}, which is no time")
        elif rec.form == "gap":
            run.lost.append(index)
        else:
            if run.latest is None or stamp >= run.latest[0]:
                run.latest = stamp, index
            elif words := backwards(stamp, run.latest):
                self._report(index, words)
                return
            if run.earliest is None or stamp < run.earliest[0]:
                run.earliest = stamp, index

    def _in_case(self, index: int, rec: Rec) -> CaseSpan:
        """The case's numbering, as far as this run goes."""
        span = self.run.cases.get(rec.case)
        if span is None:
            span = self.run.cases[rec.case] = CaseSpan(rec.number, rec.previous, index, rec.number, index)
            if rec.number == 1:
                span.about = NOTHING
            return span
        if (rec.number, rec.previous) != (span.last_number + 1, span.last_index):
            self._report(
                index, _out_of_turn(rec.case, rec.number, rec.previous, span.last_number + 1, span.last_index)
            )
        span.last_number, span.last_index = rec.number, index
        return span

    def _beside(self, index: int, rec: Rec, detail: Detail, span: CaseSpan) -> None:
        payload = detail.payload
        faults = [*header_faults(rec), *payload_faults(rec, payload)]
        for words in faults:
            self._report(index, words)
        missing = missing_of(rec, payload)
        if missing:
            self.run.missing[index] = rec.case, missing
        if faults:
            return
        if WHOLE in missing:
            if rec.case and span.about in (None, NOTHING):
                span.about = claimed_about(detail)
            return
        envelope = payload.envelope if payload is not None else {}
        if (act := act_of(rec, envelope)) is not None:
            self.run.acts.append(act)
        if rec.case != record.case_of(envelope) or rec.claimed != record.claimed_of(envelope):
            self._report(index, "its header does not say of case or time what its payload says")
        if span.about is None:
            span.about = span.assumed = claimed_about(detail)
        derived = fields.derive(fields.kind_of(rec), envelope, span.about if rec.case else NOTHING)
        if rec.case and span.about == NOTHING:
            span.about = derived.about
        self._fields(index, fields.searchable(rec, derived), detail.fields)

    def _fields(self, index: int, expected: fields.Json, stored: fields.Json) -> None:
        if expected == stored:
            return
        wrong = sorted(
            name for name in expected.keys() | stored.keys() if expected.get(name) != stored.get(name)
        )
        says = "; ".join(
            f"{name} says {_short(stored.get(name))}, the record says {_short(expected.get(name))}"
            for name in wrong[:5]
        )
        self._report(index, f"its search fields were altered, it would be found, or hidden, wrongly: {says}")


class Chain:
    """Lays runs one after the other. `starts_at`: the first record looked at; what a case had before it is
    taken as it says.
    """

    def __init__(self, *, starts_at: int, report: Report) -> None:
        self._starts_at, self._report = starts_at, report
        self._cases: dict[str, tuple[int, int, CaseTopic | None]] = {}
        self._stream: tuple[str, str] | None = None
        self._latest: tuple[str, int] | None = None
        self._missing: dict[int, tuple[str, frozenset[str]]] = {}
        self._acts: set[int] = set()
        self.lost: list[int] = []
        self.distrusted: list[tuple[int, str, Distrust]] = []
        self.follows: str | None = None
        self.keeping = Keeping()

    def add(self, start: int, run: Run) -> None:
        if run.stream is not None:
            if self._stream not in (None, run.stream):
                self._report(start, _other_stream(run.stream, self._stream))
            self._stream = run.stream
        if (
            run.earliest is not None
            and self._latest is not None
            and (words := backwards(run.earliest[0], self._latest))
        ):
            self._report(run.earliest[1], words)
        if run.latest is not None and (self._latest is None or run.latest[0] > self._latest[0]):
            self._latest = run.latest
        for case, span in run.cases.items():
            self._case(case, span)
        self._missing |= run.missing
        self.lost += run.lost
        self.distrusted += run.distrusted
        self.follows = self.follows or run.follows
        for act in run.acts:
            self._acts.add(act.index)
            self.keeping.take(act)

    def conclude(self) -> tuple[int, list[str]]:
        """Once all runs are laid: reports what is missing and nothing on record says why. Returns how many
        records were erased in part or whole, and in words of the first of them what the record says.
        """
        erased = 0
        words: list[str] = []
        for index, (case, missing) in sorted(self._missing.items()):
            if not self.keeping.excuses(index, case, missing):
                self._report(index, missing_words(missing - self.keeping.erased(index, case)))
                continue
            erased += 1
            if len(words) < _TOLD:
                words += [
                    f"record {index}: {erasure.words()}"
                    for erasure in self.keeping.erasures[index]
                    if erasure.case == case
                ]
        return erased, words

    def _case(self, case: str, span: CaseSpan) -> None:
        last = self._cases.get(case)
        about: CaseTopic | None = None
        if last is not None:
            number, previous, about = last[0] + 1, last[1], last[2]
        elif (
            self._starts_at
            and span.number > 1
            and span.previous is not None
            and span.previous < self._starts_at
        ):
            number, previous = span.number, span.previous
        else:
            number, previous = 1, None
        if (span.number, span.previous) != (number, previous):
            self._report(span.index, _out_of_turn(case, span.number, span.previous, number, previous))
        elif case and about is not None and span.assumed not in (None, about):
            self._report(
                span.index,
                f"its search fields say the case is about {span.assumed}, its report says {about}: they were altered",
            )
        self._cases[case] = (
            span.last_number,
            span.last_index,
            span.about if about in (None, NOTHING) else about,
        )

    def compare_acts(self, listed: Iterable[int]) -> None:
        """`listed`: the acts the store is read by; one that lacks there would be a hold that nobody sees."""
        for index in sorted(self._acts - set(listed)):
            self._report(
                index,
                "it is a hold, a release or a redaction, and the store's list of these lacks it: it was taken off that list",
            )


def missing_words(missing: frozenset[str]) -> str:
    what = "its payload is missing" if WHOLE in missing else f"its {', '.join(sorted(missing))} is missing"
    return f"{what}, and no redaction says why"


def backwards(stamp: str, latest: tuple[str, int]) -> str | None:
    """In words, where a record's time lies more than a second before one that came earlier."""
    if (
        stamp >= latest[0]
        or not _STAMP.fullmatch(stamp)
        or record.utc(stamp) >= record.utc(latest[0]) - _BACKWARDS
    ):
        return None
    return f"time runs backwards: it says it was stored at {stamp}, but record {latest[1]} before it at {latest[0]}"


def claimed_about(detail: Detail) -> CaseTopic:
    """Where the case's report was not looked at, what stands in the fields is taken for it."""
    texts = (detail.fields.get(name) for name in ("unit", "area", "level", "category"))
    return CaseTopic(*(text if isinstance(text, str) else None for text in texts))


def _other_stream(stream: tuple[str, str], before: tuple[str, str] | None) -> str:
    was = f" ({before[0]} made at {before[1]})" if before else ""
    return f"it is of another stream ({stream[0]} made at {stream[1]}) than the records before{was}"


def _out_of_turn(case: str, number: int, previous: int | None, due: int, after: int | None) -> str:
    return (
        f"it is number {number} of case {case or '(none)'} after record {_of(previous)}; number {due} after record {_of(after)} "
        "is due: a record of the case was left out or added"
    )


def _of(index: int | None) -> str:
    return "(none)" if index is None else str(index)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "…"
