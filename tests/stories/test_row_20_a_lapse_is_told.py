"""A lapse is told to whoever owed it and to the emergency office, in plain words; a reminder comes before the
limit, too. Rows 18, 20.
"""

from shared.facts import Purpose
from shared.vocabulary import Level
from tests.stories.stage import Stage

UNIT = "wangshan_info_centre"


def test_five_minutes_before_the_limit_and_at_the_limit_the_unit_reads_what_it_owes() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    stage.after(minutes=61)
    reminded = [when for when, _ in stage.told(case, "written_report", Purpose.REMINDER)]
    assert reminded == ["11-23 11:30", "11-23 11:55"]
    assert "【烽火·催办】书面报告尚未完成。请于 12:00 前完成" in "".join(
        stage.texts(case, UNIT, Purpose.REMINDER)
    )
    told = [text for text in stage.texts(case, "emergency_office", Purpose.OVERDUE) if "书面报告" in text]
    assert told[0].startswith("【烽火·逾期】望山县信息中心：")
    assert "应于 12:00:00 前完成" in told[0]
    assert any("书面报告" in text for text in stage.texts(case, UNIT, Purpose.OVERDUE))


def test_the_first_report_that_nobody_answers_is_told_to_the_unit_and_the_office_at_the_limit() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    stage.after(minutes=31)
    told = {post for when, post in stage.told(case, "first_report", Purpose.OVERDUE) if when == "11-23 11:30"}
    assert {"wangshan_info_duty", "emergency_office"} <= told
