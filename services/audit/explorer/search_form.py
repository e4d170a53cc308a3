"""What an auditor fills in, as a filter of the trail. Times are local to the office; a field left empty asks for nothing."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from services.audit.views import Filter
from shared.vocabulary import Category, Kind, Level
from shared.web.times import read_local

TEXTS = ("case", "kind", "unit", "person", "level", "category", "area", "text")
TIMES = ("since", "until")
KINDS, LEVELS, CATEGORIES = tuple(Kind), tuple(Level), tuple(Category)


def read_filter(values: Mapping[str, str], zone: ZoneInfo) -> tuple[Filter, dict[str, str]]:
    """The filter, and what is wrong with which field; a field at fault is left out."""
    found: dict[str, Any] = {name: values[name].strip() for name in TEXTS if values.get(name, "").strip()}
    faults: dict[str, str] = {}
    if values.get("lapse"):
        found["lapse"] = True
    for name in TIMES:
        if values.get(name):
            try:
                found[name] = read_local(values[name], zone)
            except ValueError as error:
                faults[name] = str(error)
    return Filter.model_validate(found), faults
