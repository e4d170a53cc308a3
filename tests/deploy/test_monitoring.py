"""What Prometheus is told to watch is what the services really measure, and each alert rings at the first
event.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, cast

import yaml
from prometheus_client import CollectorRegistry

from services.audit.writing.metrics import Metrics as AuditMetrics
from services.audit.writing.witnesses import WitnessMetrics
from services.escalator.metrics import Metrics as EscalatorMetrics
from services.escalator.metrics import WatchMetrics
from services.notifier.delivery.metrics import Metrics as NotifierMetrics
from shared.door.refusals import RequestRefusals
from tests.lab import ROOT

SOURCES = [path.read_text() for folder in ("services", "shared") for path in (ROOT / folder).rglob("*.py")]


def document(name: str) -> dict[str, Any]:
    return cast(dict[str, Any], yaml.safe_load((ROOT / "config" / name).read_text(encoding="utf-8")))


def measured() -> set[str]:
    """Every series the code exposes, by its name on the wire."""
    suffixes = {"Gauge": ("",), "Counter": ("_total",), "Histogram": ("_bucket", "_sum", "_count")}
    found = (
        match
        for source in SOURCES
        for match in re.finditer(r'\b(Gauge|Counter|Histogram)\(\s*"(\w+)"', source)
    )
    return {match[2] + suffix for match in found for suffix in suffixes[match[1]]}


def test_every_metric_an_alert_asks_for_is_measured() -> None:
    rules = [rule for group in document("alerts.yml")["groups"] for rule in group["rules"]]
    asked = {name for rule in rules for name in re.findall(r"\bfenghuo_\w+", rule["expr"])}
    assert asked
    assert asked <= measured()


def test_every_alert_says_how_grave_it_is_and_where_to_look() -> None:
    for rule in document("alerts.yml")["groups"][0]["rules"]:
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert {"summary", "look"} <= set(rule["annotations"]), rule["alert"]


def test_all_four_services_are_asked() -> None:
    jobs = document("prometheus.yml")["scrape_configs"]
    assert {t for job in jobs for s in job["static_configs"] for t in s["targets"]} == {
        f"{service}:9100" for service in ("intake", "escalator", "notifier", "audit")
    }


COUNTED, STAYS = "0x4 1x200", "0x300"
"""A sample each 15 seconds: the first event of a counter after a minute; what never changes."""


def bucket(metric: str, late: str) -> dict[str, str]:
    """One observation after a minute, later than any alert lets pass."""
    return {
        f'{metric}_bucket{{service="a",le="{le}"}}': STAYS if float(le) <= float(late) else COUNTED
        for le in ("1", "10", "60", "+Inf")
    }


EVENTS: dict[str, tuple[dict[str, str], str]] = {
    "ServiceGone": ({'up{job="fenghuo",service="intake"}': "1x4 0x20"}, "3m"),
    "ServiceNotReady": ({'fenghuo_ready{service="audit"}': "1x4 0x20"}, "3m"),
    "BrokerCannotStore": ({'fenghuo_check_passes{service="intake",check="storage"}': "1x4 0x20"}, "2m"),
    "QueueStandsStill": ({'fenghuo_check_passes{service="escalator",check="lanes"}': "1x4 0x20"}, "90s"),
    "ChannelTakesNothing": ({'fenghuo_check_passes{service="notifier",check="channels"}': "1x4 0x20"}, "90s"),
    "MessagesPaused": ({'fenghuo_notifier_paused{service="notifier"}': "0x4 1x20"}, "90s"),
    "TemplateFails": (
        {'fenghuo_notifier_untemplated_total{service="notifier",channel="sms"}': COUNTED},
        "90s",
    ),
    "ClockIsOff": ({'fenghuo_clock_skew_seconds{service="notifier",against="sms"}': "0x4 -31x20"}, "3m"),
    "CallBacksRefused": (
        {
            'fenghuo_notifier_call_backs_refused_total{service="notifier",channel="sms",reason="clock"}': COUNTED
        },
        "90s",
    ),
    "RefusedOften": ({'fenghuo_http_refused_often_total{service="intake"}': COUNTED}, "90s"),
    "StrangersAtTheDoor": (
        {'fenghuo_http_refused_total{service="intake",status="401"}': "0x4 0+150x80"},
        "18m",
    ),
    "ClocksLate": (bucket("fenghuo_escalator_clock_lateness_seconds", late="1"), "4m"),
    "FactSetAside": ({'fenghuo_escalator_set_aside_total{service="escalator"}': COUNTED}, "90s"),
    "NotAuthentic": ({'fenghuo_distrusted_total{service="audit",reason="lane"}': COUNTED}, "90s"),
    "DecisionsRetried": ({'fenghuo_escalator_retried_total{service="escalator"}': "0x4 0+30x60"}, "14m"),
    "WatchFoundDifference": (
        {'fenghuo_watch_differences_total{service="escalator",found="clock_lost"}': COUNTED},
        "90s",
    ),
    "WatchSilent": ({'fenghuo_watch_ended_timestamp_seconds{service="escalator"}': "60x100"}, "13m"),
    "DeliveriesFail": (
        {
            'fenghuo_notifier_deliveries_total{service="notifier",channel="sms",outcome="failed"}': COUNTED,
            'fenghuo_notifier_deliveries_total{service="notifier",channel="sms",outcome="delivered"}': STAYS,
        },
        "4m",
    ),
    "TrailFault": ({'fenghuo_trail_faults_total{service="audit"}': COUNTED}, "90s"),
    "TrailHalted": ({'fenghuo_trail_halted{service="audit"}': COUNTED}, "90s"),
    "TrailGap": ({'fenghuo_trail_gaps_total{service="audit"}': COUNTED}, "90s"),
    "TrailSilent": ({'fenghuo_trail_checkpoint_timestamp_seconds{service="audit"}': STAYS}, "5m"),
    "TrailBehind": (bucket("fenghuo_trail_lag_seconds", late="10"), "4m"),
    "TrailFarBehind": ({'fenghuo_trail_behind_facts{service="audit"}': "0x4 6000x60"}, "12m"),
    "SearchBehind": (
        {
            'fenghuo_trail_sealed_records{service="audit"}': "0x4 30000x200",
            'fenghuo_trail_indexed_records{service="audit"}': STAYS,
        },
        "35m",
    ),
    "WitnessSilent": (
        {'fenghuo_trail_cosignature_timestamp_seconds{service="audit",witness="w"}': STAYS},
        "12m",
    ),
    "WitnessDisagrees": ({'fenghuo_trail_witness_alarms_total{service="audit",witness="w"}': COUNTED}, "90s"),
}
"""Alert → the first event, as Prometheus sees it, and by when it must ring; a minute after the start all is
quiet.
"""


def test_every_alert_rings_at_the_first_event_and_none_before(tmp_path: Path) -> None:
    assert set(EVENTS) == {
        rule["alert"] for group in document("alerts.yml")["groups"] for rule in group["rules"]
    }
    promtool = shutil.which("promtool") or shutil.which("promtool", path=str(ROOT / ".venv" / "bin"))
    assert promtool, "run `make promtool`"
    rules = tmp_path / "first_events.json"
    tests = [rings(alert, series, by) for alert, (series, by) in EVENTS.items()]
    rules.write_text(
        json.dumps(
            {
                "rule_files": [str(ROOT / "config" / "alerts.yml")],
                "evaluation_interval": "15s",
                "tests": tests,
            }
        )
    )

    done = subprocess.run(
        [promtool, "test", "rules", str(rules)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def rings(alert: str, series: dict[str, str], by: str) -> dict[str, Any]:
    """One test as promtool takes it."""
    ringing = {"expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})', "eval_time": by}
    return {
        "name": alert,
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {**ringing, "exp_samples": [{"labels": "{}", "value": 1}]},
            {**ringing, "eval_time": "1m", "exp_samples": []},
        ],
    }


def counted_from_zero() -> dict[str, list[float]]:
    """Every counter of the four services as it stands at the start: its samples."""
    registry = CollectorRegistry()
    RequestRefusals(registry, monotonic, lambda: datetime.now(UTC))
    registries = [registry, *(CollectorRegistry() for _ in range(5))]
    for make, own in zip(METRICS, registries[1:], strict=True):
        make(own)
    samples: dict[str, list[float]] = {}
    for sample in (sample for own in registries for metric in own.collect() for sample in metric.samples):
        samples.setdefault(sample.name, []).append(sample.value)
    return samples


METRICS: tuple[Callable[[CollectorRegistry], object], ...] = (
    EscalatorMetrics,
    WatchMetrics,
    AuditMetrics,
    lambda registry: WitnessMetrics(registry, ["w"]),
    lambda registry: NotifierMetrics(registry, ["sms"]),
)


def test_every_counter_that_an_alert_watches_is_there_from_the_start_and_zero() -> None:
    there = counted_from_zero()
    rules = [rule for group in document("alerts.yml")["groups"] for rule in group["rules"]]
    watched = {
        name for rule in rules for name in re.findall(r"(?:increase|rate)\((fenghuo_\w+)", rule["expr"])
    }
    assert len(watched) > 10
    for name in sorted(watched):
        assert there.get(name), f"{name} begins with its first event: nothing rises then"
        assert set(there[name]) == {0.0}
