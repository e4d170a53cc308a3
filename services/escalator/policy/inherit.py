"""Which rule, and which of its variants, are for a matter: inheritance, `when`, triggers. The rules of `duties:`
and of `tells:` are read alike.

Invariant: a rule's layers stand in the order in which they are read: what it extends, the furthest first,
then its own fields, each followed by its variants that fit.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.escalator.policy.duty_spec import DutySpec, When, WrittenTerms
from services.escalator.policy.model import PolicyDocument
from services.escalator.policy.rule import MatterChoice
from services.escalator.policy.tell_spec import TellSpec, TellTerms
from shared.message import N_, Sayable, marked, said

Path = tuple[str | int, ...]
WHOLE = ("when", "on", "every", "each", "shift", "scope")
"""What no variant can change."""
_PLACEHOLDER = re.compile(r"\{(level|topic|kind|category)\}")


class Section(StrEnum):
    """Where in the policy a rule stands."""

    DUTIES = "duties"
    TELLS = "tells"


def specs_of(document: PolicyDocument, section: Section) -> Mapping[str, DutySpec | TellSpec]:
    return document.duties if section is Section.DUTIES else document.tells


class PolicyError(ValueError):
    """A rule that can't be read for this sort of matter: where, and what to write."""

    def __init__(self, path: Path, text: Sayable) -> None:
        at = ".".join(map(str, path))
        super().__init__(said(N_("%(at)s: %(text)s"), at=at, text=marked(text)))
        self.path, self.text = path, text


@dataclass(frozen=True)
class Layer:
    """Fields as one place of the file gives them."""

    path: Path
    terms: WrittenTerms | TellTerms


def fits(when: When | None, sort: MatterChoice) -> bool:
    if when is None:
        return True
    return (
        (when.kind is None or sort.kind in when.kind)
        and (when.category is None or (sort.category or "none") in when.category)
        and (when.level is None or (sort.level or "none") in when.level)
        and (when.topic is None or (sort.topic or "none") in when.topic)
        and (when.unit is None or sort.unit in when.unit)
        and (when.sensitive is None or sort.sensitive is when.sensitive)
        and (when.gravity is None or sort.gravity in when.gravity)
        and (when.area is None or any(area_fits(one, sort.area) for one in when.area))
    )


def area_fits(pattern: str, code: str) -> bool:
    """`620622` is itself; `620600/**` is every code of GB/T 2260 under it: 6206xx."""
    whole, _, below = pattern.partition("/")
    if not below:
        return code == whole
    stem = whole
    while stem.endswith("00"):
        stem = stem[:-2]
    return code.startswith(stem)


def ancestry(document: PolicyDocument, name: str, section: Section = Section.DUTIES) -> list[str]:
    """The rule and what it extends, the furthest first. Raises PolicyError for a cycle or a rule that is not
    there.
    """
    specs, line = specs_of(document, section), [name]
    while (base := specs[line[-1]].extends) is not None:
        if base not in specs:
            raise PolicyError(
                (section, line[-1], "extends"),
                said(N_("no rule %(base)s: name one of %(section)s"), base=base, section=section),
            )
        if base in line:
            raise PolicyError(
                (section, line[-1], "extends"),
                said(N_("%(base)s extends %(name)s in turn: break the circle"), base=base, name=name),
            )
        line.append(base)
    return line[::-1]


def whole_rule(document: PolicyDocument, name: str, section: Section = Section.DUTIES) -> dict[str, Any]:
    """`when`, `on`, `every`, `shift`, `scope` of a rule, inherited: what no variant can change."""
    inherited: dict[str, Any] = {}
    for ancestor in ancestry(document, name, section):
        spec = specs_of(document, section)[ancestor]
        inherited |= {field: getattr(spec, field) for field in WHOLE if field in spec.model_fields_set}
    return inherited


def dimensions_told_apart(document: PolicyDocument) -> set[str]:
    """The dimensions of a sort by which any rule of the policy tells matters apart, in a `when` or in a
    reference.
    """
    dimensions: set[str] = set()
    for spec in (*document.duties.values(), *document.tells.values()):
        for when in (spec.when, *(variant.when for variant in spec.variants)):
            dimensions |= (
                set()
                if when is None
                else {name for name in when.model_fields_set if getattr(when, name) is not None}
            )
        dimensions |= set(_PLACEHOLDER.findall(spec.model_dump_json()))
    return dimensions


def layers_of(
    document: PolicyDocument, name: str, sort: MatterChoice, section: Section = Section.DUTIES
) -> list[Layer]:
    layers: list[Layer] = []
    for ancestor in ancestry(document, name, section):
        spec = specs_of(document, section)[ancestor]
        layers.append(Layer((section.value, ancestor), spec))
        layers += [
            Layer((section.value, ancestor, "variants", number), variant)
            for number, variant in enumerate(spec.variants)
            if fits(variant.when, sort)
        ]
    return layers


def triggers_of(rule: dict[str, Any]) -> tuple[str, ...]:
    """What opens it, or (for a calendar or a shift without `on:`) the standing case that watches it."""
    if rule.get("on"):
        return rule["on"]
    if rule.get("every"):
        return ("established.periodic",)
    if rule.get("shift"):
        return ("established.roster",)
    return ()
