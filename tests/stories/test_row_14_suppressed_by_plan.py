"""A channel that is silenced by plan, for announced works, wakes nobody; a lapse is told all the same. Row
14.
"""

from shared.directory import Suppression
from shared.facts import EffectKind, Purpose
from shared.vocabulary import Level
from tests.escalator.builders import example_directory
from tests.stories.stage import Stage, moment


def test_announced_works_wake_nobody_and_nothing_is_forgiven() -> None:
    works = Suppression.model_validate(
        {
            "id": "pump_works",
            "from": moment("2026-11-23 08:00"),
            "until": moment("2026-11-23 18:00"),
            "units": ("wangshan_info_centre",),
            "reason": "泵站计划检修",
            "by": "you_shen",
        }
    )
    stage = Stage(directory=example_directory().revised(suppressions=(works,)))
    case = stage.report(level=Level.II)
    stage.after(minutes=29)
    calls = [notice for _, notice in stage.notices(case) if notice.purpose is not Purpose.OVERDUE]
    assert {(notice.held, notice.channels) for notice in calls} == {("suppressed:pump_works", ())}
    assert "suppressed:pump_works" in stage.reasons(case, EffectKind.HELD)
    stage.after(minutes=32)
    assert stage.has_lapsed(case, "written_report"), "clocks run on"
    overdue = [notice for _, notice in stage.notices(case, "written_report", Purpose.OVERDUE)]
    assert overdue
    assert all(notice.channels and notice.held is None for notice in overdue), "a lapse is never silenced"


def test_outside_its_time_it_silences_nothing() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    assert all(notice.channels for _, notice in stage.notices(case))
