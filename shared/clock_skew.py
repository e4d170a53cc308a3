"""How far other clocks are from this machine's, as last seen, in words and as a metric.

Invariant: nothing is decided by it. In time or late is the broker's stamp alone; a clock that is off is
named, so that somebody sets it.
"""

from datetime import timedelta

from prometheus_client import CollectorRegistry, Gauge

BROKER = "broker"
BROKER_LIMIT = timedelta(seconds=2)
"""By so much two clocks of one installation may differ before in time and late become a matter of whose
clock.
"""
GATEWAY_LIMIT = timedelta(seconds=30)
"""A gateway refuses what is five minutes off, and tells its time in whole seconds."""


class ClockSkew:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._gauge = Gauge(
            "fenghuo_clock_skew_seconds",
            "How far the clock of `against` is ahead of this machine's, as last seen.",
            ["against"],
            registry=registry,
        )
        self._off: dict[str, timedelta] = {}

    def note(self, against: str, off: timedelta) -> None:
        """The clock of `against` was seen to be `off` ahead of ours (negative: behind)."""
        self._off[against] = off
        self._gauge.labels(against).set(off.total_seconds())

    def words(self) -> str:
        """Each clock that is off by more than it may; empty where none is."""
        return "; ".join(
            off_words(against, off) for against, off in self._off.items() if abs(off) > limit_of(against)
        )

    async def check(self) -> str:
        """For readiness: a clock that is off does not stop the work."""
        return self.words()


def limit_of(against: str) -> timedelta:
    return BROKER_LIMIT if against == BROKER else GATEWAY_LIMIT


def off_words(against: str, off: timedelta) -> str:
    """`the clock of sms is 412 s behind this machine's: set both by the same time server (NTP)`."""
    where = "ahead of" if off > timedelta(0) else "behind"
    return f"the clock of {against} is {abs(off).total_seconds():.0f} s {where} this machine's: set both by the same time server (NTP)"
