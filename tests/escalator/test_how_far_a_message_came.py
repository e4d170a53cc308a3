"""Sent is not delivered: what a gateway says later moves the chain as its own refusal would, and nobody who
was never reached is called dark.
"""

import pytest

from shared.case import Lit
from shared.facts import EffectKind, MessageState, Reason
from shared.vocabulary import Kind
from tests.escalator.builders import Story


@pytest.fixture
def story() -> Story:
    return Story()


def lit_first(story: Story) -> Lit:
    return story.duty("first_report-party_main").lit[0]


def test_not_arrived_on_any_channel_moves_the_chain_at_once(story: Story) -> None:
    first = story.reported().notices[0]
    for channel in first.channels:
        story.delivery(Kind.DELIVERED, first.id, first.person, channel, 0.1)
    story.delivery(Kind.FAILED, first.id, first.person, "voice", 0.2, MessageState.UNDELIVERED)
    assert len(story.lit()) == 5, "the text message may still get through"

    decision = story.delivery(Kind.FAILED, first.id, first.person, "sms", 0.3, MessageState.UNDELIVERED)

    assert story.lit()[5:] == [(0.3, story.holder("secretary_general"))]
    assert [effect.why for effect in decision.effects if effect.kind is EffectKind.UNREACHED] == [
        Reason.EVERY_CHANNEL_FAILED
    ]
    lit = lit_first(story)
    assert (lit.delivered, lit.failed, lit.undelivered) == ((), ("voice", "sms"), ("voice", "sms"))
    assert lit.handed_over_at is None, "who was never reached did not stay silent"


def test_refused_on_one_channel_and_not_arrived_on_the_other_is_reached_on_none(story: Story) -> None:
    first = story.reported().notices[0]
    story.delivery(Kind.FAILED, first.id, first.person, "voice", 0.1)
    story.delivery(Kind.DELIVERED, first.id, first.person, "sms", 0.1)
    story.delivery(Kind.FAILED, first.id, first.person, "sms", 0.2, MessageState.UNDELIVERED)
    assert story.lit()[5:] == [(0.2, story.holder("secretary_general"))]


def test_arrived_and_opened_are_noted_and_are_no_answer(story: Story) -> None:
    first = story.reported().notices[0]
    story.delivery(Kind.DELIVERED, first.id, first.person, "sms", 0.1)
    story.delivery(Kind.DELIVERED, first.id, first.person, "sms", 0.2, MessageState.ARRIVED)
    decision = story.delivery(Kind.DELIVERED, first.id, first.person, "link", 0.5, MessageState.OPENED)
    assert decision.is_empty
    lit = lit_first(story)
    assert (lit.delivered, lit.arrived) == (("sms",), ("sms",))
    assert lit.handed_over_at
    assert lit.arrived_at
    assert lit.opened_at
    assert lit.handed_over_at < lit.arrived_at < lit.opened_at
    assert lit.answered_at is None
    story.delivery(Kind.DELIVERED, first.id, first.person, "link", 0.9, MessageState.OPENED)
    assert lit_first(story).opened_at == lit.opened_at, "the first time counts"


def test_a_hand_over_told_again_does_not_undo_what_the_gateway_took_back(story: Story) -> None:
    first = story.reported().notices[0]
    story.delivery(Kind.DELIVERED, first.id, first.person, "sms", 0.1)
    story.delivery(Kind.FAILED, first.id, first.person, "sms", 0.2, MessageState.UNDELIVERED)
    story.delivery(Kind.DELIVERED, first.id, first.person, "sms", 0.3)
    assert lit_first(story).delivered == ()
    story.delivery(Kind.DELIVERED, first.id, first.person, "sms", 0.4, MessageState.ARRIVED)
    lit = lit_first(story)
    assert (lit.delivered, lit.failed, lit.undelivered) == (("sms",), (), ()), "it came in the end"


def test_a_way_beside_reaches_nobody_and_fails_nobody(story: Story) -> None:
    first = story.reported().notices[0]
    before = lit_first(story)
    for kind in (Kind.DELIVERED, Kind.FAILED):
        decision = story.delivery(kind, first.id, first.person, "browser", 0.1, MessageState.BESIDE)
        assert decision.is_empty
        assert lit_first(story) == before
    story.delivery(Kind.FAILED, first.id, first.person, "voice", 0.1)
    story.delivery(Kind.FAILED, first.id, first.person, "sms", 0.2)
    assert story.lit()[5:] == [(0.2, story.holder("secretary_general"))], "a browser keeps no chain waiting"
