"""Whether a channel takes anything: what its last attempts came to.

Invariant: one person's wrong number never puts a channel's light out, and nothing but a message that was
taken puts it on again, except that after ten minutes without a try nobody knows. Pure but for its memory.
"""

from datetime import UTC, datetime, timedelta

IN_A_ROW = 3
FOR_AT_LEAST = timedelta(seconds=5)
"""So many attempts, over so long, must have failed: a gateway that restarts is not a channel that takes
nothing.
"""
FORGOTTEN_AFTER = timedelta(minutes=10)


class GatewayTaking:
    def __init__(self) -> None:
        self._failures = 0
        self._addresses: set[str] = set()
        self._is_gateways = False
        self._first = self._last = datetime.min.replace(tzinfo=UTC)
        self._reason = ""

    def took(self) -> None:
        self._failures, self._is_gateways = 0, False
        self._addresses.clear()

    def failed(self, to: str, reason: str, at: datetime, *, is_gateways: bool) -> None:
        """`is_gateways`: the failure says nothing of the address, such as no answer, 503 or a refused log-in."""
        if self._failures and at - self._last > FORGOTTEN_AFTER:
            self.took()
        if not self._failures:
            self._first = at
        self._failures, self._last, self._reason = self._failures + 1, at, reason
        self._is_gateways |= is_gateways
        if len(self._addresses) < IN_A_ROW:
            self._addresses.add(to)

    def fault(self, now: datetime) -> str:
        """Why the channel takes nothing, in words; empty where it takes, or nobody has tried lately."""
        if (
            self._failures < IN_A_ROW
            or self._last - self._first < FOR_AT_LEAST
            or now - self._last > FORGOTTEN_AFTER
        ):
            return ""
        if not self._is_gateways and len(self._addresses) < IN_A_ROW:
            return ""
        return f"takes nothing: {self._failures} attempts in a row failed since {self._first:%H:%M:%S} UTC, the last: {self._reason}"
