"""Forms for tests: those that are shipped, and a book of one's own."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from shared.forms import FillingPlace, Forms, load_forms, parse_forms
from shared.forms.blocks import FormReader
from shared.vocabulary import ReportKind
from shared.web.names import Names
from tests.escalator.builders import example_directory

FILE = Path(__file__).resolve().parents[2] / "config" / "forms.yaml"
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
HEATING = FillingPlace(ReportKind.INCIDENT, "heating")
OUTAGE: dict[str, Any] = {
    "firm": "heating_company",
    "service": "heating",
    "area": "620602",
    "households": 3200,
    "since": "2026-11-23T10:00:00+08:00",
    "approved": False,
}
STOCK: dict[str, Any] = {"firm": "heating_company", "item": "coal", "amount": 1800, "days_left": 4}


@cache
def shipped() -> Forms:
    return load_forms(FILE)


def reader(forms: Forms | None = None) -> FormReader:
    directory = example_directory()
    return FormReader(forms or shipped(), directory, Names(directory), ZONE, NOW)


def book(forms: str) -> Forms:
    return parse_forms(f'version: "t"\nforms:\n{forms}')
