"""What the audit tells Prometheus: how far the trail is, how far behind, and whether anything in it is not as
it was.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.audit.writing.indexer import SearchIndexer
from shared.metrics import distrusted


class Metrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.records = Gauge("fenghuo_trail_records", "Records in the trail.", registry=registry)
        self.sealed = Gauge(
            "fenghuo_trail_sealed_records", "Records the last checkpoint covers.", registry=registry
        )
        self.sealed_at = Gauge(
            "fenghuo_trail_checkpoint_timestamp_seconds",
            "When the last checkpoint was signed.",
            registry=registry,
        )
        self.behind = Gauge(
            "fenghuo_trail_behind_facts",
            "Facts of the stream that are not in the trail yet.",
            registry=registry,
        )
        self.rate = Gauge(
            "fenghuo_trail_records_per_second",
            "Records written a second, over the last minute.",
            registry=registry,
        )
        self.left = Gauge(
            "fenghuo_trail_catching_up_seconds",
            "Until the trail has caught up at this rate; NaN where nothing moves.",
            registry=registry,
        )
        self.faults = Counter(
            "fenghuo_trail_faults",
            "Facts or records found to be other than they were: an alarm.",
            registry=registry,
        )
        self.halted = Gauge(
            "fenghuo_trail_halted",
            "1 where the trail must not go on until a person has decided: an alarm.",
            registry=registry,
        )
        self.distrusted = distrusted(registry)
        self.gaps = Counter(
            "fenghuo_trail_gaps",
            "Facts the broker had lost before they could be recorded.",
            registry=registry,
        )
        self.lag = Histogram(
            "fenghuo_trail_lag_seconds",
            "From the broker's time of a fact to its record on disk.",
            buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60),
            registry=registry,
        )


def measured(indexer: SearchIndexer, registry: CollectorRegistry) -> SearchIndexer:
    """The same indexer; how far it has come is told from now on."""
    Gauge("fenghuo_trail_indexed_records", "Records in the search index.", registry=registry).set_function(
        lambda: float(indexer.indexed)
    )
    return indexer
