"""What the duty officer reads off a case: who is lit, who is dark, who stands in, what happens next if nobody
acts, what can be done.
"""

import zlib
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import orjson
import pytest

from services.intake.acting.act_faults import faults_in, item_faults
from services.intake.board.card import card_of
from services.intake.desk import act_forms
from services.intake.desk.act_fields import ROWS, Setting
from services.intake.desk.beacons import beacon_picture
from services.intake.desk.lights import PersonLight, Sent
from services.intake.desk.next_step import StepKind, next_step
from services.intake.desk.past import as_it_stood
from services.intake.desk.telephone import telephone_beside
from services.intake.desk.unanswered import SHOWN
from services.intake.desk.view import CaseView, case_view
from services.intake.fields.act_form import ActForm
from shared.acts import ACTS
from shared.case import Slip
from shared.case_parts import MANY, stow
from shared.facts import Actor, CaseAct, Name, TaskForm
from shared.facts.report import MOST_TASKS
from shared.ids import DutyId, PersonId, UnitId
from shared.message import Marked, Said, said
from shared.problems import Problem
from shared.territory import may
from shared.tokens import Principal
from shared.vocabulary import Category, Document, Kind, Level, ReportKind, Role
from shared.web.names import Names
from tests.escalator.builders import LEARNED, Story, example_directory

ALL = frozenset(Kind)
OFFICER = Principal(subject="wang_xin", role=Role.DUTY_OFFICER, person=PersonId("wang_xin"))
MAYOR = Principal(subject="qian_yi", role=Role.LEADER, person=PersonId("qian_yi"))
HEATING = Principal(
    subject="lu_hai", role=Role.REPORTER, person=PersonId("lu_hai"), unit=UnitId("heating_company")
)
ZONE = ZoneInfo("Asia/Shanghai")
FIRE: dict[str, Any] = {
    "unit": "emergency_bureau",
    "area": "620602",
    "category": Category.ACCIDENT,
    "level": Level.II,
}
RECIPIENTS = ("zhao_jia", "qian_yi", "sun_bing", "li_ding", "zhou_wu")


def seen(
    story: Story, principal: Principal = OFFICER, can: frozenset[Kind] = ALL, minute: float = 0
) -> CaseView:
    return case_view(
        story.now, Names(example_directory()), principal, can, LEARNED + timedelta(minutes=minute)
    )


@pytest.fixture
def story() -> Story:
    story = Story()
    story.reported(**FIRE)
    return story


@pytest.fixture
def tasks() -> Story:
    """Two tasks, of the heating company and of the water bureau."""
    story = Story()
    forms = tuple(
        TaskForm(title="检查", unit=UnitId(unit), due_at=LEARNED + timedelta(days=days))
        for unit, days in (("water_bureau", 2), ("heating_company", 1))
    )
    story.reported(
        kind=ReportKind.TASK, unit="petition_office", area="620600", category=None, level=None, tasks=forms
    )
    return story


def offered(
    story: Story, principal: Principal = OFFICER, can: frozenset[Kind] = ALL
) -> dict[Kind, act_forms.ActPage]:
    view = seen(story, principal, can)
    setting = Setting(story.now, example_directory(), Names(example_directory()), principal, LEARNED)
    return {page.act.kind: page for _, pages in act_forms.grouped(view.can, setting) for page in pages}


# Who is lit, who is dark


def test_at_first_everybody_is_lit_and_the_chain_comes_next(story: Story) -> None:
    view = seen(story)
    reports = [duty for duty in view.duties if duty.duty.rule == "first_report"]
    assert {duty.own.light for duty in reports if duty.own} == {PersonLight.WAITING}
    assert {duty.owed_to for duty in reports} == {None}, "owed to whoever is called"
    assert view.step
    assert (view.step.kind, view.step.at) == (StepKind.LIGHT, LEARNED + timedelta(minutes=5))
    assert view.step.lights
    assert view.step.lights.en == "Secretary-General"


def test_the_picture_shows_who_was_called_because_of_whom(story: Story) -> None:
    story.acknowledged("zhou_wu", 1)
    story.time_passes(12)
    picture = beacon_picture(story.now, Names(example_directory()), LEARNED + timedelta(minutes=12))
    assert picture
    rows = {row.lit.name.en: row for row in picture.rows}
    by_number = {row.number: name for name, row in rows.items()}
    silent = {"Zhao Jia", "Qian Yi", "Sun Bing", "Li Ding"}
    assert {by_number[number] for number in rows["Wu Ji"].lit_by} == silent, "who answered had nobody called"
    assert rows["Zhou Wu"].lit.light is PersonLight.ANSWERED
    second = next(
        name for name, row in rows.items() if "Wu Ji" in {by_number[number] for number in row.lit_by}
    )
    assert rows["Wu Ji"].end == rows[second].start, "the next is called when the one before stays dark"
    assert picture.limit
    assert picture.limit.at == LEARNED + timedelta(minutes=30)
    assert all(0 <= row.start <= row.end <= 100 for row in picture.rows)


def test_an_answer_of_days_later_does_not_squeeze_the_half_hour(story: Story) -> None:
    story.acknowledged("zhao_jia", 4 * 24 * 60)
    picture = beacon_picture(story.now, Names(example_directory()), LEARNED + timedelta(days=5))
    assert picture
    assert picture.ends == LEARNED + timedelta(hours=1)
    assert picture.limit
    assert picture.limit.x == 50


def test_where_nobody_was_called_there_is_no_picture(story: Story) -> None:
    duties = tuple(msgspec.structs.replace(duty, lit=()) for duty in story.now.duties)
    case = msgspec.structs.replace(story.now, duties=duties)
    assert beacon_picture(case, Names(example_directory()), LEARNED) is None


def test_a_stand_in_lit_for_four_duties_is_shown_once_with_all_their_names(story: Story) -> None:
    story.acknowledged("zhou_wu", 1)
    story.time_passes(6)
    view = seen(story)
    assert [link.lit.name.en for link in view.chain] == ["Wu Ji"]
    assert [name.en for name in view.chain[0].stands_for] == ["Zhao Jia", "Qian Yi", "Sun Bing", "Li Ding"]
    lights = {
        duty.name.en: duty.own.light for duty in view.duties if duty.own and duty.duty.rule == "first_report"
    }
    assert lights["Zhou Wu"] is PersonLight.ANSWERED
    assert lights["Qian Yi"] is PersonLight.DARK


def test_the_end_of_the_chain_is_said_aloud_until_somebody_takes_it(story: Story) -> None:
    assert not seen(story).exhausted
    story.time_passes(15)
    assert seen(story).exhausted
    story.acknowledged("wu_ji", 16)
    view = seen(story)
    assert not view.exhausted
    assert {duty.taken_by.en for duty in view.duties if duty.taken_by} == {"Wu Ji"}


def test_a_channel_shows_what_became_of_it(story: Story) -> None:
    lit = story.duty("first_report-party_main").lit[0]
    for kind, channel in ((Kind.DELIVERED, "sms"), (Kind.FAILED, "voice")):
        story.delivery(kind, lit.notice, lit.person, channel, 0.1)
    own = next(duty.own for duty in seen(story).duties if duty.duty.id == "first_report-party_main")
    assert own
    assert dict(own.channels) == {"sms": Sent.HANDED_OVER, "voice": Sent.FAILED}


def test_one_click_is_offered_to_whoever_has_not_answered_and_to_nobody_else(story: Story) -> None:
    outsider = Principal(subject="chen_gui", role=Role.SUPERVISOR, person=PersonId("chen_gui"))
    assert seen(story, MAYOR).may_acknowledge
    assert not seen(story, outsider).may_acknowledge
    story.acknowledged("qian_yi", 13)
    assert not seen(story, MAYOR).may_acknowledge
    assert not seen(story, MAYOR, frozenset()).may_acknowledge


def test_only_a_duty_officer_logs_calls_and_only_while_something_is_owed(story: Story) -> None:
    story.acknowledged("zhao_jia", 1)
    logged = {
        duty.name.en: duty.may_log_call for duty in seen(story).duties if duty.duty.rule == "first_report"
    }
    assert (logged["Zhao Jia"], logged["Qian Yi"]) == (False, True)
    assert not any(duty.may_log_call for duty in seen(story, MAYOR).duties)


def test_whoever_has_not_answered_stands_once_with_the_rule_that_called_them(story: Story) -> None:
    story.acknowledged("zhao_jia", 1)
    story.time_passes(6)
    view = seen(story, minute=6)
    silent = {one.person: one for one in view.unanswered}
    assert "zhao_jia" not in silent
    assert len(silent) == len(view.unanswered)
    mayor = silent[PersonId("qian_yi")]
    (reason,) = mayor.why
    assert (reason.terms.rule, reason.within) == ("first_report", timedelta(minutes=30))
    assert reason.line == reason.terms.limit
    assert reason.done_by == reason.terms.discharged_by
    unworded = msgspec.structs.replace(reason.terms, discharged_by=("acknowledged", "form.stock.enough"))
    assert replace(reason, terms=unworded).done_by == (), "no id of a form is shown"
    contact = next(one for one in view.unanswered if one.stands_for)
    assert contact.why[0].number == 1
    assert contact.why[0].line == reason.terms.chain_rule
    assert view.unanswered.index(mayor) < view.unanswered.index(contact)
    assert view.policy.version
    assert story.now.policy.endswith(view.policy.digest)


def test_of_very_many_silent_a_page_has_some_and_whoever_is_asked_for_and_counts_all(
    story: Story,
) -> None:
    first = next(duty for duty in story.now.duties if duty.lit)
    crowd = [PersonId(f"villager_{number}") for number in range(2 * SHOWN)]
    duties = tuple(
        msgspec.structs.replace(
            first,
            id=DutyId(f"{first.id}:{person}"),
            bearer=person,
            lit=(msgspec.structs.replace(first.lit[0], person=person),),
        )
        for person in crowd
    )
    case = msgspec.structs.replace(story.now, duties=duties)
    names = Names(example_directory())
    view = case_view(case, names, OFFICER, ALL, LEARNED)
    assert [one.person for one in view.unanswered] == crowd[:SHOWN]
    assert view.unanswered_count == len(crowd)
    wanted = case_view(case, names, OFFICER, ALL, LEARNED, wanted=crowd[-1])
    assert [one.person for one in wanted.unanswered] == [*crowd[:SHOWN], crowd[-1]]
    assert wanted.unanswered[-1].may_log_call


def test_a_number_is_there_to_dial_only_for_whoever_may_see_numbers() -> None:
    directory, mayor = example_directory(), PersonId("qian_yi")
    operator = Principal(subject="root", role=Role.OPERATOR)
    shown = telephone_beside(mayor, directory, operator)
    assert shown
    assert shown.dial
    assert shown.dial.lstrip("+").isdecimal()
    for reader in (OFFICER, MAYOR, HEATING):
        hidden = telephone_beside(mayor, directory, reader)
        assert hidden
        assert (hidden.shown[0], hidden.dial) == ("…", None)
    to_ring = telephone_beside(mayor, directory, OFFICER, is_to_ring=True)
    assert to_ring == shown, "whoever is to ring somebody has the number under the thumb"


def test_a_case_is_shown_as_it_stood_and_nothing_later_with_it(story: Story) -> None:
    names = Names(example_directory())
    story.time_passes(7)
    story.acknowledged("qian_yi", 8)
    story.acknowledged("zhao_jia", 9)
    at = LEARNED + timedelta(minutes=3)
    picture = beacon_picture(as_it_stood(story.now, at), names, at)
    assert picture
    assert {row.lit.light for row in picture.rows} == {PersonLight.WAITING}
    assert "Wu Ji" not in {row.lit.name.en for row in picture.rows}, "the chain had not begun"
    later = as_it_stood(story.now, LEARNED + timedelta(minutes=8, seconds=30))
    answered = {lit.person for duty in later.duties for lit in duty.lit if lit.answered_at}
    assert answered == {"qian_yi"}
    assert {duty.id for duty in later.duties if duty.bearer == "zhao_jia" and duty.is_owed}
    assert as_it_stood(story.now, LEARNED + timedelta(minutes=9)) == story.now
    assert as_it_stood(story.now, LEARNED - timedelta(hours=1)).duties == ()
    assert as_it_stood(story.now, LEARNED - timedelta(hours=1)).log == ()


# What is next


def test_where_nothing_comes_by_itself_the_page_can_say_so(story: Story) -> None:
    names = Names(example_directory())
    settled = msgspec.structs.replace(story.now, duties=(), openings=(), clock_at=None)
    assert next_step(settled, names) is None
    wound = msgspec.structs.replace(settled, clock_at=LEARNED)
    step = next_step(wound, names)
    assert step
    assert (step.kind, step.at) == (StepKind.CLOCK, LEARNED)


def test_what_is_due_next_stands_first_and_what_is_settled_last(story: Story) -> None:
    story.acknowledged("qian_yi", 1)
    view = seen(story)
    assert view.next
    assert view.next.duty.due_at == story.now.next_due
    settled = [duty.duty.is_owed for duty in view.duties]
    assert settled == sorted(settled, reverse=True)


def test_the_board_shows_whoever_is_called_and_the_next_few_and_the_case_shows_all(story: Story) -> None:
    view = seen(story)
    assert {duty.duty.rule for duty in view.pressing if duty.own} >= {"first_report", "acknowledge"}
    assert sum(duty.own is None for duty in view.pressing) <= 3
    assert len(view.pressing) < len(view.duties)


def test_a_paused_clock_says_when_it_runs_again(story: Story) -> None:
    story.act(Kind.PAUSED, 1, role=Role.LEADER, who="sun_bing", text="演练", span=timedelta(hours=1))
    step = seen(story).step
    assert step
    assert (step.kind, step.at) == (StepKind.RESUME, LEARNED + timedelta(minutes=61))


def test_a_case_graded_anew_says_so(story: Story) -> None:
    assert not seen(story).regraded
    story.act(Kind.REGRADED, 1, level=Level.I, text="两人失踪")
    assert seen(story).regraded


def test_tasks_stand_by_slip_and_limit_and_a_reader_finds_their_own(tasks: Story) -> None:
    view = seen(tasks, HEATING, minute=60 * 24 + 1)
    assert [(one.task.unit, one.slip, one.mine) for one in view.tasks] == [
        ("heating_company", Slip.RED, True),
        ("water_bureau", None, False),
    ]


# What can be done


def test_acts_that_mean_nothing_now_are_not_offered(story: Story) -> None:
    can = seen(story).can
    assert {Kind.TRANSFERRED, Kind.FILED, Kind.REGRADED, Kind.SNOOZED} <= can
    assert not can & {
        Kind.ACCEPTED,
        Kind.OBJECTED,
        Kind.RESUMED,
        Kind.REOPENED,
        Kind.SIGNED_IN,
        Kind.CONFIRMED,
        Kind.MEASURE_DECIDED,
    }
    story.by_two(Kind.CLOSED, 30, who="li_ding", text="完结")
    can = seen(story).can
    assert {Kind.FOLLOWED_UP, Kind.REOPENED} <= can
    assert not can & {Kind.TRANSFERRED, Kind.RESOLVED, Kind.WITHDRAWN}


def test_a_case_is_handed_over_by_those_who_hold_it(story: Story) -> None:
    stranger = Principal(subject="x", role=Role.DUTY_OFFICER, unit=UnitId("water_bureau"))
    above = Principal(subject="x", role=Role.LEADER, unit=UnitId("government"))
    assert Kind.TRANSFERRED not in offered(story, stranger)
    assert Kind.TRANSFERRED in offered(story, above)


def test_a_transfer_that_waits_may_be_accepted_and_refused(story: Story) -> None:
    story.act(Kind.TRANSFERRED, 1, to_unit="fire_rescue", text="归消防")
    assert {Kind.ACCEPTED, Kind.OBJECTED, Kind.IMPOSED} <= seen(story).can
    assert Kind.TRANSFERRED not in seen(story).can


def test_a_unit_is_offered_its_own_tasks_alone(tasks: Story) -> None:
    done = offered(tasks, HEATING)[Kind.COMPLETED]
    (choices,) = [field.choices for field in done.fields if field.name == "task"]
    assert [choice.value for choice in choices] == ["t2"]
    assert Kind.VERIFIED not in offered(tasks, HEATING), "nothing waits to be verified by this unit"


def test_a_petitions_limit_is_extended_and_a_tasks_and_nothing_else(story: Story, tasks: Story) -> None:
    petition = Story()
    petition.reported(kind=ReportKind.PETITION, unit="petition_office", category=None, level=None)
    office = Principal(
        subject="chen_gui", role=Role.REPORTER, person=PersonId("chen_gui"), unit=UnitId("petition_office")
    )
    assert [field.name for field in offered(petition, office)[Kind.EXTENSION_ASKED].fields] == [
        "due_at",
        "duty",
    ]
    assert [field.name for field in offered(tasks, HEATING)[Kind.EXTENSION_ASKED].fields] == [
        "due_at",
        "task",
    ]
    assert Kind.EXTENSION_ASKED not in offered(story)


def test_a_campaign_may_be_answered_with_a_nil_report() -> None:
    campaign = Story()
    form = TaskForm(title="排查管网", units=(UnitId("heating_company"), UnitId("water_bureau")))
    campaign.reported(
        kind=ReportKind.CAMPAIGN, unit="petition_office", category=None, level=None, tasks=(form,)
    )
    fields = {field.name: field for field in offered(campaign, HEATING)[Kind.COMPLETED].fields}
    assert [choice.value for choice in fields["document"].choices] == [Document.NIL_REPORT]
    assert not fields["document"].needed
    campaign.act(
        Kind.COMPLETED,
        1,
        unit="heating_company",
        role=Role.REPORTER,
        task="t1",
        document=Document.NIL_REPORT,
        text="未发现隐患",
    )
    assert seen(campaign, HEATING).tasks[0].task.nil


def test_the_document_that_is_waited_for_is_the_first_to_choose(story: Story) -> None:
    field = offered(story)[Kind.FILED].fields[0]
    assert field.choices[0].value == Document.WRITTEN_REPORT
    assert offered(story)[Kind.FILED].is_awaited


def test_no_form_asks_for_what_the_act_does_not_take() -> None:
    for kind, act in ACTS.items():
        fields = {
            name.replace("task_title", "tasks").replace("task_units", "tasks")
            for name in act_forms.needed(act)
        }
        assert fields <= {*act.fields, "text"}, kind


def test_a_form_reads_times_in_the_offices_zone_and_names_what_is_missing() -> None:
    values = {
        "task_title": "查阀门",
        "task_units": "heating_company,water_bureau",
        "task_due_at": "2026-12-01T08:30",
    }
    form = act_forms.read_act(Kind.ASSIGNED, values, ZONE, example_directory())
    assert (form.tasks[0].units, str(form.tasks[0].due_at)) == (
        ("heating_company", "water_bureau"),
        "2026-12-01 00:30:00+00:00",
    )
    with pytest.raises(Problem) as refused:
        act_forms.read_act(Kind.EXTENSION_ASKED, {"due_at": "tomorrow"}, ZONE, example_directory())
    assert set(act_forms.shown_errors(refused.value)) == {"due_at", "task", "duty", "text"}
    assert act_forms.read_act(Kind.SNOOZED, {"span": "PT10M"}, ZONE, example_directory()).span == timedelta(
        minutes=10
    )
    assert (
        act_forms.read_act(
            Kind.EXTENSION_DECIDED, {"task": "t1", "approve": "no"}, ZONE, example_directory()
        ).approve
        is False
    )


# Thousands


UNITS = ("water_bureau", "heating_company", "petition_office", "water_bureau", "heating_company")


@pytest.fixture(scope="module")
def many() -> Story:
    """Of a campaign 600 tasks, of three units, some accepted, offered on or done."""
    story = Story()
    story.reported(
        kind=ReportKind.CAMPAIGN, unit="emergency_office", area="620600", category=None, level=None
    )
    office = Actor(principal="office", role=Role.SUPERVISOR, unit=UnitId("emergency_office"))
    for start in range(0, 600, MOST_TASKS):
        units = [UnitId(UNITS[number % len(UNITS)]) for number in range(min(MOST_TASKS, 600 - start))]
        forms = tuple(
            TaskForm(title=f"{start + number}", unit=unit, within=timedelta(days=7))
            for number, unit in enumerate(units)
        )
        story.happens(Kind.ASSIGNED, CaseAct(by=office, tasks=forms), 1)
    for number, kind in ((1, Kind.ACCEPTED), (2, Kind.ACCEPTED), (4, Kind.COMPLETED)):
        task = story.task(f"t{number}")
        story.act(
            kind, 2, task.unit, task=task.id, document=Document.NIL_REPORT if kind is Kind.COMPLETED else None
        )
    story.act(Kind.TRANSFERRED, 3, "heating_company", task="t2", to_unit="water_bureau", text="theirs")
    return story


def test_of_thousands_of_tasks_the_page_has_the_most_pressing_and_says_how_many_there_are(
    many: Story,
) -> None:
    view = seen(many, HEATING)
    assert (len(view.tasks), view.task_count, len(view.duties), view.duty_count) == (
        ROWS,
        600,
        ROWS,
        len(many.now.duties),
    )
    [field] = [field for field in offered(many, HEATING)[Kind.COMPLETED].fields if field.name == "task"]
    assert (len(field.choices), field.count) == (ROWS, 240), "their own alone"
    [field] = [field for field in offered(many)[Kind.SNOOZED].fields if field.name == "duty"]
    assert (len(field.choices), field.count) == (ROWS, view.owed)


@pytest.mark.parametrize(
    "principal",
    [OFFICER, HEATING, Principal(subject="w", role=Role.DUTY_OFFICER, unit=UnitId("water_bureau"))],
)
def test_what_may_be_done_to_each_of_thousands_is_what_may_be_done_to_it_alone(
    many: Story, principal: Principal
) -> None:
    setting = Setting(many.now, example_directory(), Names(example_directory()), principal, LEARNED)
    for task in many.now.tasks[:6]:
        for kind in ACTS:
            if "task" in ACTS[kind].fields:
                alone = (
                    may(principal.actor(), kind, many.now, example_directory(), LEARNED, task=task.id) is None
                )
                where = ACTS[kind].who_may.get(principal.role)
                assert (where is not None and setting.is_tied_to(task, where)) == alone, (kind, task.id)


def test_no_case_takes_more_tasks_than_are_measured(many: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.intake.acting.act_faults.MOST_TASKS_OF_A_CASE", 610)
    form = ActForm(tasks=(TaskForm(title="x", units=tuple(UnitId("water_bureau") for _ in range(11))),))
    [(field, words)] = faults_in(ACTS[Kind.ASSIGNED], form, many.now, example_directory(), LEARNED)
    assert field == "tasks"
    assert "600 of at most 610" in words
    assert "at most 10 more here, open another case" in words


def test_no_inventory_takes_more_items_than_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of a case in parts, whose inventory nobody has at hand."""
    story = Story()
    story.reported(
        kind=ReportKind.CAMPAIGN, unit="emergency_office", area="620600", category=None, level=None
    )
    for limited in ("services.intake.acting.act_faults", "services.escalator.deciding.acts.items"):
        monkeypatch.setattr(f"{limited}.MOST_ITEMS_OF_A_CASE", MANY)

    def count() -> int:
        stowed = stow(story.now)
        return card_of(
            story.now.id,
            1,
            stowed.raw,
            {address: zlib.compress(raw) for address, raw in stowed.parts.items()},
        ).item_count

    for number in range(MANY):
        assert item_faults(ActForm(summary="a loose ceiling"), number) == []
        story.act(Kind.REGISTERED, 1, summary="a loose ceiling")
        assert number % 100 or count() == number + 1
    [(field, words)] = item_faults(ActForm(summary="one more"), count())
    assert (field, isinstance(words, Said)) == ("summary", True)
    assert f"{MANY} items, and takes no more" in words
    assert item_faults(ActForm(step=2, measure="mend it"), count()) == [], "what is there may be changed"

    refused = story.act(Kind.REGISTERED, 3, summary="registered by two at once")
    assert [effect.why for effect in refused.effects] == ["too_many_items"]
    assert len(story.now.items) == MANY
    story.act(Kind.REGISTERED, 4, step=2, measure="mend it")
    assert story.now.items[1].measure == "mend it"


def test_two_that_assign_at_once_lay_no_more_tasks_than_a_case_takes(
    tasks: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.escalator.deciding.acts.tasks.MOST_TASKS_OF_A_CASE", 4)
    both = (TaskForm(title="x", units=(UnitId("water_bureau"), UnitId("heating_company"))),)
    assert tasks.act(Kind.ASSIGNED, 1, tasks=both).effects[0].why == "assigned"
    assert [effect.why for effect in tasks.act(Kind.ASSIGNED, 2, tasks=both).effects] == ["too_many_tasks"]
    plan = next(iter(example_directory().plans))
    assert [effect.why for effect in tasks.act(Kind.PLAN_INVOKED, 3, plan=plan.id, text="now").effects] == [
        "too_many_tasks"
    ]
    assert len(tasks.now.tasks) == 4


def test_a_message_with_figures_and_names_is_said_in_either_language() -> None:
    water = Name(zh="水务局", en="Water bureau")
    words = said(Marked("%(many)s of %(unit)s, as %(all)s"), many=2, unit=water, all=(water, water))
    assert words == "2 of Water bureau, as Water bureau, Water bureau"
    again = words.again(lambda message: message.replace("as", "即"), lambda name: name.zh, "、")
    assert again == "2 of 水务局, 即 水务局、水务局"


def test_a_list_of_cases_leaves_out_what_is_longer_than_a_list_can_show(many: Story) -> None:
    stowed = stow(many.now)
    card = card_of(
        many.now.id, 1, stowed.raw, {address: zlib.compress(raw) for address, raw in stowed.parts.items()}
    )
    listed = orjson.loads(card.listed)
    assert not {"tasks", "duties"} & set(listed)
    assert len(orjson.loads(card.raw)["tasks"]) == len(card.lean.tasks) == 600
    assert card.decision == many.now.decision
