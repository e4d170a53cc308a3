"""What Prometheus sees of intake. No label grows with the number of cases, sources or people."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from shared.metrics import distrusted


class Metrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.facts = Counter("fenghuo_intake_facts", "Facts stored, by kind.", ["kind"], registry=registry)
        self.repeats = Counter(
            "fenghuo_intake_repeats",
            "Facts sent again under their id and not stored twice, by kind.",
            ["kind"],
            registry=registry,
        )
        self.unreachable = Counter(
            "fenghuo_intake_unreachable",
            "Facts the broker did not confirm: the sender was told so.",
            registry=registry,
        )
        self.distrusted = distrusted(registry)
        self.stored_after = Histogram(
            "fenghuo_intake_append_seconds",
            "From sending a fact to the broker until it is read back as stored.",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
            registry=registry,
        )
        self.cases = Gauge("fenghuo_intake_board_cases", "Cases on the board.", registry=registry)
