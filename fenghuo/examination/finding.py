"""What a look at an installation gives: findings in words, each with what to do about it."""

import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from fenghuo.places import nats_url, secrets_folder
from fenghuo.speech import worded
from shared.settings import Settings

SKEW_LIMIT = 2.0
"""Seconds by which two clocks of one installation may differ before in time and late become a matter of whose
clock.
"""


class Grade(StrEnum):
    WELL = "well"
    NOTE = "note"
    FAULT = "fault"
    AWAY = "away"


@dataclass(frozen=True)
class Finding:
    what: str
    grade: Grade
    words: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        return {name: str(value) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Patient:
    """The installation this data folder, this environment and these addresses describe."""

    settings: Settings
    addresses: dict[str, str]

    @property
    def secrets(self) -> Path:
        return secrets_folder(self.settings)

    @property
    def nats_url(self) -> str:
        return nats_url(self.settings)

    @property
    def monitors(self) -> tuple[str, ...]:
        return self.settings.monitors or tuple(filter(None, [self.addresses.get("monitor")]))

    @property
    def mongo_url(self) -> str:
        here = "mongodb://127.0.0.1:27017/?directConnection=true"
        return os.environ.get("FENGHUO_MONGO_URL") or self.addresses.get("mongo", here)


def skew(clock: str, stamp: Any, ours: float) -> list[Finding]:
    if not isinstance(stamp, str):
        return []
    theirs = datetime.fromisoformat(stamp.replace("Z", "+00:00")).astimezone(UTC).timestamp()
    off = theirs - ours
    if abs(off) > SKEW_LIMIT:
        words = worded(
            "%(abs)s s %(value)s this machine's",
            abs=f"{abs(off):.1f}",
            value=worded("ahead of") if off > 0 else worded("behind"),
        )
        return [
            Finding(
                clock,
                Grade.FAULT,
                words,
                worded("set both by the same time server (NTP): the broker's clock decides in time or late"),
            )
        ]
    return [
        Finding(clock, Grade.WELL, worded("%(abs)s ms from this machine's", abs=f"{abs(off) * 1000:.0f}"))
    ]
