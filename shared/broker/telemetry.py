"""What FastStream's own middlewares tell of each message that a service takes: metrics always, traces where the
operator names a collector.

Invariant: the series stay few: a handler's label is the kind of subject, never a lane's number, a source or an
inbox. Without a collector nothing of OpenTelemetry is loaded.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from faststream.message import StreamMessage
from faststream.nats.prometheus.provider import BaseNatsMetricsSettingsProvider
from faststream.prometheus import ConsumeAttrs
from faststream.prometheus.middleware import PrometheusMiddleware
from nats.aio.msg import Msg
from prometheus_client import CollectorRegistry

SIZES = (1_000.0, 10_000.0, 100_000.0, 1_000_000.0)


@lru_cache(maxsize=1024)
def kind_of_subject(subject: str) -> str:
    """`fact.7.reported` is `fact.*.reported`, `inbox.cap.city` is `inbox.cap.*`."""
    tokens = subject.split(".")
    named = 1 if tokens[0] == "fact" else 2
    return ".".join("*" if place == named else token for place, token in enumerate(tokens))


class _ByKind(BaseNatsMetricsSettingsProvider[Msg | list[Msg]]):
    def get_consume_attrs_from_message(self, msg: StreamMessage[Msg | list[Msg]]) -> ConsumeAttrs:
        batch = msg.raw_message if isinstance(msg.raw_message, list) else [msg.raw_message]
        return {
            "destination_name": kind_of_subject(batch[0].subject),
            "message_size": sum(len(message.data) for message in batch),
            "messages_count": len(batch),
        }


_by_kind = _ByKind()


def metrics(registry: CollectorRegistry, service: str) -> PrometheusMiddleware[Any, Any]:
    return PrometheusMiddleware(
        settings_provider_factory=lambda _: _by_kind,
        registry=registry,
        app_name=service,
        received_messages_size_buckets=SIZES,
    )


def traces(collector: str, service: str) -> Sequence[Any]:
    """The middleware that sends a span for each message to `collector` (OTLP over HTTP); none where it is
    empty. Raises ImportError where the extra `traces` is not installed.
    """
    if not collector:
        return ()
    from faststream.nats.opentelemetry import NatsTelemetryMiddleware
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": f"fenghuo-{service}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=collector, timeout=2)))
    return (NatsTelemetryMiddleware(tracer_provider=provider),)
