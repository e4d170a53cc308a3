"""CAP 1.2 alerts: an Alert is a report, an Update a follow-up of what it refers to, a Cancel its withdrawal.

Invariant: untrusted XML is parsed without entities, DTD or network, and a document with a DOCTYPE is refused.
Nothing is lost: an Update of something never seen here becomes a report of its own, and what came is kept with the
case as it is.
"""

from collections.abc import Sequence
from datetime import datetime

from services.intake.ingest.formats.cap_xml import CapAlert, Info, parse
from services.intake.ingest.formats.items import (
    TEXT_LIMIT,
    Arrival,
    Follow,
    FormatError,
    Item,
    ReportDraft,
    one_line,
    shortened,
)
from shared.files.kinds import FileType
from shared.message import N_, said
from shared.vocabulary import Category, Kind, Level, ReportKind

LEVELS = {"Extreme": Level.I, "Severe": Level.II, "Moderate": Level.III, "Minor": Level.IV, "Unknown": None}
_GRAVEST_FIRST = tuple(LEVELS)
CATEGORIES = {
    "Geo": Category.NATURAL_DISASTER,
    "Met": Category.NATURAL_DISASTER,
    "Env": Category.NATURAL_DISASTER,
    "Fire": Category.NATURAL_DISASTER,
    "Health": Category.PUBLIC_HEALTH,
    "Security": Category.PUBLIC_SECURITY,
}
"""The others (Safety, Rescue, Transport, Infra, CBRNE, Other) are accidents."""
NOT_ACTUAL = ("System", "Test", "Draft")


def read(arrival: Arrival) -> list[Item]:
    alert = parse(arrival.raw)
    if alert.status in NOT_ACTUAL:
        raise FormatError(
            N_("not an actual alert"),
            [
                (
                    "status",
                    said(
                        N_("is %(status)s: only Actual and Exercise are taken as reports"),
                        status=alert.status,
                    ),
                )
            ],
        )
    if alert.kind in ("Ack", "Error"):
        raise FormatError(
            N_("an answer, not an alert"),
            [("msgType", said(N_("is %(kind)s: only Alert, Update and Cancel are taken"), kind=alert.kind))],
        )
    if alert.kind == "Alert":
        return [_report(alert, arrival, None)]
    earlier = tuple(f"{sender},{identifier}" for sender, identifier in alert.references)
    if alert.kind == "Cancel":
        return [
            Follow(
                id=alert.identity,
                kind=Kind.WITHDRAWN,
                of=earlier,
                text=_text_of(alert, "Cancel"),
                keeps=FileType.XML,
            )
        ]
    note = N_("None of the alerts this one updates is known here: it was taken as a report of its own.")
    return [
        Follow(
            id=alert.identity,
            kind=Kind.FOLLOWED_UP,
            of=earlier,
            text=_text_of(alert, "Update"),
            otherwise=_report(alert, arrival, note),
            keeps=FileType.XML,
        )
    ]


def _text_of(alert: CapAlert, message_type: str) -> str:
    lines = [f"CAP {message_type} {alert.identity}", alert.note]
    return shortened(
        "\n".join([*(line for line in lines if line), *_texts(_by_language(alert.infos))]), TEXT_LIMIT
    )


def _report(alert: CapAlert, arrival: Arrival, note: str | None) -> ReportDraft:
    infos = _by_language(alert.infos)
    first, place = infos[0], _place(infos)
    area, as_given = _area(infos, arrival)
    return ReportDraft(
        id=alert.identity,
        at=alert.sent,
        note=note,
        area_as_given=as_given,
        is_thread=True,
        keeps=FileType.XML,
        fields={
            "kind": ReportKind.INCIDENT,
            "category": CATEGORIES.get(first.categories[0], Category.ACCIDENT),
            "level": LEVELS[min((info.severity for info in infos), key=_GRAVEST_FIRST.index)],
            "unit": arrival.source.unit,
            "area": area,
            "occurred_at": _began(first, alert, arrival.received_at),
            # The alert's arrival is what the unit learns it by; how long it was on its way stays visible in
            # occurred_at.
            "learned_at": arrival.received_at,
            "summary": one_line(first.headline or first.event),
            "details": shortened("\n".join(_texts(infos)), TEXT_LIMIT),
            "place": {"latitude": place[0], "longitude": place[1]} if place else None,
            "exercise": alert.status == "Exercise",
        },
    )


def _by_language(infos: Sequence[Info]) -> list[Info]:
    """Chinese first, then English, then the rest as they came."""
    return sorted(
        infos,
        key=lambda info: 0 if info.language.startswith("zh") else 1 if info.language.startswith("en") else 2,
    )


def _began(info: Info, alert: CapAlert, received_at: datetime) -> datetime:
    """A forecast's onset lies ahead: what has occurred by now is that the alert was sent."""
    return min(info.onset or info.effective or alert.sent, alert.sent, received_at)


def _texts(infos: Sequence[Info]) -> list[str]:
    return [
        text
        for info in infos
        for text in (info.headline or info.event, info.description, info.instruction)
        if text
    ]


def _area(infos: Sequence[Info], arrival: Arrival) -> tuple[str, str | None]:
    """The first geocode that is a division we know (12 digits or 6), else the source's area; and what the
    alert itself says.
    """
    areas = [area for info in infos for area in info.areas]
    codes = [code for area in areas for code in area.geocodes]
    known = next(
        (code[:6] for code in codes if len(code) in (6, 12) and code.isdigit() and code[:6] in arrival.areas),
        arrival.source.area,
    )
    as_given = "; ".join(filter(None, [areas[0].description, *codes[:5]])) if areas else ""
    return known, shortened(as_given, 300) or None


def _place(infos: Sequence[Info]) -> tuple[float, float] | None:
    return next((area.centre for info in infos for area in info.areas if area.centre), None)
