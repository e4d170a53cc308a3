"""The end of an export: how many records, up to which checkpoint, what was asked, by whom, when. In every
format the last thing written.

Invariant: an export that broke off has no end; whoever reads one looks for it first.
"""

import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.audit.evidence.export.rows import ExportWords
from shared.language.catalogue import N_

END = "END 完"
"""First cell of the last row of a CSV file, and the name of the last sheet of a workbook."""
_LAST = 64 * 1024
_FIRST = re.compile(rb'<c r="B1"[^>]*><v>(\d+)</v>')
"""In the last sheet: the number of records."""


@dataclass(frozen=True)
class End:
    records: int
    size: int
    """Of the checkpoint the export holds up to."""
    root: str
    signed: str
    criteria: Mapping[str, str]
    by: str
    """The principal and the role."""
    at: str

    def lines(self, words: ExportWords) -> list[tuple[str, str]]:
        """(what, said), for people; the number of records comes first."""
        criteria = "; ".join(f"{name} = {value}" for name, value in self.criteria.items())
        return [
            (words.of(N_("Records")), str(self.records)),
            (words.of(N_("Up to the checkpoint of")), str(self.size)),
            (words.of(N_("Signed")), self.signed),
            (words.of(N_("Root")), self.root),
            (words.of(N_("Asked for")), criteria or words.of(N_("everything"))),
            (words.of(N_("Exported by")), self.by),
            (words.of(N_("Exported at")), self.at),
        ]


def rows_of(form: str, path: Path) -> int | None:
    """How many records a file says it holds; None where it has no end."""
    try:
        match form:
            case "jsonl":
                return int(json.loads(_last_line(path))["end"]["records"])
            case "csv":
                first, count = _last_line(path).decode("utf-8").split(",")[:2]
                return int(count.rpartition(" ")[2]) if first == END else None
            case _:
                with zipfile.ZipFile(path) as archive:
                    sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
                    first = _FIRST.search(archive.read(f"xl/worksheets/sheet{len(sheets)}.xml"))
                    return (
                        int(first[1]) if first and END.encode() in archive.read("xl/workbook.xml") else None
                    )
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return None


def _last_line(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _LAST))
        content = file.read()
    if not content.endswith(b"\n"):
        raise ValueError("the last line was cut off")
    return content.rstrip(b"\r\n").rpartition(b"\n")[2]
