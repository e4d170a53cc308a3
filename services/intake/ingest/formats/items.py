"""What a format makes of the bytes it is given: reports to be, and things said about earlier ones.

Invariant: a format is a pure function of an Arrival. It returns what can be taken or raises FormatError
naming every field at fault; no other exception leaves it, whatever the bytes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from shared.directory import Source
from shared.fault_texts import Fault
from shared.files.kinds import FileType
from shared.message import N_, Sayable
from shared.plain_text import line_of, text_of
from shared.vocabulary import Kind

ID_LIMIT = 256
SUMMARY_LIMIT = 500
TEXT_LIMIT = 20_000
TAKEN_OUT = N_("Letters that can't be seen were taken out of it; the original is known by its digest.")


class FormatError(ValueError):
    """Bytes that can't be taken. `reason` in one line, `faults` by field."""

    def __init__(self, reason: Sayable, faults: Sequence[Fault] = ()) -> None:
        super().__init__("; ".join([reason, *(f"{name}: {fault}" for name, fault in faults)]))
        self.reason, self.faults = reason, tuple(faults)


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A message as it came, and what is known about who sent it."""

    raw: bytes
    source: Source
    received_at: datetime
    """When the broker had it (inbox) or intake (HTTP): when the source's unit is taken to have learned of
    what a machine tells.
    """
    areas: frozenset[str] = frozenset()
    """The area codes the directory knows."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True)
class ReportDraft:
    """A report to be."""

    id: str
    """The source's own id of it: the same id from the same source is the same report."""
    at: datetime
    """A time that every repeat gives alike: the time part of the case id."""
    fields: Mapping[str, Any]
    """As a ReportForm, not checked yet."""
    where: str = ""
    """Where `fields` stand in the document, put before a field's name in faults: `data.`."""
    area_as_given: str | None = None
    may_differ: bool = False
    """A repeat that says something else is still the same report (a monitoring system re-sends with new
    readings).
    """
    is_thread: bool = False
    """Later messages may refer to this one by its id."""
    note: str | None = None
    """What the sender should know about how it was taken."""
    keeps: FileType | None = None
    """The message is kept as a file of this type with the case."""


@dataclass(frozen=True, kw_only=True)
class Follow:
    """Something said about an earlier report of the same source."""

    id: str
    kind: Kind
    of: tuple[str, ...]
    """Ids of earlier messages, any of which leads to the case."""
    text: str
    otherwise: ReportDraft | None = None
    """What it becomes where none of `of` is known; None: there is nothing to say it about."""
    keeps: FileType | None = None


Item = ReportDraft | Follow
Format = Callable[[Arrival], list[Item]]


def readable(item: Item) -> Item:
    """The item without letters that can't be seen: a report of another system is never worth less for being
    odd.
    """
    if isinstance(item, Follow):
        return replace(
            item,
            text=text_of(item.text),
            otherwise=readable_draft(item.otherwise) if item.otherwise else None,
        )
    return readable_draft(item)


def readable_draft(draft: ReportDraft) -> ReportDraft:
    clean = {"summary": line_of, "details": text_of}
    fields = {
        name: clean[name](value) if name in clean and isinstance(value, str) else value
        for name, value in draft.fields.items()
    }
    as_given = draft.area_as_given and line_of(draft.area_as_given)
    if any(_letters(fields.get(name)) != _letters(draft.fields.get(name)) for name in clean):
        return replace(
            draft, fields=fields, area_as_given=as_given, note=" ".join(filter(None, (draft.note, TAKEN_OUT)))
        )
    return replace(draft, fields=fields, area_as_given=as_given)


def _letters(text: object) -> object:
    return "".join(text.split()) if isinstance(text, str) else text


def shortened(text: str, limit: int) -> str:
    """`text` without the white space around and within lines' ends, cut to `limit` with a sign that it
    was.
    """
    clean = "\n".join(line.strip() for line in text.strip().splitlines())
    return clean if len(clean) <= limit else f"{clean[: limit - 1]}…"


def one_line(text: str) -> str:
    return shortened(" ".join(text.split()), SUMMARY_LIMIT)
