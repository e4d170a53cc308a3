"""Where people complain: every complaint counts, with a form or without; households only where somebody has said how
many; each figure opens into exactly its records.
"""

import re
import time
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.audit.reports.complaints import Complaints
from services.audit.reports.declared import REPORTS
from services.audit.reports.figures import Figures
from services.audit.reports.names import ReportName
from services.audit.reports.question import ReportQuestion
from services.audit.reports.reports import Reports
from services.audit.reports.window import Window
from services.audit.web.report_files import ReportFormat, report_file
from shared.documents.words import DocumentWords
from shared.forms import FillingPlace
from shared.vocabulary import Kind, Language, ReportKind
from shared.web.names import Names
from tests.audit.test_forms_report import DIRECTORY, Given, with_ids
from tests.audit.virtual_month import MonthTrail
from tests.forms.given import OUTAGE, ZONE

COUNTY, TOWNSHIP, OTHER = "620622", "620622100", "620602"
ALL = Window()


def calls(given: Given, area: str, topic: str | None = "heating", **more: Any) -> Any:
    return given.stage.report(
        ReportKind.COMPLAINT, unit="hotline_centre", area=area, topic=topic, summary="来电反映", **more
    )


def a_winter() -> Given:
    """Two days: on the first three calls in a county (one by its township) and one elsewhere, then two more."""
    given = Given()
    calls(given, COUNTY)
    calls(given, TOWNSHIP)
    given.outage(kind=ReportKind.COMPLAINT, area=COUNTY, households=80)
    calls(given, OTHER, topic=None)
    given.stage.after(days=1)
    calls(given, COUNTY, topic="water")
    given.outage(kind=ReportKind.COMPLAINT, area=OTHER, households=12)
    given.outage(households=3200)
    return given


def reports_of(given: Given) -> Reports:
    return Reports(MonthTrail(with_ids(given.world.facts)).reader, ZONE, given.forms, lambda: DIRECTORY)


async def asks(reports: Reports, window: Window = ALL, **more: Any) -> Complaints:
    answer = await REPORTS[ReportName.COMPLAINTS].ask(reports, ReportQuestion(window, **more))
    assert isinstance(answer, Complaints)
    return answer


async def test_every_complaint_counts_and_those_with_a_form_add_their_households() -> None:
    reports = reports_of(a_winter())
    found = await asks(reports)
    assert (found.whole.complaints, found.whole.with_form, found.whole.households) == (6, 2, 92)
    assert {(line.area, line.complaints, line.households) for line in found.areas} == {
        (COUNTY, 4, 80),
        (OTHER, 2, 12),
    }
    assert [(cell.day, cell.area, cell.complaints, cell.households) for cell in found.cells] == [
        ("2026-11-23", OTHER, 1, 0),
        ("2026-11-23", COUNTY, 3, 80),
        ("2026-11-24", OTHER, 1, 12),
        ("2026-11-24", COUNTY, 1, 0),
    ]
    assert [(line.topic, line.complaints) for line in found.topics] == [
        ("heating", 4),
        ("-", 1),
        ("water", 1),
    ]


async def test_each_figure_opens_into_exactly_its_records() -> None:
    reports = reports_of(a_winter())
    found = await asks(reports, records=True)
    lines = [found.whole, *found.areas, *found.cells, *found.topics]
    for line in lines:
        opened = await reports.records(ALL, f"{line.figure}/complaints")
        assert opened.count == line.complaints == len(opened.indexes), line
        assert (line.records or {}).get("complaints") == opened.indexes
    whole = await reports.records(ALL, f"{found.whole.figure}/complaints")
    parts = [await reports.records(ALL, f"{cell.figure}/complaints") for cell in found.cells]
    assert sorted(index for part in parts for index in part.indexes) == list(whole.indexes)


async def test_what_is_said_of_the_whole_city_is_no_countys() -> None:
    given = a_winter()
    calls(given, "620600")
    reports = reports_of(given)
    found = await asks(reports)
    for line in (*found.areas, *found.cells, found.whole):
        assert (await reports.records(ALL, f"{line.figure}/complaints")).count == line.complaints, line
    assert {line.area: line.complaints for line in found.areas}["620600"] == 1


@given(st.lists(st.text("ab>:", max_size=4), min_size=2, max_size=5), st.text("ab>:", max_size=12))
def test_a_star_means_any_part_of_a_row_and_nothing_else(pieces: list[str], row: str) -> None:
    figures = Figures()
    figures.add("complaint", row, "complaints", 7)
    found = figures.named(f"complaint/{'*'.join(pieces)}/complaints")
    pattern = ".*".join(map(re.escape, pieces))
    assert (found is not None) == (re.fullmatch(pattern, row, re.S) is not None)


def test_many_stars_cost_no_more_than_few() -> None:
    figures = Figures()
    for number in range(2_000):
        figures.add("complaint", "a" * 60 + str(number), "complaints", number)
    began = time.perf_counter()
    assert figures.named(f"complaint/{'*a' * 90}b/complaints") is None
    assert time.perf_counter() - began < 1


async def test_it_is_asked_for_a_topic_and_for_an_area_and_its_parts() -> None:
    reports = reports_of(a_winter())
    heating = await asks(reports, topic="heating")
    assert (heating.whole.complaints, heating.whole.households) == (4, 92)
    assert (await reports.records(ALL, f"{heating.whole.figure}/complaints")).count == 4
    county = await asks(reports, area=COUNTY)
    assert {line.area: line.complaints for line in county.areas} == {COUNTY: 3, TOWNSHIP: 1}
    assert county.whole.complaints == 4


async def test_the_area_itself_does_not_count_what_lies_in_its_parts_twice() -> None:
    reports = reports_of(a_winter())
    county = await asks(reports, area=COUNTY)
    for line in county.areas:
        opened = await reports.records(ALL, f"{line.figure}/complaints")
        assert opened.count == line.complaints, line.area


async def test_households_are_what_was_said_last_and_a_withdrawn_complaint_adds_none() -> None:
    given = Given()
    said_again = given.outage(kind=ReportKind.COMPLAINT, households=80)
    gone = given.outage(kind=ReportKind.COMPLAINT, households=500)
    place = FillingPlace(ReportKind.COMPLAINT, "heating", act=Kind.FOLLOWED_UP)
    more = given.block("outage", place, **{**OUTAGE, "households": 90})
    given.stage.says(said_again, Kind.FOLLOWED_UP, "hotline_centre", text="又有十户", form=more)
    given.stage.says(gone, Kind.WITHDRAWN, "hotline_centre", text="误报")
    found = await asks(reports_of(given))
    assert (found.whole.complaints, found.whole.with_form, found.whole.households) == (2, 1, 90)


async def test_households_of_a_complaint_that_came_in_earlier_are_none_of_this_time() -> None:
    given = Given()
    earlier = given.outage(kind=ReportKind.COMPLAINT, households=80)
    given.stage.after(days=1)
    since = given.stage.now
    place = FillingPlace(ReportKind.COMPLAINT, "heating", act=Kind.FOLLOWED_UP)
    more = given.block("outage", place, **{**OUTAGE, "households": 90})
    given.stage.says(earlier, Kind.FOLLOWED_UP, "hotline_centre", text="又有十户", form=more)
    given.outage(kind=ReportKind.COMPLAINT, households=12)
    found = await asks(reports_of(given), Window(since=since))
    assert (found.whole.complaints, found.whole.with_form, found.whole.households) == (1, 1, 12)


async def test_another_units_window_and_another_day_have_none_of_it() -> None:
    given = a_winter()
    reports = reports_of(given)
    others = await asks(reports, Window(units=frozenset({"water_bureau"})))
    assert (others.whole.complaints, others.whole.households) == (0, 0)
    later = await asks(reports, Window(since=given.stage.now + timedelta(hours=1)))
    assert later.cells == ()


async def test_the_page_says_what_is_known_and_the_file_has_every_day() -> None:
    given = a_winter()
    for _ in range(20):
        given.stage.after(days=1)
        calls(given, COUNTY)
    reports = reports_of(given)
    found = await asks(reports)
    declared = REPORTS[ReportName.COMPLAINTS]
    chinese = DocumentWords(Language.ZH, Names(DIRECTORY), ZONE)
    text = str(declared.blocks(chinese, found))
    for words in ("其余 ", "未说明户数", "望山县", "最近 14 个有诉求的日期"):
        assert words in text, words
    english = DocumentWords(Language.EN, Names(DIRECTORY), ZONE)
    file = report_file(ReportFormat.CSV, declared.tables_of(english, found), english, found, {})
    rows = file.decode("utf-8-sig").splitlines()
    assert rows[1].count(",") == 22, "an area and 22 days"
