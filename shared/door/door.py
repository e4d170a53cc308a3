"""What every request passes, in this order: who asks, how often, what body comes along; and what every answer
carries.

Invariant: not a byte of a body is read for a request that may not make it: who is nobody is refused before
the handler runs, and a handler asks for the role (`gate.admit`) before it reads. Whatever is refused here or
there is counted in one place.
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from fastapi import Request
from prometheus_client import CollectorRegistry
from starlette.responses import Response
from starlette.routing import BaseRoute

from shared.door.body import LEFTOVER, STRANGERS_LEFTOVER, RequestBody, too_large
from shared.door.pace import Allowance, RequestPace
from shared.door.refusals import REFUSALS, RefusedRequest, RequestRefusals
from shared.door.ways import Lane, Way, Ways
from shared.message import N_
from shared.problems import HEADERS, Problem
from shared.settings import Settings
from shared.tokens import Gate, Principal, look_again

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Any]

AT_ONCE = 200
"""Requests of one principal that are answered at the same time, open streams among them; reports are not
counted.
"""
TOO_MANY_REQUESTS = N_("Too many requests")
TOO_MANY = N_("Too many requests came from you in a short time: wait a moment and send it again.")
TOO_MANY_AT_ONCE = N_(
    "Too many of your requests are being answered at this moment: wait for some of them, or close some pages."
)
COMPRESSED = N_("Compressed bodies are not taken")
SEND_IT_PLAIN = N_("Send the body as it is, without Content-Encoding.")
_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
_ERROR = 400


@dataclass
class Doorkeeper:
    """What the door of one service knows. Without a gate every way is open (the witness)."""

    routes: Callable[[], Iterable[BaseRoute]]
    paces: dict[Lane, RequestPace]
    strangers: RequestPace
    """By address: who shows no token, or asks for what is open to all."""
    refusals: RequestRefusals
    now: Callable[[], float]
    """Seconds of a steady clock."""
    gate: Gate | None = None
    reports_patience: float = 0.0
    """Seconds that a report may wait for its turn."""
    at_work: Counter[str] = field(default_factory=Counter[str])
    """Requests under way, by principal."""

    @classmethod
    def of(
        cls, settings: Settings, registry: CollectorRegistry, routes: Callable[[], Iterable[BaseRoute]]
    ) -> "Doorkeeper":
        paces = {
            Lane.ORDINARY: Allowance(settings.requests_per_second, settings.requests_at_once),
            Lane.REPORTS: Allowance(settings.reports_per_second, settings.reports_at_once),
            Lane.FILES: Allowance(settings.files_per_second, settings.files_at_once),
        }
        return cls(
            routes=routes,
            paces={lane: RequestPace(allowance) for lane, allowance in paces.items()},
            strangers=RequestPace(Allowance(settings.strangers_per_second, settings.strangers_at_once)),
            refusals=RequestRefusals(registry, time.monotonic, lambda: datetime.now(UTC)),
            now=time.monotonic,
            reports_patience=settings.reports_patience,
        )

    @cached_property
    def ways(self) -> Ways:
        """Made at the first request, when all routers are included."""
        return Ways(self.routes())


class Door:
    """ASGI middleware."""

    def __init__(self, app: App, keeper: Doorkeeper) -> None:
        self._app, self._keeper = app, keeper

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visit = _Visit(self._keeper, scope, receive, send)
        try:
            counted = visit.enter()
        except Problem as problem:
            await visit.refuse(problem)
            return
        if visit.waits:
            # Somebody's many reports wait for one another, and nobody else's wait for them.
            await asyncio.sleep(visit.waits)
            look_again(scope)
        at_work = self._keeper.at_work
        if counted is not None:
            at_work[counted] += 1
        try:
            await self._app(scope, visit.receive, visit.send)
        finally:
            if counted is not None:
                at_work[counted] -= 1
                if not at_work[counted]:
                    del at_work[counted]


class _Visit:
    """One request on its way in, and its answer on the way out."""

    def __init__(self, keeper: Doorkeeper, scope: Scope, receive: Any, send: Any) -> None:
        self._keeper, self._scope, self._send = keeper, scope, send
        self.way: Way | None = keeper.ways.find(scope["method"], scope["path"])
        self._who: Principal | None = None
        self.waits = 0.0
        """Seconds until its turn."""
        self._announced = 0
        """Bytes of the body that its head announces; -1: they come without a number."""
        self._encoded = False
        for name, value in scope["headers"]:
            if name == b"content-length":
                self._announced = int(value)
            elif name == b"transfer-encoding":
                self._announced = -1
            elif name == b"content-encoding":
                self._encoded = value.lower() not in (b"", b"identity")
        self._limit = self.way.doorway.body_limit if self.way else 0
        self._body = RequestBody(receive, self._limit) if self._announced else None
        self.receive = self._body.receive if self._body else receive
        self._closing = self._replaced = False

    def enter(self) -> str | None:
        """Whose request it is, where those under way are counted. Raises Problem where it may not come in."""
        way, keeper = self.way, self._keeper
        if way is None or way.doorway.is_open or keeper.gate is None:
            self._take_turn(keeper.strangers, self._address)
            counted = None
        else:
            counted = self._enter_closed(keeper.gate, way.doorway.lane)
        if self._encoded and self._announced:
            raise Problem(415, COMPRESSED, SEND_IT_PLAIN, headers={"Accept-Encoding": "identity"})
        if way is not None and self._announced > self._limit:
            raise too_large(self._limit)
        return counted

    def _enter_closed(self, gate: Gate, lane: Lane) -> str | None:
        keeper = self._keeper
        try:
            self._who = gate.someone(Request(self._scope))
        except Problem:
            self._take_turn(keeper.strangers, self._address)
            raise
        caller = self._who.subject
        if lane is Lane.REPORTS:
            self._take_turn(keeper.paces[lane], caller, keeper.reports_patience)
            return None
        self._take_turn(keeper.paces[lane], caller)
        if keeper.at_work[caller] >= AT_ONCE:
            raise Problem(429, TOO_MANY_REQUESTS, TOO_MANY_AT_ONCE, headers={"Retry-After": "5"})
        return caller

    def _take_turn(self, pace: RequestPace, key: str, patience: float = 0.0) -> None:
        """Raises Problem 429 where the turn comes later than in `patience` seconds."""
        wait = pace.wait(key, self._keeper.now(), patience)
        if wait > patience:
            raise Problem(
                429, TOO_MANY_REQUESTS, TOO_MANY, headers={"Retry-After": str(math.ceil(wait - patience))}
            )
        self.waits = wait

    @property
    def _address(self) -> str:
        client = self._scope.get("client")
        return client[0] if client else "unknown"

    async def refuse(self, problem: Problem) -> None:
        """Answer instead of the application, in the route's own way where it has one."""
        await self._response(problem)(self._scope, self.receive, self._answer)

    def _response(self, problem: Problem) -> Response:
        if self.way is not None and self.way.refusal is not None:
            return self.way.refusal(Request(self._scope), problem)
        return problem.response(Request(self._scope))

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """What the application answers."""
        if self._replaced:
            return
        refused = self._body.refused if self._body else None
        if (
            refused is not None
            and message["type"] == "http.response.start"
            and message["status"] != refused.status
        ):
            # The application took the end of the body for something else, and would say so.
            self._replaced = True
            await self.refuse(refused)
            return
        await self._answer(message)

    async def _answer(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._start(message)
        elif self._closing and not message.get("more_body"):
            await self._close(message)
            return
        await self._send(message)

    def _start(self, message: MutableMapping[str, Any]) -> None:
        status: int = message["status"]
        if status in REFUSALS:
            self._note(status)
        headers = message["headers"] = list(message.get("headers", ()))
        names = {name for name, _ in headers}
        is_private = status >= _ERROR or not (self.way and self.way.doorway.is_open)
        headers.extend(
            pair
            for pair in _RAW_HEADERS
            if pair[0] not in names and (is_private or pair[0] != b"cache-control")
        )
        if self._body is not None and not self._body.is_whole:
            # What was not read is not waited for.
            self._closing = True
            headers.append((b"connection", b"close"))

    async def _close(self, message: MutableMapping[str, Any]) -> None:
        assert self._body is not None
        await self._send({**message, "more_body": True})
        await self._body.throw_away(LEFTOVER if self._who else STRANGERS_LEFTOVER)
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _note(self, status: int) -> None:
        who = self._who or self._scope.get("state", {}).get("principal")
        route = f"{self._scope['method']} {self.way.path if self.way else '(no such path)'}"
        self._keeper.refusals.note(
            RefusedRequest(status, route, who.subject if who else self._address, who is not None)
        )
