"""A roll call has a report of its own, and counts in no other: no share, rank or workload is made of a test."""

from functools import cache
from zoneinfo import ZoneInfo

from services.audit.reports.declared import REPORTS
from services.audit.reports.names import ReportName
from services.audit.reports.reports import Reports
from services.audit.reports.roll_calls import RollCallReport, roll_call_lines
from services.audit.reports.views import Reachability, Timeliness
from services.audit.reports.window import Window
from services.audit.reports.workload import Workload, workload
from shared.documents.words import DocumentWords
from shared.facts import Purpose
from shared.standing import own_watch
from shared.vocabulary import Language
from shared.web.names import Names
from tests.audit.virtual_month import MonthTrail, Told
from tests.escalator.builders import example_directory
from tests.stories.stage import Stage

ZONE = ZoneInfo("Asia/Shanghai")


@cache
def called() -> tuple[MonthTrail, str, str, int]:
    """One is silent, one reached by no channel, all others of the unit answer: the trail, these two, how many."""
    stage = Stage()
    stage.world = Told(stage.world.rules)
    case = stage.watches("roll_call", own_watch("roll_call", "government"))
    stage.at("2026-12-10 12:01")
    asked = {notice.person: notice for _, notice in stage.notices(case, "roll_call", Purpose.ROLL_CALL)}
    silent, dead, *others = sorted(asked)
    stage.fails(asked[dead])
    stage.delivers(asked[silent])
    for person in others:
        stage.delivers(asked[person], "sms")
        stage.acknowledges(case, person)
    stage.at("2026-12-11 12:01")
    return MonthTrail(stage.world.facts), silent, dead, len(asked)


def reports() -> Reports:
    return Reports(called()[0].reader, ZONE)


async def report() -> RollCallReport:
    return await reports().answer(
        RollCallReport, Window(), lambda answering: roll_call_lines(answering.figures, answering.traced)
    )


async def test_it_says_who_was_asked_who_answered_and_which_channel_failed() -> None:
    _, silent, dead, asked = called()
    found = await report()
    (unit,) = found.units
    assert (unit.month, unit.unit) == ("2026-12", "government")
    assert (unit.asked, unit.answered, unit.unanswered) == (asked, asked - 2, 2)
    assert {line.person for line in found.people[:2]} == {silent, dead}
    assert all(line.answered for line in found.people[2:])
    sms = next(line for line in found.channels if line.channel == "sms")
    assert (sms.sent, sms.handed_over, sms.not_delivered) == (asked, asked - 1, 1)


async def test_it_counts_in_no_other_report() -> None:
    timeliness = await reports().answer(Timeliness, Window())
    assert not timeliness.units
    assert not timeliness.leaders
    assert not (await reports().answer(Reachability, Window())).people
    of_weeks = await reports().answer(
        Workload, Window(), lambda answering: {"weeks": workload(answering.figures, answering.traced)}
    )
    assert not of_weeks.weeks


async def test_its_page_names_people_and_channels_in_words() -> None:
    words = DocumentWords(Language.ZH, Names(example_directory), ZONE)
    blocks = REPORTS[ReportName.ROLL_CALLS].blocks(words, await report())
    text = str(blocks)
    assert "望烽市人民政府" in text
    assert "短信" in text
    assert "lang_yu" not in text.replace("roll_call_person/lang_yu", "")
