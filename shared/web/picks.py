"""How a page without scripts lets somebody name one of twenty thousand: a short list, the likeliest first,
and a line to write another in.

Invariant: a page offers at most MOST of any list of the directory, however large that is, and whatever stands
in it can be named all the same, by its id or its name. What is written is never guessed at: it names exactly
one, or the fault says what is near it, and that is offered in the list the next time. Pure.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from heapq import nlargest

from shared.directory import Area, ContingencyPlan, Directory, Person, Post, Roster, Unit
from shared.facts import Name
from shared.ids import UnitId
from shared.message import N_, Said, said
from shared.problems import Fault

MOST = 60
"""Choices of one field."""
NEAR = 8
"""Those named in a fault."""
LOOKED_UP = 3
"""Names of one line for which something near is offered."""
WRITTEN = "_written"
"""Behind a field's name: the line beside its list."""
LONGEST = 200
"""Characters of one name that are looked up."""
MOST_WRITTEN = 200
"""Names in one line, where a field takes several."""
ALIKE = 0.33
"""Share of pairs of letters that a name must have in common with what was written to be near it: one wrong
letter of two is.
"""
SEVERAL = N_("%(given)s may be any of %(many)s: choose from the list, or write the id, as of %(near)s")
NOT_SO = N_("nothing here is called %(given)s; choose from the list, or write the id: near it is %(near)s")
NOTHING_NEAR = N_(
    "nothing here is called %(given)s, and nothing is near it: write the name or the id as the directory has it"
)
BOTH = N_("%(chosen)s is chosen and %(given)s is written: leave one of the two")
TOO_MANY = N_("are more than %(most)s names: write fewer")
_BETWEEN = re.compile(r"[,;\n，；、]")

Listed = Area | ContingencyPlan | Person | Post | Roster | Unit


class PickedSort(StrEnum):
    """What may be picked; each is a list of the directory."""

    AREAS = "areas"
    PEOPLE = "people"
    PLANS = "plans"
    POSTS = "posts"
    ROSTERS = "rosters"
    UNITS = "units"


@dataclass(frozen=True)
class Choice:
    value: str
    name: Name | str
    """A name in both languages, or a message of the catalogue."""


@dataclass(frozen=True)
class Offer:
    choices: tuple[Choice, ...]
    is_part: bool = False
    """There are others: a line to write them in stands beside the list."""


class Picker:
    """One list of the directory, or those of it that are `among`."""

    def __init__(self, directory: Directory, sort: PickedSort, among: Container[str] | None = None) -> None:
        self._directory, self._sort, self._among = directory, sort, among
        self._liked: dict[str, tuple[list[str], int]] = {}
        """What was looked for before: the forms of one page ask alike."""

    def offer(self, likely: Iterable[str] = (), chosen: str = "", written: str = "") -> Offer:
        """`likely` first; `chosen` and `written`: what came back from the form, ids with commas and the line
        beside the list.
        """
        back = [*chosen.split(","), *(key for part in _parts(written)[:LOOKED_UP] for key in self.near(part))]
        if len(self._by_id) <= MOST:
            return Offer(self._choices(dict.fromkeys([*likely, *self._by_id])))
        ordered = [key for key in dict.fromkeys([*back, *likely]) if key in self._by_id]
        return Offer(self._choices((ordered or list(self._by_id))[:MOST]), is_part=True)

    def named(self, text: str) -> str | None:
        """The one that the text names: by its id, or by a name that no other has. None where there is not
        exactly one.
        """
        if text in self._by_id:
            return text
        alike = self._by_name.get(_folded(text), ())
        return alike[0] if len(alike) == 1 else None

    def near(self, text: str) -> list[str]:
        """What the text may mean: all of that name, else those that have it within, else those of like
        letters; the first few.
        """
        return self._like(text)[0]

    def fault(self, text: str) -> Said:
        """What is wrong with a text that names not exactly one."""
        near, many = self._like(text)
        names = tuple(self._name_with_id(key) for key in near)
        given = text[:LONGEST]
        if not near:
            return said(NOTHING_NEAR, given=given)
        return said(SEVERAL if many > 1 else NOT_SO, given=given, many=many, near=names)

    def name(self, key: str) -> Name:
        """A person with their unit: many share a name."""
        listed = self._by_id[key]
        if not isinstance(listed, Person):
            return listed.name
        unit = self._directory.units_by_id.get(listed.unit) if listed.unit else None
        return (
            listed.name
            if unit is None
            else Name(zh=f"{listed.name.zh} · {unit.name.zh}", en=f"{listed.name.en} · {unit.name.en}")
        )

    def _name_with_id(self, key: str) -> Name:
        name = self.name(key)
        return Name(zh=f"{name.zh} ({key})", en=f"{name.en} ({key})")

    def _choices(self, ids: Iterable[str]) -> tuple[Choice, ...]:
        return tuple(Choice(key, self.name(key)) for key in ids if key in self._by_id)

    def _like(self, text: str) -> tuple[list[str], int]:
        """The first few that the text may mean, and how many they are in all; of like letters none is meant
        for sure.
        """
        if text not in self._liked:
            self._liked[text] = self._look_for(_folded(text))
        return self._liked[text]

    def _look_for(self, written: str) -> tuple[list[str], int]:
        alike = self._by_name.get(written) or [
            key for name, ids in self._by_name.items() if written in name for key in ids
        ]
        alike = list(dict.fromkeys(alike or (key for key in self._by_id if written in key.casefold())))
        if alike or not written:
            return alike[:NEAR], len(alike)
        pairs = _pairs(written)
        scored = ((_share(pairs, _pairs(name)), name) for name in self._by_name)
        closest = nlargest(NEAR, (pair for pair in scored if pair[0] >= ALIKE))
        return list(dict.fromkeys(key for _, name in closest for key in self._by_name[name]))[:NEAR], 1

    @cached_property
    def _by_id(self) -> Mapping[str, Listed]:
        listed: Sequence[Listed] = getattr(self._directory, self._sort)
        every: dict[str, Listed] = {
            entry.code if isinstance(entry, Area) else entry.id: entry for entry in listed
        }
        return (
            every
            if self._among is None
            else {key: entry for key, entry in every.items() if key in self._among}
        )

    @cached_property
    def _by_name(self) -> Mapping[str, list[str]]:
        ids_by_name: defaultdict[str, list[str]] = defaultdict(list)
        for key, entry in self._by_id.items():
            for name in {_folded(entry.name.zh), _folded(entry.name.en)}:
                ids_by_name[name].append(key)
        return ids_by_name


def offers(
    pickers: Mapping[str, Picker], likely: Sequence[str], values: Mapping[str, str]
) -> dict[str, Offer]:
    """Of each field of a form; `likely` ids of whatever list, `values` what came back from it."""
    return {
        name: picker.offer(likely, values.get(name, ""), values.get(f"{name}{WRITTEN}", ""))
        for name, picker in pickers.items()
    }


def taken(
    values: Mapping[str, str],
    fields: Mapping[str, Picker],
    *,
    many: Container[str] = (),
    preset: Container[str] = (),
) -> tuple[dict[str, str], list[Fault]]:
    """What a form says, with what is written beside a list put in place of what is chosen in it; a field at
    fault keeps what was written, and nothing else. `preset`: what the page itself had chosen: it is no word
    of the reader's.
    """
    read, faults = dict(values), list[Fault]()
    for name, picker in fields.items():
        written, chosen = values.get(f"{name}{WRITTEN}", "").strip(), values.get(name, "").strip()
        if not written:
            continue
        try:
            read[name] = ",".join(
                _several(picker, chosen, written)
                if name in many
                else [_single(picker, chosen, written, preset)]
            )
            del read[f"{name}{WRITTEN}"]
        except _FaultyError as error:
            read.pop(name, None)
            faults.append((name, error.words))
    return read, faults


class _FaultyError(Exception):
    def __init__(self, words: Said) -> None:
        super().__init__(words)
        self.words = words


def _single(picker: Picker, chosen: str, written: str, preset: Container[str]) -> str:
    named = picker.named(written)
    if named is None:
        if chosen and chosen in picker.near(written):
            return chosen
        raise _FaultyError(picker.fault(written))
    if chosen and chosen != named and chosen not in preset:
        raise _FaultyError(said(BOTH, chosen=chosen[:LONGEST], given=written[:LONGEST]))
    return named


def _several(picker: Picker, chosen: str, written: str) -> Iterator[str]:
    parts, kept = _parts(written), [key for key in chosen.split(",") if key]
    if len(parts) > MOST_WRITTEN:
        raise _FaultyError(said(TOO_MANY, most=MOST_WRITTEN))
    named = dict.fromkeys(kept)
    for part in parts:
        one = picker.named(part)
        if one is not None:
            named[one] = None
        elif not any(near in kept for near in picker.near(part)):
            raise _FaultyError(picker.fault(part))
    return iter(named)


def near_units(directory: Directory, unit: str | None) -> list[str]:
    """The units that somebody of this one most likely means: their own, those above, those right below, and
    those beside.
    """
    own = directory.units_by_id.get(UnitId(unit)) if unit else None
    if own is None:
        return [top.id for top in directory.units if top.superior is None]
    beside = [
        sibling.id
        for sibling in directory.units
        if own.superior is not None and sibling.superior == own.superior
    ]
    below = [one.id for one in directory.units if one.superior == own.id]
    return list(dict.fromkeys([own.id, *directory.superiors.get(own.id, ()), *below, *beside]))


def near_areas(directory: Directory, area: str) -> list[str]:
    """The area itself, those it lies within, those within it, and those beside it."""
    above = directory.area_path(area)
    beside = [
        near_area.code
        for near_area in directory.areas
        if near_area.within is not None and near_area.within in above[:2]
    ]
    return list(dict.fromkeys([*above, *beside]))


def _parts(written: str) -> list[str]:
    return [part.strip() for part in _BETWEEN.split(written) if part.strip()]


def _pairs(name: str) -> frozenset[str]:
    """Of letters that stand together, with the beginning and the end."""
    return frozenset(map(str.__add__, f"^{name}", f"{name}$"))


def _share(some: frozenset[str], others: frozenset[str]) -> float:
    return 2 * len(some & others) / (len(some) + len(others))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:LONGEST]).strip().casefold()
