"""What the duty officer reads off a case: who is lit, who is dark, who stands in, what happens next if nobody answers."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.escalator.decide import decide
from services.escalator.draft import Rules
from services.escalator.policy.load import load_policy
from services.intake.desk.view import CaseView, Light, Names, Sent, StepKind, case_view
from shared.case import Case
from shared.directory import load_directory
from shared.facts import Acknowledgement, Actor, Deliveries, Delivery, Due, Fact, Frozen, Report, Via
from shared.ids import AreaCode, CaseId, NoticeId, PersonId, UnitId
from shared.tokens import Principal
from shared.vocabulary import Category, Kind, Level, Role

ROOT = Path(__file__).resolve().parents[2]
DIRECTORY = load_directory(ROOT / "config" / "directory.yaml")
RULES = Rules(load_policy(ROOT / "config" / "policy.yaml"), DIRECTORY)
START = datetime(2026, 11, 1, 19, 0, tzinfo=UTC)
CASE = CaseId("01M84000000000000000000000")
ALL = frozenset(Kind)
OFFICER = Principal(subject="wang_xin", role=Role.DUTY_OFFICER, person=PersonId("wang_xin"))
MAYOR = Principal(subject="qian_yi", role=Role.LEADER, person=PersonId("qian_yi"))


class Story:
    """A case that lives by the default policy, minute by minute."""

    def __init__(self) -> None:
        self.sequence = 0
        self.case: Case | None = None
        report = Report(
            category=Category.ACCIDENT,
            level=Level.II,
            unit=UnitId("emergency_bureau"),
            area=AreaCode("620602"),
            occurred_at=START,
            learned_at=START,
            summary="Fire",
            received_at=START,
            reported_by="han_chen",
        )
        self.happens(Kind.REPORTED, report, 0)

    def happens(self, kind: Kind, data: Frozen, minute: float) -> None:
        self.sequence += 1
        at = START + timedelta(minutes=minute)
        fact = Fact.of(kind, id=f"f{self.sequence}", source="/test", subject=CASE, time=at, data=data)
        self.case, _ = decide(self.case, fact, self.sequence, at, RULES)

    def passes(self, minute: float) -> None:
        """Every clock up to `minute` strikes."""
        until = START + timedelta(minutes=minute)
        while self.case and (due := [duty for duty in self.case.duties if duty.clock_at and duty.clock_at <= until]):
            first = min(due, key=lambda duty: duty.clock_at or until)
            assert first.clock_at
            self.happens(Kind.DUE, Due(duty=first.id, at=first.clock_at), (first.clock_at - START).total_seconds() / 60)

    def answers(self, person: str, minute: float) -> None:
        actor = Actor(principal=person, role=Role.LEADER)
        self.happens(Kind.ACKNOWLEDGED, Acknowledgement(person=PersonId(person), via=Via.LINK, by=actor), minute)

    def seen_by(self, principal: Principal, can: frozenset[Kind] = ALL) -> CaseView:
        assert self.case
        return case_view(self.case, Names(DIRECTORY), principal, can)


@pytest.fixture
def story() -> Story:
    return Story()


def test_at_first_everybody_is_lit_and_the_chain_comes_next(story: Story) -> None:
    view = story.seen_by(OFFICER)
    assert {duty.own.light for duty in view.duties if duty.own} == {Light.WAITING}
    assert view.step
    assert (view.step.kind, view.step.at) == (StepKind.LIGHT, START + timedelta(minutes=5))
    assert view.step.lights
    assert view.step.lights.en == "Secretary-General"
    assert view.owed == 5


def test_a_stand_in_lit_for_four_duties_is_shown_once_with_all_their_names(story: Story) -> None:
    story.answers("zhou_wu", 1)
    story.passes(6)
    view = story.seen_by(OFFICER)
    assert [link.lit.name.en for link in view.chain] == ["Wu Ji"]
    assert [name.en for name in view.chain[0].stands_for] == ["Zhao Jia", "Qian Yi", "Sun Bing", "Li Ding"]
    lights = {duty.name.en: duty.own.light for duty in view.duties if duty.own}
    assert lights["Zhou Wu"] is Light.ANSWERED
    assert lights["Qian Yi"] is Light.DARK


def test_the_end_of_the_chain_is_said_aloud_until_somebody_takes_it(story: Story) -> None:
    story.passes(15)
    assert story.seen_by(OFFICER).exhausted
    story.answers("wu_ji", 16)
    view = story.seen_by(OFFICER)
    assert not view.exhausted
    assert {duty.taken_by.en for duty in view.duties if duty.taken_by} == {"Wu Ji"}


def test_a_channel_shows_what_became_of_it(story: Story) -> None:
    assert story.case
    lit = story.case.duties[0].lit[0]
    for kind, channel in ((Kind.DELIVERED, "sms"), (Kind.FAILED, "voice")):
        done = Delivery(
            notice=NoticeId(lit.notice),
            person=lit.person,
            channel=channel,
            address="…0101",
            attempts=1,
            first_tried_at=START,
            done_at=START,
        )
        story.happens(kind, Deliveries(deliveries=(done,)), 0.1)
    own = story.seen_by(OFFICER).duties[0].own
    assert own
    assert dict(own.channels) == {"sms": Sent.DELIVERED, "voice": Sent.FAILED}


def test_one_click_is_offered_to_whoever_has_not_answered_and_to_nobody_else(story: Story) -> None:
    assert story.seen_by(MAYOR).may_acknowledge
    assert not story.seen_by(OFFICER).may_acknowledge
    story.passes(12)  # the duty desk of the Two Offices is lit
    assert story.seen_by(OFFICER).may_acknowledge
    story.answers("qian_yi", 13)
    assert not story.seen_by(MAYOR).may_acknowledge
    assert not story.seen_by(MAYOR, frozenset()).may_acknowledge


def test_only_a_duty_officer_logs_calls_and_only_while_something_is_owed(story: Story) -> None:
    story.answers("zhao_jia", 1)
    offered = {duty.name.en: duty.may_log_call for duty in story.seen_by(OFFICER).duties}
    assert not offered["Zhao Jia"]
    assert offered["Qian Yi"]
    assert not any(duty.may_log_call for duty in story.seen_by(MAYOR).duties)


def test_acts_that_mean_nothing_now_are_not_offered(story: Story) -> None:
    can = story.seen_by(OFFICER).can
    assert Kind.TRANSFERRED in can
    assert not can & {Kind.ACCEPTED, Kind.OBJECTED}


def test_cases_sort_by_what_is_due_next_and_settled_ones_last(story: Story) -> None:
    owing = story.seen_by(OFFICER).order
    for person in ("zhao_jia", "qian_yi", "sun_bing", "li_ding", "zhou_wu"):
        story.answers(person, 2)
    settled = story.seen_by(OFFICER)
    assert owing < settled.order
    assert settled.step is None
    assert not settled.exhausted
