"""Every sort of matter that a rule tells apart: what must be looked at to know that a rule is right for all
of them.

Invariant: two matters that differ in no way the rule asks about are one sort here; each way it asks about is
tried with every value it names, with none and with another.
"""

from collections.abc import Iterator
from itertools import product

from services.escalator.policy.duty_spec import DutySpec, When, WrittenTerms, is_ref
from services.escalator.policy.inherit import Section, specs_of
from services.escalator.policy.model import PolicyDocument
from services.escalator.policy.resolve import ancestry, fits, whole_rule
from services.escalator.policy.rule import MatterChoice
from services.escalator.policy.tell_spec import TellSpec, TellTerms
from shared.ids import AreaCode, UnitId
from shared.message import N_, Said, listed, said
from shared.vocabulary import Category, Level, ReportKind

OTHER = "another"


def sorts_of(document: PolicyDocument, name: str, section: Section = Section.DUTIES) -> list[MatterChoice]:
    """Raises PolicyError for a rule whose ancestry leads nowhere."""
    specs = [specs_of(document, section)[one] for one in ancestry(document, name, section)]
    whens = [when for spec in specs for when in _whens(spec)]
    references = "".join(_refs(specs))
    whole: When | None = whole_rule(document, name, section).get("when")
    kinds = (whole.kind if whole else None) or tuple(ReportKind)
    by_gravity = bool(_mentioned(whens, "gravity"))
    by_level = "{level}" in references or by_gravity or bool(_mentioned(whens, "level"))
    levels = (None, *Level) if by_level else (None,)
    topics = sorted({OTHER, *_mentioned(whens, "topic")} - {"none"})
    areas = sorted({_inside(area) for area in _mentioned(whens, "area")} | {"999999"})
    by_sensitive = by_gravity or any(when.sensitive is not None for when in whens)
    sensitive = (False, True) if by_sensitive else (False,)
    dims = product(
        kinds,
        (None, *Category) if "{category}" in references or _mentioned(whens, "category") else (None,),
        (None, *topics) if "{topic}" in references or len(topics) > 1 else (None,),
        levels,
        sensitive,
        areas,
        sorted({OTHER, *_mentioned(whens, "unit")}),
    )
    sorts = (
        MatterChoice(
            kind,
            category,
            topic,
            level,
            is_sensitive,
            AreaCode(area),
            UnitId(unit),
            document.gravity.of(level, is_sensitive),
        )
        for kind, category, topic, level, is_sensitive, area, unit in dims
    )
    return [sort for sort in sorts if fits(whole, sort)]


def words_for(sort: MatterChoice) -> Said:
    """`incident, level IV, sensitive`, as the policy writes them."""
    parts: list[str] = [str(sort.kind)]
    parts += [said(N_("level %(level)s"), level=sort.level)] if sort.level else []
    parts += [str(part) for part in (sort.category, sort.topic) if part and part != OTHER]
    parts += [said(N_("sensitive"))] if sort.sensitive else []
    return listed(parts)


def _whens(spec: DutySpec | TellSpec) -> Iterator[When]:
    if spec.when is not None:
        yield spec.when
    for variant in spec.variants:
        yield variant.when


def _refs(specs: list[DutySpec | TellSpec]) -> Iterator[str]:
    for spec in specs:
        for terms in (spec, *spec.variants):
            yield from _texts(terms)


def _texts(terms: WrittenTerms | TellTerms) -> Iterator[str]:
    if isinstance(terms, TellTerms):
        yield from (text for text in (*(terms.to or ()), *(terms.channels or ())) if is_ref(text))
        return
    several = (
        *(terms.to or ()),
        *(terms.remind or ()),
        *(terms.discharged_by or ()),
        *(terms.channels or ()),
        *(terms.overdue or {}),
    )
    for text in (
        terms.within or "",
        terms.extend or "",
        terms.fallback.same_as or "" if terms.fallback else "",
        *several,
    ):
        if is_ref(text):
            yield text


def _mentioned(whens: list[When], field: str) -> set[str]:
    return {str(value) for when in whens for value in getattr(when, field) or ()}


def _inside(area: str) -> str:
    """A code that the pattern is about."""
    return area.partition("/")[0]
