"""What the notifier counts: outcomes, attempts, and how long a person's notice took from the fact that caused
it.
"""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.notifier.channels import CallBackFault
from services.notifier.delivery.record import DeliveryOutcome
from shared.metrics import distrusted, from_zero

SECONDS = (0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """`channels`: the names of those configured; each has its series from the start, so that the first event
    is seen as a rise.
    """

    def __init__(self, registry: CollectorRegistry, channels: Iterable[str] = ()) -> None:
        self.deliveries = Counter(
            "fenghuo_notifier_deliveries", "Deliveries by outcome.", ["channel", "outcome"], registry=registry
        )
        self.attempts = Histogram(
            "fenghuo_notifier_attempt_seconds",
            "One attempt to hand over.",
            ["channel"],
            buckets=SECONDS,
            registry=registry,
        )
        self.retries = Counter(
            "fenghuo_notifier_retries", "Attempts after the first.", ["channel"], registry=registry
        )
        self.from_fact = Histogram(
            "fenghuo_notifier_fact_to_handover_seconds",
            "From the broker's time of the fact that was decided on to the hand-over.",
            ["channel"],
            buckets=SECONDS,
            registry=registry,
        )
        self.from_decision = Histogram(
            "fenghuo_notifier_decision_to_handover_seconds",
            "From the broker's time of the decision to the hand-over.",
            ["channel"],
            buckets=SECONDS,
            registry=registry,
        )
        self.distrusted = distrusted(registry)
        self.decisions = Counter(
            "fenghuo_notifier_decisions", "Decisions by what became of them.", ["outcome"], registry=registry
        )
        self.waiting = Gauge(
            "fenghuo_notifier_waiting",
            "Messages that wait for a gateway to take again.",
            ["channel"],
            registry=registry,
        )
        self.paused = Gauge(
            "fenghuo_notifier_paused",
            "1 while what can wait is kept back for maintenance, else 0.",
            registry=registry,
        )
        self.kept_back = Gauge(
            "fenghuo_notifier_kept_back", "Messages that wait for a pause to end.", registry=registry
        )
        self.kept_quiet = Gauge(
            "fenghuo_notifier_kept_in_quiet_hours",
            "Messages that wait for their reader's quiet hours to end.",
            registry=registry,
        )
        self.gateway_takes = Gauge(
            "fenghuo_notifier_gateway_takes",
            "1 where a gateway takes messages as far as is known, 0 while it is in trouble.",
            ["gateway"],
            registry=registry,
        )
        self.gateway_queue = Gauge(
            "fenghuo_notifier_gateway_queue",
            "Messages that wait for their turn at a gateway (at_once, per_second, per_minute).",
            ["gateway"],
            registry=registry,
        )
        self.untemplated = Counter(
            "fenghuo_notifier_untemplated",
            "Messages whose template failed: sent in plain words instead.",
            ["channel"],
            registry=registry,
        )
        self.in_work = Gauge(
            "fenghuo_notifier_decisions_in_work", "Decisions being delivered now.", registry=registry
        )
        self.acknowledged = Counter(
            "fenghuo_notifier_links", "Acknowledgement links used.", ["outcome"], registry=registry
        )
        self.call_backs_refused = Counter(
            "fenghuo_notifier_call_backs_refused",
            "Call-backs of gateways that were not taken.",
            ["channel", "reason"],
            registry=registry,
        )
        self.replies = Counter(
            "fenghuo_notifier_replies",
            "What people replied by SMS, call or mail: understood, left to the duty desk, about no message, or by a machine.",
            ["channel", "outcome"],
            registry=registry,
        )
        names = tuple(channels)
        from_zero(self.replies, names, ("understood", "to_read", "stray", "automatic"))
        from_zero(self.deliveries, names, DeliveryOutcome)
        from_zero(self.retries, names)
        from_zero(self.untemplated, names)
        from_zero(self.call_backs_refused, names, CallBackFault)
