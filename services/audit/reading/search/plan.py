"""A question taken apart: which terms the index is asked for, and what a record must say to be an answer.
Pure.

Invariant: the index only proposes; `fits` and `has_words` decide, on the record and its payload.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from services.audit.reading.views import Filter
from services.audit.records import search_terms as terms
from services.audit.records.record import Rec
from services.audit.records.stored import StoredRecord
from shared.facts import rfc3339

Below = Callable[[str], Iterable[str]]
"""A unit → the units under it, however deep."""


def none_below(_: str) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class SearchPlan:
    """Every group must be met, by any of its terms."""

    groups: tuple[tuple[bytes, ...], ...]
    without: tuple[bytes, ...]
    """Terms a record must not have."""
    grams: tuple[str, ...]
    """All must be met."""
    words: str | None
    """In normal form."""
    fits: Callable[[StoredRecord], bool]

    @property
    def is_indexed(self) -> bool:
        return bool(self.groups or self.grams or self.without)

    def has_words(self, text: str | None) -> bool:
        return self.words is None or (text is not None and self.words in terms.normal(text))


def plan_of(record_filter: Filter, below: Below = none_below) -> SearchPlan:
    units = (
        frozenset((record_filter.unit, *(below(record_filter.unit) if record_filter.under else ())))
        if record_filter.unit is not None
        else None
    )
    groups: list[tuple[str, ...]] = [
        (f"{name}:{value}",)
        for name in ("kind", "level", "category", "person", "channel", "outcome")
        if (value := getattr(record_filter, name))
    ]
    if units is not None:
        groups.append(tuple(f"unit:{unit}" for unit in sorted(units)))
    if record_filter.area is not None and (area := terms.area_term(record_filter.area)):
        groups.append((area,))
    if record_filter.lapse_of is not None:
        groups.append((f"{terms.LAPSE}:{record_filter.lapse_of}",))
    elif record_filter.lapse:
        groups.append((terms.LAPSE,))
    if days := terms.days_between(record_filter.claimed_since, record_filter.claimed_until):
        groups.append(days)
    words = terms.normal(record_filter.text) if record_filter.text else None
    return SearchPlan(
        groups=tuple(tuple(terms.encoded(group)) for group in groups),
        without=(terms.LAPSE.encode(),) if record_filter.lapse is False else (),
        grams=tuple(sorted(terms.grams_of(words))) if words else (),
        words=words or None,
        fits=_fits(record_filter, units),
    )


_EQUAL = ("case", "kind", "level", "category", "lapse")
_AMONG = {"person": "persons", "channel": "channels", "outcome": "outcomes", "lapse_of": "lapses"}


def _fits(record_filter: Filter, units: frozenset[str] | None) -> Callable[[StoredRecord], bool]:
    equal = {name: value for name in _EQUAL if (value := getattr(record_filter, name)) is not None}
    among = {
        field: value for name, field in _AMONG.items() if (value := getattr(record_filter, name)) is not None
    }
    area = terms.root_of(record_filter.area) if record_filter.area is not None else None
    since, until = (rfc3339(at) if at else None for at in (record_filter.since, record_filter.until))
    claimed = tuple(
        rfc3339(at) if at else None for at in (record_filter.claimed_since, record_filter.claimed_until)
    )

    def fits(entry: StoredRecord) -> bool:
        fields = entry.fields
        return (
            all(fields[name] == value for name, value in equal.items())
            and all(value in fields[name] for name, value in among.items())
            and (units is None or not units.isdisjoint(fields["units"]))
            and (area is None or (fields["area"] or "").startswith(area))
            and _between(since, fields["time"], until)
            and (claimed == (None, None) or _between(claimed[0], Rec.read(entry.rec).claimed, claimed[1]))
        )

    return fits


def _between(low: str | None, stamp: str | None, high: str | None) -> bool:
    """Stamps of the trail are of one length: their order as text is their order in time."""
    if low is None and high is None:
        return True
    return stamp is not None and (low is None or low <= stamp) and (high is None or stamp <= high)
