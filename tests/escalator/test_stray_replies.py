"""Replies that belong to no message: how often the duty desk is rung for them."""

from services.escalator.deciding.stray_reply import MOST_CALLS
from shared.facts import StrayReply
from shared.vocabulary import Kind
from tests.escalator.builders import Story

STRANGER = StrayReply(channel="sms", number="+860009990001", words="河口村后山有裂缝，快来人")
FLOOD = 15
"""More than the case's short log keeps."""


def test_however_many_replies_a_stranger_sends_the_desk_is_rung_a_few_times() -> None:
    story, rung, minutes = Story(), 0, 0.0
    for _ in range(MOST_CALLS + 2):
        for _ in range(FLOOD):
            minutes += 0.01
            rung += bool(story.happens(Kind.STRAY_REPLY, STRANGER, minutes).notices)
        for duty in [duty for duty in story.now.duties if duty.is_owed]:
            minutes += 0.01
            story.acknowledged(duty.bearer, minutes)
    assert rung == MOST_CALLS
