"""Whoever can't be reached for the moment is stood in for by the next on the chain, whose answer settles the
unit's duty to report; the leader hears who answered. Row 19.
"""

from msgspec.structs import replace

from services.notifier.channels import Form
from services.notifier.messages.writer import Writer
from shared.case import DutyState
from shared.facts import EffectKind, Notice, Purpose
from shared.ids import CaseId
from shared.vocabulary import Language, Level, ReportKind
from tests.stories.stage import ZONE, Stage

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


def test_whoever_takes_it_settles_the_duty_and_the_leader_reads_who_answered() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    stage.acknowledges(case, *OTHERS)
    stage.after(minutes=6)
    stage.acknowledges(case, "secretary_general")
    duty = stage.duties(case, "first_report")[0]
    assert (duty.state, duty.taken_by) == (DutyState.DISCHARGED, stage.holder("secretary_general"))
    ((_, notice),) = stage.notices(case, purpose=Purpose.INFORM)
    assert notice.post == "party_main"
    assert read(stage, notice) == {
        Language.ZH: "【烽火·已代接】II级重大事故灾难：望山县，化工厂爆炸。"
        "未能联系上您，吴己已代您接报，初报已履行。请知悉，您无需操作。",
        Language.EN: "[Fenghuo, answered for you] Level II (grave) accident, Wangshan County: 化工厂爆炸. "
        "You could not be reached; Wu Ji has answered in your place, and the first report is settled. "
        "There is nothing for you to do.",
    }
    stage.after(minutes=30)
    assert stage.told(case, "first_report", Purpose.FALLBACK) == [("11-23 11:05", "secretary_general")]
    assert stage.told(case, "first_report", Purpose.REMINDER) == []
    assert not stage.has_lapsed(case, "first_report")
    assert stage.raised(case, ReportKind.ACCOUNTABILITY) == [], "the unit has reported in time, and was heard"
    stage.acknowledges(case, "party_main")
    assert stage.effects(case, EffectKind.NOTED)[-1].why == "knows_too"


def read(stage: Stage, notice: Notice) -> dict[Language, str]:
    """The text message in both languages."""
    writer = Writer(ZONE)
    return {
        language: writer.write(
            CaseId("c"), replace(notice, language=language), Form.SHORT, link=None, now=stage.now
        ).text
        for language in Language
    }


def test_a_call_that_fails_on_every_channel_does_not_wait() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    stage.acknowledges(case, *OTHERS)
    _, notice = next(stage.notices(case, "first_report-party_main"))
    stage.after(minutes=1)
    stage.fails(notice)
    assert stage.told(case, "first_report", Purpose.FALLBACK) == [("11-23 11:01", "secretary_general")]
