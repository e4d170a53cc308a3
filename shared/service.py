"""How a service lives: HTTP first, then the broker for as long as it takes, work, and on SIGTERM a clean end.

Invariant: `/healthz` answers from the first second, `/readyz` only while the service's queues move and the
broker stores what it writes, and a stop lets the running handlers finish before the connection is drained.
"""

import asyncio
import gc
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import nats.errors
import structlog
from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from faststream.exceptions import IncorrectState
from faststream.nats import NatsBroker
from nats.aio.client import Client
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, ProcessCollector, generate_latest
from starlette.routing import Route

from shared import logs, openapi, problems, serving
from shared.broker.connection import Stopping, service_broker
from shared.broker.forever import until_done
from shared.clock_skew import ClockSkew
from shared.concurrent import run_all
from shared.door import doorway
from shared.door.compression import Compression
from shared.door.door import Door, Doorkeeper
from shared.lights import Lights
from shared.lined_yaml import YamlFault
from shared.private_files import keep_private
from shared.secrets import INSTALLATION_HEADER, installation_of
from shared.settings import Settings
from shared.tokens import Gate
from shared.unavailable import UnavailableError
from shared.version import __version__

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Check = Callable[[], Awaitable[object]]
PORTS = {"intake": 8080, "escalator": 8081, "notifier": 8082, "audit": 8083}
GC_EVERY = 20_000
"""New objects between two collections of the youngest generation; a decision makes some thousand, nearly all
freed by counting.
"""
FAILED, REFUSED = 1, 2
"""How the process ends where its work has failed, and where it can't follow a file of the operator."""
END_WITHIN = 20.0
"""Seconds for the last handlers, and for what else a service ends with."""
CANCELLED_AGAIN_AFTER = 1.0
CHECK_TIMEOUT = 3.0
"""Seconds a readiness check may take before it counts as failed."""


@dataclass
class Service:
    """What `app.py` of a service composes. `prepare` runs after each first connect and before the subscribers
    start.
    """

    name: str
    settings: Settings
    checks: dict[str, Check] = field(default_factory=dict[str, Check])
    """What must answer; words that a check returns are shown behind its "ok"."""
    answers: Mapping[int, str] = field(default_factory=dict[int, str])
    """What any route of it may answer besides what those of all services do: for its OpenAPI document."""
    prepare: list[Callable[[], Awaitable[object]]] = field(
        default_factory=list[Callable[[], Awaitable[object]]]
    )
    tasks: list[Callable[[], Coroutine[Any, Any, None]]] = field(
        default_factory=list[Callable[[], Coroutine[Any, Any, None]]]
    )
    """Long-running work besides the subscribers; cancelled on stop; one that raises ends the process."""
    finish: list[Callable[[], Awaitable[object]]] = field(
        default_factory=list[Callable[[], Awaitable[object]]]
    )

    def __post_init__(self) -> None:
        self.stopping = Stopping()
        self.registry = CollectorRegistry()
        self.broker: NatsBroker = service_broker(self.settings, self.name, self.stopping, self.registry)
        ProcessCollector(registry=self.registry)
        self.ready = Gauge(
            "fenghuo_ready", "1 while every check of the service passes, else 0.", registry=self.registry
        )
        self.passes = Gauge(
            "fenghuo_check_passes",
            "1 while this check of the service passes, else 0.",
            ["check"],
            registry=self.registry,
        )
        self.skew = ClockSkew(self.registry)
        self.lights = Lights(
            self.name, lambda: self.connection, self.settings.monitors, self.skew, self._dark
        )
        self.started = False
        self._ends_with = 0
        self.app = FastAPI(
            title=f"Fenghuo {self.name}",
            version=__version__,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            lifespan=self._lifespan,
        )
        problems.install(self.app, (nats.errors.Error, TimeoutError))
        openapi.install(self.app, self.answers)
        self.door = Doorkeeper.of(self.settings, self.registry, lambda: self.app.routes)
        self.app.add_middleware(Door, keeper=self.door)
        self.app.add_middleware(Compression)
        self.internal = self.app if not self.settings.internal_port else FastAPI(openapi_url=None)
        self._routes()
        self.checks |= {
            "broker": self._broker_answers,
            "storage": self.lights.check,
            "clocks": self.skew.check,
        }
        self.tasks.append(self.lights.run)

    @property
    def port(self) -> int:
        return self.settings.http_port or PORTS[self.name]

    @property
    def url(self) -> str:
        """How people reach it: for links in messages."""
        return self.settings.public_url or f"http://{self.settings.http_host}:{self.port}"

    def guarded_by(self, gate: Gate) -> Gate:
        """The gate that the door asks who comes; given back."""
        self.door.gate = gate
        return gate

    @property
    def connection(self) -> Client:
        """Raises UnavailableError before the first connect."""
        try:
            return self.broker.connection
        except IncorrectState as error:
            raise UnavailableError("not connected to the broker yet") from error

    async def _broker_answers(self) -> None:
        if not self.started:
            raise RuntimeError("not connected to the broker yet")
        await self.connection.flush(timeout=2)

    def _lifespan(self, _: FastAPI) -> AbstractAsyncContextManager[None]:
        @asynccontextmanager
        async def life() -> AsyncIterator[None]:
            assert self.door.gate is not None, "a service has a gate: guarded_by"
            bring_up = asyncio.create_task(self._bring_up(), name=f"{self.name}-bring-up")
            bring_up.add_done_callback(self._end_on_failure)
            log.info("started", url=self.url, environment=self.settings.environment)
            try:
                yield
            finally:
                log.info("stopping")
                self.stopping.wanted = True
                bring_up.remove_done_callback(self._end_on_failure)
                while not bring_up.done():
                    # One cancellation may be swallowed by what is just connecting.
                    bring_up.cancel()
                    await asyncio.wait((bring_up,), timeout=CANCELLED_AGAIN_AFTER)
                await asyncio.gather(bring_up, return_exceptions=True)
                async with asyncio.timeout(END_WITHIN):
                    if self.started:
                        await self.broker.stop()
                    for step in self.finish:
                        await step()
                log.info("stopped")

        return life()

    async def _bring_up(self) -> None:
        await until_done(self.broker.connect, "broker_unreachable", url=self.settings.nats_url)
        await until_done(self._start_subscribers, "not_ready_yet", next="is `fenghuo bootstrap` done?")
        self.started = True
        log.info("working")
        await run_all(*(task() for task in self.tasks))

    async def _start_subscribers(self) -> None:
        for step in self.prepare:
            await step()
        await self.broker.start()

    def _end_on_failure(self, work: asyncio.Task[None]) -> None:
        """Work that has ended by an error leaves a service that looks alive: it stops as on SIGTERM, and the
        supervisor starts it again.
        """
        if work.cancelled() or (error := work.exception()) is None:
            return
        if isinstance(error, YamlFault):
            print(error, file=sys.stderr)  # noqa: T201 - words for whoever wrote the file
            self._ends_with = REFUSED
        else:
            log.critical("work_failed", exc_info=error)
            self._ends_with = FAILED
        signal.raise_signal(signal.SIGTERM)

    async def _readiness(self) -> tuple[bool, dict[str, str]]:
        """Whether all checks pass, and what each said."""
        report = dict(
            zip(self.checks, await asyncio.gather(*map(_outcome, self.checks.values())), strict=True)
        )
        for check, outcome in report.items():
            self.passes.labels(check).set(passed(outcome))
        return self.started and all(map(passed, report.values())), report

    async def _dark(self) -> dict[str, str]:
        """The checks that fail, but for the one this is asked for."""
        _, report = await self._readiness()
        return {
            check: outcome for check, outcome in report.items() if check != "storage" and not passed(outcome)
        }

    def _routes(self) -> None:
        """Health for whoever starts and stops the process; readiness and metrics for those inside alone,
        where they have a port.
        """

        known_as = installation_of(self.settings.secrets)
        installation = {INSTALLATION_HEADER: known_as} if known_as else None

        @doorway(is_open=True)
        async def healthz() -> PlainTextResponse:
            return PlainTextResponse("alive\n", headers=installation)

        @doorway(is_open=True)
        async def readyz() -> JSONResponse:
            ready, report = await self._readiness()
            return JSONResponse({"ready": ready, "checks": report}, 200 if ready else 503)

        @doorway(is_open=True)
        async def metrics() -> Response:
            self.ready.set((await self._readiness())[0])
            return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)

        self.app.add_api_route("/healthz", healthz, include_in_schema=False)
        self.internal.add_api_route("/readyz", readyz, include_in_schema=False)
        self.internal.add_api_route("/metrics", metrics, include_in_schema=False)
        if self.internal is not self.app:
            self.internal.add_api_route("/healthz", healthz, include_in_schema=False)
        for route in self.app.routes:
            if isinstance(route, Route) and route.path == self.app.openapi_url:
                doorway(is_open=True)(route.endpoint)

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT. Ends with 0; with FAILED where its work has failed, with REFUSED
        where a file of the operator can't be followed.
        """
        logs.configure(self.name, self.settings.log_format)
        keep_private()
        # What start-up has made stays: the collector need not look at it again, nor at every few hundred
        # short-lived facts.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_EVERY, 20, 50)
        internal = self.internal if self.settings.internal_port else None
        try:
            serving.run(
                self.app, self.settings.http_host, self.port, settings=self.settings, internal=internal
            )
        finally:
            if self._ends_with:
                raise SystemExit(self._ends_with)


async def _outcome(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT):
            said = await check()
    except Exception as error:  # a check may fail in any way; that is what it is for
        return f"{type(error).__name__}: {error}".rstrip(": ")
    return f"ok: {said}" if isinstance(said, str) and said else "ok"


def passed(outcome: str) -> bool:
    return outcome.partition(":")[0] == "ok"
