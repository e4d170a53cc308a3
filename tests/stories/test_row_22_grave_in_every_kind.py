"""What is grave is nobody's small matter, whatever its kind: the five of the half hour are rung, with the
chain behind them, and the leader in charge tracks it. Rows 1, 18, 19, 22.
"""

from typing import Any

import pytest

from shared.facts import Purpose
from shared.vocabulary import Kind, Level, ReportKind
from tests.stories.stage import Stage

FIVE = ["party_main", "gov_main", "party_in_charge", "gov_in_charge", "emergency_office"]
ORDER = ["party_main", "gov_main", "party_order", "vice_mayor_order", "emergency_office"]
"""Of a dispute or a petition: who has public order in the portfolio."""
OTHERS = (ReportKind.DISPUTE, ReportKind.HAZARD, ReportKind.PETITION, ReportKind.COMPLAINT)


def five(kind: ReportKind) -> list[str]:
    return ORDER if kind in (ReportKind.DISPUTE, ReportKind.PETITION) else FIVE


def rung(stage: Stage, kind: ReportKind, **report: Any) -> list[tuple[str, tuple[str, ...]]]:
    """(post, channels) of all who are rung at the first report."""
    case = stage.report(kind, unit="beacon_hill_government", area="620602", **report)
    return [(str(notice.post), notice.channels) for _, notice in stage.notices(case, purpose=Purpose.REPORT)]


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("graded", [{"level": Level.I}, {"level": Level.II}, {"sensitive": True}])
def test_the_five_are_rung_by_voice_and_sms(kind: ReportKind, graded: dict[str, Any]) -> None:
    assert rung(Stage(), kind, **graded) == [(post, ("voice", "sms")) for post in five(kind)]


@pytest.mark.parametrize("kind", [ReportKind.INCIDENT, *OTHERS])
def test_a_serious_one_rings_the_leaders_in_charge_and_the_emergency_office(kind: ReportKind) -> None:
    assert rung(Stage(), kind, level=Level.III) == [(post, ("voice", "sms")) for post in five(kind)[2:]]


@pytest.mark.parametrize("level", [None, Level.IV])
def test_an_ordinary_incident_is_texted_to_the_emergency_office_and_no_leader_is_woken(
    level: Level | None,
) -> None:
    assert rung(Stage(), ReportKind.INCIDENT, level=level) == [("emergency_office", ("sms",))]


@pytest.mark.parametrize("kind", OTHERS)
def test_an_ordinary_small_matter_rings_no_leader(kind: ReportKind) -> None:
    assert rung(Stage(), kind, level=Level.IV) == rung(Stage(), kind) == []


def test_silence_goes_down_the_chain_and_the_leader_in_charge_owes_word_until_it_is_resolved() -> None:
    stage = Stage()
    case = stage.report(
        ReportKind.DISPUTE, level=Level.I, sensitive=True, unit="beacon_hill_government", area="620602"
    )
    stage.acknowledges(case, *ORDER[:3], ORDER[4])
    stage.after(minutes=6)
    assert stage.told(case, "grave_report", Purpose.FALLBACK) == [("11-23 11:05", "secretary_general")]
    assert (stage.duty(case, "progress").bearer_post, stage.limit(case, "progress")) == (
        "vice_mayor_order",
        "11-23 12:00",
    )
    stage.says(case, Kind.PROGRESSED, "vice_mayor_order", text="已到现场，与群众代表对话")
    assert "progress" in stage.owed(case), "until it is resolved, again and again"


def test_one_that_turns_grave_rings_the_five_from_then_on() -> None:
    stage = Stage()
    case = stage.report(ReportKind.PETITION, unit="petition_office", area="620600", level=Level.IV)
    stage.after(days=1)
    stage.says(case, Kind.REGRADED, "emergency_office", level=Level.II, text="三百余人聚集")
    assert stage.told(case, "grave_report", Purpose.REPORT) == [("11-24 11:00", post) for post in ORDER]
    assert stage.limit(case, "grave_report") == "11-24 11:30"
    assert not any(duty.lapse for duty in stage.duties(case, "grave_report"))
