"""After a graver event the press hears the first word in five hours, a conference in a day, and what follows
in two. Rows 39, 40.
"""

from datetime import timedelta

from shared.case import DutyState
from shared.facts import FormBlock, Purpose
from shared.standing import own_watch
from shared.vocabulary import Document, Kind, Level, ReportKind
from tests.stories.stage import Stage

PRESS = "propaganda_head"


def test_five_hours_to_the_first_release_and_a_day_to_the_conference() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    assert (stage.limit(case, "press_first"), stage.limit(case, "press_conference")) == (
        "11-23 16:00",
        "11-24 11:00",
    )
    assert stage.duty(case, "press_first").bearer == stage.holder(PRESS)
    stage.after(hours=3)
    assert stage.told(case, "press_first", Purpose.REMINDER) == [("11-23 13:30", PRESS)]
    stage.says(case, Kind.FILED, PRESS, document=Document.PRESS_RELEASE, text="情况通报（一）")
    assert stage.is_done(case, "press_first")
    assert "press_conference" in stage.owed(case), "a release is no conference"


def test_whatever_was_said_is_followed_up_every_two_days() -> None:
    stage = Stage()
    case = stage.report(level=Level.I)
    stage.after(hours=4)
    stage.says(case, Kind.FILED, PRESS, document=Document.PRESS_CONFERENCE, text="首场发布会")
    assert stage.is_done(case, "press_conference")
    assert stage.is_done(case, "press_first"), "a conference is a first word as well"
    assert stage.limit(case, "press_follow") == "11-25 15:00"
    stage.after(days=1)
    stage.says(case, Kind.FILED, PRESS, document=Document.PRESS_RELEASE, text="情况通报（二）")
    assert stage.duties(case, "press_follow")[0].state is DutyState.DISCHARGED
    assert stage.limit(case, "press_follow") == "11-26 15:00", "and so on,"
    stage.says(case, Kind.RESOLVED, "gov_in_charge", text="处置完毕")
    assert "press_follow" not in stage.owed(case), "until it is resolved"


def test_silence_towards_the_press_is_told_to_the_leaders() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    stage.after(hours=5, minutes=1)
    assert stage.told(case, "press_first", Purpose.OVERDUE) == [
        ("11-23 16:00", "party_in_charge"),
        ("11-23 16:00", "gov_in_charge"),
    ]


def test_a_small_event_owes_the_press_nothing() -> None:
    stage = Stage()
    case = stage.report(level=Level.III)
    assert not {"press_first", "press_conference"} & stage.owed(case)


def test_a_conference_that_was_announced_is_reminded_of_and_held() -> None:
    stage = Stage()
    at = stage.now + timedelta(days=5)
    form = FormBlock(id="press_event", fields={"theme": "供暖保障", "at": at.isoformat()}, personal={})
    case = stage.report(
        ReportKind.PUBLICATION, unit="housing_bureau", area="620600", topic="press_conference", form=form
    )
    assert stage.limit(case, "press_event") == "11-29 11:00", "a day after it"
    stage.after(days=4, hours=1)
    assert stage.told(case, "press_event", Purpose.REMINDER) == [("11-27 11:00", "housing_head")]
    stage.says(case, Kind.FILED, "housing_bureau", document=Document.PRESS_CONFERENCE, text="答记者问纪要")
    assert stage.is_done(case, "press_event")


def test_a_conference_that_is_put_off_takes_its_limit_along() -> None:
    stage = Stage()
    form = FormBlock(
        id="press_event", fields={"at": (stage.now + timedelta(days=5)).isoformat()}, personal={}
    )
    case = stage.report(
        ReportKind.PUBLICATION, unit="housing_bureau", area="620600", topic="round_table", form=form
    )
    later = FormBlock(
        id="press_event", fields={"at": (stage.now + timedelta(days=9)).isoformat()}, personal={}
    )
    stage.says(case, Kind.FOLLOWED_UP, "housing_bureau", text="改期", form=later)
    assert stage.limit(case, "press_event") == "12-03 11:00"


def test_a_department_owes_its_conference_every_month_and_another_every_quarter() -> None:
    stage = Stage()
    monthly = stage.watches("periodic", own_watch("press_monthly", "health_commission"))
    quarterly = stage.watches("periodic", own_watch("press_quarterly", "development_reform"))
    stage.after(days=10)
    assert stage.limit(monthly, "press_monthly") == "12-26 09:00"
    assert "press_quarterly" not in stage.owed(quarterly), "its quarter begins in January"
    stage.says(monthly, Kind.FILED, "health_commission", document=Document.PRESS_CONFERENCE, text="流感防控")
    assert stage.is_done(monthly, "press_monthly")
