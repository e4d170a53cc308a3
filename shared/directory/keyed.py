"""The directory as the bucket DIRECTORY keeps it: one key an object, and a small head that says which
revision all of them make.

Invariant: a change is in force with its head, and whole: the head carries the change (or names the parts that
do), and the objects are written after it, before the next head. Whoever has read the objects and the head has
therefore the directory at that revision, however far the writing has come: what the head says is laid over
them, and laying it over twice is laying it over once.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

from pydantic import BaseModel, Field, TypeAdapter

from shared.directory.change_facts import Change, Remove
from shared.directory.changes import change_one
from shared.directory.parts import PARTS, id_of
from shared.directory.people import Person, Post
from shared.directory.plans import ContingencyPlan, Suppression
from shared.directory.roster import Roster
from shared.directory.units import Area, Source, Unit
from shared.directory.whole import Directory
from shared.facts.bounds import Frozen, Instant

HEAD = "head"
OBJECT, PART, FILE = "object.", "part.", "file."
_MODELS: dict[str, type[Frozen]] = {
    "area": Area,
    "unit": Unit,
    "person": Person,
    "post": Post,
    "roster": Roster,
    "source": Source,
    "plan": ContingencyPlan,
    "suppression": Suppression,
}


class DirectoryHead(Frozen):
    """The value under `head`."""

    revision: Annotated[int, Field(ge=1)]
    at: Instant
    change: str
    """The id of the change that made this revision: the id of its fact."""
    version: str
    subject: str
    """Where that fact belongs."""
    fact: str | None = None
    """Its bytes, UTF-8; None where it takes several, which lie under `part.<digest of the
    change>.<number>`.
    """
    parts: int = 0
    moved: bool = False
    """Its changes move an older value over: they are on record already."""
    file: str | None = None
    """SHA-256 (hex) of the last directory file that was taken in."""
    file_bytes: str | None = None
    """The same of its bytes, so that a file nobody has touched is not read again."""
    recent: tuple[str, ...] = ()
    """Ids of the last changes, the newest last: a repeat of one of them changes nothing."""


class _Stored(Frozen):
    order: int
    """Objects are declared in an order, which means something to some of them."""


_STORED: dict[str, TypeAdapter[Any]] = {
    what: TypeAdapter(
        type(
            f"Stored{model.__name__}",
            (_Stored,),
            {"__annotations__": {"object": model}, "__module__": __name__},
        )
    )
    for what, model in _MODELS.items()
}
_ALL_FIELDS: dict[type[BaseModel], set[str]] = {}
_NO_OTHERS: dict[str, Any] = {}


@dataclass(slots=True)
class KeyedRow:
    order: int
    value: Frozen
    sequence: int = 0
    """Of the key in the bucket, 0 where it was never written."""


def key_of(what: str, id: str) -> str:  # noqa: A002 - the directory's word
    return f"{OBJECT}{what}.{id}"


def read_object(what: str, raw: bytes) -> Frozen:
    """The object of a key's value. Raises ValueError."""
    return _STORED[what].validate_json(raw).object


def part_key(change: str, number: int) -> str:
    return f"{PART}{hashlib.sha256(change.encode()).hexdigest()[:32]}.{number}"


def named_by(changes: Iterable[Change]) -> list[tuple[str, str]]:
    """(what, id) of every object that the changes put, alter or take away; each once."""
    return list(dict.fromkeys(_named(change) for change in changes))


def _named(change: Change) -> tuple[str, str]:
    if isinstance(change, Remove):
        return change.what, change.id
    if change.op.startswith("put_"):
        kind = change.op.removeprefix("put_")
        return kind, id_of(getattr(change, kind))
    kind = {"set_holder": "post", "override_roster": "roster"}.get(change.op, "person")
    return kind, str(getattr(change, kind))


@dataclass
class Objects:
    """All objects of a directory, to be changed one by one; `directory` makes the directory they are."""

    rows: dict[str, dict[str, KeyedRow]] = field(default_factory=lambda: {what: {} for what in PARTS})
    gone: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """Sequences of the keys of what was taken away."""
    _next: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PARTS, 0))
    """The order of the next object that is added."""
    _changed: set[str] = field(default_factory=lambda: set(PARTS))
    _last: Directory | None = None

    def read(self, kind: str, id: str, raw: bytes | None, sequence: int) -> None:  # noqa: A002
        """A key of the bucket as it was written. Raises ValueError."""
        if raw is None:
            self.gone[kind, id] = sequence
            if self.rows[kind].pop(id, None) is not None:
                self._changed.add(kind)
            return
        stored = _STORED[kind].validate_json(raw)
        known = self.rows[kind].get(id)
        if known is not None and known.value == stored.object:
            known.order, known.sequence = stored.order, sequence
            return
        self.rows[kind][id] = KeyedRow(stored.order, _lean(stored.object), sequence)
        self._next[kind] = max(self._next[kind], stored.order + 1)
        self._changed.add(kind)

    def apply(self, changes: Iterable[Change]) -> None:
        """Changes that were checked when they were made; one that names what is not there (any more) does
        nothing.
        """
        for change in changes:
            kind, name = _named(change)
            row = self.rows[kind].get(name)
            value = change_one(change, row.value if row else None)
            self._changed.add(kind)
            if value is not None:
                sequence = row.sequence if row else self.gone.get((kind, name), 0)
                self.rows[kind][name] = KeyedRow(row.order if row else self._next[kind], value, sequence)
                self._next[kind] += row is None
            elif row is not None:
                self.gone[kind, name] = row.sequence
                del self.rows[kind][name]

    def adopt(self, directory: Directory) -> None:
        """Be this directory; what is known of the keys stays known."""
        for kind, part in PARTS.items():
            before = self.rows[kind]
            after = {id_of(value): value for value in getattr(directory, part)}
            self.gone |= {(kind, name): row.sequence for name, row in before.items() if name not in after}
            self.rows[kind] = {
                name: KeyedRow(
                    order, value, before[name].sequence if name in before else self.gone.get((kind, name), 0)
                )
                for order, (name, value) in enumerate(after.items())
            }
            self._next[kind] = len(after)
        self._changed = set(PARTS)

    def raw(self, kind: str, id: str) -> tuple[bytes | None, int]:  # noqa: A002
        """(value, sequence of the key before): what is to be written under the object's key; None for one
        that is gone.
        """
        row = self.rows[kind].get(id)
        if row is None:
            return None, self.gone.get((kind, id), 0)
        value = row.value.model_dump_json(exclude_none=True)
        return b'{"order":%d,"object":%s}' % (row.order, value.encode()), row.sequence

    def directory(self, version: str) -> Directory:
        """A whole valid one, as long as all changes were checked."""
        parts = {
            part: self._in_order(kind)
            if kind in self._changed or self._last is None
            else getattr(self._last, part)
            for kind, part in PARTS.items()
        }
        changed = {PARTS[kind] for kind in self._changed}
        self._last = Directory.trusted(version, parts, self._last, changed)
        self._changed = set()
        return self._last

    def _in_order(self, what: str) -> tuple[Frozen, ...]:
        return tuple(row.value for row in sorted(self.rows[what].values(), key=lambda row: row.order))


def _lean(value: Frozen) -> Frozen:
    """pydantic keeps with each value a set of the fields that were given, which nobody asks here, and a
    dictionary of those it does not know, mostly empty: 280 bytes each, 32 MB in all. They share one of their
    class.
    """
    _share_fields(value)
    return value


def _share_fields(model: BaseModel) -> None:
    shared = _ALL_FIELDS.get(type(model))
    if shared is None:
        shared = _ALL_FIELDS[type(model)] = set(type(model).model_fields)
    object.__setattr__(model, "__pydantic_fields_set__", shared)
    if not model.__pydantic_extra__:
        object.__setattr__(model, "__pydantic_extra__", _NO_OTHERS)
    for value in model.__dict__.values():
        if isinstance(value, BaseModel):
            _share_fields(value)
        elif isinstance(value, tuple):
            for inner in cast(tuple[object, ...], value):
                if isinstance(inner, BaseModel):
                    _share_fields(inner)
