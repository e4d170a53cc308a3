"""What holds over any history of the half-hour rule, however its facts fall."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from services.escalator.duties import next_clock
from shared.case import DutyState
from shared.facts import Due, EffectKind, Via
from shared.ids import DutyId
from shared.vocabulary import Kind, Level
from tests.escalator.builders import LEARNED, Story, default_rules

RULES = default_rules()
PEOPLE = sorted({post.holder for post in RULES.directory.posts})
ACTS = [Kind.FOLLOWED_UP, Kind.TRANSFERRED, Kind.ACCEPTED, Kind.OBJECTED, Kind.RESOLVED, Kind.CLOSED, Kind.WITHDRAWN, Kind.MERGED]


@st.composite
def histories(draw: DrawFn) -> Story:
    """A case reported at some minute, then anything in any order, with every clock striking when it must."""
    story = Story(RULES)
    minute = draw(st.floats(0, 40))
    story.reported(minute, level=draw(st.sampled_from([None, *Level])), sensitive=draw(st.booleans()))
    for _ in range(draw(st.integers(0, 12))):
        minute += draw(st.floats(0, 12))
        story.time_passes(minute)
        match draw(st.sampled_from(["answer", "answer", "deliver", "fail", "act", "stale_clock"])):
            case "answer":
                story.acknowledged(draw(st.sampled_from(PEOPLE)), minute, via=draw(st.sampled_from(list(Via))))
            case "deliver" | "fail" as outcome:
                notices = [notice for decision in story.decisions for notice in decision.notices]
                notice = draw(st.sampled_from(notices))
                channel = draw(st.sampled_from(notice.channels))
                story.delivery(Kind.FAILED if outcome == "fail" else Kind.DELIVERED, notice.id, notice.person, channel, minute)
            case "act":
                units = [unit.id for unit in RULES.directory.units]
                story.act(draw(st.sampled_from(ACTS)), minute, text="x", to_unit=draw(st.sampled_from(units)), into="other")
            case _:
                duty = draw(st.sampled_from([duty.id for duty in story.now.duties]))
                story.happens(Kind.DUE, Due(duty=DutyId(duty), at=LEARNED), minute)
    story.time_passes(minute + 200)
    return story


@settings(max_examples=150, deadline=None)
@given(histories())
def test_every_history_keeps_the_promises(story: Story) -> None:
    case = story.now
    assert case.holder, "an open case has exactly one unit that answers for it"
    for duty in case.duties:
        assert duty.state is not DutyState.OPEN, "every duty ends discharged, lapsed or cancelled"
        assert (duty.state is DutyState.CANCELLED) == (duty.cancelled_why is not None)
        if duty.state in (DutyState.LAPSED, DutyState.LAPSED_DISCHARGED):
            assert duty.lapse
        if duty.state is DutyState.DISCHARGED:
            assert duty.discharged_at
            assert duty.discharged_at <= duty.due_at, "in time means on or before the limit"
            assert duty.lapse is None
        assert next_clock(duty) is None or next_clock(duty) == duty.clock_at, "what must happen next has its clock armed"
    ids = [notice.id for decision in story.decisions for notice in decision.notices]
    assert len(ids) == len(set(ids))
    duties = {duty.id for duty in case.duties}
    for decision in story.decisions:
        for notice in decision.notices:
            assert notice.duties, "no notice without a duty"
            assert set(notice.duties) <= duties
    lapsed = [duty for duty, _ in story.effects(EffectKind.LAPSED)]
    assert len(lapsed) == len(set(lapsed)), "a lapse is written once"
    assert set(lapsed) == {duty.id for duty in case.duties if duty.lapse}, "and never taken back"


@settings(max_examples=60, deadline=None)
@given(histories())
def test_nobody_is_rung_twice_for_the_same_step(story: Story) -> None:
    for decision in story.decisions:
        calls = [(notice.person, notice.purpose) for notice in decision.notices]
        assert len(calls) == len(set(calls))


@settings(max_examples=100, deadline=None)
@given(histories())
def test_a_case_survives_its_own_storage(story: Story) -> None:
    raw = story.now.model_dump_json(exclude_none=True)
    assert type(story.now).model_validate_json(raw) == story.now
