"""What people type for times, tasks and harm, made into what the API takes.

Invariant: what can't be read is said with how to write it: as a ValueError where it stands in a table, as the
end of the command with code 2 where it was an option.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from fenghuo.answers import Exit, fail
from fenghuo.speech import worded
from shared.acts.fields import FIELDS
from shared.facts import HARM
from shared.settings import Settings
from shared.vocabulary import Addressees

Read = TypeVar("Read")
TERM = re.compile(r"P(?=.)(\d+[YMWD])*(T(?=.)(\d+[HMS])+)?")
TASK_HELP = FIELDS["tasks"].help
HARM_HELP = "How many people and how much (yuan): deaths=3,missing=1,trapped=2,injuries=10,evacuated=200,loss=50000000."


def option(name: str, text: str, read: Callable[[str], Read]) -> Read:
    """What was typed for an option, read; ends the command where it can't be."""
    try:
        return read(text)
    except ValueError as error:
        what, _, remedy = str(error).partition(": ")
        fail(Exit.USAGE, f"{name} {text!r} {what}", remedy)


def moment(text: str) -> datetime:
    """A time; without an offset the operator's zone. Raises ValueError."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(
            worded("is not a time: write it as 2026-11-23T03:12 or 2026-11-23T03:12:00+08:00")
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=Settings().zone)


def moment_text(text: str) -> str:
    return moment(text).isoformat()


def task_form(text: str) -> dict[str, Any]:
    """`title@unit[,unit …][@term or time]` as a TaskForm. Raises ValueError."""
    parts = [part.strip() for part in text.rsplit("@", 2)]
    if len(parts) == 3 and not _is_limit(parts[2]):
        parts = [f"{parts[0]}@{parts[1]}", parts[2]]
    if len(parts) < 2 or not all(parts):
        raise ValueError(
            worded("names no unit: write it as 'title@unit@P3D'; see `fenghuo directory show units`")
        )
    form: dict[str, Any] = {"title": parts[0], **_to_whom(parts[1])}
    if len(parts) == 3:
        limit = parts[2]
        form |= {"within": limit} if TERM.fullmatch(limit) else {"due_at": moment_text(limit)}
    return form


def _to_whom(text: str) -> dict[str, Any]:
    """`unit`, `unit,unit`, or `every:unit`, `every:government`, `every:unit:<sector>`. Raises ValueError."""
    if text.startswith("every:"):
        every, _, sector = text.removeprefix("every:").partition(":")
        if every not in tuple(Addressees):
            raise ValueError(
                worded("names nobody: write every:unit, every:government, or every:unit:mine for a sector")
            )
        return {"every": every, **({"sector": sector} if sector else {})}
    units = [unit.strip() for unit in text.split(",") if unit.strip()]
    return {"unit": units[0]} if len(units) == 1 else {"units": units}


def _is_limit(text: str) -> bool:
    if TERM.fullmatch(text):
        return True
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def harm(text: str) -> dict[str, int]:
    """`deaths=3,loss=1000000`. Raises ValueError."""
    counts: dict[str, int] = {}
    for part in text.split(","):
        name, _, number = part.partition("=")
        if name.strip() not in HARM or not number.strip().isdigit():
            raise ValueError(
                worded(
                    "can't be read: write it as deaths=3,injuries=10,loss=50000000; leave out what is not known"
                )
            )
        counts[name.strip()] = int(number)
    return counts
