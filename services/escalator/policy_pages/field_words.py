"""The fields of a rule in words: each value as the file has it, references followed. Pure.

Invariant: what a reference stands for is said of all matters for which the rule is; where it differs, with
each of them.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

from pydantic import BaseModel

from services.escalator.policy.duty_spec import FallbackSpec, When, is_ref
from services.escalator.policy.model import Fallback
from services.escalator.policy.terms import parse_term
from services.escalator.policy_pages.found_words import CHOICE_WORDS, GIVEN_WORDS, REFERS_WORDS, STARTS_WORDS
from services.escalator.policy_pages.wording import PolicyWording
from shared.language.catalogue import N_
from shared.vocabulary import Level

Matter = tuple[str, str]
"""A dimension and its value: `("level", "II")`."""


class FieldWords:
    def __init__(self, wording: PolicyWording, rule_when: When | None) -> None:
        """`rule_when`: for which matters the whole rule is."""
        self._wording, self._words, self._when = wording, wording.words, rule_when

    def says(self, field: str, value: Any, when: When | None) -> str:
        """`when`: for which matters this value is. Empty where nothing is said."""
        return "" if value is None else SAID[field](self, value, when)

    def text(self, value: Any, _: When | None) -> str:
        return self._words.name(value)

    def bearer(self, value: str, _: When | None) -> str:
        return self._wording.bearer(value)

    def term(self, value: Any, when: When | None) -> str:
        if isinstance(value, str) and is_ref(value):
            return self._followed(value, when, self._wording.term)
        return self._wording.term(parse_term(value) if isinstance(value, str) else value)

    def terms(self, values: tuple[str, ...], when: When | None) -> str:
        return self._words.listed(
            self._followed(value, when, self.several_terms) if is_ref(value) else self.term(value, when)
            for value in values
        )

    def several_terms(self, value: Any) -> str:
        return (
            self._wording.terms(cast(tuple[Any, ...], value))
            if isinstance(value, tuple)
            else self._wording.term(value)
        )

    def names(self, values: tuple[str, ...], say: Callable[[tuple[str, ...]], str]) -> str:
        flat: list[str] = []
        for value in values:
            if is_ref(value):
                for _, there in self._there(value, None):
                    flat += [there] if isinstance(there, str) else [str(part) for part in there]
            else:
                flat.append(value)
        return say(tuple(flat))

    def who(self, values: tuple[str, ...], _: When | None) -> str:
        return self.names(values, self._wording.who)

    def events(self, values: tuple[str, ...], _: When | None) -> str:
        return self.names(values, self._wording.events)

    def channels(self, values: tuple[str, ...], _: When | None) -> str:
        return self.names(values, self._wording.channels)

    def overdue(self, value: dict[str, tuple[str, ...]], when: When | None) -> str:
        steps: list[str] = []
        for term, tell in value.items():
            if is_ref(term):
                steps.append(self._followed(term, when, self.steps))
            else:
                steps.append(self.steps({term: tell}))
        return self._words.claims(steps)

    def steps(self, table: dict[Any, tuple[str, ...]]) -> str:
        return self._wording.steps(
            (parse_term(term) if isinstance(term, str) else term, tell) for term, tell in table.items()
        )

    def fallback(self, value: FallbackSpec, when: When | None) -> str:
        if value.same_as is not None:
            return self._followed(value.same_as, when, self.chain)
        return self.chain(value) if value.chain else self._words.of(N_("nobody else is rung"))

    def chain(self, chain: Fallback | FallbackSpec) -> str:
        return self._words.of(
            N_("after %(after)s, and then every %(step)s: %(chain)s"),
            after=self._wording.term(chain.after) if chain.after else "",
            step=self._wording.term(chain.step) if chain.step else "",
            chain=" → ".join(self._wording.who((post,)) for post in chain.chain),
        )

    def cause(self, value: str, _: When | None) -> str:
        return self._words.label("cause", value)

    def refers(self, value: bool | str, _: When | None) -> str:
        return self._words.of(REFERS_WORDS[str(value).lower()])

    def choice(self, value: str, _: When | None) -> str:
        return self._words.of(CHOICE_WORDS[str(value)])

    def yes(self, value: bool, _: When | None) -> str:
        return self._words.of(CHOICE_WORDS["yes" if value else "no"])

    def given(self, value: str, _: When | None) -> str:
        return self._words.of(GIVEN_WORDS[value])

    def starts(self, value: str, _: When | None) -> str:
        if value == "start":
            return self._words.of(STARTS_WORDS[str(self._wording.document.clock.starts_at)])
        return self._words.of(STARTS_WORDS[value.partition(".")[0]])

    def slips(self, values: tuple[str, ...], _: When | None) -> str:
        return self._words.listed(self._words.label("slip", value) for value in values)

    # References

    def _followed(self, ref: str, when: When | None, say: Callable[[Any], str]) -> str:
        """What the reference stands for; where that depends on the matter, each of them: `level I, II: 1 h;
        …`.
        """
        matters: dict[str, list[Matter]] = {}
        for matter, value in self._there(ref, when):
            matters.setdefault(say(value), []).append(matter)
        if len(matters) <= 1:
            return next(iter(matters), "")
        return self._words.claims(
            self._words.of_somebody(self._matters(of), text) for text, of in matters.items()
        )

    def _matters(self, matters: list[Matter]) -> str:
        dimension, keys = matters[0][0], [key for _, key in matters]
        if dimension == "level":
            return self._wording.levels(keys)
        return self._words.listed(self._words.label(dimension, key) for key in keys)

    def _there(self, ref: str, when: When | None) -> list[tuple[Matter, Any]]:
        """(what the placeholder stands for, the value) of all matters that the rule, or its variant, is for."""
        found: list[tuple[Matter, Any]] = [(("", ""), self._wording.document)]
        for part in ref[1:].split("."):
            following: list[tuple[Matter, Any]] = []
            for matter, value in found:
                if part.startswith("{"):
                    following += [
                        ((part[1:-1], key), there)
                        for key in self._choices(part[1:-1], value, when)
                        if (there := _child(value, key)) is not None
                    ]
                elif (there := _child(value, part)) is not None:
                    following.append((matter, there))
            found = following
        return found

    def _choices(self, placeholder: str, value: Any, when: When | None) -> list[str]:
        keys: list[str] = (
            [str(key) for key in cast(dict[Any, Any], value)]
            if isinstance(value, dict)
            else list(cast(type[BaseModel], type(value)).model_fields)
        )
        for asked in (when, self._when):
            if asked is None:
                continue
            wanted = getattr(asked, placeholder)
            if wanted:
                return [key for key in keys if key in wanted]
            if placeholder == "level" and asked.gravity:
                gravity = self._wording.document.gravity
                return [key for key in keys if gravity.of(Level(key), False) in asked.gravity]
        return keys


def _child(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return cast(dict[str, Any], value).get(key)
    return getattr(cast(object, value), key, None)


SAID: Mapping[str, Callable[[FieldWords, Any, When | None], str]] = {
    "title": FieldWords.text,
    "by": FieldWords.bearer,
    "through": FieldWords.choice,
    "to": FieldWords.who,
    "within": FieldWords.term,
    "due": FieldWords.given,
    "starts": FieldWords.starts,
    "discharged_by": FieldWords.events,
    "until": FieldWords.events,
    "remind": FieldWords.terms,
    "overdue": FieldWords.overdue,
    "cause": FieldWords.cause,
    "refers": FieldWords.refers,
    "fallback": FieldWords.fallback,
    "stand_in": FieldWords.choice,
    "answer": FieldWords.choice,
    "again": FieldWords.yes,
    "nag": FieldWords.term,
    "extend": FieldWords.term,
    "reserves": FieldWords.events,
    "channels": FieldWords.channels,
    "calls": FieldWords.yes,
    "slips": FieldWords.slips,
}
"""Field of a rule → how it is said."""
