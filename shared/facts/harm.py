"""Harm: how many people and how much money an event has cost so far, as the last who knew have said.

Invariant: the six counts are the same everywhere: in a report, in an act, on the case, in a message. A count
that an act leaves out stays as it was.
"""

from typing import Annotated

from pydantic import Field

from shared.facts.bounds import Frozen, between
from shared.facts.value import Value

People = Annotated[int, Field(ge=0), between(0, 10_000_000)]
Yuan = Annotated[int, Field(ge=0), between(0, 10**13)]


class Harm(Frozen):
    """What a report says of it; deaths, serious injuries and loss grade an accident (DOMAIN.md)."""

    deaths: People = 0
    missing: People = 0
    trapped: People = 0
    injuries: People = 0
    """Seriously injured."""
    evacuated: People = 0
    loss: Yuan = 0
    """Direct loss in yuan."""


class HarmCount(Value, frozen=True, kw_only=True):
    """The same as a case and a message have it."""

    deaths: int = 0
    missing: int = 0
    trapped: int = 0
    injuries: int = 0
    evacuated: int = 0
    loss: int = 0


HARM = tuple(Harm.model_fields)
"""In the order in which they are said."""
