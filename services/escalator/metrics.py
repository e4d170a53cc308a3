"""What the escalator measures of itself: labels are closed sets, never ids, so that the series stay few."""

from collections import Counter as Tally
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from shared.facts import CheckOutcome, Decision, Due, Fact
from shared.metrics import distrusted, from_zero
from shared.vocabulary import Kind


class Metrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.facts = Counter(
            "fenghuo_escalator_facts", "Facts decided on, by kind", ["kind"], registry=registry
        )
        self.effects = Counter(
            "fenghuo_escalator_effects", "Effects of decisions, by kind", ["kind"], registry=registry
        )
        self.notices = Counter(
            "fenghuo_escalator_notices", "Notices ordered, by purpose", ["purpose"], registry=registry
        )
        self.retried = Counter(
            "fenghuo_escalator_retried",
            "Facts tried again because something could not be reached",
            registry=registry,
        )
        self.set_aside = Counter(
            "fenghuo_escalator_set_aside",
            "Facts that could not be decided on: look at each",
            registry=registry,
        )
        self.distrusted = distrusted(registry)
        self.decide_seconds = Histogram(
            "fenghuo_escalator_decide_seconds",
            "Time of the pure decision, the case put into bytes with it",
            buckets=(0.0001, 0.0003, 0.001, 0.003, 0.01, 0.1),
            registry=registry,
        )
        self.clock_lateness = Histogram(
            "fenghuo_escalator_clock_lateness_seconds",
            "How long after its moment a clock's fact was stored: the lateness of the machine, never of people",
            buckets=(0.002, 0.005, 0.01, 0.03, 0.1, 0.3, 1, 10, 60, 600),
            registry=registry,
        )

    def count(self, fact: Fact, decision: Decision, now: datetime) -> None:
        """A decision has twenty effects and more: each sort is counted once."""
        self.facts.labels(fact.kind).inc()
        for effect, number in Tally(effect.kind for effect in decision.effects).items():
            self.effects.labels(effect).inc(number)
        for purpose, number in Tally(notice.purpose for notice in decision.notices).items():
            self.notices.labels(purpose).inc(number)
        if fact.kind == Kind.DUE:
            self.clock_lateness.observe(max(0.0, (now - Due.model_validate(fact.data).at).total_seconds()))


class WatchMetrics:
    """What the independent check finds; alerts.yml rings where it finds anything, or where it has not ended
    for long.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        differences = Counter(
            "fenghuo_watch_differences",
            "Differences between cases, clocks and the record, by sort",
            ["found"],
            registry=registry,
        )
        self.differences = from_zero(differences, CheckOutcome)
        self.repaired = Counter("fenghuo_watch_repaired", "Differences that were repaired", registry=registry)
        self.cases = Gauge(
            "fenghuo_watch_cases", "Cases looked at in the last whole round", registry=registry
        )
        self.clocks = Gauge(
            "fenghuo_watch_clocks", "Pending clocks looked at in the last whole round", registry=registry
        )
        self.ended = Gauge(
            "fenghuo_watch_ended_timestamp_seconds", "When the last whole round ended", registry=registry
        )
        self.well = Gauge(
            "fenghuo_watch_well",
            "1 where the last whole round found no difference, else 0",
            registry=registry,
        )
        self.took = Gauge(
            "fenghuo_watch_round_seconds", "How long the last whole round took", registry=registry
        )
        self.purged = Counter(
            "fenghuo_watch_cases_purged",
            "Ended cases that left the bucket; the trail keeps them",
            registry=registry,
        )
