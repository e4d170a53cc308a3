"""What a fact says, read by type: the one reader of the bodies of facts, whichever version wrote them.

Invariant: forgiving. A field that is missing, or of another type than it should be, reads as nothing, so that
every page and report can be made of whatever bytes a record has. What earlier versions wrote into reasons and
notes is turned into the fields of now here, and nowhere else.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from shared.facts.effect import EffectKind, Excuse, Outage
from shared.facts.harm import HARM, HarmCount
from shared.facts.reason import Reason

_BY_RECIPIENT = frozenset(
    {
        Reason.OWED_ON_REPORT,
        Reason.ACKNOWLEDGED_IN_TIME,
        Reason.ACKNOWLEDGED_LATE,
        Reason.SETTLED_BY_A_STAND_IN,
        Reason.SETTLED_BY_A_STAND_IN_LATE,
    }
)


def instant(text: str | None) -> datetime | None:
    """None also for a time without an offset."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


class FactBody:
    """A fact's data, or an object within it."""

    __slots__ = ("fields",)

    def __init__(self, fields: Any) -> None:
        self.fields: Mapping[str, Any] = fields if isinstance(fields, dict) else {}

    def text(self, name: str) -> str | None:
        """None where there is none, also where it is empty."""
        value = self.fields.get(name)
        return value if isinstance(value, str) and value else None

    def number(self, name: str) -> float | None:
        value = self.fields.get(name)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def at(self, name: str) -> datetime | None:
        return instant(self.text(name))

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(value for value in self._list(name) if isinstance(value, str))

    def part(self, name: str) -> "FactBody":
        return FactBody(self.fields.get(name))

    def parts(self, name: str) -> list["FactBody"]:
        return [FactBody(value) for value in self._list(name) if isinstance(value, dict)]

    def harm(self, name: str) -> HarmCount | None:
        """None where nothing is said of it."""
        if not isinstance(self.fields.get(name), dict):
            return None
        said = self.part(name)
        return HarmCount(**{count: int(said.number(count) or 0) for count in HARM})

    @property
    def effects(self) -> list["EffectBody"]:
        """Of a decision; none where it is none."""
        return [EffectBody(value) for value in self._list("effects") if isinstance(value, dict)]

    def _list(self, name: str) -> list[Any]:
        value = self.fields.get(name)
        return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]


class EffectBody(FactBody):
    """An effect of a decision."""

    __slots__ = ()

    @property
    def kind(self) -> str:
        return self.text("kind") or ""

    @property
    def why(self) -> str:
        return self.text("why") or ""

    @property
    def duty(self) -> str | None:
        return self.text("duty")

    @property
    def duty_rule(self) -> str:
        """The rule of the policy that laid the duty. Records of before have it in the duty's id alone:
        `first_report-gov_main`.
        """
        return self.text("duty_rule") or (self.duty or "").partition("-")[0]

    @property
    def unit(self) -> str | None:
        return self.text("unit")

    @property
    def person(self) -> str | None:
        return self.text("person")

    @property
    def task(self) -> str | None:
        return self.text("task")

    @property
    def cause(self) -> str | None:
        return self.text("cause")

    @property
    def case(self) -> str | None:
        """The other case it is about."""
        return self.text("case")

    @property
    def note(self) -> str | None:
        return self.text("note")

    @property
    def due(self) -> datetime | None:
        return self.at("due_at")

    @property
    def was(self) -> datetime | None:
        """The limit before it moved."""
        return self.at("was")

    @property
    def policy_line(self) -> str:
        rule = self.part("rule").fields
        return f"{rule.get('path')}:{rule.get('line')}" if rule else ""

    @property
    def late_by(self) -> float | None:
        return self.number("late_by_seconds")

    @property
    def excuses(self) -> tuple[str, ...]:
        """Records of before name the stand-in alone here, and the others where the lapse was referred."""
        stood_in = (Excuse.STOOD_IN.value,) if self.text("stood_in") else ()
        return self.texts("excuses") or stood_in

    @property
    def outage(self) -> Outage | None:
        value = self.fields.get("outage")
        try:
            return None if value is None else msgspec.convert(value, Outage)
        except msgspec.ValidationError:
            return None

    @property
    def is_by_recipient(self) -> bool:
        """The duty is owed to whoever must know of the report, and is done by their answer."""
        return self.why in _BY_RECIPIENT or self.kind == EffectKind.OWED_AGAIN

    @property
    def via(self) -> str | None:
        """Discharged: by which way. Records of before have it as a note."""
        return (self.text("via") or self.note) if self.kind == EffectKind.DISCHARGED else None

    @property
    def was_state(self) -> str | None:
        """Owed again: how the duty stood before. Records of before have it as a note."""
        return self.text("was_state") or self.note

    @property
    def measure(self) -> str | None:
        """Proposed or decided. Records of before have it as the reason, or before the colon of a note."""
        if self.kind == EffectKind.PROPOSED:
            return self.text("measure") or self.text("why")
        return self.text("measure") or (self.note or "").partition(":")[0] or None

    @property
    def approvals_needed(self) -> int | None:
        """Of a public notice. Records of before have `1/2` as a note, the first of them nothing."""
        needed = self.number("approvals_needed")
        noted = (self.note or "").partition("/")[2]
        return int(needed) if needed is not None else int(noted) if noted.isdecimal() else None


class DeliveryBody(FactBody):
    """What became of a message on a channel, in a `delivered` or `failed` fact."""

    __slots__ = ()

    @property
    def notice(self) -> str:
        return self.text("notice") or ""

    @property
    def channel(self) -> str:
        return self.text("channel") or ""

    @property
    def state(self) -> str | None:
        """How far it has come beyond the hand-over."""
        return self.text("state")


def deliveries_in(data: FactBody) -> list[DeliveryBody]:
    return [DeliveryBody(line.fields) for line in data.parts("deliveries")]


def notices_in(deliveries: FactBody) -> list[str]:
    """The messages that a `delivered` or `failed` fact is about."""
    return [notice for one in deliveries.parts("deliveries") if (notice := one.text("notice")) is not None]
