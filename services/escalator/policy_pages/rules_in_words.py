"""The rules of `duties:` and `tells:` in words: each as a whole, and what is different for which matters.
Pure.

Invariant: what is said of a rule is what its layers say in the order in which they are read (inherit.py): a
value that a later layer replaces for every matter is not said.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.escalator.policy.duty_spec import When, WrittenTerms
from services.escalator.policy.inherit import Section, ancestry, specs_of, whole_rule
from services.escalator.policy.tell_spec import TellTerms
from services.escalator.policy_pages.field_words import SAID, FieldWords
from services.escalator.policy_pages.wording import PolicyWording
from shared.language.catalogue import N_
from shared.message import Marked
from shared.standing import EVERY_UNIT


class Aspect(StrEnum):
    """One regard in which a rule says something."""

    APPLIES = "applies"
    ON = "on"
    TITLE = "title"
    BY = "by"
    THROUGH = "through"
    TO = "to"
    WITHIN = "within"
    DUE = "due"
    STARTS = "starts"
    DISCHARGED_BY = "discharged_by"
    UNTIL = "until"
    REMIND = "remind"
    OVERDUE = "overdue"
    CAUSE = "cause"
    REFERS = "refers"
    FALLBACK = "fallback"
    STAND_IN = "stand_in"
    ANSWER = "answer"
    AGAIN = "again"
    NAG = "nag"
    EXTEND = "extend"
    RESERVES = "reserves"
    CHANNELS = "channels"
    CALLS = "calls"
    SLIPS = "slips"


ASPECTS: dict[Aspect, Marked] = {
    Aspect.APPLIES: N_("for"),
    Aspect.ON: N_("begins when"),
    Aspect.TITLE: N_("its name"),
    Aspect.BY: N_("who owes it"),
    Aspect.THROUGH: N_("who of the unit is called"),
    Aspect.TO: N_("to whom"),
    Aspect.WITHIN: N_("its limit"),
    Aspect.DUE: N_("or by"),
    Aspect.STARTS: N_("counted from"),
    Aspect.DISCHARGED_BY: N_("counts as done"),
    Aspect.UNTIL: N_("ends without being done"),
    Aspect.REMIND: N_("reminded after"),
    Aspect.OVERDUE: N_("when it is late"),
    Aspect.CAUSE: N_("a lapse is called"),
    Aspect.REFERS: N_("a lapse is"),
    Aspect.FALLBACK: N_("where nobody answers"),
    Aspect.STAND_IN: N_("a stand-in"),
    Aspect.ANSWER: N_("of several"),
    Aspect.AGAIN: N_("owed again when done"),
    Aspect.NAG: N_("once late, called again every"),
    Aspect.EXTEND: N_("may be extended by"),
    Aspect.RESERVES: N_("while it is owed, nobody else may do this"),
    Aspect.CHANNELS: N_("over"),
    Aspect.CALLS: N_("the bearer is rung when it opens"),
    Aspect.SLIPS: N_("colours of the slip"),
}
"""How each is headed."""
COLUMNS = (Aspect.BY, Aspect.TO, Aspect.WITHIN, Aspect.DISCHARGED_BY, Aspect.OVERDUE)
"""Those that the table shows; the rest stand below the rule."""


@dataclass(frozen=True)
class Clause:
    """What a rule says for some matters: for all of its own where `matters` is empty."""

    matters: str
    says: Mapping[Aspect, str]


@dataclass(frozen=True)
class RuleInWords:
    name: str
    title: str
    clauses: tuple[Clause, ...]
    """The rule itself first."""

    @property
    def whole(self) -> Mapping[Aspect, str]:
        return self.clauses[0].says


def rules_in_words(wording: PolicyWording, section: Section) -> tuple[RuleInWords, ...]:
    return tuple(_RuleReader(wording, name, section).rule() for name in specs_of(wording.document, section))


class _RuleReader:
    def __init__(self, wording: PolicyWording, name: str, section: Section) -> None:
        self._wording, self._words, self._name, self._section = wording, wording.words, name, section
        self._whole = whole_rule(wording.document, name, section)
        self._when: When | None = self._whole.get("when")
        self._fields = FieldWords(wording, self._when)

    def rule(self) -> RuleInWords:
        layers = [*self._layers()]
        last = {
            field: number
            for number, (when, terms) in enumerate(layers)
            if when is None
            for field in terms.model_fields_set & SAID.keys()
        }
        whole: dict[Aspect, str] = {}
        clauses: list[Clause] = []
        for number, (when, terms) in enumerate(layers):
            says = {
                Aspect(field): text
                for field in SAID
                if field in terms.model_fields_set
                and number >= last.get(field, 0)
                and (text := self._fields.says(field, getattr(terms, field), when))
            }
            if when is None:
                whole |= says
            elif says:
                clauses.append(Clause(self._wording.matters(when), says))
        whole |= self._heads()
        title = whole.pop(Aspect.TITLE, self._words.of(N_("another duty")))
        ordered = {aspect: whole[aspect] for aspect in Aspect if aspect in whole}
        return RuleInWords(self._name, title, (Clause("", ordered), *clauses))

    def _layers(self) -> Iterator[tuple[When | None, WrittenTerms | TellTerms]]:
        """Each place that gives fields, in the order in which they are read."""
        document = self._wording.document
        for ancestor in ancestry(document, self._name, self._section):
            spec = specs_of(document, self._section)[ancestor]
            yield None, spec
            for variant in spec.variants:
                if not _excluded(variant.when, self._when):
                    yield variant.when, variant

    def _heads(self) -> dict[Aspect, str]:
        """What no variant can change: for which matters, and what opens it."""
        heads: dict[Aspect, str] = {}
        if applies := self._wording.matters(self._when):
            heads[Aspect.APPLIES] = applies
        opens: list[str] = [self._wording.event(event) for event in self._whole.get("on") or ()]
        if every := self._whole.get("every"):
            opens.append(self._wording.every(every))
        if self._whole.get("shift"):
            opens.append(self._wording.event("established.roster"))
        if (each := self._whole.get("each")) == EVERY_UNIT:
            opens.append(self._words.of(N_("for each unit by itself")))
        elif each:
            opens.append(
                self._words.of(
                    N_("for each unit competent for %(topic)s by itself"), topic=self._wording.topic(each)
                )
            )
        if opens:
            heads[Aspect.ON] = self._words.listed(dict.fromkeys(opens))
        return heads


def _excluded(when: When, whole: When | None) -> bool:
    """Whether a variant is for no matter of its rule, as one that was inherited may be."""
    return whole is not None and any(
        (asked := getattr(when, field)) and (of := getattr(whole, field)) and not {*asked} & {*of}
        for field in ("kind", "gravity", "topic", "level", "category")
    )
