"""A policy as a whole in words, and what is different between two. Pure.

Invariant: two policies of which nobody could tell the difference by these words differ in comments, order or
names of rules alone; where a text differs and no words do, that is said.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from services.escalator.policy.book import Policy
from services.escalator.policy.inherit import Section
from services.escalator.policy_pages.rules_in_words import ASPECTS, Aspect, RuleInWords, rules_in_words
from services.escalator.policy_pages.settings_in_words import SettingInWords, settings_in_words
from services.escalator.policy_pages.wording import PolicyWording
from shared.directory import Directory
from shared.forms import Forms
from shared.language.catalogue import N_
from shared.language.words import Words


@dataclass(frozen=True)
class Degree:
    """One line of the ladder: what a lapse must be, and the measure that is proposed then."""

    grounds: str
    measure: str


@dataclass(frozen=True)
class PolicyInWords:
    duties: tuple[RuleInWords, ...]
    tells: tuple[RuleInWords, ...]
    settings: tuple[SettingInWords, ...]
    degrees: tuple[Degree, ...]
    """Read from top to bottom: the last that fits counts."""
    excuses: tuple[tuple[str, str], ...]

    @property
    def chapters(self) -> Mapping[str, list[SettingInWords]]:
        chapters: dict[str, list[SettingInWords]] = {}
        for setting in self.settings:
            chapters.setdefault(setting.chapter, []).append(setting)
        return chapters


@dataclass(frozen=True)
class Difference:
    about: str
    regard: str
    before: str
    """Empty: it is new."""
    after: str
    """Empty: it is gone."""


def in_words(policy: Policy, directory: Directory, forms: Forms, words: Words) -> PolicyInWords:
    wording = PolicyWording(words, directory, policy.document, forms)
    pursued = policy.document.accountability
    return PolicyInWords(
        duties=rules_in_words(wording, Section.DUTIES),
        tells=rules_in_words(wording, Section.TELLS),
        settings=tuple(settings_in_words(wording)),
        degrees=tuple(
            Degree(wording.grounds(rule.when), wording.measure(rule.measure))
            for rule in (pursued.measures if pursued else ())
        ),
        excuses=tuple(
            (words.label("excuse", excuse), words.of(N_("%(count)s steps milder"), count=steps))
            for excuse, steps in (pursued.excuses if pursued else {}).items()
        ),
    )


def differences(before: PolicyInWords, after: PolicyInWords, words: Words) -> list[Difference]:
    """In the order in which a policy is read: how lateness is pursued first."""
    return [
        *_degrees(before, after, words),
        *_excuses(before, after, words),
        *_settings(before, after),
        *_rules(before.duties, after.duties, words, words.of(N_("duty"))),
        *_rules(before.tells, after.tells, words, words.of(N_("who hears of it"))),
    ]


def _degrees(before: PolicyInWords, after: PolicyInWords, words: Words) -> Iterator[Difference]:
    about = words.of(N_("Degrees of lateness"))
    matcher = SequenceMatcher(None, before.degrees, after.degrees, autojunk=False)
    for tag, first, last, into, until in matcher.get_opcodes():
        if tag == "equal":
            continue
        was = {degree.grounds: degree.measure for degree in before.degrees[first:last]}
        now = {degree.grounds: degree.measure for degree in after.degrees[into:until]}
        for grounds in dict.fromkeys([*was, *now]):
            yield Difference(about, grounds, was.get(grounds, ""), now.get(grounds, ""))


def _excuses(before: PolicyInWords, after: PolicyInWords, words: Words) -> Iterator[Difference]:
    was, now = dict(before.excuses), dict(after.excuses)
    for excuse in dict.fromkeys([*was, *now]):
        if was.get(excuse) != now.get(excuse):
            about = words.of(N_("What speaks for whoever lapsed"))
            yield Difference(about, excuse, was.get(excuse, ""), now.get(excuse, ""))


def _settings(before: PolicyInWords, after: PolicyInWords) -> Iterator[Difference]:
    was = {setting.name: setting for setting in before.settings}
    now = {setting.name: setting for setting in after.settings}
    for name in dict.fromkeys([*was, *now]):
        texts = [side[name].text if name in side else "" for side in (was, now)]
        if texts[0] != texts[1]:
            known = now.get(name) or was[name]
            yield Difference(known.chapter, known.label, texts[0], texts[1])


def _rules(
    before: tuple[RuleInWords, ...], after: tuple[RuleInWords, ...], words: Words, sort: str
) -> Iterator[Difference]:
    was, now = ({rule.name: rule for rule in side} for side in (before, after))
    titles = Counter(rule.title for rule in after)
    for name in dict.fromkeys([*was, *now]):
        one, other = was.get(name), now.get(name)
        if one is None or other is None:
            known = one or other
            assert known is not None
            here = words.of(N_("in this policy"))
            yield Difference(known.title, sort, here if one else "", here if other else "")
            continue
        about = other.title
        if titles[about] > 1:  # two duties of one name are told apart by the matters that they are for
            about = words.aside(about, other.whole.get(Aspect.APPLIES, ""))
        if one.title != other.title:
            yield Difference(about, words.of(N_("its name")), one.title, other.title)
        yield from _of_rule(about, one, other, words)


def _of_rule(about: str, before: RuleInWords, after: RuleInWords, words: Words) -> Iterator[Difference]:
    was, now = (dict(_said(rule)) for rule in (before, after))
    for key in dict.fromkeys([*was, *now]):
        if was.get(key) != now.get(key):
            matters, aspect = key
            regard = words.aside(words.of(ASPECTS[aspect]), matters)
            yield Difference(about, regard, was.get(key, ""), now.get(key, ""))


def _said(rule: RuleInWords) -> Iterator[tuple[tuple[str, Aspect], str]]:
    for clause in rule.clauses:
        for aspect, text in clause.says.items():
            yield (clause.matters, aspect), text
