"""Closed sets grow: what a newer version has added is not known here."""

from enum import StrEnum
from typing import TypeVar

Known = TypeVar("Known", bound=StrEnum)


def known(closed: type[Known], value: str | None) -> Known | None:
    """None for what a newer version has added."""
    try:
        return closed(value)
    except ValueError:
        return None
