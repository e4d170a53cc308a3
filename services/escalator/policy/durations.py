"""Durations of fixed length, as ISO 8601 writes them: `PT30M`, `P1DT12H`.

Invariant: `parse_fixed(write_fixed(span)) == span`; a month, which has no fixed length, is refused.
"""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from shared.message import N_, said

_ISO = re.compile(
    r"^P(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?$"
)


def parse_fixed(text: str) -> timedelta:
    """`PT30M`, `P1DT12H`, `PT7.5S` → timedelta. Raises ValueError that shows how to write it."""
    match = _ISO.match(text)
    if not match or text in ("P", "PT") or text.endswith("T"):
        raise ValueError(
            said(
                N_("%(text)s is not a duration: write ISO 8601, such as PT30M (30 minutes), PT2H, P1D"),
                text=repr(text),
            )
        )
    if match["months"]:
        raise ValueError(
            said(
                N_("%(text)s has no fixed length: a month is 28 to 31 days; write days, such as P30D"),
                text=repr(text),
            )
        )
    part = {name: float(value) for name, value in match.groupdict().items() if value}
    return timedelta(
        weeks=part.get("weeks", 0),
        days=part.get("days", 0),
        hours=part.get("h", 0),
        minutes=part.get("m", 0),
        seconds=part.get("s", 0),
    )


def write_fixed(span: timedelta) -> str:
    """The shortest ISO 8601 text of `span`: the inverse of parse_fixed."""
    micros = span // timedelta(microseconds=1)
    days, micros = divmod(micros, 86_400_000_000)
    hours, micros = divmod(micros, 3_600_000_000)
    minutes, micros = divmod(micros, 60_000_000)
    seconds = f"{micros / 1_000_000:.6f}".rstrip("0").rstrip(".")
    time = (
        (f"{hours}H" if hours else "")
        + (f"{minutes}M" if minutes else "")
        + (f"{seconds}S" if micros else "")
    )
    date = f"{days}D" if days else ""
    return f"P{date}T{time}" if time else f"P{date}" if date else "PT0S"


def _fixed(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError(
            said(N_("%(value)s is not a duration: write ISO 8601, such as PT30M"), value=repr(value))
        )
    return parse_fixed(value)


PATTERN = r"^P(\d+W)?(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$"
Span = Annotated[
    timedelta,
    BeforeValidator(_fixed),
    PlainSerializer(write_fixed, return_type=str),
    WithJsonSchema({"type": "string", "pattern": PATTERN}),
]
"""A duration of fixed length."""
