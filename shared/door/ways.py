"""What is declared of each route: whether strangers may use it, how large its body may be, in which lane it
is paced.

Invariant: a route that declares nothing is closed to strangers, takes a small body and is paced like all
others.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from fastapi import Request
from fastapi.routing import iter_route_contexts
from starlette.responses import Response
from starlette.routing import BaseRoute

from shared.problems import Problem

KB = 1024
MB = 1024 * KB
BODY_LIMIT = 256 * KB
_MARK = "__doorway__"
Endpoint = TypeVar("Endpoint", bound=Callable[..., object])


class Lane(StrEnum):
    """Requests of one lane are paced together, for each principal."""

    ORDINARY = "ordinary"
    REPORTS = "reports"
    """Reports of emergencies: whatever else somebody asked for, these still get in."""
    FILES = "files"
    """Uploads, which take much more than others."""


@dataclass(frozen=True)
class Doorway:
    is_open: bool = False
    """Open to strangers: no token is asked for before the handler."""
    body_limit: int = BODY_LIMIT
    """Bytes."""
    lane: Lane = Lane.ORDINARY


UNDECLARED = Doorway()


def doorway(
    *, is_open: bool = False, body_limit: int = BODY_LIMIT, lane: Lane = Lane.ORDINARY
) -> Callable[[Endpoint], Endpoint]:
    """Declares a route; stands between the router's decorator and the handler."""

    def declare(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _MARK, Doorway(is_open, body_limit, lane))
        return endpoint

    return declare


def declared(endpoint: object) -> Doorway:
    return getattr(endpoint, _MARK, UNDECLARED)


@dataclass(frozen=True)
class Way:
    """A route as the door sees it."""

    path: str
    """As declared, with the names of its parameters."""
    methods: frozenset[str]
    pattern: re.Pattern[str]
    doorway: Doorway
    refusal: Callable[[Request, Problem], Response] | None
    """The route's own method `refusal`, where it shows one in its own way; all others answer with a problem
    document.
    """


class Ways:
    """Every route of a service, in the order in which its router looks."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._ways = [_way(context) for context in iter_route_contexts(list(routes))]
        ends = [_end(way.path) for way in self._ways]
        self._open_ended = [way for way, end in zip(self._ways, ends, strict=True) if end is None]
        self._by_end = {
            ending: [way for way, end in zip(self._ways, ends, strict=True) if end in (None, ending)]
            for ending in ends
            if ending is not None
        }
        """The ways whose paths may end so, in order: two or three of the sixty of intake."""

    def find(self, method: str, path: str) -> Way | None:
        """The route that takes the request; else one that has the path but not the method; else None."""
        beside: Way | None = None
        for way in self._by_end.get(path[path.rfind("/") :], self._open_ended):
            if way.pattern.match(path):
                if method in way.methods:
                    return way
                beside = beside or way
        return beside


def _end(path: str) -> str | None:
    """What every path of this shape ends with, from its last slash; None where that is a parameter."""
    end = path[path.rfind("/") :]
    return None if "{" in end or "}" in end else end


def _way(context: Any) -> Way:
    """`context`: FastAPI's view of a route, which passes on what the route itself has."""
    return Way(
        path=str(context.path),
        methods=frozenset(context.methods or ()),
        pattern=context.path_regex,
        doorway=declared(context.endpoint),
        refusal=getattr(context.original_route, "refusal", None),
    )
