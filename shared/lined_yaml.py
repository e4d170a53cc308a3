"""YAML read so that every value knows its line: an error names file, line and remedy, not a dotted path into nowhere."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from shared.facts.envelope import field_errors

Model = TypeVar("Model", bound=BaseModel)


class YamlFault(ValueError):
    """What is wrong with a file, one `file:line: where: what` a fault."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class PlacedError(ValueError):
    """Faults that a model finds in its parts: (path in the document, what is wrong). `parse` gives each its own line."""

    def __init__(self, faults: Sequence[tuple[tuple[str | int, ...], str]]) -> None:
        super().__init__("; ".join(text for _, text in faults))
        self.faults = tuple(faults)


class Lines:
    """Where each path of a document stands."""

    def __init__(self, root: Any) -> None:
        self._root = root

    def of(self, path: Sequence[str | int]) -> int:
        """The line (from 1) of `path`, or of its nearest ancestor that the file has."""
        node: Any = self._root
        line = 1
        for part in path:
            is_map, is_seq = isinstance(node, CommentedMap), isinstance(node, CommentedSeq)
            if not ((is_map and part in node) or (is_seq and isinstance(part, int) and part < len(node))):
                break
            where: Any = node.lc.key(part) if is_map else node.lc.item(part)
            line = int(where[0]) + 1
            node = node[part]
        return line


def _plain(node: Any) -> Any:
    if isinstance(node, CommentedMap):
        return {str(key): _plain(value) for key, value in cast(dict[Any, Any], node).items()}
    if isinstance(node, CommentedSeq):
        return [_plain(item) for item in cast(list[Any], node)]
    return str(node) if isinstance(node, str) else node


def words_of(path: Path) -> frozenset[str]:
    """Every text value and key of a YAML file: whether something is named there at all. Raises YamlFault."""
    try:
        root: Any = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, YAMLError) as error:
        raise YamlFault([f"{path}: can't be read ({error})"]) from None
    return frozenset(_words(root))


def _words(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in cast(dict[Any, Any], node).items():
            yield str(key)
            yield from _words(value)
    elif isinstance(node, list):
        for value in cast(list[Any], node):
            yield from _words(value)
    elif isinstance(node, str):
        yield node


def parse(text: str, model: type[Model], name: str) -> tuple[Model, Lines]:
    """Validate `text` as `model`. Raises YamlFault with a line for each fault; `name` is the file's name in messages."""
    try:
        root: Any = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = cast(Any, error).problem_mark
        raise YamlFault([f"{name}:{mark.line + 1 if mark else 1}: not YAML: {error.problem or error.context}"]) from None
    lines = Lines(root)
    try:
        return model.model_validate(_plain(root)), lines
    except ValidationError as error:
        faults: list[str] = []
        for fault, (where, what) in zip(error.errors(include_url=False), field_errors(error), strict=True):
            placed = fault.get("ctx", {}).get("error")
            if isinstance(placed, PlacedError):
                faults += [f"{name}:{lines.of((*fault['loc'], *path))}: {'.'.join(map(str, path))}: {text}" for path, text in placed.faults]
            else:
                faults.append(f"{name}:{lines.of(fault['loc'])}: {where}: {what}")
        raise YamlFault(faults) from None


def load(path: Path, model: type[Model]) -> tuple[Model, Lines]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise YamlFault([f"{path}: can't be read ({error.strerror}); give the path of an existing file"]) from None
    return parse(text, model, path.name)
