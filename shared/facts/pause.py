"""That messages which can wait are not sent for a while, for maintenance, and that this ended early. About no case."""

from shared.facts.actor import Actor
from shared.facts.bounds import Frozen, Instant
from shared.facts.report import Line


class NoticesPaused(Frozen):
    """The data of `notices_paused`: from the fact's time to `until` what can wait is kept back."""

    by: Actor
    why: Line
    until: Instant


class NoticesResumed(Frozen):
    """The data of `notices_resumed`: the pause that began then ended before its time."""

    by: Actor
    since: Instant
