"""What more than one service tells Prometheus under the same name, and how a counter begins."""

from collections.abc import Iterable
from itertools import product

from prometheus_client import CollectorRegistry, Counter

from shared.facts.distrust import Distrust


def from_zero(counter: Counter, *values: Iterable[str]) -> Counter:
    """The same counter, each of its series there and 0: one that begins with its first event shows Prometheus
    no rise.
    """
    for labels in product(*values):
        counter.labels(*labels)
    return counter


def distrusted(registry: CollectorRegistry) -> Counter:
    """Each service counts what it was handed itself: one message may be counted by several."""
    counter = Counter(
        "fenghuo_distrusted",
        "Messages that are not what they claim to be, by reason: an alarm.",
        ["reason"],
        registry=registry,
    )
    return from_zero(counter, Distrust)
