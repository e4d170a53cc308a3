"""What an operator may set for the escalator alone."""

from datetime import timedelta

from shared.settings import Settings
from shared.streams import AUDIT_DURABLE, NOTIFIER_DURABLE


class EscalatorSettings(Settings):
    watch_every: timedelta = timedelta(minutes=1)
    """How often the independent check looks at everything; PT0S turns it off (measurements)."""
    watch_rate: int = 4000
    """Messages a second the check reads at most: it shares the broker with those who work."""
    watch_also: tuple[str, ...] = (NOTIFIER_DURABLE, AUDIT_DURABLE)
    """Durables that must move besides the lanes: who delivers and who records."""
    watch_services: tuple[str, ...] = ("intake", "escalator", "notifier", "audit")
    """Services whose word that they are ready must be fresh: each with all its replicas."""
    deadman_url: str | None = None
    """Called (HTTP GET) after each round that found all well while all services are ready; an outside service
    rings when calls stop.
    """
    desk_url: str = ""
    """Where the duty desk is, for links from the pages of the policy to cases and meetings. Empty: none."""
    closed_kept: timedelta = timedelta(days=7)
    """How long an ended case stays on the desk's bucket, a petition after the last day on which its review may be asked for;
    the trail keeps it for good."""
