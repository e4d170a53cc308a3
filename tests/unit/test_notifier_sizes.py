"""What a message costs, how it is read aloud, and what is said when its template fails."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.channels import Form
from services.notifier.delivery.post import MessageMaker
from services.notifier.delivery.templates import Templates
from services.notifier.messages.aloud import aloud
from services.notifier.messages.asking import SILENT
from services.notifier.messages.keys import keys_of
from services.notifier.messages.keys import written as keys_written
from services.notifier.messages.links import Links, NoticePlace
from services.notifier.messages.writer import NoticeSentences, Writer
from shared.facts import Notice, Purpose
from shared.ids import CaseId
from shared.language.words import Words
from shared.sms import (
    GSM,
    GSM_EXTENDED,
    Alphabet,
    sms_parts,
    sms_size,
    written_plainly,
)
from shared.vocabulary import Language, ReportKind
from tests.escalator.builders import example_directory
from tests.notifier.decisions import a_notice
from tests.notifier.golden import MESSAGES, letters, written
from tests.stories.plain_words import faults_in

CASE = CaseId("01KB0000000000000000000000")
ZONE = ZoneInfo("Asia/Shanghai")
GSM_SIGNS = "@£$¥èéùìòÇ\nØø\rÅåΔ_ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCÄÖÑÜ§¿abcäöñüà"


@pytest.mark.parametrize(
    ("text", "alphabet", "places", "parts"),
    [
        ("", Alphabet.GSM, 0, 1),
        ("a" * 160, Alphabet.GSM, 160, 1),
        ("a" * 161, Alphabet.GSM, 161, 2),
        ("a" * 306, Alphabet.GSM, 306, 2),
        ("a" * 307, Alphabet.GSM, 307, 3),
        ("€" * 80, Alphabet.GSM, 160, 1),
        ("€" * 81, Alphabet.GSM, 162, 2),
        ("€" * 153, Alphabet.GSM, 306, 3),
        ("水" * 70, Alphabet.UCS2, 70, 1),
        ("水" * 71, Alphabet.UCS2, 71, 2),
        ("水" * 134, Alphabet.UCS2, 134, 2),
        ("水" * 135, Alphabet.UCS2, 135, 3),
        ("😀" * 36, Alphabet.UCS2, 72, 2),
        ("a" * 70 + "→", Alphabet.UCS2, 71, 2),
    ],
)
def test_parts_are_counted_as_the_network_counts_them(
    text: str, alphabet: Alphabet, places: int, parts: int
) -> None:
    assert sms_size(text) == (places, alphabet, parts)


@given(st.text(max_size=900) | st.text(st.sampled_from([*sorted(GSM | GSM_EXTENDED)]), max_size=900))
def test_the_parts_joined_are_the_text_and_each_has_room(text: str) -> None:
    alphabet, parts = sms_parts(text)
    assert "".join(parts) == text
    assert len(parts) == sms_size(text).parts
    room = {Alphabet.GSM: (160, 153), Alphabet.UCS2: (70, 67)}[alphabet][len(parts) > 1]
    assert all(sms_size(part).places <= room for part in parts if sms_size(part).alphabet is alphabet)


def test_the_digits_are_a_sentence_of_their_own() -> None:
    """Nobody takes the word after a telephone number for a part of it."""
    notice = a_notice(CASE, language=Language.EN, purpose=Purpose.REPORT)
    keys = keys_written(keys_of(notice), Words(Language.EN), "47")
    text = (
        Writer(ZONE)
        .write(
            CASE,
            notice,
            Form.SHORT,
            link="https://f.example/a/x",
            now=datetime(2026, 11, 5, tzinfo=UTC),
            desk="555-0100",
            keys=keys,
        )
        .text
    )
    assert "Duty desk: 555-0100. Reply 147: I know; " in text
    assert text.endswith("Or open: https://f.example/a/x")


@given(st.text(alphabet=GSM_SIGNS + "…“”’–→€"))
def test_typewriters_signs_keep_a_text_in_the_gsm_alphabet(text: str) -> None:
    assert sms_size(written_plainly(text)).alphabet is Alphabet.GSM


@given(st.text())
def test_what_stays_out_of_the_gsm_alphabet_anyway_stays_as_it_was_typed(text: str) -> None:
    plain = written_plainly(text)
    assert plain == text or sms_size(plain).alphabet is Alphabet.GSM


@pytest.mark.parametrize(
    ("typed", "zh", "en"),
    [
        ("I级特别重大、IV级一般", "一级特别重大、四级一般", "I级特别重大、IV级一般"),
        ("Level II, level IV", "Level II, level IV", "Level 2, level 4"),
        ("请于 03:05 前", "请于3点零5分前", "请于 3:05 前"),
        ("18:00", "18点整", "18:00"),
        ("by 06:10:09", "by 6点10分9秒", "by 6:10 and 9 seconds"),
        ("2026-11-05 03:30", "2026年11月5日3点30分", "November 5, 2026 3:30"),
        ("12-08 03:30", "12月8日3点30分", "December 8 3:30"),
        ("比分 3:1:2，版本 1.2:30", "比分 3:1:2，版本 1.2:30", "比分 3:1:2，版本 1.2:30"),
        ("电话 0930-8212345。", "电话 0 9 3 0，8 2 1 2 3 4 5。", "电话 0 9 3 0, 8 2 1 2 3 4 5。"),
        ("ring 13800000000.", "ring 1 3 8 0 0 0 0 0 0 0 0.", "ring 1 3 8 0 0 0 0 0 0 0 0."),
        ("损失1380000000000元", "损失1380000000000元", "损失1380000000000元"),
        ("5 min left, 1 h", "5 min left, 1 h", "5 minutes left, 1 hour"),
        ("【演练】烽火", "演练，烽火", "演练，烽火"),
    ],
)
def test_levels_times_and_numbers_are_read_as_people_say_them(typed: str, zh: str, en: str) -> None:
    assert aloud(typed, Language.ZH) == zh
    assert aloud(typed, Language.EN) == en


def test_the_number_of_the_duty_desk_is_read_digit_by_digit_whatever_it_looks_like() -> None:
    assert aloud("值班室 +8655512。", Language.ZH, ("+8655512",)) == "值班室 5 5 5 1 2。"
    assert aloud("Ring 555-0100.", Language.EN, ("555-0100",)) == "Ring 5 5 5, 0 1 0 0."


@given(st.text(max_size=400), st.sampled_from(Language))
def test_whatever_was_typed_can_be_read_aloud(typed: str, language: Language) -> None:
    assert isinstance(aloud(typed, language), str)


def test_the_messages_are_those_that_were_looked_at() -> None:
    assert written() == MESSAGES.read_text(encoding="utf-8"), (
        "read what has changed, then write it: python -m tests.notifier.golden"
    )


def test_a_reminder_in_chinese_is_two_parts_of_an_sms() -> None:
    reminders = [
        sms_size(text).parts
        for _, purpose, language, form, text in letters()
        if (purpose, language, form) == (Purpose.REMINDER, Language.ZH, Form.SHORT)
    ]
    assert reminders == [2] * len(reminders) != []


class _TornWriter(Writer):
    """Its templates can't be filled in."""

    def say(self, *_: object, **__: object) -> NoticeSentences:
        raise KeyError("no such field")


def _maker(untemplated: Callable[[str], None]) -> MessageMaker:
    directory = example_directory()
    return MessageMaker(
        _TornWriter(ZONE),
        lambda: directory,
        Links(b"key"),
        "https://fh.city.example",
        timedelta(hours=24),
        Templates(untemplated),
    )


def _told(notice: Notice, form: Form) -> tuple[str, list[str]]:
    failed: list[str] = []
    maker, now = _maker(failed.append), datetime.now(UTC)
    message = maker.message(
        CASE, notice, maker.envelope(CASE, notice, NoticePlace(7, 0), now), "sms", form, now
    )
    assert message.link is None or form is Form.SPOKEN or message.link in message.letter.text
    return message.letter.text, failed


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("purpose", [one for one in Purpose if one not in SILENT])
def test_a_template_that_fails_keeps_nobody_from_being_told(
    purpose: Purpose, form: Form, language: Language
) -> None:
    summary = "煤矿透水，12人被困" if language is Language.ZH else "mine flooded, 12 trapped"
    notice = a_notice(CASE, purpose=purpose, language=language, duties=("d",), summary=summary, exercise=True)
    text, failed = _told(notice, form)
    assert failed == ["sms"], "the operator sees it"
    assert summary in text
    assert ("望山县" if language is Language.ZH else "Wangshan County") in text
    assert text.startswith("【演练】" if language is Language.ZH else "[EXERCISE]")
    assert not faults_in(text, language)


def test_plain_words_hold_for_every_kind_of_matter() -> None:
    for kind in ReportKind:
        text, _ = _told(a_notice(CASE, kind=kind, level=None, category=None, due_at=None), Form.SHORT)
        assert not faults_in(text, Language.ZH, "煤矿透水"), text
