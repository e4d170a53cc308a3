"""How a service lives: HTTP first, then the broker for as long as it takes, work, and on SIGTERM a clean end.

Invariant: `/healthz` answers from the first second, `/readyz` only while the service's streams, durables and stores answer,
and a stop lets the running handlers finish before the connection is drained.
"""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import nats.errors
import structlog
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from faststream.nats import NatsBroker
from nats.aio.client import Client
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, ProcessCollector, generate_latest

from shared import logs, problems
from shared.broker import Stopping, service_broker
from shared.settings import Settings

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Check = Callable[[], Awaitable[object]]
PORTS = {"intake": 8080, "escalator": 8081, "notifier": 8082, "audit": 8083}
GC_EVERY = 20_000
"""New objects between two collections of the youngest generation; a decision makes some thousand, nearly all freed by counting."""
CHECK_TIMEOUT = 3.0
"""Seconds a readiness check may take before it counts as failed."""


@dataclass
class Service:
    """What `app.py` of a service composes. `prepare` runs after each first connect and before the subscribers start."""

    name: str
    settings: Settings
    version: str = "0.1.0"
    checks: dict[str, Check] = field(default_factory=dict[str, Check])
    """What must answer; words that a check returns are shown behind its "ok"."""
    prepare: list[Callable[[], Awaitable[object]]] = field(default_factory=list[Callable[[], Awaitable[object]]])
    tasks: list[Callable[[], Coroutine[Any, Any, None]]] = field(default_factory=list[Callable[[], Coroutine[Any, Any, None]]])
    """Long-running work besides the subscribers; cancelled on stop; one that raises ends the process."""
    finish: list[Callable[[], Awaitable[object]]] = field(default_factory=list[Callable[[], Awaitable[object]]])

    def __post_init__(self) -> None:
        self.stopping = Stopping()
        self.broker: NatsBroker = service_broker(self.settings, self.name, self.stopping)
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.ready = Gauge("fenghuo_ready", "1 while the service's streams, durables and stores answer, else 0.", registry=self.registry)
        self.started = False
        self.app = FastAPI(title=f"Fenghuo {self.name}", version=self.version, docs_url=None, redoc_url=None, lifespan=self._lifespan)
        problems.install(self.app)
        self._routes()
        self.checks["broker"] = self._broker_answers

    @property
    def port(self) -> int:
        return self.settings.http_port or PORTS[self.name]

    @property
    def url(self) -> str:
        """How people reach it: for links in messages."""
        return self.settings.public_url or f"http://{self.settings.http_host}:{self.port}"

    @property
    def connection(self) -> Client:
        return self.broker.connection

    async def _broker_answers(self) -> None:
        if not self.started:
            raise RuntimeError("not connected to the broker yet")
        await self.connection.flush(timeout=2)

    def _lifespan(self, _: FastAPI) -> AbstractAsyncContextManager[None]:
        @asynccontextmanager
        async def life() -> AsyncIterator[None]:
            bring_up = asyncio.create_task(self._bring_up(), name=f"{self.name}-bring-up")
            bring_up.add_done_callback(_end_process_on_failure)
            log.info("started", url=self.url, environment=self.settings.environment)
            try:
                yield
            finally:
                log.info("stopping")
                self.stopping.wanted = True
                bring_up.remove_done_callback(_end_process_on_failure)
                bring_up.cancel()
                await asyncio.gather(bring_up, return_exceptions=True)
                if self.started:
                    await self.broker.stop()
                for step in self.finish:
                    await step()
                log.info("stopped")

        return life()

    async def _bring_up(self) -> None:
        while True:
            try:
                await self.broker.connect()
                break
            except (OSError, nats.errors.Error) as error:
                log.warning("broker_unreachable", url=self.settings.nats_url, error=str(error) or type(error).__name__)
                await asyncio.sleep(0.5)
        while True:
            try:
                for step in self.prepare:
                    await step()
                await self.broker.start()
                break
            except (nats.errors.Error, OSError) as error:
                log.warning("not_ready_yet", error=str(error) or type(error).__name__, next="is `fenghuo bootstrap` done? trying again")
                await asyncio.sleep(0.5)
        self.started = True
        log.info("working")
        async with asyncio.TaskGroup() as group:
            for task in self.tasks:
                group.create_task(task())

    async def _readiness(self) -> tuple[bool, dict[str, str]]:
        """Whether all checks pass, and what each said."""
        report = dict(zip(self.checks, await asyncio.gather(*map(_outcome, self.checks.values())), strict=True))
        return self.started and all(outcome.partition(":")[0] == "ok" for outcome in report.values()), report

    def _routes(self) -> None:
        @self.app.get("/healthz", include_in_schema=False)
        async def healthz() -> PlainTextResponse:  # pyright: ignore[reportUnusedFunction]
            return PlainTextResponse("alive\n")

        @self.app.get("/readyz", include_in_schema=False)
        async def readyz() -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
            ready, report = await self._readiness()
            return JSONResponse({"ready": ready, "checks": report}, 200 if ready else 503)

        @self.app.get("/metrics", include_in_schema=False)
        async def metrics(_: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
            self.ready.set((await self._readiness())[0])
            return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        logs.configure(self.name, self.settings.log_format)
        for wanted in (signal.SIGTERM, signal.SIGINT):
            # uvicorn raises the signal again when it is done; a clean stop ends with code 0.
            signal.signal(wanted, _leave)
        # What start-up has made stays: the collector need not look at it again, nor at every few hundred short-lived facts.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_EVERY, 20, 50)
        uvicorn.run(
            self.app,
            host=self.settings.http_host,
            port=self.port,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )


def _leave(_: int, __: FrameType | None) -> None:
    raise SystemExit(0)


async def _outcome(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT):
            said = await check()
    except Exception as error:  # a check may fail in any way; that is what it is for
        return f"{type(error).__name__}: {error}".rstrip(": ")
    return f"ok: {said}" if isinstance(said, str) and said else "ok"


def _end_process_on_failure(task: asyncio.Task[None]) -> None:
    """Work that has ended by an error leaves a service that looks alive: end it, the supervisor starts it again."""
    if task.cancelled() or task.exception() is None:
        return
    log.critical("work_failed", exc_info=task.exception())
    raise SystemExit(1)
