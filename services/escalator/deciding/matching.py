"""Do two reports tell of the same event? Pure: area, category, time and text, each with its share and its
words.

Invariant: the answer is explained: every aspect says how alike it is and what stood on both sides, so that a
person can confirm or refute it. An aspect that can't be compared is left out and never stands for a likeness:
without the text, place, category and time must each fit by themselves. Two tellings further apart in time than
the policy's window, of places that have nothing to do with each other, or in the same script without one word in
common, are never one: two fires in a county on one morning are two.
"""

import math
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Literal

from services.escalator.deciding.telling_texts import TakenApart, compare_texts, shown, taken_apart, words_of
from services.escalator.policy.model import CrossCheck
from shared.case import Matter
from shared.directory import Directory
from shared.facts import MatchReason
from shared.ids import AreaCode
from shared.vocabulary import Category, ReportKind

CATEGORY_ZH = {
    Category.NATURAL_DISASTER: "自然灾害",
    Category.ACCIDENT: "事故灾难",
    Category.PUBLIC_HEALTH: "公共卫生",
    Category.PUBLIC_SECURITY: "社会安全",
}
Aspect = Literal["area", "category", "time", "text"]
REPORTED_BY_UNITS = (ReportKind.INCIDENT, ReportKind.DISPUTE, ReportKind.HAZARD)
NEAR_KM = 2.0
FAR_KM = 30.0


@dataclass(frozen=True, slots=True)
class ComparedReport:
    """A report as it is compared: what it said, and its words taken apart once."""

    matter: Matter
    text: TakenApart

    @classmethod
    def of(cls, matter: Matter) -> "ComparedReport":
        return cls(matter, taken_apart(matter.summary, matter.details))


@dataclass(frozen=True, slots=True)
class Match:
    """`score` from 0 to 1; 0 with one reason where the two can't be one event at all."""

    score: float
    why: tuple[MatchReason, ...]


def is_witness(matter: Matter, directory: Directory) -> bool:
    """Whether it comes from one who knows independently of the units: media, hotline, sensors, alerts."""
    if matter.kind is ReportKind.OPINION or (matter.witness and matter.kind in REPORTED_BY_UNITS):
        return True
    source = directory.sources_by_id.get(matter.source) if matter.source is not None else None
    return source is not None and source.outside


def is_units_report(matter: Matter, directory: Directory) -> bool:
    return matter.kind in REPORTED_BY_UNITS and not is_witness(matter, directory)


def match(
    witness: ComparedReport, report: ComparedReport, directory: Directory, settings: CrossCheck
) -> Match:
    """How far the outside witness and the unit's report tell of one event."""
    time = _time(witness.matter, report.matter, settings.window)
    if time.alike == 0:
        return Match(0.0, (time,))
    area = _area(witness.matter, report.matter, directory)
    if area.alike == 0:
        return Match(0.0, (area,))
    text = _text(witness, report, directory)
    if text is not None and text.alike == 0:
        return Match(0.0, (text,))
    category = _category(witness.matter, report.matter)
    why = tuple(reason for reason in (area, category, time, text) if reason is not None)
    if text is None and not _fit_by_themselves(why, settings.alike):
        return Match(0.0, why)
    shares = {reason.aspect: getattr(settings.weights, reason.aspect) for reason in why}
    score = sum(shares[reason.aspect] * reason.alike for reason in why) / (sum(shares.values()) or 1)
    return Match(round(score, 3), why)


def _fit_by_themselves(why: tuple[MatchReason, ...], alike: float) -> bool:
    """Place, category and time are all there, and each is alike enough: nothing is made up for the text."""
    return len(why) == len(("area", "category", "time")) and all(reason.alike >= alike for reason in why)


def _reason(aspect: Aspect, alike: float, words: str) -> MatchReason:
    return MatchReason(aspect=aspect, alike=round(alike, 3), words=words)


# Area: the same, one within the other, neighbours under the same superior area; points by their distance


def _area(first: Matter, second: Matter, directory: Directory) -> MatchReason:
    a, b = first.area, second.area
    names = f"{_area_name(directory, a)}、{_area_name(directory, b)}"
    nested = _nested(a, b, directory)
    if (km := _distance_km(first, second)) is not None:
        near = 1.0 if km <= NEAR_KM else max(0.0, 1 - (km - NEAR_KM) / (FAR_KM - NEAR_KM))
        return _reason("area", near, f"两处相距{km:.1f}公里（{names}）")
    if a == b:
        return _reason("area", 1.0, f"同在{_area_name(directory, a)}")
    if nested:
        steps = abs(len(directory.area_path(a)) - len(directory.area_path(b)))
        return _reason("area", 0.8**steps, f"一处在另一处之内（{names}）")
    shared_above = [code for code in directory.area_path(a) if code in directory.area_path(b)]
    if shared_above and len(directory.area_path(shared_above[0])) > 1:
        return _reason("area", 0.3, f"同属{_area_name(directory, shared_above[0])}（{names}）")
    return _reason("area", 0.0, f"两地不相属（{names}）")


def _nested(a: AreaCode, b: AreaCode, directory: Directory) -> bool:
    return directory.in_area(a, b) or directory.in_area(b, a)


def _named(directory: Directory, *areas: AreaCode) -> frozenset[str]:
    """The words of these areas' names: that both name their county says nothing of what has happened there."""
    names = [directory.areas_by_code[code].name for code in areas if code in directory.areas_by_code]
    return frozenset[str]().union(*(_words_of_name(name.zh, name.en) for name in names))


_words_of_name = lru_cache(maxsize=4096)(words_of)


def _area_name(directory: Directory, code: AreaCode) -> str:
    area = directory.areas_by_code.get(code)
    return area.name.zh if area else code


def _distance_km(first: Matter, second: Matter) -> float | None:
    if (
        first.latitude is None
        or first.longitude is None
        or second.latitude is None
        or second.longitude is None
    ):
        return None
    a, b = math.radians(first.latitude), math.radians(second.latitude)
    half = (
        math.sin((b - a) / 2) ** 2
        + math.cos(a) * math.cos(b) * math.sin(math.radians(second.longitude - first.longitude) / 2) ** 2
    )
    return 2 * 6371.0 * math.asin(math.sqrt(half))


# Category and time


def _category(first: Matter, second: Matter) -> MatchReason | None:
    if first.category is None or second.category is None:
        return None
    if first.category is second.category:
        same_topic = f"，主题{first.topic}" if first.topic is not None and first.topic == second.topic else ""
        return _reason("category", 1.0, f"同为{CATEGORY_ZH[first.category]}{same_topic}")
    return _reason("category", 0.0, f"{CATEGORY_ZH[first.category]}、{CATEGORY_ZH[second.category]}")


def apart(first: Matter, second: Matter) -> timedelta:
    """Between what is said of when it happened; a witness often knows only when it noticed, so when one
    learned of it counts too.
    """
    return min(
        abs(first.occurred_at - second.occurred_at),
        abs(first.occurred_at - second.learned_at),
        abs(first.learned_at - second.occurred_at),
    )


def _time(one: Matter, other: Matter, window: timedelta) -> MatchReason:
    between = apart(one, other)
    alike = max(0.0, 1 - between / window)
    minutes = between.total_seconds() / 60
    words = f"相隔{minutes:.0f}分钟" if minutes < 120 else f"相隔{minutes / 60:.1f}小时"
    return _reason("time", alike, words)


def _text(first: ComparedReport, second: ComparedReport, directory: Directory) -> MatchReason | None:
    found = compare_texts(first.text, second.text, _named(directory, first.matter.area, second.matter.area))
    if found is None:
        return None
    words = f"共同的字词：{'、'.join(shown(found.common))}" if found.common else "文字没有共同之处"
    return _reason("text", found.alike, words)
