"""A lapse that something excuses is on record and held against nobody: by no figure, no ranking, no table
that is taken away, no notice.
"""

import re
from datetime import timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from services.audit.evidence.export.rows import COLUMNS, ExportWords
from services.audit.reading.views import NotInTrail, entry_view
from services.audit.records.actors import RecentIds
from services.audit.reports.counting import Counting
from services.audit.reports.documents.making import Documents
from services.audit.reports.documents.period import Period
from services.audit.reports.reading import read
from services.audit.reports.reports import Reports
from services.audit.reports.views import Timeliness, Trend
from services.audit.reports.window import Window
from shared.documents.writing import DocumentFormat
from shared.facts import Outage
from shared.facts.authors import Author
from shared.ids import CaseId
from shared.vocabulary import Language, Level
from shared.web.names import Names
from tests.audit.made import signer
from tests.audit.virtual_month import MonthTrail, Told
from tests.escalator.builders import example_directory
from tests.stories.stage import Stage

ZONE = ZoneInfo("Asia/Shanghai")
LEADERS = ("party_main", "gov_main", "party_in_charge", "gov_in_charge", "emergency_office")


@cache
def given() -> tuple[MonthTrail, CaseId, CaseId]:
    """Two grave cases that nobody sees to in time. We were away at each limit of the first; its leaders
    answer late.
    """
    stage = Stage("2026-11-23 11:00")
    spans = [(timedelta(minutes=since), timedelta(minutes=until)) for since, until in ((1, 46), (59, 61))]
    away = tuple(
        Outage(of=Author.NOTIFIER, since=stage.now + since, until=stage.now + until) for since, until in spans
    )
    rules = stage.world.rules
    stage.world = Told(type(rules)(rules.policy, rules.directory, away))
    excused = stage.report(level=Level.II, unit="shaquan_government")
    stage.after(minutes=45)
    stage.acknowledges(excused, *LEADERS)
    stage.after(minutes=2)
    held = stage.report(level=Level.II, unit="water_bureau")
    stage.after(minutes=45)
    return MonthTrail(stage.world.facts), excused, held


def lapses(case: CaseId) -> int:
    trail, *_ = given()
    return sum(len(stored.fields["lapses"]) for stored in trail.entries if stored.fields["case"] == case)


def reports() -> Reports:
    return Reports(given()[0].reader, ZONE)


def documents() -> Documents:
    vkey, key = "fenghuo.example/trail+0+key", signer()
    return Documents(given()[0].reader, reports(), example_directory, ZONE, vkey, key)


async def test_it_is_counted_apart_and_nobody_is_late_by_it() -> None:
    _, excused, held = given()
    found = await reports().answer(Timeliness, Window())
    assert found.whole is not None
    assert (found.whole.lapsed, found.whole.excused) == (lapses(excused) + lapses(held), lapses(excused))
    assert found.whole.late == 0, "who answers after our outage is not late for it"
    by_leader = [(line.lapsed, line.excused, line.held_against, line.late) for line in found.leaders]
    assert by_leader == [(2, 1, 1, 0)] * len(LEADERS)
    hours = (await reports().answer(Trend, Window())).hours
    assert sum(line.lapsed for line in hours) == lapses(held), "the hour of our outage is nobody's worst hour"


async def test_what_is_owed_past_an_excused_limit_is_not_called_overdue() -> None:
    trail, excused, held = given()
    counting = Counting(Window(), ZONE)
    for seen in await read(trail.reader, trail.entries, RecentIds()):
        counting.take(seen)
    lapsed = {
        case: [owed.is_overdue for owed in counting.matters[case].duties.values() if owed.lapse is not None]
        for case in (excused, held)
    }
    assert not any(lapsed[excused])
    assert lapsed[held]
    assert all(lapsed[held])


@pytest.mark.parametrize("language", Language)
async def test_a_notice_names_nobody_for_it(language: Language) -> None:
    _, excused, held = given()
    with pytest.raises(NotInTrail, match="without an excuse"):
        await documents().notice(excused, DocumentFormat.TEXT, language)
    assert await documents().notice(held, DocumentFormat.TEXT, language)


async def test_the_analysis_counts_it_under_its_own_name() -> None:
    text = (
        await documents().analysis(Period.read("2026-11"), DocumentFormat.TEXT, Language.ZH)
    ).content.decode()
    _, excused, held = given()
    plain = re.sub(r"\[\d+\]", "", text)
    assert f"共有{lapses(excused) + lapses(held)}项职责逾期，其中记录有免责情形{lapses(excused)}项" in plain
    assert f"记录有免责情形 | {lapses(excused)}" in plain, "among the causes"


@pytest.mark.parametrize(
    ("language", "words"), [(Language.ZH, "系统中断"), (Language.EN, "the system was away")]
)
def test_an_exported_table_has_it_beside_the_lapse(language: Language, words: str) -> None:
    trail, excused, held = given()
    told = ExportWords(language, Names(example_directory()), ZONE)
    column = {column.head: column for column in COLUMNS}
    cells = {
        case: [
            (column["Of these excused"].cell(told, entry), column["Excuse"].cell(told, entry))
            for stored in trail.entries
            if stored.fields["case"] == case and (entry := entry_view(stored, trail.held[stored.index])).lapse
        ]
        for case in (excused, held)
    }
    assert set(cells[held]) == {(None, None)}
    assert any(
        duties and "first_report-gov_main" in str(duties) and excuse == words
        for duties, excuse in cells[excused]
    )
