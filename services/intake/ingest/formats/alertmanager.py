"""Prometheus Alertmanager's webhook, version 4: each alert that fires is a report, its end is a follow-up.

Invariant: an alert is one report for as long as it fires, however often it is sent again: fingerprint and
startsAt name it. An end never resolves a case: the leader in charge tracks it until people say it is resolved
(DOMAIN.md, 22).
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.intake.ingest.formats import json_body
from services.intake.ingest.formats.items import (
    ID_LIMIT,
    TEXT_LIMIT,
    Arrival,
    Follow,
    FormatError,
    Item,
    ReportDraft,
    one_line,
    shortened,
)
from shared.facts import Instant, rfc3339
from shared.message import N_
from shared.vocabulary import Category, Kind, Level, ReportKind

ALERT_LIMIT = 500
LEVELS = {"emergency": Level.II, "critical": Level.III, "warning": Level.IV}
"""Of the label `severity`, where the alert has no label `level` of ours."""
TOPIC = re.compile(r"[a-z][a-z0-9_]{1,39}")
"""The label `topic` (heating, water, power …), where it is one of our words."""
NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""`endsAt` of an alert that still fires."""


class Alert(BaseModel):
    """One alert of a group. What we do not use is left alone: the webhook's fields grow with its versions."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    startsAt: Instant  # noqa: N815 - the webhook's words
    endsAt: Instant = NEVER  # noqa: N815
    fingerprint: Annotated[str, StringConstraints(min_length=1, max_length=ID_LIMIT - 64)]


class AlertmanagerBody(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Literal["4"]
    alerts: Annotated[list[Alert], Field(min_length=1, max_length=ALERT_LIMIT)]


def read(arrival: Arrival) -> list[Item]:
    webhook = json_body.model_of(
        json_body.parse(arrival.raw), AlertmanagerBody, N_("not an Alertmanager webhook of version 4")
    )
    faults = [
        (f"alerts.{place}.startsAt", N_("lies before 2000: the alert has no start"))
        for place, alert in enumerate(webhook.alerts)
        if alert.startsAt.year < 2000
    ]
    if faults:
        raise FormatError(N_("no start"), faults)
    return [_item(alert, arrival, f"alerts.{place}.") for place, alert in enumerate(webhook.alerts)]


def _item(alert: Alert, arrival: Arrival, where: str) -> Item:
    identity = f"{alert.fingerprint}@{rfc3339(alert.startsAt)}"
    if alert.status == "firing":
        return _report(alert, arrival, identity, where)
    ended = "" if alert.endsAt == NEVER else f" at {rfc3339(alert.endsAt)}"
    text = f"{arrival.source.name.zh} / {arrival.source.name.en}: {_name(alert)} no longer fires{ended}. 告警已解除，待人工确认。"
    return Follow(id=f"{identity}/end", kind=Kind.FOLLOWED_UP, of=(identity,), text=text)


def _report(alert: Alert, arrival: Arrival, identity: str, where: str) -> ReportDraft:
    labels, source = alert.labels, arrival.source
    level = _one_of(Level, labels.get("level")) or LEVELS.get(labels.get("severity", ""))
    grave = level is not None and level is not Level.IV
    kind = _one_of(ReportKind, labels.get("kind")) or (ReportKind.INCIDENT if grave else ReportKind.HAZARD)
    area = labels.get("area", "")
    return ReportDraft(
        id=identity,
        at=alert.startsAt,
        may_differ=True,
        is_thread=True,
        where=where,
        area_as_given=area or None,
        fields={
            "kind": kind,
            "category": _one_of(Category, labels.get("category")) or Category.ACCIDENT,
            "topic": labels["topic"] if TOPIC.fullmatch(labels.get("topic", "")) else None,
            "level": level,
            "unit": source.unit,
            "area": area if area in arrival.areas else source.area,
            "occurred_at": min(alert.startsAt, arrival.received_at),
            "learned_at": arrival.received_at,
            "summary": one_line(alert.annotations.get("summary") or _name(alert)),
            "details": _details(alert),
        },
    )


def _one_of(
    choices: type[Level] | type[ReportKind] | type[Category], value: str | None
) -> Level | ReportKind | Category | None:
    return choices(value) if value in {choice.value for choice in choices} else None


def _name(alert: Alert) -> str:
    return one_line(alert.labels.get("alertname", "")) or alert.fingerprint


def _details(alert: Alert) -> str:
    labels = ", ".join(f"{name}={value}" for name, value in sorted(alert.labels.items()))
    said = [text for name, text in alert.annotations.items() if name != "summary"]
    return shortened("\n".join([*said, f"{_name(alert)} ({labels})"]), TEXT_LIMIT)
