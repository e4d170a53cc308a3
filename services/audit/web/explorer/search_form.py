"""What an auditor fills in, as a filter of the trail. Times are local to the office; a field left empty asks
for nothing.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.audit.reading.search.criteria import CATEGORIES, KINDS, LEVELS
from services.audit.reading.views import Filter
from shared.facts import EffectKind
from shared.language.catalogue import N_
from shared.language.labels import LABELS
from shared.language.times import read_local
from shared.web.picks import PickedSort

TEXTS = (
    "case",
    "kind",
    "unit",
    "person",
    "level",
    "category",
    "area",
    "channel",
    "outcome",
    "lapse_of",
    "text",
)
TIMES = ("since", "until", "claimed_since", "claimed_until")
FURTHER = ("case", "category", "channel", "outcome", "lapse_of", "claimed_since", "claimed_until", "exact")
"""Behind a fold, which is open where one of them is given."""
PICKED: dict[str, PickedSort] = {
    "unit": PickedSort.UNITS,
    "person": PickedSort.PEOPLE,
    "area": PickedSort.AREAS,
}
"""What is named of a list of the directory, where there is one."""
CHANNELS = tuple(LABELS["channel"])
OUTCOMES = tuple(str(kind) for kind in EffectKind)
__all__ = [
    "CATEGORIES",
    "CHANNELS",
    "FURTHER",
    "KINDS",
    "LEVELS",
    "OUTCOMES",
    "PICKED",
    "read_filter",
    "tries",
]

BEFORE = N_("It lies before the time above it: exchange the two.")
_MINUTE = timedelta(minutes=1) - timedelta(microseconds=1)
"""What a form gives to the minute ends with that minute."""


def read_filter(values: Mapping[str, str], zone: ZoneInfo) -> tuple[Filter, dict[str, str]]:
    """The filter, and what is wrong with which field; a field at fault is left out."""
    filter_values: dict[str, Any] = {
        name: values[name].strip() for name in TEXTS if values.get(name, "").strip()
    }
    faults: dict[str, str] = {}
    if values.get("lapse"):
        filter_values["lapse"] = True
    if "unit" in filter_values and not values.get("exact"):
        filter_values["under"] = True
    for name in TIMES:
        if values.get(name):
            try:
                at = read_local(values[name], zone)
            except ValueError as error:
                faults[name] = str(error)
                continue
            filter_values[name] = at + _MINUTE if name.endswith("until") and not at.second else at
    for since, until in (("since", "until"), ("claimed_since", "claimed_until")):
        if since in filter_values and until in filter_values and filter_values[until] < filter_values[since]:
            del filter_values[until]
            faults[until] = BEFORE
    return Filter.model_validate(filter_values), faults


def tries(values: Mapping[str, str]) -> Iterator[str]:
    """Where nothing was found: what to try, the likeliest first."""
    if values.get("text"):
        yield N_(
            "Fewer words: the piece must stand in the text as it is written, though case and width do not matter."
        )
    if values.get("since") or values.get("until"):
        yield N_("A longer time: From and To are when the broker stored it, not when it happened.")
    if values.get("exact"):
        yield N_("With the units under it: take the tick away.")
    if values.get("person"):
        yield N_("The unit instead: a person is found only where the fact names them.")
    if len([name for name, value in values.items() if value]) > 1:
        yield N_("Fewer criteria: all that are given must hold.")
