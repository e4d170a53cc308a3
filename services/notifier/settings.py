"""What an operator may set for the notifier alone."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field

from shared.ids import PostId
from shared.settings import Settings


class NotifierSettings(Settings):
    channels: Path = Path("config/channels.yaml")
    """Which channel names exist and how each is reached; secrets are never in it."""
    operator: PostId = PostId("emergency_duty")
    """The post that is rung when a gateway takes nothing or a template fails. Where the directory has no such
    post, everybody whose roles there name the operator.
    """
    in_work: int = 256
    """Decisions worked on at once; the durable hands out no more than it is allowed to keep unacknowledged
    (shared/streams.py).
    """
    gather: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(seconds=10))] = timedelta(seconds=2)
    """What may wait waits so long for more to the same person, and goes out with it as one message; zero: each
    goes out alone, but for what is late.
    """
    link_grace: timedelta = timedelta(hours=24)
    """How long after the limit of what it asks an acknowledgement link still works."""
    snooze: timedelta = timedelta(minutes=10)
    """How long "remind me later" behind a link puts a reminder off; what the policy allows is decided by the
    escalator.
    """
    decision_wait: timedelta = timedelta(seconds=2)
    """How long whoever answers by link waits for the decision on it; later the page says "recorded, not yet
    confirmed".
    """
