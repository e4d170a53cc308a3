"""The XML of CAP 1.2: from bytes to plain values, or a FormatError naming each element that is at fault.

Invariant: nothing a document says makes us read a file, ask the network or expand an entity; beyond the
schema it must say what the standard demands in words (an Update refers to something, a time has a numeric
offset, a polygon is lat,lon).
"""

import re
from dataclasses import dataclass
from datetime import datetime

from lxml import etree
from lxml.etree import _Element as Element  # pyright: ignore[reportPrivateUsage]

from services.intake.ingest.formats.items import ID_LIMIT, FormatError
from shared.fault_texts import Fault
from shared.message import N_, said

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
INFO_LIMIT = 200
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$")
_WHAT_TIME = N_("must be a time with a numeric offset and never Z, as in 2026-11-23T03:05:00+08:00")
_VALUES = {
    "status": ("Actual", "Exercise", "System", "Test", "Draft"),
    "msgType": ("Alert", "Update", "Cancel", "Ack", "Error"),
    "scope": ("Public", "Restricted", "Private"),
    "category": (
        "Geo",
        "Met",
        "Safety",
        "Security",
        "Rescue",
        "Fire",
        "Health",
        "Env",
        "Transport",
        "Infra",
        "CBRNE",
        "Other",
    ),
    "urgency": ("Immediate", "Expected", "Future", "Past", "Unknown"),
    "severity": ("Extreme", "Severe", "Moderate", "Minor", "Unknown"),
    "certainty": ("Observed", "Likely", "Possible", "Unlikely", "Unknown", "Very Likely"),
}
"""`Very Likely` is of CAP 1.0, deprecated and still seen."""


@dataclass(frozen=True)
class CapArea:
    description: str
    geocodes: tuple[str, ...]
    centre: tuple[float, float] | None
    """lat, lon: of the first circle, or the middle of the first polygon's corners."""


@dataclass(frozen=True)
class Info:
    language: str
    categories: tuple[str, ...]
    event: str
    severity: str
    headline: str
    description: str
    instruction: str
    effective: datetime | None
    onset: datetime | None
    areas: tuple[CapArea, ...]


@dataclass(frozen=True)
class CapAlert:
    identifier: str
    sender: str
    sent: datetime
    status: str
    kind: str
    note: str
    references: tuple[tuple[str, str], ...]
    """(sender, identifier); the third part, a time, is often wrong in the field and not looked at."""
    infos: tuple[Info, ...]

    @property
    def identity(self) -> str:
        return f"{self.sender},{self.identifier}"


def parse(raw: bytes) -> CapAlert:
    return _AlertReader().alert(_root(raw))


def _root(raw: bytes) -> Element:
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise FormatError(
            N_("hostile XML"), [("(document)", N_("has a DOCTYPE: send the alert without one"))]
        )
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise FormatError(
            N_("not XML"), [("(document)", said(N_("is not well-formed XML: %(error)s"), error=error))]
        ) from None
    # The same in an encoding in which the look at the bytes above is blind.
    if root.getroottree().docinfo.internalDTD is not None or any(
        node.tag is etree.Entity for node in root.iter()
    ):
        raise FormatError(
            N_("hostile XML"), [("(document)", N_("has a DOCTYPE or an entity: send the alert without them"))]
        )
    if root.tag != f"{{{NAMESPACE}}}alert":
        raise FormatError(
            N_("not CAP 1.2"),
            [
                (
                    "alert",
                    said(
                        N_("the root is %(tag)s: send <alert xmlns=%(namespace)s>"),
                        tag=str(root.tag)[:100],
                        namespace=repr(NAMESPACE),
                    ),
                )
            ],
        )
    return root


class _AlertReader:
    """Walks one alert and collects every fault on the way."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._no_places: set[tuple[str, str]] = set()
        """(field, text) of each point that is none: a polygon may have a hundred thousand, and each is told once."""

    def alert(self, root: Element) -> CapAlert:
        kind = self.value(root, "msgType")
        infos = _children(root, "info")
        if len(infos) > INFO_LIMIT:
            raise FormatError(
                N_("too large"),
                [("info", said(N_("more than %(info_limit)s blocks"), info_limit=INFO_LIMIT))],
            )
        if not infos and kind in ("Alert", "Update"):
            self.faults.append(("info", said(N_("is missing: an %(kind)s says what it is about"), kind=kind)))
        sent = self.time(root, "sent", "sent", needed=True)
        alert = CapAlert(
            identifier=self.token(root, "identifier"),
            sender=self.token(root, "sender"),
            sent=sent or datetime.min,  # noqa: DTZ901 - a fault has been noted, it goes no further
            status=self.value(root, "status"),
            kind=kind,
            note=_text(root, "note"),
            references=self.references(root, needed=kind in ("Update", "Cancel")),
            infos=tuple(self.info(info, f"info[{place}].") for place, info in enumerate(infos, 1)),
        )
        self.value(root, "scope")
        if self.faults:
            raise FormatError(N_("not a valid CAP 1.2 alert"), self.faults)
        return alert

    def token(self, parent: Element, name: str) -> str:
        text = _text(parent, name)
        if not text:
            self.faults.append((name, N_("is missing or empty")))
        elif len(text) > ID_LIMIT // 2 or re.search(r"[\s,<&]", text):
            self.faults.append(
                (
                    name,
                    said(
                        N_("must be at most %(id_limit)s characters without spaces, commas, < and &"),
                        id_limit=ID_LIMIT // 2,
                    ),
                )
            )
        return text

    def value(self, parent: Element, name: str, prefix: str = "") -> str:
        text = _text(parent, name)
        if text not in _VALUES[name]:
            given = (
                said(N_("%(text)s is not one of the values"), text=repr(text[:40]))
                if text
                else said(N_("is missing or empty"))
            )
            self.faults.append(
                (
                    prefix + name,
                    said(N_("%(given)s: write one of %(values)s"), given=given, values=tuple(_VALUES[name])),
                )
            )
        return text

    def time(self, parent: Element, name: str, field: str, *, needed: bool = False) -> datetime | None:
        text = _text(parent, name)
        if not text and not needed:
            return None
        try:
            at = datetime.fromisoformat(text) if _TIME.match(text) else None
            usable = at is not None and 2000 <= at.year < 9000
        except ValueError:
            at, usable = None, False
        if not usable:
            self.faults.append(
                (
                    field,
                    said(
                        N_("%(text)s is no such time: it %(must)s"),
                        text=repr(text[:40]),
                        must=said(_WHAT_TIME),
                    )
                    if text
                    else said(N_("is missing: it %(must)s"), must=said(_WHAT_TIME)),
                )
            )
            return None
        return at

    def references(self, root: Element, *, needed: bool) -> tuple[tuple[str, str], ...]:
        parts = [reference.split(",") for reference in _text(root, "references").split()]
        if any(len(part) != 3 or not part[0] or not part[1] for part in parts):
            self.faults.append(("references", N_("each must be sender,identifier,sent, separated by spaces")))
        elif not parts and needed:
            self.faults.append(
                (
                    "references",
                    N_(
                        "is missing or empty: an Update or Cancel names the alert it is about as sender,identifier,sent"
                    ),
                )
            )
        return tuple((part[0], part[1]) for part in parts if len(part) == 3)

    def info(self, info: Element, prefix: str) -> Info:
        categories = tuple(_clean(node) for node in _children(info, "category"))
        if not categories or any(category not in _VALUES["category"] for category in categories):
            self.faults.append(
                (
                    f"{prefix}category",
                    said(N_("must be one or more of %(values)s"), values=tuple(_VALUES["category"])),
                )
            )
        event = _text(info, "event")
        if not event:
            self.faults.append((f"{prefix}event", N_("is missing or empty: say what happens")))
        self.value(info, "urgency", prefix)
        self.value(info, "certainty", prefix)
        self.time(info, "expires", f"{prefix}expires")
        return Info(
            language=(_text(info, "language") or "en-US").lower(),
            categories=categories,
            event=event,
            severity=self.value(info, "severity", prefix),
            headline=_text(info, "headline"),
            description=_text(info, "description"),
            instruction=_text(info, "instruction"),
            effective=self.time(info, "effective", f"{prefix}effective"),
            onset=self.time(info, "onset", f"{prefix}onset"),
            areas=tuple(
                self.area(area, f"{prefix}area[{place}].")
                for place, area in enumerate(_children(info, "area"), 1)
            ),
        )

    def area(self, area: Element, prefix: str) -> CapArea:
        description = _text(area, "areaDesc")
        if not description:
            self.faults.append((f"{prefix}areaDesc", N_("is missing or empty: say where")))
        polygons = [self.polygon(_clean(node), f"{prefix}polygon") for node in _children(area, "polygon")]
        circles = [self.circle(_clean(node), f"{prefix}circle") for node in _children(area, "circle")]
        return CapArea(
            description=description,
            geocodes=tuple(filter(None, (_text(code, "value") for code in _children(area, "geocode")))),
            centre=next((centre for centre in (*circles, *polygons) if centre), None),
        )

    def polygon(self, text: str, field: str) -> tuple[float, float] | None:
        points = [self.point(pair, field) for pair in text.split()]
        if len(points) < 4 or points[0] != points[-1]:
            self.faults.append(
                (field, N_("must be at least four points lat,lon, the last the same as the first"))
            )
            return None
        corners = [point for point in points[:-1] if point]
        if len(corners) != len(points) - 1:
            return None
        return sum(lat for lat, _ in corners) / len(corners), sum(lon for _, lon in corners) / len(corners)

    def circle(self, text: str, field: str) -> tuple[float, float] | None:
        centre, _, radius = text.partition(" ")
        try:
            float(radius)
        except ValueError:
            self.faults.append((field, N_("must be lat,lon and a radius in kilometres")))
            return None
        return self.point(centre, field)

    def point(self, text: str, field: str) -> tuple[float, float] | None:
        try:
            lat, lon = (float(part) for part in text.split(","))
        except ValueError:
            lat = lon = float("nan")
        if not (-90 <= lat <= 90 and -180 <= lon <= 180):
            place = field, text[:40]
            if place not in self._no_places:
                self._no_places.add(place)
                words = N_("%(text)s is no place: CAP writes lat,lon in degrees, latitude first")
                self.faults.append((field, said(words, text=repr(text[:40]))))
            return None
        return lat, lon


def _children(parent: Element, name: str) -> list[Element]:
    return parent.findall(f"{{{NAMESPACE}}}{name}")


def _text(parent: Element, name: str) -> str:
    node = parent.find(f"{{{NAMESPACE}}}{name}")
    return "" if node is None else _clean(node)


def _clean(node: Element) -> str:
    return (node.text or "").strip()
