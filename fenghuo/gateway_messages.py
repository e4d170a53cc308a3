"""What a gateway of this machine has taken."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Received:
    """One message as the gateway took it."""

    number: int
    at: float
    channel: str
    id: str
    to: str
    text: str
    link: str | None = None
    subject: str | None = None
    html: str | None = None
    data: dict[str, Any] = field(default_factory=dict[str, Any])
    by_modem: str = ""
    """What became of it at the modem, in both languages; empty where there is none."""
