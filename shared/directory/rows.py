"""People, posts, units and rosters from tables (CSV), as offices keep them: each row becomes a change. Pure.

Invariant: a column that is not there leaves what is known as it is; a cell that is empty clears it. Every
fault names file, line and column; nothing is taken of a table that has one.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from shared.directory.change_facts import Change, PutPerson, PutPost, PutRoster, PutUnit
from shared.directory.people import Person, Post
from shared.directory.roster import Roster
from shared.directory.units import Unit
from shared.directory.whole import Directory
from shared.facts import field_errors
from shared.facts.bounds import Frozen
from shared.lined_yaml import FileFault
from shared.message import N_, Sayable, placed, said

NAMES = ("name_zh", "name_en")
SEPARATOR = ";"


@dataclass(frozen=True)
class TableKind:
    """What a kind of table may hold. `lists` are cells with several values, separated by semicolons."""

    part: str
    model: type[Frozen]
    columns: tuple[str, ...]
    put: Callable[[Any], Change]
    lists: tuple[str, ...] = ()
    channels: bool = False
    """Every other column is a channel of the notifier's file (voice, sms, email …), in the order they are
    tried.
    """


TABLES = {
    "people": TableKind(
        "people",
        Person,
        ("unit", "language", "roles"),
        lambda person: PutPerson(person=person),
        lists=("roles",),
        channels=True,
    ),
    "posts": TableKind(
        "posts",
        Post,
        (
            "unit",
            "holder",
            "deputies",
            "roster",
            "stands_for",
            "kinds",
            "categories",
            "topics",
            "areas",
        ),
        lambda post: PutPost(post=post),
        lists=("deputies", "kinds", "categories", "topics", "areas"),
    ),
    "units": TableKind(
        "units", Unit, ("area", "superior", "head", "duty_post"), lambda unit: PutUnit(unit=unit)
    ),
    "rosters": TableKind(
        "rosters",
        Roster,
        (
            "unit",
            "post",
            "timezone",
            "starts",
            "hours",
            "rotation",
            "since",
            "ends",
            "leaders",
            "sign_in_within",
        ),
        lambda roster: PutRoster(roster=roster),
        lists=("rotation", "leaders"),
    ),
}


TOO_MANY_CELLS = N_("more cells than columns: put text with commas in quotes")


class RowFault(FileFault):
    """A table that can't be taken; one `file:line: column: what` a fault."""


def read_rows(raw: bytes, name: str, table: TableKind, directory: Directory) -> tuple[Change, ...]:
    """The changes a table makes to `directory`; rows that say what is known already make none. Raises
    RowFault.

    Text is UTF-8, with or without a mark, or GB 18030, as spreadsheets in China write it.
    """
    reader = csv.DictReader(io.StringIO(_text(raw, name)), strict=True)
    columns = [column.strip() for column in reader.fieldnames or ()]
    reader.fieldnames = columns
    _check_columns(columns, name, table)
    current: dict[str, Frozen] = {entry.id: entry for entry in getattr(directory, table.part)}
    faults: list[Sayable] = []
    changes: list[Change] = []
    try:
        for row in reader:
            if None in row:
                faults.append(placed(name, reader.line_num, "", TOO_MANY_CELLS))
                continue
            before = current.get((row["id"] or "").strip())
            try:
                after = table.model.model_validate(_fields(row, columns, table, before), extra="forbid")
            except ValidationError as error:
                faults += [
                    placed(name, reader.line_num, _column(where, table, row), what)
                    for where, what in field_errors(error)
                ]
                continue
            if after != before:
                changes.append(table.put(after))
    except csv.Error as error:
        faults.append(placed(name, reader.line_num, "", said(N_("not CSV: %(error)s"), error=str(error))))
    if faults:
        raise RowFault(faults)
    return tuple(changes)


def write_rows(directory: Directory, name: str) -> str:
    """The table of that kind, as `read_rows` takes it back."""
    table, lines = TABLES[name], io.StringIO()
    writer = csv.writer(lines)
    writer.writerow(("id", *NAMES, *table.columns))
    for one in getattr(directory, table.part):
        plain = one.model_dump(mode="json")
        cells = (plain.get(column) for column in table.columns)
        writer.writerow((plain["id"], *plain["name"].values(), *(_cell(value) for value in cells)))
    return lines.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return SEPARATOR.join(str(one) for one in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return "" if value is None else str(value)


def _text(raw: bytes, name: str) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RowFault([placed(name, 1, "", N_("neither UTF-8 nor GB 18030: save it as UTF-8"))])


def _check_columns(columns: list[str], name: str, table: TableKind) -> None:
    faults: list[Sayable] = []
    allowed = ("id", *NAMES, *table.columns)
    if "id" not in columns:
        faults.append(
            placed(
                name,
                1,
                "id",
                said(N_("no such column; the first line names the columns: %(allowed)s"), allowed=allowed),
            )
        )
    twice = sorted({column for column in columns if columns.count(column) > 1})
    faults += [placed(name, 1, column, N_("the column stands there twice: remove one")) for column in twice]
    if not table.channels:
        strangers = [column for column in columns if column not in allowed]
        faults += [
            placed(name, 1, column, said(N_("no such column; there are %(allowed)s"), allowed=allowed))
            for column in strangers
        ]
    if faults:
        raise RowFault(faults)


def _fields(
    row: dict[str, str], columns: list[str], table: TableKind, before: Frozen | None
) -> dict[str, Any]:
    """The model's fields: what is known, with what the row says in its place."""
    fields: dict[str, Any] = (
        {key: getattr(before, key) for key in type(before).model_fields} if before else {}
    )
    cells = {column: (row[column] or "").strip() for column in columns}
    fields["id"] = cells["id"]
    if any(column in cells for column in NAMES):
        was = fields.get("name")
        zh, en = (cells.get(column) or getattr(was, column.removeprefix("name_"), None) for column in NAMES)
        fields["name"] = {"zh": zh or en or cells["id"], "en": en or zh or cells["id"]}
    for column in table.columns:
        if column in table.lists and column in cells:
            fields[column] = tuple(_parts(cells[column]))
        elif cells.get(column):
            fields[column] = cells[column]
        elif column in cells:
            fields.pop(column, None)
    if table.channels and (
        channels := [column for column in columns if column not in ("id", *NAMES, *table.columns)]
    ):
        give_ups = dict(before.give_ups) if isinstance(before, Person) else {}
        fields["channels"] = [
            # A table has no column for it; it stands at the first address of a channel.
            {"channel": channel, "address": address, "give_up": give_ups.pop(channel, None)}
            for channel in channels
            for address in _parts(cells[channel])
        ]
    return fields


def _parts(cell: str) -> Iterator[str]:
    return (part.strip() for part in cell.replace("；", SEPARATOR).split(SEPARATOR) if part.strip())


def _column(where: str, table: TableKind, row: dict[str, str]) -> str:
    """The column a model's field came from."""
    first, *rest = where.split(".")
    if first == "name":
        return "name_zh, name_en"
    if first == "channels" and table.channels and rest and rest[0].isdigit():
        channels = [
            column
            for column in row
            if column not in ("id", *NAMES, *table.columns)
            for _ in _parts(row[column] or "")
        ]
        return channels[int(rest[0])] if int(rest[0]) < len(channels) else first
    return first
