"""Who was called by what a moment led to, and whether the calls went through. Pure."""

from collections.abc import Iterator

from shared.facts import Purpose
from shared.facts.account import AtPost, Calls
from shared.story import consequences as after
from shared.story.known import known
from shared.story.narrator import Narrator
from shared.story.reading import Moment


def channel_name(channel: str, teller: Narrator) -> str:
    return teller.label("channel", channel, after.NO_WAY)


def calls_told(moment: Moment, teller: Narrator) -> Iterator[str]:
    for calls in moment.account.calls:
        purpose = known(Purpose, calls.purpose)
        message = after.OTHER_PURPOSE if purpose is None else after.CALLS.get(purpose, after.OTHER_PURPOSE)
        ways = teller.words.listed(channel_name(channel, teller) for channel in calls.channels)
        told = teller.say(
            message,
            ways=ways or teller.words.name(after.NO_WAY),
            people=teller.people(AtPost(person=one.person, post=one.post) for one in calls.people),
        )
        yield told + _reached(calls, teller)


def _reached(calls: Calls, teller: Narrator) -> str:
    if calls.is_held:
        return teller.words.name(after.NOT_SENT)
    delivered = sum(one.delivered is True for one in calls.people)
    missing = [AtPost(person=one.person) for one in calls.people if one.delivered is False]
    if delivered == len(calls.people):
        return teller.words.name(after.ALL_DELIVERED)
    if missing and not delivered:
        return teller.words.name(after.NONE_DELIVERED)
    if missing:
        return teller.say(after.SOME_DELIVERED, count=delivered, missing=teller.people(missing))
    return ""
