"""A policy's text with single values put in the place of others; all else, comments too, stays as it was written. Pure.

Invariant: what is read at a path afterwards is exactly what was put there, and what is read anywhere else is what it was
before; a path that the text does not write as a plain value is refused.
"""

import re
from collections.abc import Mapping
from typing import cast

import yaml

from services.escalator.policy.inherit import Path

_PLAIN = re.compile(r"P[0-9A-Z.]+|[a-z]+(_[a-z]+)+")
"""A term, or a name of several words: nothing else that is read from such letters."""
_BLOCKS = ("|", ">")


class NotWrittenError(LookupError):
    """The text has no plain value at that path."""


def with_values(text: str, values: Mapping[Path, str]) -> str:
    """Raises NotWrittenError. `text` is one that has been read as a policy."""
    root = cast(yaml.Node | None, yaml.compose(text, Loader=yaml.CSafeLoader))
    shared = _shared(root)
    places = sorted(((*_place(root, path, shared), value) for path, value in values.items()), reverse=True)
    for begins, ends, value in places:
        text = text[:begins] + _written(value) + text[ends:]
    return text


def _written(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _place(node: yaml.Node | None, path: Path, shared: set[yaml.Node]) -> tuple[int, int]:
    """Where the value begins and ends."""
    at = node
    for part in path:
        at = _child(at, part)
        if at in shared:
            raise NotWrittenError(".".join(map(str, path)))
    if not isinstance(at, yaml.ScalarNode) or at.style in _BLOCKS:
        raise NotWrittenError(".".join(map(str, path)))
    return at.start_mark.index, at.end_mark.index


def _shared(root: yaml.Node | None) -> set[yaml.Node]:
    """What is read at several paths, by an anchor."""
    met, again, waiting = set[yaml.Node](), set[yaml.Node](), [root] if root is not None else []
    while waiting:
        node = waiting.pop()
        if node in met:
            again.add(node)
            continue
        met.add(node)
        if isinstance(node, yaml.MappingNode):
            waiting += [each for pair in cast(list[tuple[yaml.Node, yaml.Node]], node.value) for each in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += cast(list[yaml.Node], node.value)
    return again


def _child(node: yaml.Node | None, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        pairs = cast(list[tuple[yaml.Node, yaml.Node]], node.value)
        return next((value for key, value in pairs if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
        items = cast(list[yaml.Node], node.value)
        return items[part] if part < len(items) else None
    return None
