"""What a person reads whose entry in the directory somebody has changed: what, by whom, from when until when,
why, and what to do.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.notifier.channels import Form, Letter
from services.notifier.messages.writer import Writer
from shared.facts import ChangeState, DirectoryNote, Name, PersonalChange, Purpose, Signature, Touch
from shared.ids import CaseId
from shared.vocabulary import Language
from tests.notifier.decisions import a_notice

CASE = CaseId("01JDIRECTORY0000000000000")
NOW = datetime(2026, 11, 29, 19, 0, tzinfo=UTC)
"""Three in the morning in Shanghai."""
WRITER = Writer(ZoneInfo("Asia/Shanghai"))
OFFICER = Signature(
    name=Name(zh="金红", en="Jin Hong"),
    unit=Name(zh="沙泉县信息中心", en="Information Centre of Shaquan"),
    post=Name(zh="值班员", en="duty officer"),
)
CHIEF = Signature(name=Name(zh="周戊", en="Zhou Wu"))
A_YEAR = PersonalChange(Touch.ABSENT, since=NOW, until=NOW + timedelta(days=365))
SOMETHING = Name(zh="两办值班", en="Duty of the Two Offices")


def letter(
    *changes: PersonalChange,
    form: Form = Form.SHORT,
    language: Language = Language.ZH,
    state: ChangeState = ChangeState.IN_FORCE,
    approved_by: Signature | None = None,
    why: str = "",
) -> Letter:
    note = DirectoryNote(state=state, changes=changes, by=OFFICER, approved_by=approved_by, why=why)
    notice = a_notice(CASE, purpose=Purpose.CHANGED, language=language, directory=note)
    return WRITER.write(CASE, notice, form, link=None, now=NOW)


def test_it_says_what_changed_by_whom_how_long_why_and_whom_to_tell():
    said = letter(A_YEAR, why="病假").text
    assert "您被登记为不在岗：03:00 至 2027-11-30 03:00" in said
    assert "变更人：金红（沙泉县信息中心，值班员）。事由：病假" in said
    assert said.endswith("如有不符，请立即致电值班室。")
    said = letter(A_YEAR, why="ill", language=Language.EN).text
    assert "you are marked absent from 03:00 until 2027-11-30 03:00" in said
    assert "Changed by Jin Hong (Information Centre of Shaquan, duty officer). Reason: ill" in said
    assert said.endswith("If this is wrong, ring the duty desk now.")


def test_what_is_only_asked_for_says_that_nothing_has_changed():
    said = letter(A_YEAR, state=ChangeState.PROPOSED)
    assert said.text.startswith("【烽火·名录】有人申请变更您的登记，尚未生效，须由第二人同意")
    assert (
        "not in force until a second person agrees"
        in letter(A_YEAR, state=ChangeState.PROPOSED, language=Language.EN).text
    )


def test_the_second_person_is_named():
    assert "同意人：周戊" in letter(A_YEAR, approved_by=CHIEF).text
    assert "驳回人：周戊" in letter(A_YEAR, approved_by=CHIEF, state=ChangeState.REFUSED).text
    assert (
        "refused by Zhou Wu"
        in letter(A_YEAR, approved_by=CHIEF, state=ChangeState.REFUSED, language=Language.EN).text
    )


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("state", ChangeState)
@pytest.mark.parametrize("what", Touch)
def test_every_change_is_written_in_both_languages_for_every_form(
    language: Language, form: Form, state: ChangeState, what: Touch
):
    full = PersonalChange(what, SOMETHING, Name(zh="李丁", en="Li Ding"), NOW, NOW + timedelta(hours=3))
    for change in (full, PersonalChange(what, SOMETHING, None, NOW, NOW + timedelta(hours=3))):
        written = letter(change, form=form, language=language, state=state)
        said = f"{written.subject}\n{written.text}"
        assert not any(
            hole in said
            for hole in ("（）", "()", "：：", ": :", "。。", ". .", "None", "：。", ": .", "  ；")
        )
        assert what.value not in said or what in (
            Touch.ABSENT,
            Touch.DEPUTY,
            Touch.UNIT,
            Touch.ADDRESSES,
            Touch.ROLES,
        )
        assert ("金红" if language is Language.ZH else "Jin Hong") in written.text
        assert (written.html is not None) is (form is Form.LONG)


def test_a_short_message_stays_short_and_the_mail_has_all():
    many = [
        PersonalChange(Touch.DEPUTY, Name(zh=f"岗位{number}", en=f"post {number}")) for number in range(9)
    ]
    assert "，等共 9 项" in letter(*many).text
    assert "岗位8" in letter(*many, form=Form.LONG).text
