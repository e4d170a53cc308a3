"""What Prometheus is told to watch is what the services really measure."""

import re
from typing import Any, cast

from ruamel.yaml import YAML

from tests.lab import ROOT

SOURCES = [path.read_text() for folder in ("services", "shared") for path in (ROOT / folder).rglob("*.py")]


def document(name: str) -> dict[str, Any]:
    return cast(dict[str, Any], YAML(typ="safe").load(ROOT / "config" / name))


def measured() -> set[str]:
    """Every series the code exposes, by its name on the wire."""
    suffixes = {"Gauge": ("",), "Counter": ("_total",), "Histogram": ("_bucket", "_sum", "_count")}
    found = (match for source in SOURCES for match in re.finditer(r'\b(Gauge|Counter|Histogram)\(\s*"(\w+)"', source))
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
        f"{service}:8080" for service in ("intake", "escalator", "notifier", "audit")
    }
