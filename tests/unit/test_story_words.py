"""Every kind of fact, effect and message has its sentence in both languages, and nothing but words stands in it."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from shared.facts import EffectKind, Purpose, Reason
from shared.facts.account import Account, AtPost, Called, Calls, Consequence
from shared.facts.body import FactBody
from shared.language.words import Words
from shared.story.consequences import CALLS, EFFECTS
from shared.story.narrator import Narrator
from shared.story.reading import Moment
from shared.story.sentences import FACTS
from shared.story.telling import Sentences, tell
from shared.vocabulary import Kind, Language
from shared.web.names import Names

AT = datetime(2026, 11, 23, 3, tzinfo=UTC)
HAN = re.compile(r"[\u4e00-\u9fff]")
RAW = re.compile(r"[a-z]+_[a-z]+|\{|\}|UTC|None")
"""What is no word: an enum, a rule's name, a value that was not filled in."""


def told(language: Language, kind: str, data: dict[str, object], account: Account | None = None) -> Sentences:
    teller = Narrator(Words(language), ZoneInfo("Asia/Shanghai"), Names(None))
    return tell(Moment(AT, kind, FactBody(data), account or Account()), teller)


def reads_well(text: str, language: Language) -> None:
    assert text.strip()
    assert not RAW.search(text), text
    assert bool(HAN.search(text)) is (language is Language.ZH), text


def test_every_kind_effect_and_message_has_its_sentence() -> None:
    assert {key for key in FACTS if isinstance(key, Kind)} == set(Kind)
    assert set(EFFECTS) == set(EffectKind)
    assert set(CALLS) == set(Purpose)


@pytest.mark.parametrize("language", Language)
def test_each_kind_of_fact_is_told_even_with_nothing_in_it(language: Language) -> None:
    for kind in Kind:
        for approve in (True, False):
            reads_well(told(language, kind, {"approve": approve}).words, language)


@pytest.mark.parametrize("language", Language)
def test_each_effect_is_told_for_every_reason(language: Language) -> None:
    for kind in EffectKind:
        for why in Reason:
            one = Consequence(
                kind=kind, why=why, rule="first_report", task="t1", unit="office", due_at=AT, was=AT,
                late_by_seconds=61, cause="not_done", people=(AtPost(person="zhao"),), measure="reminder",
            )  # fmt: skip
            telling = told(language, Kind.COMMENTED, {"text": "x"}, Account(consequences=(one,)))
            for sentence in telling.followed:
                reads_well(sentence.replace("zhao", "").replace("office", ""), language)


@pytest.mark.parametrize("language", Language)
def test_each_message_is_told_with_what_became_of_it(language: Language) -> None:
    for purpose in (*Purpose, "of_a_newer_version"):
        for delivered in (None, True, False):
            people = (Called(notice="n", person="zhao", delivered=delivered),)
            calls = Calls(purpose=purpose, channels=("voice", "sms"), people=people)
            (sentence,) = told(language, Kind.COMMENTED, {}, Account(calls=(calls,))).followed
            reads_well(sentence.replace("zhao", "").replace("SMS", ""), language)


@pytest.mark.parametrize("language", Language)
def test_what_a_newer_version_wrote_is_told_in_general_words(language: Language) -> None:
    account = Account(consequences=(Consequence(kind="of_tomorrow", why="no_such_reason"),))
    telling = told(language, "kind_of_tomorrow", {"a_field": 1}, account)
    for sentence in (telling.words, *telling.followed):
        reads_well(sentence, language)


def test_an_act_that_was_refused_reads_as_refused_and_says_why() -> None:
    refused = Account(consequences=(Consequence(kind="refused", why="role_may_not"),))
    telling = told(Language.EN, Kind.CLOSED, {"by": {"principal": "system"}}, refused)
    assert telling.words == "Refused: The system closed the case"
    assert telling.followed == ("The reason: this is not for that role",)


@pytest.mark.parametrize("language", Language)
def test_what_is_kept_in_quiet_hours_says_until_when(language: Language) -> None:
    line = {"person": "zhao_jia", "channel": "sms", "state": "kept", "until": "2026-11-23T23:00:00Z"}
    words = told(language, Kind.FAILED, {"deliveries": [line]}).words
    assert "07:00" in words
    reads_well(words.replace("zhao_jia", "赵甲" if language is Language.ZH else "Zhao Jia"), language)
