"""Who was refused how often: a metric, a line in the log, and word to the service where somebody tries on and
on.

Invariant: no refusal is without its count in the metric; what is written and remembered of refusals is
bounded, however many there are. Nothing here knows a token.
"""

from collections import Counter as Counts
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from prometheus_client import CollectorRegistry, Counter

from shared.door.pace import Allowance, RequestPace

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

REFUSALS = frozenset({401, 403, 408, 413, 415, 429})
MANY = 100
"""Refusals of one principal within `WINDOW` that somebody should hear of."""
WINDOW = timedelta(hours=1)
REMEMBERED = 1024
"""Principals counted at a time; who was refused longest ago is forgotten first."""
LINES = Allowance(per_second=5, at_once=100)
LINES_OF_ONE = Allowance(per_second=0.2, at_once=20)
"""Lines in the log: of all together, and of one caller."""


@dataclass(frozen=True)
class RefusedRequest:
    status: int
    route: str
    """Method and path as declared; never the address as asked, which may hold a token."""
    who: str
    """The principal; for a stranger the address it came from."""
    is_principal: bool


@dataclass
class Tally:
    """What one principal was refused since `since`."""

    since: datetime
    counts: Counts[tuple[str, int]] = field(default_factory=Counts[tuple[str, int]])
    """By (route, status)."""

    @property
    def total(self) -> int:
        return self.counts.total()


class Tallies:
    """Counts the refusals of each principal in windows. Pure but for its memory."""

    def __init__(self, many: int = MANY, remembered: int = REMEMBERED) -> None:
        self._many, self._remembered = many, remembered
        self._by_principal: OrderedDict[str, Tally] = OrderedDict()

    def add(self, refusal: RefusedRequest, now: datetime) -> Tally | None:
        """The principal's tally at the moment at which it has become many: once a window."""
        tally = self._by_principal.pop(refusal.who, None)
        if tally is None or now - tally.since >= WINDOW:
            tally = Tally(now)
        tally.counts[refusal.route, refusal.status] += 1
        self._by_principal[refusal.who] = tally
        if len(self._by_principal) > self._remembered:
            self._by_principal.popitem(last=False)
        return tally if tally.total == self._many else None


class RequestRefusals:
    """`on_many`: told (principal, since, counts) once an hour and principal; None where nobody keeps it."""

    def __init__(
        self, registry: CollectorRegistry, monotonic: Callable[[], float], clock: Callable[[], datetime]
    ) -> None:
        self._monotonic, self._clock = monotonic, clock
        self._tallies = Tallies()
        self._lines, self._lines_of_one = RequestPace(LINES), RequestPace(LINES_OF_ONE)
        self._unwritten = 0
        self.on_many: Callable[[str, datetime, Mapping[tuple[str, int], int]], None] | None = None
        self._refused = Counter(
            "fenghuo_http_refused", "Requests refused at the door, by status.", ["status"], registry=registry
        )
        self._often = Counter(
            "fenghuo_http_refused_often",
            f"Times that a principal was refused {MANY} requests within an hour.",
            registry=registry,
        )
        for status in REFUSALS:
            self._refused.labels(str(status))

    def note(self, refusal: RefusedRequest) -> None:
        self._refused.labels(str(refusal.status)).inc()
        self._write(refusal)
        if not refusal.is_principal:
            return
        tally = self._tallies.add(refusal, self._clock())
        if tally is not None:
            self._often.inc()
            log.warning("refused_often", who=refusal.who, since=tally.since.isoformat(), refused=tally.total)
            if self.on_many is not None:
                self.on_many(refusal.who, tally.since, dict(tally.counts))

    def _write(self, refusal: RefusedRequest) -> None:
        now = self._monotonic()
        if self._lines_of_one.wait(refusal.who, now) or self._lines.wait("", now):
            self._unwritten += 1
            return
        more, self._unwritten = self._unwritten, 0
        unwritten = {"unwritten_before": more} if more else {}
        log.warning("refused", status=refusal.status, route=refusal.route, who=refusal.who, **unwritten)
