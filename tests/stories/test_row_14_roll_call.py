"""Once a month everybody is asked whether they can be reached; who does not answer is a warning, and no failing of
anybody. Rows 14, 25.
"""

from dataclasses import replace

import pytest

from services.escalator.policy.check import check
from shared.case import DutyState
from shared.case.roll_call import Reach, UnitRollCall, WayState, roll_call_of
from shared.directory import Directory
from shared.facts import EffectKind, Notice, Purpose, Reason
from shared.ids import CaseId, PersonId
from shared.standing import own_watch
from shared.vocabulary import Kind, Role
from tests.escalator.builders import default_rules
from tests.stories.stage import Stage, wall

UNIT = "government"
RULE = "roll_call"
ACCUSING = (
    EffectKind.LAPSED,
    EffectKind.REFERRED,
    EffectKind.SUSPECTED,
    EffectKind.PROPOSED,
    EffectKind.RAISED,
)


def watched(stage: Stage, unit: str = UNIT) -> CaseId:
    return stage.watches(RULE, own_watch(RULE, unit))


def called(stage: Stage, case: CaseId) -> UnitRollCall:
    made = roll_call_of(stage.case(case))
    assert made is not None
    return made


def asked(stage: Stage, case: CaseId) -> dict[PersonId, Notice]:
    """Of the last roll call, by person."""
    return {notice.person: notice for _, notice in stage.notices(case, RULE, Purpose.ROLL_CALL)}


def people(stage: Stage, unit: str = UNIT) -> set[str]:
    return {person.id for person in stage.directory.people if person.unit == unit and person.channels}


def test_once_a_month_everybody_of_a_unit_is_asked_once_by_every_channel_they_have() -> None:
    stage = Stage()
    case = watched(stage)
    stage.at("2026-12-10 12:01")
    sent = list(stage.notices(case, RULE, Purpose.ROLL_CALL))
    assert {notice.person for _, notice in sent} == people(stage)
    assert len(sent) == len(people(stage)) > 1, "each person once, however many posts they hold"
    for _, notice in sent:
        theirs = [entry.channel for entry in stage.directory.people_by_id[notice.person].channels]
        assert notice.channels == tuple(dict.fromkeys(theirs))
    began = called(stage, case).began_at
    assert "12-10 10:00" <= wall(began) <= "12-10 12:00"
    assert stage.limit(case, RULE) == "12-11 12:00", "the roll calls of all units end together"


def test_the_units_begin_one_after_the_other() -> None:
    stage = Stage()
    moments = set[str]()
    for unit in ("government", "wangshan_emergency", "shaquan_government", "fire_rescue"):
        case = watched(stage, unit)
        moments.add(f"{stage.case(case).openings[0].at:%H:%M:%S}")
    assert len(moments) == 4


def test_the_message_says_first_that_it_is_a_test_and_asks_for_one_answer() -> None:
    stage = Stage()
    case = watched(stage)
    stage.at("2026-12-10 12:01")
    (text,) = stage.texts(case, "gov_main", Purpose.ROLL_CALL)
    assert text.startswith("【烽火·测试】这是联络测试，没有任何事情发生。请于 12-11 ")
    assert "前答复一次" in text
    assert "紧急" not in text


def test_whoever_did_not_answer_is_named_to_the_head_and_the_emergency_office_and_accused_of_nothing() -> (
    None
):
    stage = Stage()
    case = watched(stage)
    stage.at("2026-12-10 12:01")
    first, second, *others = sorted(asked(stage, case))
    for person in others:
        stage.delivers(asked(stage, case)[person])
        stage.acknowledges(case, person)
    stage.delivers(asked(stage, case)[first], "sms")
    stage.fails(asked(stage, case)[second])
    stage.at("2026-12-11 12:01")
    made = called(stage, case)
    assert (made.of(Reach.SILENT), made.of(Reach.UNREACHABLE)) == ((first,), (second,))
    assert set(made.of(Reach.ANSWERED)) == set(others)
    names = {person.id: person.name.zh for person in stage.directory.people}
    (text,) = stage.texts(case, "emergency_office", Purpose.NEWS)
    assert f"各渠道均未送达：{names[second]}" in text
    assert f"未答复：{names[first]}" in text
    assert f"{len(others)}/{len(others) + 2} 人已答复" in text
    assert all(names[person] not in text for person in others)
    assert not stage.effects(case, *ACCUSING), "nobody is held to a test"
    assert {duty.state for duty in stage.case(case).duties} == {DutyState.DISCHARGED, DutyState.CANCELLED}
    assert all(duty.lapse is None for duty in stage.case(case).duties)


def test_where_everybody_answers_nobody_is_told_anything() -> None:
    stage = Stage()
    case = watched(stage)
    stage.at("2026-12-10 12:01")
    stage.acknowledges(case, *asked(stage, case))
    stage.at("2026-12-12 12:01")
    assert called(stage, case).is_over
    assert not list(stage.texts(case, "emergency_office", Purpose.NEWS))


def test_a_failure_of_ours_is_nobodys() -> None:
    """Nothing went out at all: nobody is called unreachable for it."""
    stage = Stage()
    case = watched(stage)
    stage.at("2026-12-11 12:01")
    assert set(called(stage, case).of(Reach.NOT_SENT)) == people(stage)
    (text,) = stage.texts(case, "emergency_office", Purpose.NEWS)
    assert "测试未能发出（系统原因）" in text
    assert "岗位" not in text


def test_a_channel_that_does_not_work_shows_though_the_person_answers() -> None:
    stage = Stage()
    case = watched(stage)
    stage.at("2026-12-10 12:01")
    who, notice = next(iter(sorted(asked(stage, case).items())))
    stage.delivers(notice, "sms")
    stage.fails(notice, "voice")
    stage.acknowledges(case, who)
    (one,) = (one for one in called(stage, case).called if one.person == who)
    assert one.reach is Reach.ANSWERED
    assert (one.ways["sms"], one.ways["voice"]) == (WayState.HANDED_OVER, WayState.NOT_DELIVERED)


def test_the_next_roll_call_takes_the_place_of_the_last() -> None:
    stage = Stage()
    case = watched(stage)
    stage.at("2027-01-11 13:00")
    assert len(stage.case(case).duties) == len(people(stage))
    assert f"{called(stage, case).began_at:%m}" == "01"


def test_not_on_a_day_off_and_never_at_night() -> None:
    stage = Stage("2027-01-05 11:00")
    case = watched(stage)
    stage.at("2027-01-12 09:00")  # the 10th is a Sunday
    assert wall(called(stage, case).began_at).startswith("01-11 ")
    late = Stage()
    case = watched(late)
    late.now = late.now.replace(month=12, day=10, hour=15)  # 23:00: we were away, and the clock strikes late
    late.world.happens(Kind.ESTABLISHED, case, late.watched(RULE, own_watch(RULE, UNIT)), late.now)
    late.at("2026-12-11 12:00")
    begun = [wall(at) for at, _ in late.notices(case, RULE, Purpose.ROLL_CALL)]
    assert all("09:00" <= moment[6:] <= "17:00" for moment in begun)
    assert begun


def test_while_an_emergency_is_handled_it_waits_and_the_record_says_why() -> None:
    stage = Stage()
    case, grave = watched(stage), CaseId("01KB0000000000000000000009")
    stage.world.rules = replace(stage.world.rules, grave_case=grave)
    stage.at("2026-12-10 13:00")
    assert not asked(stage, case)
    (put_off,) = (
        effect for effect in stage.effects(case, EffectKind.NOTED) if effect.why == Reason.ROLL_CALL_PUT_OFF
    )
    assert put_off.case == grave
    stage.world.rules = replace(stage.world.rules, grave_case=None)
    stage.at("2026-12-11 13:00")
    assert set(asked(stage, case)) == people(stage)


def test_by_hand_it_begins_now_and_not_twice() -> None:
    stage = Stage()
    case = watched(stage)
    stage.says(case, Kind.ROLL_CALLED, "emergency_office", role=Role.DUTY_OFFICER)
    assert set(asked(stage, case)) == people(stage)
    assert (
        stage.refused(case, Kind.ROLL_CALLED, "emergency_office", role=Role.DUTY_OFFICER)
        == Reason.ROLL_CALL_GOES_ON
    )
    assert len(list(stage.notices(case, RULE, Purpose.ROLL_CALL))) == len(people(stage))


def test_by_hand_at_night_or_beside_an_emergency_only_with_a_reason() -> None:
    stage = Stage("2026-11-23 23:30")
    case = watched(stage)
    assert (
        stage.refused(case, Kind.ROLL_CALLED, "emergency_office", role=Role.DUTY_OFFICER)
        == Reason.ROLL_CALL_OUT_OF_HOURS
    )
    stage.says(case, Kind.ROLL_CALLED, "emergency_office", role=Role.DUTY_OFFICER, text="夜间抽查")
    assert asked(stage, case)


def test_whoever_has_no_channel_is_not_asked() -> None:
    def cut_off(directory: Directory, who: str) -> Directory:
        return directory.model_copy(
            update={
                "people": tuple(
                    person.model_copy(update={"channels": ()}) if person.id == who else person
                    for person in directory.people
                )
            }
        )

    plain = Stage()
    who = sorted(people(plain))[0]
    stage = Stage(directory=cut_off(plain.directory, who))
    case = watched(stage)
    stage.at("2026-12-10 13:00")
    assert set(asked(stage, case)) == people(plain) - {who}


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('hours: ["09:00", "17:00"]', 'hours: ["17:00", "09:00"]', "hours end before they begin"),
        ('hours: ["09:00", "17:00"]', 'hours: ["09:00", "25:00"]', "no time of the day"),
    ],
)
def test_hours_that_make_no_sense_are_refused(before: str, after: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        default_rules(**{before: after})


def test_a_calendar_outside_the_hours_is_a_fault_of_the_policy() -> None:
    rules = default_rules(**{'every: "0 10 10 * *"': 'every: "0 16 10 * *"'})
    assert any("would not begin within" in str(fault) for fault in check(rules.policy, rules.directory))
