"""What people read: every purpose in both languages, the true time, an exercise marked first, nothing
smuggled in.
"""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.notifier.channels import Form, Letter, Message, TransportError
from services.notifier.channels.email import compose
from services.notifier.messages.aloud import aloud
from services.notifier.messages.asking import SILENT
from services.notifier.messages.writer import SHORT_SUMMARY, Writer
from shared.facts import AskedTask, CallMade, EarlyEnd, Name, Purpose
from shared.ids import CaseId, NoticeId
from shared.language import times
from shared.language.labels import LABELS
from shared.language.words import Words
from shared.vocabulary import Category, Kind, Language, Level, ReportKind
from tests.notifier.decisions import a_notice

NOW = datetime(2026, 11, 2, 19, 3, tzinfo=UTC)  # 03:03 in Shanghai
CASE = CaseId("01KB0000000000000000000000")
LINK = "https://duty.wangfeng.example/a/token"
WRITER = Writer(ZoneInfo("Asia/Shanghai"))

TOLD_BEFORE = {Purpose.REMINDER, Purpose.AGAIN}
"""Short messages to those who have the whole already."""
ABOUT_A_MATTER = [purpose for purpose in Purpose if purpose not in (Purpose.CHANGED, Purpose.ROLL_CALL)]


def letter(form: Form = Form.SHORT, link: str | None = LINK, **changes: Any) -> Letter:
    changes = {"due_at": NOW + timedelta(minutes=27), **changes}
    return WRITER.write(CASE, a_notice(CASE, **changes), form, link=link, now=NOW)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("purpose", ABOUT_A_MATTER)
@pytest.mark.parametrize("form", Form)
def test_every_purpose_is_written_in_both_languages_for_every_form(
    language: Language, purpose: Purpose, form: Form
):
    written = letter(form, language=language, purpose=purpose, link=None if purpose in SILENT else LINK)
    assert "煤矿透水，12人被困" in written.subject
    assert "煤矿透水，12人被困" in written.text
    if form is not Form.SHORT or purpose not in TOLD_BEFORE:
        assert ("望山县" if language is Language.ZH else "Wangshan County") in written.text
    grade = "II级重大" if language is Language.ZH else "Level II"
    assert (aloud(grade, language) if form is Form.SPOKEN else grade) in written.text
    assert (LINK in written.text) is (form is not Form.SPOKEN and purpose not in SILENT)
    assert (written.html is not None) is (form is Form.LONG)
    assert "None" not in written.text


@pytest.mark.parametrize(("language", "mark"), [(Language.ZH, "【演练】"), (Language.EN, "[EXERCISE]")])
@pytest.mark.parametrize("purpose", ABOUT_A_MATTER)
def test_an_exercise_says_so_before_anything_else(language: Language, mark: str, purpose: Purpose):
    for form in Form:
        written = letter(form, language=language, purpose=purpose, exercise=True)
        assert written.subject.startswith(mark)
        assert written.text.startswith(aloud(mark, language) if form is Form.SPOKEN else mark)


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
    assert (
        "Zhao Jia, Qian Yi did not answer; please stand in"
        in letter(purpose=Purpose.FALLBACK, dark=dark, language=Language.EN).text
    )


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
    mail = message_from_bytes(
        compose(message(long), "烽火 <duty@wangfeng.example>").as_bytes(), policy=policy.default
    )
    assert set(mail.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Priority", "Importance", "MIME-Version", "Content-Type",
    }  # fmt: skip


def message(written: Letter, to: str = "zhao.jia@wangfeng.example") -> Message:
    return Message(
        id="x-1-1-email", at=NOW, channel="email", to=to, letter=written, link=LINK, case=CASE, notice=NoticeId(f"{CASE}.1.1"),
        purpose=Purpose.REPORT, language=Language.ZH, level=Level.II, exercise=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "address", ["a@b.example\r\nBcc: all@b.example", "nobody", "", "a@b.example, c@d.example\n"]
)
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
    assert Words(Language.ZH).span(length) == zh
    assert Words(Language.EN).span(length) == en


def test_a_time_has_its_date_where_it_is_not_todays_and_seconds_where_they_matter():
    zone = ZoneInfo("Asia/Shanghai")
    assert times.short(NOW + timedelta(minutes=30), zone, NOW) == "03:33"
    assert times.short(NOW - timedelta(hours=4), zone, NOW) == "11-02 23:03"
    assert times.short(NOW + timedelta(seconds=25), zone, NOW) == "03:03:25"


def test_the_words_cover_every_level_category_and_kind():
    assert set(LABELS["level"]) == {*Level, ""}
    assert set(LABELS["kind"]) == set(ReportKind)
    assert set(LABELS["category"]) == set(Category)


@pytest.mark.parametrize(
    ("kind", "category", "level", "zh", "en"),
    [
        (ReportKind.INCIDENT, Category.ACCIDENT, Level.II, "II级重大事故灾难", "Level II (grave) accident"),
        (
            ReportKind.OPINION,
            Category.PUBLIC_SECURITY,
            None,
            "未定级舆情·社会安全事件",
            "Not graded public-opinion hit, public security",
        ),
        (ReportKind.PETITION, None, None, "信访", "Petition"),
        (ReportKind.TASK, None, Level.I, "I级特别重大任务", "Level I (extremely grave) task"),
    ],
)
def test_a_matter_is_named_by_how_grave_and_of_what_sort_it_is(
    kind: ReportKind, category: Category | None, level: Level | None, zh: str, en: str
):
    assert Words(Language.ZH).heading(kind, category, level) == zh
    assert Words(Language.EN).heading(kind, category, level) == en


FINAL = (Name(zh="终报", en="final report"),)
OWING: dict[str, Any] = {"owes": FINAL, "owed_by": Name(zh="市水务局", en="Water Bureau")}


@pytest.mark.parametrize(
    ("purpose", "zh", "en"),
    [
        (
            Purpose.DUTY,
            "【烽火·待办】终报：请于 03:30 前完成（还有 27 分钟）。",
            "[Fenghuo, to do] final report. Do it by 03:30 (27 min left).",
        ),
        (
            Purpose.REMINDER,
            "【烽火·催办】终报尚未完成。请于 03:30 前完成",
            "[Fenghuo, reminder] Not done yet: final report. Do it by 03:30",
        ),
        (
            Purpose.AGAIN,
            "【烽火·再次提醒】终报仍未完成（03:30 前完成），",
            "[Fenghuo, again] Still not done: final report (by 03:30).",
        ),
        (
            Purpose.INFORM,
            "市水务局应于 03:30 前完成终报。仅供知悉",
            "Water Bureau owes final report by 03:30. There is nothing for you",
        ),
    ],
)
def test_who_owes_something_reads_what_and_by_when_before_anything_else(purpose: Purpose, zh: str, en: str):
    assert zh in letter(purpose=purpose, **OWING).text
    assert en in letter(purpose=purpose, language=Language.EN, **OWING).text


def test_what_is_overdue_names_who_owes_it_and_by_how_much():
    late: dict[str, Any] = {"due_at": NOW - timedelta(days=1), "purpose": Purpose.OVERDUE, **OWING}
    assert "市水务局：终报已超过时限 1 天（应于 11-02 03:03 前完成），请立即处理" in letter(**late).text
    assert (
        "Water Bureau: final report, 1 d past the limit (11-02 03:03). See to it now."
        in letter(language=Language.EN, **late).text
    )
    late["due_at"] = NOW - timedelta(milliseconds=2)
    assert "时限已到（应于" in letter(**late).text


def test_acknowledging_never_claims_to_do_what_is_still_to_be_done():
    owing = str(letter(Form.LONG, purpose=Purpose.DUTY, **OWING).text)
    assert "确认只表示您已知悉；终报仍须完成，时限不变。" in owing
    assert "确认已知悉（仍须完成）：" in owing
    told = letter(Form.LONG, language=Language.EN, **OWING).text
    assert "Acknowledging puts on record that you know" in told
    assert "To do" not in told
    known = letter(Form.LONG, purpose=Purpose.DUTY, knowing=True, **OWING).text
    assert "仍须完成" not in known


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("purpose", ABOUT_A_MATTER)
@pytest.mark.parametrize("form", Form)
def test_what_is_not_known_leaves_no_hole(language: Language, purpose: Purpose, form: Form):
    bare: dict[str, Any] = {"due_at": None, "category": None, "level": None, "kind": ReportKind.TASK}
    written = letter(form, language=language, purpose=purpose, **bare)
    said = f"{written.subject}\n{written.text}"
    assert not any(hole in said for hole in ("（）", "()", "：：", ": :", "。。", ". .", "None"))
    assert ("任务" if language is Language.ZH else "ask") in written.subject


PERSON, UNIT = Name(zh="江月", en="Jiang Yue"), Name(zh="望山县信息中心", en="Wangshan Information Centre")
SECOND = Name(zh="卫黄", en="Wei Huang")


def early_end(kind: Kind, *, agreed: bool = True, level: Level = Level.II, owes: bool = False) -> EarlyEnd:
    seconded = SECOND if agreed else None
    return EarlyEnd(
        kind=kind,
        by=PERSON,
        by_unit=UNIT,
        why="误报。",
        seconded_by=seconded,
        was_level=Level.II,
        level=level,
        owes=owes,
    )


@pytest.mark.parametrize(
    ("purpose", "ending", "zh", "en"),
    [
        (
            Purpose.WITHDRAWN,
            early_end(Kind.WITHDRAWN),
            "江月（望山县信息中心）撤回该报告，卫黄已同意（原因：误报），您无需再做任何事。",
            "Jiang Yue (Wangshan Information Centre) has withdrawn this report; Wei Huang agreed. Reason given: 误报. There",
        ),
        (
            Purpose.ENDED,
            early_end(Kind.REGRADED, level=Level.IV, owes=True),
            "将级别由II级重大下调为IV级一般，卫黄已同意（原因：误报）。您尚未完成的仍须完成",
            "graded this down from Level II (grave) to Level IV (ordinary); Wei Huang agreed",
        ),
        (
            Purpose.ENDED,
            early_end(Kind.MERGED),
            "此后以另一份报告的通知为准",
            "go by the messages about the other report",
        ),
        (
            Purpose.SECOND,
            early_end(Kind.CLOSED, agreed=False),
            "江月（望山县信息中心）请求将该事项办结（原因：误报）。",
            "Jiang Yue (Wangshan Information Centre) asks to close this case. Reason given: 误报.",
        ),
        (
            Purpose.INFORM,
            early_end(Kind.WITHDRAWN, agreed=False, owes=True),
            "尚未生效，须由上级决定；在此之前一切照常，您仍须应答。",
            "until then everything goes on; your answer is still owed.",
        ),
    ],
)
def test_an_early_end_says_who_asked_who_agreed_and_what_is_left_to_do(
    purpose: Purpose, ending: EarlyEnd, zh: str, en: str
):
    assert zh in letter(purpose=purpose, ending=ending).text
    assert en in letter(purpose=purpose, language=Language.EN, ending=ending).text


def test_a_call_written_down_names_who_when_and_which_number():
    call = CallMade(by=PERSON, by_unit=UNIT, at=NOW - timedelta(minutes=5), number="…0102", said="已报")
    chinese, english = (letter(purpose=Purpose.CALLED, language=one, called=call).text for one in Language)
    assert (
        "江月（望山县信息中心）登记：02:58 已电话告知您（号码 …0102，不是您在名录中的号码），内容：已报。"
        in chinese
    )
    assert (
        "at 02:58 (number …0102, which is not one of yours in the directory); what was said: 已报." in english
    )


ASKED = AskedTask(
    title="检查三家加油站消防设施",
    due_at=NOW + timedelta(hours=3),
    assigner=Name(zh="市应急办", en="Emergency Office"),
)
OTHER_TASK = replace(ASKED, title="清点应急物资")


@pytest.mark.parametrize(
    ("tasks", "zh", "en"),
    [
        (
            (ASKED,),
            "“检查三家加油站消防设施”（市应急办交办，任务时限 06:03）。",
            '"检查三家加油站消防设施" (assigned by Emergency Office, the task is due 06:03). ',
        ),
        (
            (ASKED, OTHER_TASK),
            "“检查三家加油站消防设施”等 2 项任务（市应急办交办",
            '设施" and 1 more (assigned by',
        ),
    ],
)
@pytest.mark.parametrize("purpose", [Purpose.DUTY, Purpose.REMINDER, Purpose.OVERDUE, Purpose.AGAIN])
def test_a_message_about_a_task_says_what_is_to_be_done_by_when_and_for_whom(
    purpose: Purpose, tasks: tuple[AskedTask, ...], zh: str, en: str
) -> None:
    owing: dict[str, Any] = {"owes": (Name(zh="签收任务", en="acceptance of the task"),), "tasks": tasks}
    assert zh in letter(purpose=purpose, **owing).text
    assert en in letter(purpose=purpose, language=Language.EN, **owing).text
    said = Form.SPOKEN
    assert aloud(zh, Language.ZH) in letter(purpose=purpose, form=said, **owing).text
    assert aloud(en, Language.EN) in letter(purpose=purpose, form=said, language=Language.EN, **owing).text
    written = letter(purpose=purpose, form=Form.LONG, **owing)
    assert written.html
    for task in tasks:
        line = f"{task.title}（市应急办交办，时限 2026-11-03 06:03:00）"
        assert line in written.text
        assert line in written.html
