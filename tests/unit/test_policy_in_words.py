"""The policy in words: nothing that it says goes unsaid, and no key, id or ISO term of the file reaches a reader."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from time import process_time
from typing import get_args

import pytest
from pydantic import BaseModel

from services.escalator.policy.book import Policy
from services.escalator.policy.duty_spec import (
    ACTIONS,
    BEARERS,
    DYNAMIC_AUDIENCES,
    known_discharges,
    known_triggers,
)
from services.escalator.policy.load import parse_policy
from services.escalator.policy.model import PolicyDocument
from services.escalator.policy.tell_spec import TELL_AUDIENCES, known_events
from services.escalator.policy_pages.in_words import Difference, PolicyInWords, differences, in_words
from services.escalator.policy_pages.rules_in_words import Aspect, RuleInWords
from services.escalator.policy_pages.settings_in_words import (
    BY_ITSELF,
    CHAPTERS,
    NOT_SAID,
    SETTINGS,
    WITHOUT_EFFECT,
)
from services.escalator.policy_pages.text_lines import MOST, changed_lines
from services.escalator.policy_pages.wording import PolicyWording
from shared.forms import Forms, load_forms
from shared.language.words import Words
from shared.vocabulary import Language, Level
from tests.unit.policy_given import CONFIG, default, directory, text_with

LANGUAGES = list(Language)


@cache
def forms() -> Forms:
    return load_forms(Path(CONFIG) / "forms.yaml")


def said(policy: Policy, language: Language = Language.EN) -> PolicyInWords:
    return in_words(policy, directory(), forms(), Words(language))


def wording(language: Language = Language.EN) -> PolicyWording:
    return PolicyWording(Words(language), directory(), default().document, forms())


def rule(policy: PolicyInWords, name: str) -> RuleInWords:
    return next(rule for rule in policy.duties if rule.name == name)


def different(*changes: tuple[str, str], language: Language = Language.EN) -> list[Difference]:
    other = parse_policy(text_with(*changes))
    return differences(said(default(), language), said(other, language), Words(language))


def all_texts(policy: PolicyInWords) -> Iterator[str]:
    for each in (*policy.duties, *policy.tells):
        yield each.title
        for clause in each.clauses:
            yield clause.matters
            yield from clause.says.values()
    for setting in policy.settings:
        yield from (setting.chapter, setting.label, setting.text)
    for degree in policy.degrees:
        yield from (degree.grounds, degree.measure)
    for excuse in policy.excuses:
        yield from excuse


def leaves(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every value that a policy may write in its tables."""
    for name, field in model.model_fields.items():
        here = (*path, name)
        kinds = [field.annotation, *get_args(field.annotation)]
        part = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if here == ("levels",):
            yield from ((*here, level, limit) for level in Level for limit in part_of_levels())
        elif part is None or here in {*NOT_SAID, *BY_ITSELF, *(setting.path for setting in SETTINGS)}:
            yield here
        else:
            yield from leaves(part, here)


def part_of_levels() -> list[str]:
    return list(type(default().document.levels[Level.I]).model_fields)


def test_every_value_of_the_tables_has_its_words() -> None:
    known = {setting.path for setting in SETTINGS} | {*NOT_SAID, *WITHOUT_EFFECT, *BY_ITSELF}
    assert set(leaves(PolicyDocument)) - known == set()
    assert {str(setting.path[0]) for setting in SETTINGS} <= CHAPTERS.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_id_or_iso_term_reaches_a_reader(language: Language) -> None:
    for text in all_texts(said(default(), language)):
        assert not re.search(r"[a-z]+_[a-z]+|@|\{|\bP[T0-9]", text), text
        if language is Language.ZH:
            shown = re.sub(r"Asia/Shanghai", "", text)
            assert not re.search(r"[a-z]{3,}", shown), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_a_policy_may_name_has_words(language: Language) -> None:
    words = wording(language)
    key = re.compile(r"[a-z]+_[a-z]+|[a-z]+\.[a-z]+")
    for name in (*BEARERS, *DYNAMIC_AUDIENCES, *ACTIONS, *TELL_AUDIENCES):
        text = words.bearer(name) if name in BEARERS else words.who((name,))
        assert text != name or "_" not in name, name
        assert not key.search(text), text
    for event in known_triggers() | known_discharges() | known_events(frozenset(default().document.duties)):
        assert not key.search(words.event(event)), event


def test_a_duty_reads_as_a_table_who_owes_what_to_whom_within_how_long() -> None:
    first = rule(said(default()), "first_report")
    assert first.whole[Aspect.BY] == "each of those to whom it is owed"
    assert first.whole[Aspect.WITHIN] == "level I, II, III: 30 min; level IV: 2 h"
    grave = next(clause for clause in first.clauses if clause.matters == "grave matters")
    assert "Party Secretary" in grave.says[Aspect.TO]
    assert rule(said(default(), Language.ZH), "monthly_analysis").whole[Aspect.ON] == "每月 1 日 00:00"


def test_a_variant_that_is_for_no_matter_of_its_rule_is_not_said() -> None:
    """`grave_report` inherits from a rule about public opinion, and is not about it."""
    assert all("opinion" not in clause.matters for clause in rule(said(default()), "grave_report").clauses)


def test_a_value_that_a_rule_replaces_is_not_said_of_what_it_inherits() -> None:
    assert rule(said(default()), "press_conference").whole[Aspect.WITHIN] == "1 d"


def test_two_policies_that_say_the_same_differ_in_nothing() -> None:
    assert different(("# The policy in force: tables", "# Another remark: tables")) == []


def test_a_limit_of_a_table_is_said_where_it_stands_and_for_whom_it_counts() -> None:
    found = different(("IV: { report: PT2H", "IV: { report: PT1H"))
    assert [(one.about, one.regard, one.before, one.after) for one in found] == [
        ("Limits by level", "level IV: first report", "2 h", "1 h"),
        (
            "first report (incident, public-opinion hit)",
            "its limit",
            "level I, II, III: 30 min; level IV: 2 h",
            "level I, II, III: 30 min; level IV: 1 h",
        ),
    ]


@pytest.mark.parametrize(
    ("old", "new", "before", "after"),
    [
        (
            "late_by: PT30M }, measure: written_explanation",
            "late_by: PT30M }, measure: referral",
            "书面检查",
            "移送纪检监察",
        ),
        ("    - { when: { repeats: 5 }, measure: notice_of_criticism }\n", "", "通报批评", ""),
        ("system_away: 2", "system_away: 3", "从轻 2 档", "从轻 3 档"),
    ],
)
def test_the_degrees_and_excuses_are_compared_in_words(old: str, new: str, before: str, after: str) -> None:
    assert [(one.before, one.after) for one in different((old, new), language=Language.ZH)] == [
        (before, after)
    ]


def test_a_degree_that_moves_is_a_difference_since_the_last_that_fits_counts() -> None:
    mild = "    - { measure: reminder }\n"
    intent = "    - { when: { intent: true }, measure: referral }"
    assert different((mild, ""), (intent, mild + intent))


def test_a_rule_that_comes_or_goes_is_said_by_its_title() -> None:
    added = """
  lights:
    rows: [1]
    title: { zh: 亮灯, en: lights }
    on: reported
    by: holder
    to: emergency_office
    within: PT1H
    discharged_by: progressed
"""
    other = parse_policy(text_with() + added)
    (found,) = differences(said(default()), said(other), Words(Language.EN))
    assert (found.about, found.before, found.after) == ("lights", "", "in this policy")


def test_whom_a_form_names_and_that_it_has_changed_is_said_by_the_forms_own_words() -> None:
    chinese = wording(Language.ZH)
    assert chinese.who(["form.meeting.participants.unit", "form.meeting.chair"]) == (
        "会议纪要：参会单位（单位）、会议纪要：主持人"
    )
    assert chinese.event("form.meeting.changed") == "会议纪要：内容有变更"
    assert wording().event("form.meeting.changed") == "meeting: it says something else than before"


def test_a_text_of_empty_lines_is_compared_in_no_time() -> None:
    text = default().text
    hollow = text.replace("\n", "\n\n") + "\n" * 60_000
    started = process_time()
    lines = changed_lines(text, hollow)
    assert process_time() - started < 10, "its every empty line was compared with every other"
    assert len(lines) == MOST
    assert changed_lines(text, text.replace("PT30M", "PT31M")), "a change is found all the same"
