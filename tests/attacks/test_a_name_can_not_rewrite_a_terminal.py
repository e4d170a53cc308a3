"""What somebody wrote does nothing on the terminal of whoever reads it: no cursor moves, no line is
overwritten, no writing turns round.

The deed: a report with an escape sequence that clears the line and writes "closed" over it, with a bidi
override and a hidden tag. Over HTTP it is refused with the field; a record of yesterday may still hold one,
and a bundle may be a forger's.
"""

import io
import json
from datetime import UTC, datetime

import httpx2
import pytest
from rich.table import Table

from fenghuo.commands import _show, _show_case, trail_query
from fenghuo.terminal import Terminal, json_text
from services.audit.evidence.bundle import verify
from shared.plain_text import NOT_IN_TEXT
from shared.vocabulary import Role
from tests.attacks.conftest import Installation

HOSTILE = "火灾\x1b[2K\x1b[1Gclosed \u202edeggolf\u2066 \x9b31m\U000e0041\r over"
UNIT = "emergency_bureau"


def a_report(**more: str) -> dict[str, str]:
    now = datetime.now(UTC).isoformat()
    return {
        "category": "accident",
        "unit": UNIT,
        "area": "620600",
        "occurred_at": now,
        "learned_at": now,
        "summary": "x",
        **more,
    }


@pytest.mark.parametrize("field", ["summary", "details"])
async def test_it_is_refused_where_it_is_written(installation: Installation, field: str) -> None:
    token = installation.lab.bearer(Role.DUTY_OFFICER, unit=UNIT)
    async with httpx2.AsyncClient(base_url=installation.intake.url) as http:
        answer = await http.post("/api/v1/reports", json=a_report(**{field: HOSTILE}), headers=token)
    assert answer.status_code == 422, answer.text
    [fault] = answer.json()["errors"]
    assert fault["field"] == field
    assert "U+001B" in fault["message"]


def test_a_line_or_a_cell_of_yesterday_is_written_out() -> None:
    paper = io.StringIO()
    screen = Terminal(file=paper, force_terminal=True, width=200)
    table = Table()
    table.add_column("what")
    table.add_row(HOSTILE)
    screen.print(HOSTILE, markup=False, highlight=False)
    screen.print(table)
    said = paper.getvalue()
    ours = said.replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert NOT_IN_TEXT.search(ours) is None, ascii(ours)
    assert "<U+001B>[2K" in said
    assert "<U+202E>" in said


def test_every_command_prints_through_it() -> None:
    for out in (_show.out, _show_case.out, trail_query.out):
        assert isinstance(out, Terminal)


def test_json_for_programs_reads_back_and_shows_nothing_raw() -> None:
    text = json_text({"summary": HOSTILE})
    assert NOT_IN_TEXT.search(text) is None
    assert json.loads(text) == {"summary": HOSTILE}


def test_a_forged_bundle_says_no_more_than_its_letters() -> None:
    assert NOT_IN_TEXT.search(verify.written_out(HOSTILE)) is None
