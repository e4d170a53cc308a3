"""Ways to reach a person, as they may be shown: enough to recognise, not enough to ring. Pure."""

import re

from shared.directory.people import Person

TELEPHONE = re.compile(r"\+?[0-9][0-9 ()/.-]{2,38}")
"""A telephone number as people write it."""


def masked(address: str) -> str:
    """`…0101`, `z…@wangfeng.example`."""
    name, at, domain = address.rpartition("@")
    if at:
        return f"{name[:1]}…@{domain}"
    return f"…{address[-4:]}" if len(address) > 6 else "…"


def telephone_of(person: Person) -> str | None:
    """The first number of theirs, in the order in which they are tried."""
    return next(
        (channel.address for channel in person.channels if TELEPHONE.fullmatch(channel.address)), None
    )


def is_theirs(person: Person, number: str) -> bool:
    """Whether the directory has this number for them, however it is written."""
    return any(
        TELEPHONE.fullmatch(channel.address) and _digits(channel.address) == _digits(number)
        for channel in person.channels
    )


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)
