"""Tables that people hand in (CSV or JSON lines): row by row, each with its line; those refused are kept with
the reason. Pure.

Invariant: a row's key is made of what it says and of nothing else, so that the same table handed in again
makes nothing twice; and a file of refused rows has the form of the table it came from, so that, corrected, it
can be handed in as it is.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from fenghuo.speech import worded

NOTES = ("rejected_line", "rejected_reason")
"""What is added to a refused row, and not read again."""
KEY = "key"
"""A row may bring the key of the system it comes from."""


class TableFault(ValueError):
    """The file is no table at all."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """`cells` as they stand in the file; `line` where the row begins, from 1."""

    line: int
    cells: dict[str, Any]
    fault: str | None = None
    """Why it can't be read."""

    @property
    def filled(self) -> dict[str, Any]:
        return {
            name: value
            for name, value in self.cells.items()
            if name not in (*NOTES, KEY) and value not in (None, "")
        }

    @property
    def key(self) -> str:
        if self.cells.get(KEY):
            return f"import:{self.cells[KEY]}"
        return f"import:{hashlib.sha256(json.dumps(self.filled, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:40]}"


def text_of(raw: bytes) -> str:
    """UTF-8, with or without a mark, or GB 18030, as spreadsheets in China write it. Raises TableFault."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableFault(worded("the text is neither UTF-8 nor GB 18030: save it as UTF-8"))


def read_table(text: str, *, lines: bool) -> list[TableRow]:
    """`lines`: JSON lines, else CSV whose first line names the columns. Raises TableFault."""
    return list(_json_lines(text) if lines else _csv(text))


def _json_lines(text: str) -> Iterator[TableRow]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            cells: Any = json.loads(line)
        except ValueError as error:
            yield TableRow(number, {"text": line}, worded("is no JSON (%(error)s)", error=error))
            continue
        if isinstance(cells, dict):
            yield TableRow(number, cast(dict[str, Any], cells))
        else:
            yield TableRow(number, {"text": line}, worded("is no JSON object: write {…} on each line"))


def _csv(text: str) -> Iterator[TableRow]:
    reader = csv.DictReader(io.StringIO(text), restkey="", strict=True)
    columns = [name.strip() for name in reader.fieldnames or ()]
    if not any(columns) or len(set(columns)) < len(columns):
        raise TableFault(worded("the first line must name the columns, each once"))
    reader.fieldnames = columns
    before = reader.line_num
    try:
        for cells in reader:
            too_many = cells.pop("", None)
            plain = {name: (value or "").strip() for name, value in cells.items()}
            yield TableRow(
                before + 1, plain, worded("has more cells than the first line names") if too_many else None
            )
            before = reader.line_num
    except csv.Error as error:
        raise TableFault(
            worded("line %(line_num)s: %(error)s", line_num=reader.line_num, error=error)
        ) from None


def form_of(cells: dict[str, Any]) -> dict[str, Any]:
    """Dotted columns become parts: `harm.deaths` is `{"harm": {"deaths": …}}`. Raises ValueError where two
    columns contradict.
    """
    form: dict[str, Any] = {}
    for name, value in cells.items():
        *path, last = name.split(".")
        inner = form
        for part in path:
            further = inner.setdefault(part, {})
            if not isinstance(further, dict):
                raise ValueError(worded("%(name)s: contradicts the column %(part)s", name=name, part=part))
            inner = cast(dict[str, Any], further)
        inner[last] = value
    return form


def write_rejected(rejected: Sequence[tuple[TableRow, str]], *, lines: bool) -> str:
    """The refused rows with their line and the reason, in the form of the table they came from."""
    noted = [{**row.cells, NOTES[0]: row.line, NOTES[1]: reason} for row, reason in rejected]
    if lines:
        return "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in noted)
    columns = list(dict.fromkeys(name for entry in noted for name in entry))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(noted)
    return out.getvalue()
