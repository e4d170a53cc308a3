"""How the hand-over of one message ended."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.notifier.channels import Reference, Trouble


class Interrupted(Exception):
    """The service stops; whoever delivers this next begins again."""


@dataclass(frozen=True, slots=True)
class Carried:
    """`error` None means handed over."""

    address: str
    attempts: int
    first_tried_at: datetime
    done_at: datetime
    reference: Reference | None = None
    reply: str | None = None
    """What the gateway itself said as it took it."""
    gateway: str | None = None
    """Which gateway took it, where that is not the channel's first."""
    error: str | None = None
    trouble: Trouble | None = None
    """Whose trouble the error is."""
    pause: timedelta | None = None
    """How long the other side wants to be left alone."""

    @property
    def is_away(self) -> bool:
        """Nothing was said about the address: later it may be taken."""
        return self.trouble in (Trouble.GATEWAY, Trouble.OURS)

    is_spared: bool = False
    """Not sent any more: what it asks was answered or over before."""

    def after(self, earlier: "Carried") -> "Carried":
        """The same, with the attempts that were made before it."""
        return replace(self, attempts=earlier.attempts + self.attempts, first_tried_at=earlier.first_tried_at)

    def given_up(self, error: str, at: datetime, *, is_spared: bool = False) -> "Carried":
        """The same, not tried again."""
        return replace(self, error=error, done_at=at, is_spared=is_spared)
