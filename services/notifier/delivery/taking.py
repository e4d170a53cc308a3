"""Whether a channel takes anything: what its last attempts came to.

Invariant: one person's wrong number never puts a channel's light out, and nothing but a message that was
taken puts it on again, except that after ten minutes without a try nobody knows. Pure but for its memory.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.notifier.channels import Trouble

IN_A_ROW = 3
FOR_AT_LEAST = timedelta(seconds=5)
"""So many attempts, over so long, must have failed: a gateway that restarts is not a channel that takes
nothing.
"""
FORGOTTEN_AFTER = timedelta(minutes=10)


RUNG_AFTER = 2
"""Failures in a row."""


@dataclass(frozen=True, slots=True)
class StandingTrouble:
    whose: Trouble
    """The gateway's own, or ours to mend."""
    since: datetime


class GatewayTaking:
    def __init__(self) -> None:
        self._failures = 0
        self._addresses: set[str] = set()
        self._first = self._last = datetime.min.replace(tzinfo=UTC)
        self._reason = ""
        self._trouble: Trouble | None = None
        self.took_at: datetime | None = None
        """When it last took something, or answered about an address."""

    def took(self, at: datetime) -> None:
        self.took_at = at
        self._forget()

    def _forget(self) -> None:
        self._failures, self._trouble = 0, None
        self._addresses.clear()

    def failed(self, to: str, reason: str, at: datetime, trouble: Trouble) -> None:
        if self._failures and at - self._last > FORGOTTEN_AFTER:
            self._forget()
        if not self._failures:
            self._first = at
        self._failures, self._last, self._reason = self._failures + 1, at, reason
        if trouble is Trouble.ADDRESS:
            self.took_at, self._trouble = at, None  # it has answered: nobody is rung for it
        else:
            self._trouble = trouble
        if len(self._addresses) < IN_A_ROW:
            self._addresses.add(to)

    def trouble(self, now: datetime) -> StandingTrouble | None:
        """What somebody has to be rung for: it takes nothing, several failed in a row, and that has stood for
        a while, whether anybody has tried since or not.
        """
        stands = self._failures >= RUNG_AFTER and now - self._first >= FOR_AT_LEAST
        if not stands or self._trouble is None:
            return None
        return StandingTrouble(self._trouble, self._first)

    def fault(self, now: datetime) -> str:
        """Why the channel takes nothing, in words; empty where it takes, or nobody has tried lately."""
        if (
            self._failures < IN_A_ROW
            or self._last - self._first < FOR_AT_LEAST
            or now - self._last > FORGOTTEN_AFTER
        ):
            return ""
        if self._trouble is None and len(self._addresses) < IN_A_ROW:
            return ""
        return f"takes nothing: {self._failures} attempts in a row failed since {self._first:%H:%M:%S} UTC, the last: {self._reason}"
