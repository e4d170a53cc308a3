"""Information channels are kept open: a source that falls silent is itself an incident. Row 14."""

from shared.facts import LapseCause, Purpose
from shared.vocabulary import Kind, Level, ReportKind
from tests.stories.stage import Stage


def test_each_sign_of_life_sets_the_clock_anew() -> None:
    stage = Stage()
    case = stage.watches("source", "heating-monitor")
    assert stage.limit(case, "heartbeat") == "11-23 17:00", "its own six hours"
    for _ in range(3):
        stage.after(hours=5)
        stage.hears("heating-monitor")
    assert stage.limit(case, "heartbeat") == "11-24 08:00"
    assert not any(duty.lapse for duty in stage.duties(case, "heartbeat"))


def test_silence_raises_an_incident_that_is_reported_like_any_other() -> None:
    stage = Stage()
    source = stage.watches("source", "heating-monitor")
    stage.after(hours=6, minutes=1)
    lapse = stage.duty(source, "heartbeat").lapse
    assert lapse
    assert lapse.cause is LapseCause.SILENT
    assert [post for _, post in stage.told(source, "heartbeat", Purpose.OVERDUE)] == [
        "heating_head",
        "emergency_office",
    ]
    (incident,) = stage.raised(source, ReportKind.INCIDENT)
    assert (stage.case(incident).report.unit, stage.case(incident).level) == ("heating_company", Level.IV)
    assert stage.told(incident, "first_report") == [("11-23 17:00", "emergency_office")], "of its level"


def test_when_it_speaks_again_it_is_watched_again_and_the_gap_stays_on_record() -> None:
    stage = Stage()
    case = stage.watches("source", "heating-monitor")
    stage.after(hours=8)
    stage.hears("heating-monitor")
    silent, awake = stage.duties(case, "heartbeat")
    assert silent.lapse is not None
    assert silent.discharged_via == "heard"
    assert awake.due_at > stage.now
    stage.after(hours=7)
    assert len(stage.raised(case, ReportKind.INCIDENT)) == 2, "a second silence is a second incident"


def test_told_again_at_a_restart_it_is_watched_once() -> None:
    stage = Stage()
    case = stage.watches("source", "heating-monitor")
    stage.after(hours=1)
    stage.watches("source", "heating-monitor")
    assert len(stage.duties(case, "heartbeat")) == 1
    assert stage.decisions(case)[0].about.kind == Kind.ESTABLISHED
