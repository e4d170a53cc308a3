"""One decision while its notices go out, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from services.notifier.delivery.gathering import BEHIND, Gathering, Pace, pace_of
from services.notifier.delivery.post import Envelope
from services.notifier.delivery.ways import Seat
from services.notifier.messages.together import WhyTogether
from shared.facts import Decision, Notice
from shared.ids import NoticeId
from shared.vocabulary import Kind


class DecisionOutcome(StrEnum):
    """What became of a decision; a label of the metrics."""

    DONE = "done"
    DISTRUSTED = "distrusted"
    SET_ASIDE = "set_aside"
    OLD = "old"
    OVER = "over"
    INTERRUPTED = "interrupted"
    NEWER = "newer"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    """What all deliveries of a decision have in common."""

    decision: Decision
    sequence: int
    """Of the decision in FACTS."""
    numbers: Mapping[NoticeId, int]
    """Of each notice in the decision."""
    decided_at: datetime
    now: datetime
    is_first: bool
    """It has not been handed out before: nothing of it can have gone out under an id of its own."""
    seat: Seat
    is_kept: bool = False
    """It waited for quiet hours to end."""
    envelopes: dict[NoticeId, Envelope] = field(default_factory=dict[NoticeId, Envelope])

    @property
    def is_behind(self) -> bool:
        """It should have been said long since: somebody of us was away."""
        if not self.is_first or self.is_kept:
            return False
        return self.now - (self.decision.late_since or self.decision.about.time) > BEHIND

    @property
    def is_of_a_clock(self) -> bool:
        return self.is_first and self.decision.about.kind == Kind.DUE

    def pace(self, notice: Notice, gathering: Gathering) -> Pace:
        if self.is_kept and self.is_first:
            return Pace.GATHERED
        pace = pace_of(
            notice, is_first=self.is_first, is_behind=self.is_behind, is_of_a_clock=self.is_of_a_clock
        )
        is_wanted = gathering.moment or self.is_behind or notice.brief.roll_call is not None
        return pace if is_wanted else Pace.ALONE

    @property
    def why_together(self) -> WhyTogether:
        if self.is_kept:
            return WhyTogether.KEPT
        return WhyTogether.LATE if self.is_behind else WhyTogether.TOGETHER
