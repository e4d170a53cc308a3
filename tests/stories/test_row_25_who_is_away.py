"""On the duty roster, in absence and after a change of post, it is whoever is there at that moment that is
rung. Row 25.
"""

from shared.case import DutyState
from shared.directory import Absence, Directory
from shared.facts import Purpose
from shared.vocabulary import Kind, Level
from tests.escalator.builders import example_directory
from tests.stories.stage import Stage, moment


def away(person: str, since: str, until: str) -> Directory:
    whole = example_directory()
    absence = Absence.model_validate({"from": moment(since), "until": moment(until), "reason": "leave"})
    people = tuple(
        one.model_copy(update={"absences": (absence,)}) if one.id == person else one for one in whole.people
    )
    return whole.revised(people=people)


def with_mayor(person: str) -> Directory:
    whole = example_directory()
    new = {"holder": person, "deputies": ()}
    return whole.revised(
        posts=tuple(one.model_copy(update=new) if one.id == "gov_main" else one for one in whole.posts)
    )


def test_the_deputy_is_owed_the_report_while_the_mayor_is_on_leave() -> None:
    stage = Stage(directory=away("qian_yi", "2026-11-22 00:00", "2026-11-25 00:00"))
    during = stage.report(level=Level.II)
    assert "qian_yi" not in [notice.person for _, notice in stage.notices(during, "first_report")]
    stage.at("2026-11-25 08:00")
    after = stage.report(level=Level.II)
    assert "qian_yi" in [notice.person for _, notice in stage.notices(after, "first_report")]


def test_the_chain_rings_whoever_holds_the_post_when_its_turn_comes() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    stage.changes(away("wu_ji", "2026-11-23 11:03", "2026-11-24 11:00"))
    stage.after(minutes=6)
    rung = [(notice.post, notice.person) for _, notice in stage.notices(case, purpose=Purpose.FALLBACK)]
    assert rung == [("secretary_general", "xie_ze")]


def test_a_change_of_office_in_the_middle_leaves_the_duty_with_whoever_was_told() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    stage.after(minutes=2)
    stage.changes(with_mayor("li_ding"))
    stage.acknowledges(case, "qian_yi")
    duty = next(duty for duty in stage.duties(case, "first_report") if duty.posts == ("gov_main",))
    assert (duty.bearer, duty.state) == ("qian_yi", DutyState.DISCHARGED)
    late = stage.report(level=Level.II)
    assert [duty.posts for duty in stage.duties(late, "first_report") if duty.bearer == "li_ding"] == [
        ("gov_main", "gov_in_charge")
    ]


def test_what_somebody_who_left_owes_is_given_to_their_successor() -> None:
    stage = Stage()
    case = stage.report(level=Level.II)
    written = stage.duty(case, "written_report")
    stage.says(case, Kind.REASSIGNED, "wangshan_government", duty=written.id, to_person="tao_ri")
    assert (stage.duty(case, "written_report").bearer, stage.duty(case, "written_report").owed_by) == (
        "tao_ri",
        written.owed_by,
    )
    assert ("11-23 11:00", "wangshan_info_duty") in stage.told(case, "written_report", Purpose.DUTY)
