"""What a search finds is taken away whole, in words, in little memory; and a file that broke off is known for
one.
"""

import csv
import io
import itertools
import json
import tracemalloc
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import openpyxl
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI

from services.audit.checking.exported import check_export
from services.audit.evidence.export import csv_table as export_csv
from services.audit.evidence.export.end import End, rows_of
from services.audit.evidence.export.rows import COLUMNS, Cell, ExportWords
from services.audit.evidence.export.xlsx_table import Workbook
from services.audit.records.line import read_line
from services.audit.web.export import export_router
from shared import tokens
from shared.directory import load_directory
from shared.tlog.note import Verifier
from shared.tokens import Gate, Principal
from shared.vocabulary import Language, Role
from shared.web.names import Names
from shared.xlsx import XlsxFile
from tests.audit.made import MadeTrail, signer, vkey_of
from tests.audit.story import a_story

ROOT = Path(__file__).resolve().parents[2]
ZONE = ZoneInfo("Asia/Shanghai")
CASE, FACTS = a_story()
RECORDS = sum(fact.subject == CASE for fact, _ in FACTS)
REPORTS = sum(fact.kind == "reported" for fact, _ in FACTS)
TRAIL = MadeTrail(FACTS)
NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.generate()
ZH = ExportWords(Language.ZH, Names(None), ZONE)
ENDED = End(
    3,
    68,
    "ab" * 32,
    "2026-11-24T03:00:00.000000Z",
    {"kind": "reported"},
    "li (auditor)",
    "2026-11-24T04:00:00.000000Z",
)


def bearer(role: Role) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {tokens.issue(KEY, Principal(subject='li', role=role), now=datetime.now(UTC), lasts=timedelta(hours=1))}"
    }


@pytest_asyncio.fixture(loop_scope="session")
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    names = Names(load_directory(ROOT / "config" / "directory.yaml"))
    app.include_router(
        export_router(
            TRAIL.reader, Gate(KEY.public_key(), lambda claims: claims.principal), names, ZONE, lambda: NOW
        )
    )
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://trail", headers=bearer(Role.AUDITOR)
    ) as asked:
        yield asked


async def exported(client: httpx2.AsyncClient, tmp_path: Path, **params: Any) -> Path:
    answer = await client.get("/api/v1/trail/export", params=params)
    assert answer.status_code == 200, answer.text
    path = tmp_path / f"trail.{params.get('format', 'jsonl')}"
    path.write_bytes(answer.content)
    return path


async def test_a_table_reads_back_in_words_with_its_end(client: httpx2.AsyncClient, tmp_path: Path) -> None:
    path = await exported(client, tmp_path, format="csv", kind="reported")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    head, *rows, end = csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""))
    assert (head[0], head[1], len(rows)) == ("记录号", "入库时间 (Asia/Shanghai)", REPORTS)
    assert rows[0][1:4] == ["2026-11-23 11:00:00", "2026-11-23 11:00:00", "上报"]
    assert "望山县信息中心 (wangshan_info_centre)" in rows[0]
    assert {len(row) for row in (head, *rows, end)} == {len(COLUMNS)}
    said = " ".join(end)
    for words in ("END 完", f"记录 {REPORTS}", "kind = reported", "li (auditor)", "2026-11-24T04:00:00"):
        assert words in said
    assert rows_of("csv", path) == REPORTS


async def test_a_workbook_reads_back_as_a_spreadsheet_reads_it(
    client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    path = await exported(client, tmp_path, format="xlsx", lang="en")
    book = openpyxl.load_workbook(path)
    sheet, end = book.worksheets
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][:3] == ("Record", "Stored (Asia/Shanghai)", "Happened, as its author says (Asia/Shanghai)")
    assert [row[0] for row in rows[1:]] == list(range(len(FACTS)))
    assert rows[2][1] == datetime(2026, 11, 23, 11, 0)  # noqa: DTZ001 - as the office's clock shows it
    assert sheet.freeze_panes == "A2"
    assert (end["A1"].value, end["B1"].value) == ("Records", len(FACTS))
    assert rows_of("xlsx", path) == len(FACTS)


async def test_lines_for_machines_hold_records_and_payloads_whole(
    client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    path = await exported(client, tmp_path, case=CASE)
    lines = path.read_bytes().splitlines()
    details = [detail for line in lines if (detail := read_line(line))]
    assert len(details) == RECORDS == rows_of("jsonl", path)
    assert all(detail.payload and detail.payload.raw for detail in details)
    assert "checkpoint" in json.loads(lines[0])
    assert json.loads(lines[-1])["end"]["criteria"] == {"case": CASE}
    path = await exported(client, tmp_path, start=10, end=20)
    details = [detail for line in path.read_bytes().splitlines() if (detail := read_line(line))]
    assert [detail.index for detail in details] == list(range(10, 20))


async def test_each_line_of_a_part_is_proven_by_itself_and_what_was_done_to_it_is_said(
    client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    key = Verifier.read(vkey_of(TRAIL.key))
    path = await exported(client, tmp_path, case=CASE, proofs=True)
    lines = path.read_bytes().splitlines(keepends=True)
    verdict = check_export(lines, key)
    assert (verdict.faults, verdict.proven, verdict.criteria) == ([], RECORDS, {"case": CASE})

    def faults(*done: bytes, by: Verifier = key) -> str:
        return "; ".join(words for _, words in check_export(done, by).faults)

    assert f"says it has {RECORDS} records and has {RECORDS - 1}" in faults(*lines[:5], *lines[6:])
    assert "broke off" in faults(*lines[:-1])
    assert "another root" in faults(*lines[:3], lines[3].replace(b'number\\":3', b'number\\":4'), *lines[4:])
    assert "it was altered" in faults(*lines[:3], lines[3].replace(b'"raw":"e', b'"raw":"f'), *lines[4:])
    assert "can't be read" in faults(b"{}\n", *lines[1:])
    assert "not signed by the pinned key" in faults(*lines, by=Verifier.read(vkey_of(signer(2))))
    bare = (await exported(client, tmp_path, case=CASE)).read_bytes().splitlines(keepends=True)
    assert f"{RECORDS} records can't be proven from this file" in faults(*bare)
    whole = (await exported(client, tmp_path)).read_bytes().splitlines(keepends=True)
    assert (faults(*whole), check_export(whole, key).proven) == ("", len(FACTS))


@pytest.mark.parametrize("form", ["jsonl", "csv", "xlsx"])
async def test_an_export_that_broke_off_has_no_end(
    client: httpx2.AsyncClient, tmp_path: Path, form: str
) -> None:
    path = await exported(client, tmp_path, format=form)
    whole = path.read_bytes()
    for cut in (1, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:-cut])
        assert rows_of(form, path) is None, cut


@pytest.mark.parametrize("text", ["=1+2", "+1", "-1", "@SUM(A1)", "\t=1", "＝cmd", "\r\n=1"])
def test_nothing_in_a_csv_is_run_by_a_spreadsheet(text: str) -> None:
    (row,) = csv.reader(io.StringIO(export_csv.lines([[text]]).decode(), newline=""))
    assert row == [f"'{text}"]


def test_quotes_line_ends_and_commas_survive() -> None:
    said = ['他说："不"', "a,b", "one\r\ntwo", ""]
    written = export_csv.lines([said])
    assert written.endswith(b"\r\n")
    assert next(csv.reader(io.StringIO(written.decode(), newline=""))) == said


def test_a_workbook_takes_any_text_as_text_and_goes_on_on_another_sheet(tmp_path: Path) -> None:
    texts = ["=1+2", "<b>&amp;</b>", "a\x00b\x0b", "\ud800", "长" * 40_000, " spaces ", "one\ntwo"]
    book = Workbook(ZH, rows=3)
    path = tmp_path / "book.xlsx"
    path.write_bytes(book.rows([number, text] for number, text in enumerate(texts)) + book.end(ENDED))
    *sheets, _ = openpyxl.load_workbook(path).worksheets
    assert [sheet.title for sheet in sheets] == ["记录", "记录 2", "记录 3"]
    read = [row[1] for sheet in sheets for row in sheet.iter_rows(min_row=2, max_col=2, values_only=True)]
    assert read == ["=1+2", "<b>&amp;</b>", "a�b�", "�", "长" * 32_767, " spaces ", "one\ntwo"]
    assert openpyxl.load_workbook(path).worksheets[0]["B2"].data_type == "s", "a text, not a formula"


def test_a_sheet_may_have_a_column_for_each_day_of_three_years() -> None:
    heads = [str(day) for day in range(1100)]
    file = XlsxFile()
    file.sheet("days", [10] * len(heads), heads).close()
    sheet = openpyxl.load_workbook(io.BytesIO(file.close())).worksheets[0]
    assert [cell.value for cell in sheet[1]] == heads
    assert [sheet["ZZ1"].value, sheet["AAA1"].value] == ["701", "702"]


def test_memory_does_not_grow_with_the_rows() -> None:
    """200,000 rows take the same 59 MB as an empty process with its imports (measured; XlsxWriter 32 MB and
    four times the time).
    """
    row: list[Cell] = [1, datetime(2026, 11, 23, 11, 0), *["望山县信息中心"] * 10]  # noqa: DTZ001
    peaks: list[int] = []
    for count in (1_000, 10_000):
        tracemalloc.start()
        book, rows = Workbook(ZH), itertools.repeat(row, count)
        while part := list(itertools.islice(rows, 256)):
            book.rows(part)
        book.end(ENDED)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.2 + 200_000
