"""What an operator may set for the notifier alone."""

from datetime import timedelta
from pathlib import Path

from shared.settings import Settings


class NotifierSettings(Settings):
    channels: Path = Path("config/channels.yaml")
    """Which channel names exist and how each is reached; secrets are never in it."""
    in_work: int = 256
    """Decisions worked on at once; the durable hands out no more than it is allowed to keep unacknowledged (shared/streams.py)."""
    link_days: int = 30
    """How long an acknowledgement link works."""
    snooze: timedelta = timedelta(minutes=10)
    """How long "remind me later" behind a link puts a reminder off; what the policy allows is decided by the escalator."""
