"""What the escalator measures of itself: labels are closed sets, never ids, so that the series stay few."""

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram

from shared.facts import Decision, Due, Fact
from shared.vocabulary import Kind


class Metrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.facts = Counter("fenghuo_escalator_facts", "Facts decided on, by kind", ["kind"], registry=registry)
        self.effects = Counter("fenghuo_escalator_effects", "Effects of decisions, by kind", ["kind"], registry=registry)
        self.notices = Counter("fenghuo_escalator_notices", "Notices ordered, by purpose", ["purpose"], registry=registry)
        self.retried = Counter("fenghuo_escalator_retried", "Facts tried again because something could not be reached", registry=registry)
        self.set_aside = Counter("fenghuo_escalator_set_aside", "Facts that could not be decided on: look at each", registry=registry)
        self.decide_seconds = Histogram(
            "fenghuo_escalator_decide_seconds",
            "Time of the pure decision",
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
        self.facts.labels(fact.kind).inc()
        for effect in decision.effects:
            self.effects.labels(effect.kind).inc()
        for notice in decision.notices:
            self.notices.labels(notice.purpose).inc()
        if fact.kind == Kind.DUE:
            self.clock_lateness.observe(max(0.0, (now - Due.model_validate(fact.data).at).total_seconds()))
