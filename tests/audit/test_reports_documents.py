"""The analysis and the public notice: what they say is what the reports count, whole in both languages, and
can be opened by a reader.
"""

import io
import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import docx
import pytest
from lxml import html as parsed

from services.audit.reading.views import NotInTrail
from services.audit.reports.documents.making import Documents
from services.audit.reports.documents.notice import masked
from services.audit.reports.documents.period import Period, PeriodError
from services.audit.reports.reports import Reports
from services.audit.reports.views import Resolution, Timeliness
from services.audit.reports.window import Window
from shared.documents.blocks import Cell, ranges
from shared.documents.writing import DocumentFormat
from shared.vocabulary import Kind, Language, Level, ReportKind, Role
from tests.audit.made import signer
from tests.audit.virtual_month import MonthTrail, Told, month_trail
from tests.escalator.builders import example_directory
from tests.stories.stage import Stage

ZONE = ZoneInfo("Asia/Shanghai")
UNIT = "shaquan_government"


def documents_of(trail: MonthTrail) -> Documents:
    return Documents(
        trail.reader,
        Reports(trail.reader, ZONE),
        example_directory,
        ZONE,
        "fenghuo.example/trail+0+key",
        signer(),
    )


def page_of(content: bytes) -> Any:
    return parsed.fromstring(content.decode())


async def test_the_analysis_states_the_reports_own_figures_and_names_their_records() -> None:
    trail, october = month_trail(1, 20), Period.read("2026-10")
    made = await documents_of(trail).analysis(october, DocumentFormat.HTML, Language.ZH)
    page = page_of(made.content)
    text = page.text_content()
    reports = Reports(trail.reader, ZONE)
    window = Window(october.since(ZONE), october.until(ZONE))
    whole, matters = (
        (await reports.answer(Timeliness, window)).whole,
        (await reports.answer(Resolution, window)).whole,
    )
    assert whole
    for figure, column, number in (
        ("duty/all", "in_time", whole.in_time),
        ("matter/all", "reports", matters.reports),
    ):
        records = (await reports.records(window, f"{figure}/{column}")).indexes
        (note,) = [
            one.text_content()
            for one in page.findall(".//ol[@class='notes']/li")
            if one.text_content().startswith(f"{figure}/{column}：")
        ]
        shown, left = ranges(records, 12, "、")
        assert shown in note
        assert (f"另有{left}条" in note) is (left > 0)
        assert str(number) in text
    assert "一、总体情况" in text
    assert "八、统计口径" in text
    assert trail.signed.root.hex() in text
    assert "fenghuo.example/trail+0+key" in text


async def test_every_note_that_is_called_for_is_there_and_nothing_is_loaded_from_elsewhere() -> None:
    for language in Language:
        made = await documents_of(month_trail(1, 20)).analysis(
            Period.read("2026-Q4"), DocumentFormat.HTML, language
        )
        page = page_of(made.content)
        called = {link.get("href") for link in page.findall(".//sup/a")}
        assert called == {f"#{note.get('id')}" for note in page.findall(".//ol[@class='notes']/li")}
        assert [tag for tag in ("script", "img", "link", "iframe") if page.findall(f".//{tag}")] == []
        assert not re.search(r"(src|href)=\"(?!#)", made.content.decode())
        assert {svg.get("role") for svg in page.findall(".//svg")} == {"img"}
        assert re.search(r"%\(\w+\)s", made.content.decode()) is None


async def test_the_docx_opens_and_says_what_the_page_says() -> None:
    documents = documents_of(month_trail(1, 20))
    page, file = [
        (await documents.analysis(Period.read("2026-10"), form, Language.ZH)).content
        for form in (DocumentFormat.HTML, DocumentFormat.DOCX)
    ]
    read: Any = docx.Document(io.BytesIO(file))
    headings = [
        one.text for one in read.paragraphs if one.style and str(one.style.name).startswith("Heading")
    ]
    shown = [one.text_content() for one in page_of(page).findall(".//h2")]
    assert headings == shown
    rows = {
        tuple(cell.text.split("[")[0] for cell in row.cells) for table in read.tables for row in table.rows
    }
    for row in page_of(page).findall(".//tbody/tr"):
        assert tuple(cell.text_content().split("[")[0] for cell in row.findall("./td")) in rows
    assert (read.sections[0].page_width.mm, read.sections[0].page_height.mm) == pytest.approx(
        (210, 297), abs=0.1
    )


@pytest.mark.parametrize(
    ("text", "before", "since", "until"),
    [
        ("2026-10", "2026-09", "2026-09-30T16:00", "2026-10-31T15:59"),
        ("2026-01", "2025-12", "2025-12-31T16:00", "2026-01-31T15:59"),
        ("2026-12", "2026-11", "2026-11-30T16:00", "2026-12-31T15:59"),
        ("2026-Q1", "2025-Q4", "2025-12-31T16:00", "2026-03-31T15:59"),
        ("2026-Q4", "2026-Q3", "2026-09-30T16:00", "2026-12-31T15:59"),
    ],
)
def test_a_period_is_of_the_offices_calendar(text: str, before: str, since: str, until: str) -> None:
    period = Period.read(text)
    assert (period.name, period.before.name) == (text, before)
    assert f"{period.since(ZONE):%Y-%m-%dT%H:%M}" == since
    assert f"{period.until(ZONE):%Y-%m-%dT%H:%M}" == until
    assert period.before.until(ZONE) < period.since(ZONE)


@pytest.mark.parametrize("text", ["2026-13", "2026-Q5", "2026", "10-2026", "2026-1", "", "2026-00"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(PeriodError, match="2026-10"):
        Period.read(text)


def test_records_in_a_row_are_written_as_a_range() -> None:
    assert ranges([1, 2, 3, 7, 9, 10], 5, ", ") == ("1–3, 7, 9–10", 0)
    assert ranges([1, 2, 3, 7, 9, 10], 2, ", ") == ("1–3, 7", 2)
    assert Cell("3").is_traced is False


class Notice:
    """A supervision order that was not met, and the notice about it."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.world = self.stage.world = Told(self.stage.world.rules)
        self.case = self.stage.report(
            ReportKind.SUPERVISION_ORDER,
            unit="petition_office",
            area="620621",
            summary="督办拆违",
            tasks=[{"title": "拆除违建", "unit": UNIT}],
        )
        self.stage.after(days=8)

    def drafted(self) -> None:
        self.stage.says(
            self.case, Kind.NOTICE_DRAFTED, "petition", role=Role.SUPERVISOR, text="沙泉县拆违不力，予以通报"
        )

    def approved(self, *posts: str) -> None:
        for post in posts:
            self.stage.says(self.case, Kind.NOTICE_APPROVED, post, role=Role.LEADER)

    async def text(self, language: Language = Language.ZH) -> str:
        made = await documents_of(MonthTrail(self.world.facts)).notice(
            self.case, DocumentFormat.TEXT, language
        )
        return made.content.decode()


async def test_the_notice_says_at_each_step_how_far_it_has_come() -> None:
    notice = Notice()
    assert "当前状态：未起草" in await notice.text()
    notice.drafted()
    assert "当前状态：已起草，待一级审批" in await notice.text()
    notice.approved("discipline")
    assert "当前状态：已部分审批，尚待其余审批" in await notice.text()
    notice.approved("secretary_general")
    assert "当前状态：已审批，被通报单位可申辩" in await notice.text()
    notice.stage.after(days=1)
    notice.stage.says(notice.case, Kind.NOTICE_REPLIED, UNIT, text="汛期停工，已复工")
    text = await notice.text()
    assert "当前状态：已审批并已申辩，可以发布" in text
    assert "汛期停工，已复工" in text
    assert "2026年12月4日11:00" in text
    assert text.startswith("草稿")
    notice.stage.says(notice.case, Kind.NOTICE_PUBLISHED, "discipline", role=Role.DISCIPLINE)
    text = await notice.text()
    assert "当前状态：已发布" in text
    assert not text.startswith("草稿")
    notice.stage.says(
        notice.case, Kind.CORRECTED, "discipline", role=Role.DISCIPLINE, text="更正：停工系汛期所致"
    )
    text = await notice.text()
    assert "当前状态：已发布并更正" in text
    assert "更正：停工系汛期所致" in text


async def test_a_refused_act_and_a_draft_that_was_turned_down_are_no_steps() -> None:
    notice = Notice()
    notice.drafted()
    notice.stage.refused(notice.case, Kind.NOTICE_APPROVED, "petition", role=Role.SUPERVISOR)
    assert "已起草，待一级审批" in await notice.text()
    notice.stage.says(
        notice.case, Kind.NOTICE_APPROVED, "discipline", role=Role.DISCIPLINE, approve=False, text="证据不足"
    )
    assert "已退回，须重新起草" in await notice.text()


async def test_persons_are_named_only_by_what_was_published() -> None:
    notice = Notice()
    notice.drafted()
    notice.approved("discipline", "secretary_general")
    directory = example_directory()
    names = [person.name.zh for person in directory.people]
    text = await notice.text()
    assert [name for name in names if name in text] == []
    assert masked("冯任", chinese=True) in text
    assert "沙泉县人民政府" in text
    notice.stage.after(days=4)
    notice.stage.says(notice.case, Kind.NOTICE_PUBLISHED, "discipline", role=Role.DISCIPLINE)
    assert [name for name in names if name in await notice.text()] != []


async def test_the_notice_names_the_records_of_its_facts() -> None:
    notice = Notice()
    notice.drafted()
    made = await documents_of(MonthTrail(notice.world.facts)).notice(
        notice.case, DocumentFormat.HTML, Language.EN
    )
    page = page_of(made.content)
    facts = notice.world.facts
    (lapses, _) = page.findall(".//table")
    for row in lapses.findall(".//tbody/tr"):
        index = int(row.findall("./td")[0].text_content().split("[")[0])
        assert any(effect["kind"] == "lapsed" for effect in facts[index][0].data["effects"])
    assert len(lapses.findall(".//tbody/tr")) >= 1


async def test_there_is_no_notice_of_a_case_with_nothing_to_be_named() -> None:
    stage = Stage()
    world = stage.world = Told(stage.world.rules)
    case = stage.report(level=Level.IV)
    documents = documents_of(MonthTrail(world.facts))
    for wanted in (case, "01JNOSUCHCASE"):
        with pytest.raises(NotInTrail):
            await documents.notice(wanted, DocumentFormat.HTML, Language.ZH)


async def test_an_analysis_made_too_early_says_so() -> None:
    trail = MonthTrail(month_trail(1, 20).facts)
    trail.signed = trail.up_to(400)
    assert datetime.fromisoformat(trail.signed.time) < datetime(2026, 10, 31, tzinfo=UTC)
    made = await documents_of(trail).analysis(Period.read("2026-10"), DocumentFormat.TEXT, Language.EN)
    assert "not over at this checkpoint" in made.content.decode()


async def test_satisfaction_is_what_those_who_complained_said_when_asked() -> None:
    stage = Stage()
    world = stage.world = Told(stage.world.rules)
    for score in (5, 2):
        case = stage.report(
            ReportKind.COMPLAINT, topic="heating", unit="heating_company", area="620602", summary="暖气不热"
        )
        stage.after(hours=1)
        stage.says(case, Kind.CLOSED, "heating_company", text="已回访", satisfaction=score)
    found = await Reports(MonthTrail(world.facts).reader, ZONE).answer(Resolution, Window())
    assert (found.whole.satisfaction, found.whole.satisfaction_said) == (3.5, 2)


async def test_logged_calls_count_apart_and_a_contested_one_was_not_in_time() -> None:
    stage = Stage()
    world = stage.world = Told(stage.world.rules)
    case = stage.report(level=Level.II)
    stage.logs_a_call(case, "gov_main", "zhang_lai")
    stage.logs_a_call(case, "party_main", "zhang_lai")
    stage.acknowledges(case, "gov_in_charge")
    stage.says(case, Kind.CONTESTED, "gov_main", role=Role.LEADER)
    stage.after(minutes=31)
    found = await Reports(MonthTrail(world.facts).reader, ZONE).answer(Timeliness, Window())
    leaders = {line.person: line for line in found.leaders}
    mayor, secretary, deputy = (
        leaders[stage.holder(post)] for post in ("gov_main", "party_main", "gov_in_charge")
    )
    assert (mayor.logged_calls, mayor.contested, mayor.lapsed, mayor.share_in_time) == (1, 1, 1, None), (
        "excused by the call that never was"
    )
    assert (secretary.logged_calls, secretary.contested, secretary.share_in_time) == (1, 0, 1.0)
    assert (deputy.logged_calls, deputy.in_time) == (0, 1)
