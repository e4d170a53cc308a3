"""`fenghuo trail query` on any terminal: nothing runs over its edge, whatever letters it shows; times as
people write them.
"""

import io
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import typer
from rich.cells import cell_len
from rich.console import Console

from fenghuo.commands import trail_query
from services.audit.reading.plain_reads import read_lines
from shared.facts.body import FactBody
from shared.language.words import Words
from shared.vocabulary import Language

ZONE = ZoneInfo("Asia/Shanghai")


def entry(**changed: Any) -> dict[str, Any]:
    whole = {
        "index": 123456, "time": "2026-11-01T03:00:00Z", "kind": "extension_decided", "level": "III", "case": "01KZ0000000000000000000ABC",
        "unit": "emergency_bureau", "persons": ["li_zixu", "wang_xin", "zhao_jia"], "outcomes": ["discharged", "lapsed"],
        "channels": ["voice"], "text": "化工园区三号罐区起火，已疏散群众，伤员已送医，救援力量已到现场\nsecond line", "lapse": True,
    }  # fmt: skip
    return whole | changed


@pytest.mark.parametrize("width", [60, 80, 100, 120, 159, 160, 240])
def test_a_table_fits_the_terminal(width: int) -> None:
    out = io.StringIO()
    rows = [
        entry(),
        entry(text="x" * 300, index=7),
        entry(text=None, case=None, level=None, unit=None, persons=[], outcomes=[]),
    ]
    Console(width=width, file=out).print(trail_query.table_of(rows, ZONE, width), crop=True)
    lines = out.getvalue().splitlines()
    assert len(lines) == 1 + len(rows), "a row is a line"
    assert max(map(cell_len, lines)) <= width
    assert "123456" in lines[1]
    assert ("2026-11-01 11:00:00" if width >= 100 else "11-01 11:00") in lines[1]


def test_a_row_is_the_record_in_words_in_the_language_of_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [
        entry(
            says={"zh": "赵甲答复：已知悉（链接）", "en": "Zhao Jia answered: knows of it (link)"},
            lapse=False,
        ),
        entry(kind="sealed_range", says=None),
    ]

    def shown(language: Language) -> list[str]:
        monkeypatch.setattr(trail_query, "language", lambda: language)
        monkeypatch.setattr(trail_query, "labelled", Words(language).label)
        out = io.StringIO()
        Console(width=160, file=out).print(trail_query.table_of(rows, ZONE, 160), crop=True)
        return [line.rstrip() for line in out.getvalue().splitlines()[1:]]

    told, masked = shown(Language.EN)
    assert told.endswith("Zhao Jia answered: knows of it (link)")
    assert masked.endswith("records sealed in a file"), "an operator sees what sort of record it is"
    told, masked = shown(Language.ZH)
    assert told.endswith("赵甲答复：已知悉（链接）")
    assert masked.endswith("记录封存入档")


def test_what_a_reader_did_is_said_in_words() -> None:
    readings = [
        {"route": "GET /records/{index}", "times": 2, "records": 2},
        {"route": "GET /api/v1/reports/lapses", "times": 1},
        {"route": "GET /api/v1/reports/reach", "times": 3},
        {"route": "GET /elsewhere"},
    ]
    lines = read_lines(FactBody({"readings": readings, "more": 7, "records": 5}))
    assert [(line.words, line.times, line.records) for line in lines] == [
        ("looked at a record", 2, 2),
        ("looked at a report", 4, 0),
        ("GET /elsewhere", 1, 0),
        ("further questions", 7, 3),
    ]
    assert read_lines(FactBody({"readings": "written by hand", "more": None})) == ()


def test_a_day_belongs_to_a_span_whole_and_a_time_without_a_zone_is_the_offices() -> None:
    assert trail_query.moment("--since", "2026-11-01", ZONE) == "2026-11-01T00:00:00+08:00"
    assert trail_query.moment("--until", "2026-11-01", ZONE, ends=True) == "2026-11-01T23:59:59.999999+08:00"
    assert trail_query.moment("--since", "2026-11-01T08:00", ZONE) == "2026-11-01T08:00:00+08:00"
    assert trail_query.moment("--since", "2026-11-01T08:00Z", ZONE) == "2026-11-01T08:00:00+00:00"
    assert trail_query.month_of("2026-02") == ("2026-02-01", "2026-02-28")
    assert trail_query.month_of("2026-12") == ("2026-12-01", "2026-12-31")


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "11/01"])
def test_what_is_no_time_is_said_so(text: str) -> None:
    with pytest.raises(typer.Exit):
        trail_query.moment("--since", text, ZONE)
