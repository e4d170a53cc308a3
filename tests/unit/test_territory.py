"""Who may do what to which case: every role, every act, from the unit's own people, from below, above, beside
and the whole city.
"""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared import territory
from shared.acts.who import Where
from shared.case import Case, PublicNotice, Suspicion, Transfer
from shared.directory import Directory, DirectoryFault, Unit
from shared.facts import Acknowledgement, Actor, Reason, Report, Via
from shared.ids import PersonId, TaskId, UnitId
from shared.language.reasons import in_words
from shared.territory import MAY, MAY_OPEN, WITNESSED, Refusal
from shared.vocabulary import CASE_ACTS, Kind, ReportKind, Role
from tests.escalator.builders import LEARNED, Story, a_report, example_directory

COUNTY, BELOW, ABOVE, BESIDE, CITY = (
    "shaquan_government",
    "shaquan_info_centre",
    "government",
    "wangshan_government",
    "emergency_office",
)
OWN = {COUNTY, ABOVE}
TIES: dict[Where, set[str]] = {
    Where.STANDING: OWN | {CITY},
    Where.PART: OWN | {CITY},
    Where.REPORTED: OWN | {CITY},
    Where.OWN_REPORT: set(),
    Where.HOLDER: OWN | {CITY},
    Where.ASKED: OWN,
    Where.SUPERIOR: {ABOVE},
    Where.TASK: OWN,
    Where.ASSIGNER: OWN,
    Where.OWES: OWN,
    Where.CALLED: set(),
    Where.UNIT: OWN,
    Where.NAMED: OWN,
    Where.WATCH: OWN,
    Where.JUDGE: {ABOVE, CITY},
    Where.REVIEWER: {ABOVE, CITY},
    Where.COMPETENT: {ABOVE, CITY},
    Where.APPROVER: OWN | {CITY},
    Where.ACCOUNTABILITY: OWN | {BELOW, BESIDE, CITY},
}
"""Of a case that is the county's in every way: from which of the five units a stranger to it (nobody called
them) has which tie.
"""


def the_countys_case() -> Case:
    """A petition that the county holds, with a task of its own, a transfer to it, a notice and a suspicion
    against it.
    """
    story = Story()
    story.reported(
        kind="petition", category=None, level=None, unit=COUNTY, area="620621", reported_by="yan_yu"
    )
    story.act(Kind.ASSIGNED, 1, tasks=[{"title": "补偿", "unit": COUNTY}])
    notice = PublicNotice(
        text="通报", unit=UnitId(COUNTY), drafted_by="x", drafted_at=LEARNED, reply_by=LEARNED
    )
    offer = Transfer(from_unit=UnitId(BESIDE), to_unit=UnitId(COUNTY), at=LEARNED, by="x", reason="y")
    return replace(
        story.now, notice=notice, transfer=offer, suspicion=Suspicion(unit=UnitId(COUNTY), why="x")
    )


def somebody(unit: str | None, role: Role, principal: str = "a_stranger") -> Actor:
    return Actor(principal=principal, role=role, unit=UnitId(unit) if unit else None)


def may(actor: Actor, kind: Kind, case: Case, **about: Any) -> Refusal | None:
    return territory.may(actor, kind, case, example_directory(), LEARNED, **about)


@pytest.mark.parametrize("role", Role)
def test_every_act_from_every_unit_is_as_the_table_says(role: Role) -> None:
    case = the_countys_case()
    for kind, unit in product(MAY, TIES[Where.ACCOUNTABILITY]):
        where = MAY[kind].get(role)
        task = TaskId("t1") if where in (Where.TASK, Where.ASSIGNER, Where.OWES) else None
        refusal = may(somebody(unit, role), kind, case, task=task)
        assert (refusal is None) == (where is not None and unit in TIES[where]), (
            f"{role} of {unit}: {kind} where {where}: {refusal}"
        )
        if where is None:
            assert refusal is not None
            assert (refusal.why, set(refusal.roles)) == (Reason.ROLE_MAY_NOT, set(MAY[kind]))


@pytest.mark.parametrize("role", Role)
def test_the_desk_offers_what_may_be_done_to_the_case_or_to_one_of_its_tasks(role: Role) -> None:
    case, directory = the_countys_case(), example_directory()
    for unit in TIES[Where.ACCOUNTABILITY]:
        actor = somebody(unit, role)
        offered = territory.allowed(actor, case, directory, LEARNED)
        for kind in MAY:
            tries = [may(actor, kind, case, task=task) for task in (None, TaskId("t1"))]
            if kind in (Kind.ACKNOWLEDGED, Kind.SNOOZED) and role is Role.DUTY_OFFICER:
                tries.append(may(actor, Kind.SNOOZED, case, person=PersonId("yan_yu")))
            assert (kind in offered) == (None in tries), f"{role} of {unit}: {kind}"


def test_the_table_has_every_act_and_every_kind_of_report() -> None:
    assert set(MAY) == {Kind.ACKNOWLEDGED, *CASE_ACTS}
    assert set(MAY_OPEN) == set(ReportKind)
    assert {where for roles in MAY.values() for where in roles.values()} == set(Where)
    assert not any(
        role in roles for roles in MAY.values() for role in (Role.AUDITOR, Role.OPERATOR, Role.REDACTOR)
    )


def test_a_system_acts_on_what_it_reported_itself_and_opens_what_everybody_may() -> None:
    assert {kind: roles[Role.PUBLISHER] for kind, roles in MAY.items() if Role.PUBLISHER in roles} == {
        Kind.FOLLOWED_UP: Where.OWN_REPORT,
        Kind.WITHDRAWN: Where.OWN_REPORT,
    }
    assert {kind for kind, roles in MAY_OPEN.items() if Role.PUBLISHER in roles} == WITNESSED
    case = the_countys_case()
    case = replace(case, report=replace(case.report, reported_by="source:shaquan-info"))
    own, other = (
        somebody(COUNTY, Role.PUBLISHER, f"source:{one}") for one in ("shaquan-info", "wangshan-info")
    )
    assert may(own, Kind.WITHDRAWN, case) is None
    assert may(other, Kind.WITHDRAWN, case) == Refusal(Reason.REPORTED_BY_SOMEBODY_ELSE, unit=UnitId(COUNTY))


@given(st.data())
def test_nobody_beside_has_standing(data: st.DataObject) -> None:
    """Neither the unit nor one above it, without the whole city, and for another field or another place."""
    directory, case = example_directory(), the_countys_case()
    others = [
        unit.id
        for unit in directory.units
        if unit.id != COUNTY
        and not directory.is_above(unit.id, COUNTY)
        and not unit.whole_city
        and unit.id != "petition_office"
    ]
    actor = somebody(
        data.draw(st.sampled_from(others)),
        data.draw(st.sampled_from([Role.DUTY_OFFICER, Role.LEADER, Role.SUPERVISOR])),
    )
    kind = data.draw(st.sampled_from([kind for kind in MAY if MAY[kind].get(actor.role) is Where.STANDING]))
    refusal = may(actor, kind, case)
    assert refusal == Refusal(Reason.NO_STANDING, unit=UnitId(COUNTY))


# The ties


def test_a_bureau_has_the_cases_of_its_field_and_a_county_those_of_its_place() -> None:
    story = Story()
    story.reported(unit="wangshan_info_centre", area="620622", level="III")
    fitting = {"emergency_bureau", "wangshan_emergency", "wangshan_government"}
    beside = {
        "health_commission",
        "water_bureau",
        "shaquan_emergency",
        "beacon_hill_government",
        "fire_rescue",
    }
    for unit in fitting | beside:
        assert (may(somebody(unit, Role.DUTY_OFFICER), Kind.CLOSED, story.now) is None) is (
            unit in fitting
        ), unit


def test_a_helper_reports_on_its_task_and_does_not_end_the_case() -> None:
    story = Story()
    story.reported(level="II")
    story.act(Kind.ASSIGNED, 1, unit="government", tasks=[{"title": "救治", "unit": "health_commission"}])
    helper = somebody("health_commission", Role.LEADER)
    assert may(helper, Kind.PROGRESSED, story.now) is None
    assert may(helper, Kind.COMPLETED, story.now, task=TaskId("t1")) is None
    for kind in (Kind.RESOLVED, Kind.CLOSED, Kind.TRANSFERRED, Kind.REGRADED, Kind.ASSIGNED):
        assert may(helper, kind, story.now) is not None, kind


def test_a_deputy_has_the_heads_units_while_the_head_is_away() -> None:
    """The deputy of the county's head, of another unit themself."""
    directory = example_directory()
    case = the_countys_case()
    deputy = somebody("shaquan_emergency", Role.LEADER, "hua_zhou")
    assert territory.may(deputy, Kind.RESOLVED, case, directory, LEARNED) is not None
    away = {"from": LEARNED - timedelta(days=1), "until": LEARNED + timedelta(days=1)}
    people = [
        type(one).model_validate(one.model_dump() | {"absences": [away]}) if one.id == "yan_yu" else one
        for one in directory.people
    ]
    assert (
        territory.may(deputy, Kind.RESOLVED, case, directory.revised(people=tuple(people)), LEARNED) is None
    )


def test_whoever_names_no_unit_speaks_for_their_own_and_a_stranger_for_none() -> None:
    case = the_countys_case()
    assert may(somebody(None, Role.LEADER, "yan_yu"), Kind.RESOLVED, case) is None
    assert may(somebody(None, Role.LEADER, "wei_huang"), Kind.RESOLVED, case) == Refusal(
        Reason.NO_STANDING, unit=UnitId(COUNTY)
    )
    assert may(somebody(None, Role.LEADER), Kind.RESOLVED, case) is not None


def test_the_organ_alone_reviews_in_an_accountability_case() -> None:
    story = Story()
    story.reported(kind="accountability", unit=COUNTY, level=None)
    for unit, role in product(TIES[Where.ACCOUNTABILITY], (Role.LEADER, Role.SUPERVISOR)):
        assert may(somebody(unit, role), Kind.REVIEWED, story.now) is not None
    assert may(somebody("discipline_organ", Role.DISCIPLINE), Kind.REVIEWED, story.now) is None


def test_a_task_that_is_not_there_is_for_the_act_to_refuse() -> None:
    assert (
        may(somebody(BESIDE, Role.DUTY_OFFICER), Kind.COMPLETED, the_countys_case(), task=TaskId("t9"))
        is None
    )


def test_whoever_is_over_a_task_is_not_over_the_case() -> None:
    story = Story()
    story.reported(level="II")
    story.act(Kind.ASSIGNED, 1, unit="government", tasks=[{"title": "灭火", "unit": "fire_rescue"}])
    over = somebody("emergency_bureau", Role.LEADER)
    assert may(over, Kind.IMPOSED, story.now, task=TaskId("t1")) is None
    assert may(over, Kind.IMPOSED, story.now) == Refusal(
        Reason.ONLY_THE_COMMON_SUPERIOR_IMPOSES, unit=UnitId("wangshan_info_centre")
    )


# Calls


@pytest.mark.parametrize(
    ("unit", "role", "may_log"),
    [
        (CITY, Role.DUTY_OFFICER, True),
        ("wangshan_info_centre", Role.DUTY_OFFICER, True),
        ("shaquan_info_centre", Role.DUTY_OFFICER, False),
        (CITY, Role.LEADER, False),
    ],
)
def test_a_call_to_somebody_is_written_down_by_a_duty_officer_with_standing(
    unit: str, role: Role, *, may_log: bool
) -> None:
    story = Story()
    story.reported(level="II")
    said = Acknowledgement(person=PersonId("zhao_jia"), via=Via.LOGGED_CALL, by=somebody(unit, role))
    assert (territory.may_acknowledge(said, story.now, example_directory(), LEARNED) is None) is may_log


def test_whoever_was_told_acknowledges_for_themself_by_the_link_and_by_their_token() -> None:
    story = Story()
    story.reported(level="II")
    for via, principal, welcome in (
        (Via.LINK, "feng_ren", True),
        (Via.API, "zhao_jia", True),
        (Via.API, "yan_yu", False),
    ):
        said = Acknowledgement(person=PersonId(principal), via=via, by=somebody(None, Role.LEADER, principal))
        assert (
            territory.may_acknowledge(said, story.now, example_directory(), LEARNED) is None
        ) is welcome, principal


# Reports


def faults(by: str, role: Role, **form: Any) -> dict[str, Reason]:
    report = Report.model_validate(a_report().model_dump() | form)
    return {
        field: refusal.why
        for field, refusal in territory.report_faults(somebody(by, role), report, example_directory())
    }


def test_an_emergency_is_reported_by_anybody_of_any_unit() -> None:
    for role in (Role.REPORTER, Role.DUTY_OFFICER, Role.LEADER):
        assert faults(BESIDE, role, unit=COUNTY) == {}


def test_a_system_reports_for_the_units_it_is_declared_for() -> None:
    report = a_report(unit="shaquan_info_centre")
    for source, found in (
        ("shaquan-info", []),
        ("wangshan-info", [Reason.NOT_DECLARED_TO_REPORT_FOR_IT]),
        ("nobody", [Reason.NOT_DECLARED_TO_REPORT_FOR_IT]),
    ):
        by = somebody("shaquan_info_centre", Role.PUBLISHER, f"source:{source}")
        assert [
            refusal.why for _, refusal in territory.report_faults(by, report, example_directory())
        ] == found


@pytest.mark.parametrize("kind", [kind for kind in ReportKind if kind not in WITNESSED])
def test_what_lays_work_or_blame_on_people_is_no_systems_to_open(kind: ReportKind) -> None:
    assert faults(COUNTY, Role.PUBLISHER, kind=kind) == {"kind": Reason.MAY_NOT_OPEN_THAT_KIND}
    assert faults(COUNTY, Role.REPORTER, kind=kind) == {"kind": Reason.MAY_NOT_OPEN_THAT_KIND}


def test_a_task_is_opened_in_ones_own_name_and_the_organ_holds_any_unit_to_account() -> None:
    assert faults(BESIDE, Role.LEADER, kind="task", unit=COUNTY) == {"unit": Reason.NOT_IN_ANOTHER_UNITS_NAME}
    assert faults(ABOVE, Role.LEADER, kind="task", unit=COUNTY) == {}
    assert faults("discipline_organ", Role.DISCIPLINE, kind="accountability", unit=COUNTY) == {}


@pytest.mark.parametrize(
    ("unit", "role", "on", "may_assign"),
    [
        (COUNTY, Role.DUTY_OFFICER, BELOW, True),
        (COUNTY, Role.REPORTER, BELOW, False),
        (COUNTY, Role.DUTY_OFFICER, BESIDE, False),
        (BELOW, Role.DUTY_OFFICER, COUNTY, False),
        (CITY, Role.DUTY_OFFICER, BESIDE, True),
        ("emergency_bureau", Role.DUTY_OFFICER, BESIDE, True),
        ("emergency_bureau", Role.DUTY_OFFICER, ABOVE, False),
        ("propaganda", Role.SUPERVISOR, "tv_centre", True),
    ],
)
def test_tasks_are_laid_on_units_below_and_in_ones_own_field(
    unit: str, role: Role, on: str, *, may_assign: bool
) -> None:
    found = faults(unit, role, unit=unit, tasks=[{"title": "排查", "units": [on]}])
    assert found == ({} if may_assign else {"tasks.0.unit": Reason.MAY_NOT_ASSIGN_TO_THAT_UNIT})


@pytest.mark.parametrize(
    ("unit", "role", "principal", "more", "witness"),
    [
        (COUNTY, Role.REPORTER, "x", {}, False),
        (ABOVE, Role.LEADER, "x", {}, False),
        (BESIDE, Role.REPORTER, "x", {}, True),
        (BELOW, Role.REPORTER, "x", {}, True),
        (CITY, Role.DUTY_OFFICER, "x", {}, True),
        (CITY, Role.DUTY_OFFICER, "x", {"by_telephone": True}, False),
        ("wangshan_info_centre", Role.PUBLISHER, "source:wangshan-info", {}, True),
        (BESIDE, Role.LEADER, "x", {"starts_at": LEARNED}, False),
    ],
)
def test_who_reports_for_another_unit_is_a_witness(
    unit: str, role: Role, principal: str, more: dict[str, Any], *, witness: bool
) -> None:
    report = a_report(unit=COUNTY, by=somebody(unit, role, principal), **more)
    assert territory.is_witness(report, example_directory()) is witness


def test_a_report_of_before_is_a_witness_where_its_principal_is_another_units_system() -> None:
    directory = example_directory()
    assert not territory.is_witness(a_report(unit=COUNTY, reported_by="yan_yu"), directory)
    assert not territory.is_witness(a_report(unit=COUNTY, reported_by="system"), directory)
    assert territory.is_witness(a_report(unit=COUNTY, reported_by="source:wangshan-info"), directory)


def test_a_call_is_written_down_for_a_unit_by_a_duty_office_alone() -> None:
    assert faults(CITY, Role.DUTY_OFFICER, unit=COUNTY, by_telephone=True) == {}
    assert faults(BESIDE, Role.DUTY_OFFICER, unit=COUNTY, by_telephone=True) == {
        "by_telephone": Reason.NO_STANDING
    }
    assert faults(CITY, Role.REPORTER, unit=COUNTY, by_telephone=True) == {"by_telephone": Reason.NO_STANDING}


# The directory, and the words


def test_a_unit_of_a_part_of_the_city_has_not_the_whole() -> None:
    directory: Directory = example_directory()
    units = [
        Unit.model_validate(one.model_dump() | {"whole_city": one.whole_city or one.id == BESIDE})
        for one in directory.units
    ]
    with pytest.raises(
        DirectoryFault,
        match="unit wangshan_government has the whole city and lies in area 620622, a part of it",
    ):
        directory.revised(units=tuple(units))


def test_a_refusal_says_what_is_missing_and_whom_to_ask() -> None:
    words = in_words(Refusal(Reason.NO_STANDING, unit=UnitId(COUNTY)), example_directory())
    assert words.en.endswith("Ask: Government of Shaquan County.")
    assert words.zh == "您无权办理：案件归其他单位，不在其管辖之内。请找：沙泉县人民政府。"
    assert (
        "duty officer"
        in in_words(Refusal(Reason.ROLE_MAY_NOT, roles=(Role.DUTY_OFFICER,)), example_directory()).en
    )
