"""Who was called by what a moment led to, and whether the calls went through. Pure."""

from collections.abc import Iterator

from shared.facts import Name, Purpose
from shared.facts.account import AtPost, Called, Calls
from shared.story import consequences as after
from shared.story.known import known
from shared.story.narrator import Narrator
from shared.story.reading import Moment
from shared.vocabulary import Language


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
    states = [state for called in calls.people if (state := _state(called)) is not None]
    if not states:
        return ""
    comma = "，" if teller.words.language is Language.ZH else ", "
    if len(states) == len(calls.people) and len(set(states)) == 1:
        return comma + teller.words.name(states[0])
    parts = [
        teller.say(after.BY_SOME, state=teller.words.name(state), count=states.count(state))
        for state in (after.OPENED, after.ARRIVED, after.HANDED_OVER)
        if state in states
    ]
    missing = [AtPost(person=called.person) for called in calls.people if called.delivered is False]
    if missing:
        parts.append(teller.say(after.NOT_TO, people=teller.people(missing)))
    return "".join(comma + part for part in parts)


def _state(called: Called) -> Name | None:
    """How far the message to them has come; None where nothing is known yet."""
    if called.opened:
        return after.OPENED
    if called.arrived:
        return after.ARRIVED
    return {True: after.HANDED_OVER, False: after.NOT_DELIVERED, None: None}[called.delivered]
