"""Whoever can't be reached for the moment is stood in for by the next on the chain, and the first duty stays
open and visible. Row 19.
"""

from shared.case import DutyState
from shared.facts import EffectKind, Purpose
from shared.vocabulary import Level
from tests.stories.stage import Stage

OTHERS = ("gov_main", "party_in_charge", "gov_in_charge", "emergency_office")


def test_after_five_minutes_the_secretary_general_then_every_three_the_next() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    stage.acknowledges(case, *OTHERS)
    stage.after(minutes=29)
    assert stage.told(case, "first_report", Purpose.FALLBACK) == [
        ("11-23 11:05", "secretary_general"),
        ("11-23 11:08", "deputy_sg_in_charge"),
        ("11-23 11:11", "two_offices_duty"),
    ]
    assert stage.reasons(case, EffectKind.CHAIN_ENDED) == ["nobody_left_to_light"]
    assert stage.duties(case, "first_report")[0].state is DutyState.OPEN


def test_whoever_takes_it_stops_the_chain_and_not_the_duty() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    stage.acknowledges(case, *OTHERS)
    stage.after(minutes=6)
    stage.acknowledges(case, "secretary_general")
    stage.after(minutes=20)
    assert stage.told(case, "first_report", Purpose.FALLBACK) == [("11-23 11:05", "secretary_general")]
    assert stage.told(case, "first_report", Purpose.REMINDER) == [
        ("11-23 11:15", "party_main"),
        ("11-23 11:25", "party_main"),
    ]
    stage.after(minutes=5)
    lapse = stage.duties(case, "first_report")[0].lapse
    assert lapse
    assert (lapse.stood_in, lapse.excuses) == (stage.holder("secretary_general"), ("stood_in",))
    stage.acknowledges(case, "party_main")
    assert stage.duties(case, "first_report")[0].state is DutyState.LAPSED_DISCHARGED


def test_a_call_that_fails_on_every_channel_does_not_wait() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    stage.acknowledges(case, *OTHERS)
    _, notice = next(stage.notices(case, "first_report-party_main"))
    stage.after(minutes=1)
    stage.fails(notice)
    assert stage.told(case, "first_report", Purpose.FALLBACK) == [("11-23 11:01", "secretary_general")]
