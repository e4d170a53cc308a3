"""YAML read so that every value knows its line: an error names file, line and remedy, not a dotted path into
nowhere.

Invariant: whatever the text is, it is read or refused as a YamlFault, and what becomes of it is bounded:
aliases multiply no further, and nothing nests deeper, than a person would write it. Plain values are those of
YAML 1.2 (`on` and `no` are words), keys are always text; other tags than !!str are refused.
"""

import gc
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import BaseModel, ValidationError
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from shared.fault_texts import in_words
from shared.message import N_, Marked, Sayable, foreign, marked, on_lines, placed, said

Model = TypeVar("Model", bound=BaseModel)

DEEPEST, MOST_BY_ALIASES = 40, 200_000
MOST_NAMED = 100
"""Faults of one file: one wrong word can make tens of thousands."""
_TEXT_TAGS = (None, "!", "tag:yaml.org,2002:str")
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+")
_BASED_INT = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)

Scalar = str | int | float | bool | None


class FileFault(ValueError):
    """What is wrong with a file that somebody wrote, one line a fault."""

    def __init__(self, faults: Sequence[Sayable]) -> None:
        super().__init__(on_lines(faults))
        self.faults = list(faults)


class YamlFault(FileFault):
    """One `file:line: where: what` a fault."""


class PlacedError(ValueError):
    """Faults that a model finds in its parts: (path in the document, what is wrong). `parse` gives each its
    own line.
    """

    def __init__(self, faults: Sequence[tuple[tuple[str | int, ...], Sayable]]) -> None:
        super().__init__(on_lines(text for _, text in faults))
        self.faults = tuple(faults)


@dataclass(slots=True)
class _Node:
    """A value and the line (from 0) it stands at; in a mapping, that of its key."""

    line: int
    value: "Scalar | dict[str, _Node] | list[_Node]"
    keys: dict[str, int] | None = None
    """In a mapping the line of each key."""


class Lines:
    """Where each path of a document stands."""

    def __init__(self, root: _Node) -> None:
        self._root = root

    def of(self, path: Sequence[str | int]) -> int:
        """The line (from 1) of `path`, or of its nearest ancestor that the file has."""
        node, line = self._root, 0
        for part in path:
            if isinstance(node.value, dict) and isinstance(part, str) and part in node.value:
                line = (node.keys or {})[part]
                node = node.value[part]
            elif isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = node.line
            else:
                break
        return line + 1


def _events(text: str) -> Iterator[Event]:
    return cast(Iterator[Event], yaml.parse(text, Loader=yaml.CSafeLoader))


class _DocumentReader:
    """Builds the document from the parser's events."""

    def __init__(self, text: str, name: str) -> None:
        self._events = _events(text)
        self._name, self._last_line = name, text.count("\n") + 1
        self._anchors: dict[str, _Node] = {}
        self.written = 0
        """Values that stand in the text."""

    def document(self) -> _Node:
        """The first document; an empty text is None."""
        try:
            for event in self._events:
                if isinstance(event, NodeEvent):
                    root = self._node(event, 0)
                    next(self._events)  # the document's end
                    if isinstance(after := next(self._events), yaml.DocumentStartEvent):
                        raise self._fault(after, N_("a second document begins: one file holds one"))
                    return root
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = min(mark.line + 1, self._last_line) if mark else 1
            raise self._not_yaml(line, foreign(str(error.problem or error.context))) from None
        except (yaml.YAMLError, UnicodeError) as error:
            raise self._not_yaml(1, foreign(str(error).splitlines()[0])) from None
        return _Node(0, None)

    def _node(self, event: Event, depth: int) -> _Node:
        self.written += 1
        if depth > DEEPEST:
            raise self._fault(
                event,
                said(N_("it nests deeper than %(deepest)s: that is no document of ours"), deepest=DEEPEST),
            )
        if isinstance(event, AliasEvent):
            if event.anchor not in self._anchors:
                raise self._fault(
                    event,
                    said(
                        N_("*%(anchor)s stands for nothing that was written before it"), anchor=event.anchor
                    ),
                )
            return self._anchors[event.anchor]
        if isinstance(event, ScalarEvent):
            node = _Node(event.start_mark.line, self._scalar(event))
        elif isinstance(event, MappingStartEvent):
            node = self._mapping(event, depth)
        else:
            assert isinstance(event, SequenceStartEvent)
            self._untagged(event)
            items = [self._node(item, depth + 1) for item in iter(self._next, None)]
            node = _Node(event.start_mark.line, items)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _next(self) -> Event | None:
        """The next event; None at the end of the mapping or list."""
        event = next(self._events)
        return None if isinstance(event, CollectionEndEvent) else event

    def _mapping(self, event: MappingStartEvent, depth: int) -> _Node:
        self._untagged(event)
        keys, values = dict[str, int](), dict[str, _Node]()
        for key in iter(self._next, None):
            if not isinstance(key, ScalarEvent):
                raise self._fault(key, N_("a key is a word or a line of text"))
            if key.value in values:
                raise self._fault(
                    key, said(N_("%(value)s stands here a second time: write it once"), value=key.value)
                )
            keys[key.value] = key.start_mark.line
            values[key.value] = self._node(next(self._events), depth + 1)
        if (merged := values.pop("<<", None)) is not None:
            for other in merged.value if isinstance(merged.value, list) else [merged]:
                if not isinstance(other.value, dict):
                    raise self._fault(
                        event, N_("<< takes over the values of a mapping, or of a list of them")
                    )
                values = other.value | values
                keys = (other.keys or {}) | keys
        return _Node(event.start_mark.line, values, keys)

    def _scalar(self, event: ScalarEvent) -> Scalar:
        if event.tag not in _TEXT_TAGS:
            raise self._fault(
                event,
                said(
                    N_("the tag %(tag)s is not used here: write the value alone, text in quotes"),
                    tag=event.tag,
                ),
            )
        if event.tag is not None or not event.implicit[0]:
            return event.value
        try:
            return _plain_scalar(event.value)
        except ValueError as error:
            raise self._fault(
                event,
                said(
                    N_("a value is not what it looks like (%(error)s): write it as text, in quotes"),
                    error=error,
                ),
            ) from None

    def _untagged(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        if event.tag is not None:
            raise self._fault(
                event, said(N_("the tag %(tag)s is not used here: leave it out"), tag=event.tag)
            )

    def _fault(self, event: Event, what: Sayable) -> YamlFault:
        mark = event.start_mark
        return self._not_yaml(mark.line + 1 if mark else 1, what)

    def _not_yaml(self, line: int, what: Sayable) -> YamlFault:
        fault = said(N_("not YAML: %(what)s"), what=marked(what))
        return YamlFault([placed(self._name, line, "", fault)])


def _plain_scalar(value: str) -> Scalar:
    """What an unquoted value is (YAML 1.2, core schema). Raises ValueError for a number of thousands of
    digits.
    """
    if value in _NULL:
        return None
    if value in _BOOL:
        return _BOOL[value]
    if value[0] not in "-+.0123456789":
        return value
    if _INT.fullmatch(value):
        return int(value)
    if _BASED_INT.fullmatch(value):
        return int(value, 0)
    if _FLOAT.fullmatch(value):
        return float(value.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return value


ENDLESS = N_("its aliases make a document of it that has no end: write the values where they stand")


class _Plain:
    """The document as plain values; an alias is what it stands for. Raises OverflowError for one that
    multiplies.
    """

    def __init__(self, most: int) -> None:
        self._left = most

    def of(self, node: _Node, depth: int = 0) -> Any:
        self._left -= 1
        if self._left < 0 or depth > DEEPEST:
            raise OverflowError
        if isinstance(node.value, dict):
            return {key: self.of(value, depth + 1) for key, value in node.value.items()}
        if isinstance(node.value, list):
            return [self.of(item, depth + 1) for item in node.value]
        return node.value


def plain(text: str, name: str) -> Any:
    """The document as plain values. Raises YamlFault; `name` is the file's name in messages."""
    reader = _DocumentReader(text, name)
    return _values(reader, reader.document(), name)


def _values(reader: _DocumentReader, root: _Node, name: str) -> Any:
    try:
        return _Plain(reader.written + MOST_BY_ALIASES).of(root)
    except OverflowError:
        raise YamlFault([placed(name, 1, "", ENDLESS)]) from None


def words_of(path: Path) -> frozenset[str]:
    """Every text value and key of a YAML file: whether something is named there at all. Raises YamlFault."""
    try:
        return frozenset(
            event.value
            for event in _events(path.read_text(encoding="utf-8"))
            if isinstance(event, ScalarEvent)
        )
    except (OSError, yaml.YAMLError, UnicodeError) as error:
        raise YamlFault([said(N_("%(path)s: can't be read (%(error)s)"), path=path, error=error)]) from None


def parse(text: str, model: type[Model], name: str) -> tuple[Model, Lines]:
    """Validate `text` as `model`. Raises YamlFault with a line for each fault; `name` is the file's name in
    messages.
    """
    reader = _DocumentReader(text, name)
    root = reader.document()
    lines = Lines(root)
    try:
        return model.model_validate(_values(reader, root, name), extra="forbid"), lines
    except ValidationError as error:
        raise YamlFault(first_of([*_placed(error, lines, name)])) from None


def _placed(error: ValidationError, lines: Lines, name: str) -> Iterator[Sayable]:
    for fault in error.errors(include_url=False):
        own = fault.get("ctx", {}).get("error")
        if isinstance(own, PlacedError):
            for path, text in own.faults:
                yield placed(name, lines.of((*fault["loc"], *path)), ".".join(map(str, path)), text)
        else:
            where = ".".join(map(str, fault["loc"])) or "(body)"
            yield placed(name, lines.of(fault["loc"]), where, in_words(fault))


def first_of(faults: list[Sayable]) -> list[Sayable]:
    """As many as a person reads, and how many more there are."""
    more = len(faults) - MOST_NAMED
    return (
        [*faults[:MOST_NAMED], said(N_("and %(more)s more: mend these first, then check again"), more=more)]
        if more > 0
        else faults
    )


def load(path: Path, model: type[Model]) -> tuple[Model, Lines]:
    text = text_of(path, N_("give the path of an existing file"))
    with _collector_at_rest():
        return parse(text, model, path.name)


def text_of(path: Path, remedy: Sayable) -> str:
    """Raises YamlFault; `remedy` says what to do where the file can't be read at all."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise YamlFault(
            [
                said(
                    N_("%(path)s: can't be read (%(strerror)s); %(remedy)s"),
                    path=path,
                    strerror=marked(Marked(error.strerror or "")),
                    remedy=marked(remedy),
                )
            ]
        ) from None
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise YamlFault(
            [placed(path.name, line, "", N_("it is not UTF-8, GB 18030 perhaps: save it as UTF-8"))]
        ) from None


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """While a document is built nothing is garbage, and to look through its millions of objects again and
    again takes longer than reading it: of twenty thousand people 2.4 s of 4.
    """
    was_at_work = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_at_work:
            gc.enable()
