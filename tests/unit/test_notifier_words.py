"""What people read: every purpose in both languages, the true time, an exercise marked first, nothing smuggled in."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier import words
from services.notifier.channels import Form, Letter, Message, TransportError
from services.notifier.channels.email import compose
from services.notifier.writer import SHORT_SUMMARY, Writer
from shared.facts import Name, Notice, Purpose
from shared.ids import CaseId, NoticeId
from shared.vocabulary import Language, Level
from tests.notifier.decisions import a_notice

NOW = datetime(2026, 11, 2, 19, 3, tzinfo=UTC)  # 03:03 in Shanghai
CASE = CaseId("01KB0000000000000000000000")
LINK = "https://duty.wangfeng.example/a/token"
WRITER = Writer(ZoneInfo("Asia/Shanghai"))


def letter(form: Form = Form.SHORT, link: str | None = LINK, **changes: Any) -> Letter:
    changes = {"due_at": NOW + timedelta(minutes=27), **changes}
    return WRITER.write(CASE, a_notice(CASE, **changes), form, link=link, now=NOW)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("form", Form)
def test_every_purpose_is_written_in_both_languages_for_every_form(language: Language, purpose: Purpose, form: Form):
    written = letter(form, language=language, purpose=purpose, link=None if purpose is Purpose.WITHDRAWN else LINK)
    assert "煤矿透水，12人被困" in written.subject
    assert "煤矿透水，12人被困" in written.text
    assert ("望山县" if language is Language.ZH else "Wangshan County") in written.text
    assert ("II级重大" if language is Language.ZH else "Level II") in written.text
    assert (LINK in written.text) is (form is not Form.SPOKEN and purpose is not Purpose.WITHDRAWN)
    assert (written.html is not None) is (form is Form.LONG)
    assert "None" not in written.text


@pytest.mark.parametrize(("language", "mark"), [(Language.ZH, "【演练】"), (Language.EN, "[EXERCISE]")])
@pytest.mark.parametrize("purpose", Purpose)
def test_an_exercise_says_so_before_anything_else(language: Language, mark: str, purpose: Purpose):
    for form in Form:
        written = letter(form, language=language, purpose=purpose, exercise=True)
        assert written.subject.startswith(mark)
        assert written.text.startswith(mark)


def test_the_first_line_says_by_when_and_how_long_is_left():
    assert "请于 03:30 前确认（还有 27 分钟）" in letter().text
    assert "Acknowledge by 03:30 (27 min left)" in letter(language=Language.EN).text


def test_past_the_limit_the_true_time_stands():
    late = NOW - timedelta(minutes=12)
    assert "已超过时限 12 分钟（应于 02:51 前确认），请立即确认" in letter(due_at=late).text
    assert "12 min past the limit (02:51): acknowledge now" in letter(due_at=late, language=Language.EN).text


def test_a_fallback_contact_reads_who_did_not_answer():
    dark = (Name(zh="赵甲", en="Zhao Jia"), Name(zh="钱乙", en="Qian Yi"))
    assert "赵甲、钱乙未应答，请您接替" in letter(purpose=Purpose.FALLBACK, dark=dark).text
    assert "Zhao Jia, Qian Yi did not answer; please stand in" in letter(purpose=Purpose.FALLBACK, dark=dark, language=Language.EN).text


def test_a_level_that_is_not_set_and_sensitivity_are_said():
    assert "未定级事故灾难·敏感" in letter(level=None, sensitive=True).text
    assert "#b3261e" in str(letter(Form.LONG, level=Level.I).html)


@given(st.text(max_size=400))
def test_whatever_a_reporter_wrote_stays_text(summary: str):
    short, long = letter(summary=summary), letter(Form.LONG, summary=summary)
    assert "\n" not in short.text
    assert "\r" not in short.subject
    assert len(short.text) < 160 + SHORT_SUMMARY + len(LINK)
    assert "<script" not in str(letter(Form.LONG, summary="<script>" + summary).html)
    mail = message_from_bytes(compose(message(long), "烽火 <duty@wangfeng.example>").as_bytes(), policy=policy.default)
    assert set(mail.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Priority", "Importance", "MIME-Version", "Content-Type",
    }  # fmt: skip


def message(written: Letter, to: str = "zhao.jia@wangfeng.example") -> Message:
    return Message(
        id="x-1-1-email", at=NOW, channel="email", to=to, letter=written, link=LINK, case=CASE, notice=NoticeId(f"{CASE}.1.1"),
        purpose=Purpose.REPORT, language=Language.ZH, level=Level.II, exercise=False,
    )  # fmt: skip


@pytest.mark.parametrize("address", ["a@b.example\r\nBcc: all@b.example", "nobody", "", "a@b.example, c@d.example\n"])
def test_an_address_that_is_none_is_refused_for_good(address: str):
    with pytest.raises(TransportError) as refused:
        compose(message(letter(), address), "duty@wangfeng.example")
    assert not refused.value.retry


@pytest.mark.parametrize(
    ("length", "zh", "en"),
    [
        (timedelta(seconds=40), "40 秒", "40 s"),
        (timedelta(minutes=12, seconds=59), "12 分钟", "12 min"),
        (timedelta(minutes=65), "1 小时 5 分钟", "1 h 5 min"),
        (timedelta(days=2, minutes=3), "2 天", "2 d"),
        (timedelta(hours=-26), "1 天 2 小时", "1 d 2 h"),
    ],
)
def test_a_span_is_said_in_its_two_largest_parts(length: timedelta, zh: str, en: str):
    assert words.span(length, Language.ZH) == zh
    assert words.span(length, Language.EN) == en


def test_a_time_has_its_date_where_it_is_not_todays_and_seconds_where_they_matter():
    zone = ZoneInfo("Asia/Shanghai")
    assert words.clock_time(NOW + timedelta(minutes=30), zone, NOW) == "03:33"
    assert words.clock_time(NOW - timedelta(hours=4), zone, NOW) == "11-02 23:03"
    assert words.clock_time(NOW + timedelta(seconds=25), zone, NOW) == "03:03:25"


def test_the_words_cover_every_level_category_and_kind():
    for language in Language:
        assert set(words.LEVELS[language]) == {*Level, None}
    notice: Notice = a_notice(CASE)
    assert WRITER.describe(notice.brief, Language.EN, NOW)["category"] == "accident"
