"""The witness over HTTP: `add-checkpoint` for logs, the last cosigned checkpoint for anyone, health and
metrics for its keeper.

Invariant: nobody has to say who they are: a checkpoint proves itself, and all that is read here is public.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from fenghuo.witness.following import LogFollower
from fenghuo.witness.request import BODY_LIMIT
from fenghuo.witness.witnessing import Witnessing
from shared import problems
from shared.door import doorway
from shared.door.door import Door, Doorkeeper
from shared.settings import Settings


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.size = Gauge(
            "fenghuo_witness_records",
            "Records of the last checkpoint cosigned.",
            ["log"],
            registry=self.registry,
        )
        self.time = Gauge(
            "fenghuo_witness_cosigned_timestamp_seconds",
            "When the last checkpoint was cosigned.",
            ["log"],
            registry=self.registry,
        )
        self.quiet = Gauge(
            "fenghuo_witness_quiet",
            "1 while the log shows no new checkpoint for too long.",
            ["log"],
            registry=self.registry,
        )
        self.evidence = Gauge(
            "fenghuo_witness_evidence",
            "Unsettled pieces of evidence that a log misbehaved.",
            registry=self.registry,
        )
        self.asked = Counter(
            "fenghuo_witness_requests",
            "add-checkpoint requests by status.",
            ["status"],
            registry=self.registry,
        )


def routes(witnessing: Witnessing, followers: Mapping[str, LogFollower], metrics: Metrics) -> Sequence[Route]:
    @doorway(is_open=True, body_limit=BODY_LIMIT)
    async def add_checkpoint(request: Request) -> Response:
        try:
            answer = witnessing.add_checkpoint(await request.body())
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        metrics.asked.labels(str(int(answer.status))).inc()
        # Plain `content-type`: Starlette would put a charset behind text types.
        return Response(answer.body.encode(), answer.status, headers={"Content-Type": answer.kind})

    async def checkpoint(request: Request) -> Response:
        known = next(
            (log for log in witnessing.logs.values() if log.short == request.path_params["short"]), None
        )
        cosigned = witnessing.cosigned(known) if known else None
        if cosigned is None:
            return PlainTextResponse("no checkpoint of such a log was cosigned here\n", HTTPStatus.NOT_FOUND)
        return PlainTextResponse(cosigned, headers={"Cache-Control": "no-cache"})

    async def logs(_: Request) -> Response:
        lines = [
            f"{log.short} {witnessing.last_head(log).size} {log.origin}\n" for log in witnessing.logs.values()
        ]
        return PlainTextResponse("".join(lines))

    async def vkey(_: Request) -> Response:
        return PlainTextResponse(witnessing.key.vkey + "\n")

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def show_metrics(_: Request) -> Response:
        for origin, followed in witnessing.logs.items():
            seen = witnessing.last_head(followed)
            metrics.size.labels(origin).set(seen.size)
            metrics.time.labels(origin).set(seen.time)
            metrics.quiet.labels(origin).set(followers[origin].is_quiet)
        metrics.evidence.set(len(witnessing.evidence.files()))
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
        Route("/logs", logs),
        Route("/logs/{short}/checkpoint", checkpoint),
        Route("/vkey", vkey),
        Route("/healthz", healthz),
        Route("/metrics", show_metrics),
    ]


def application(
    witnessing: Witnessing,
    followers: Mapping[str, LogFollower],
    metrics: Metrics,
    life: Callable[[Starlette], AbstractAsyncContextManager[None]],
    settings: Settings,
) -> Starlette:
    known = list(routes(witnessing, followers, metrics))
    door = Middleware(Door, keeper=Doorkeeper.of(settings, metrics.registry, lambda: known))
    app = Starlette(routes=known, lifespan=life, middleware=[door])
    problems.install(app)
    return app
