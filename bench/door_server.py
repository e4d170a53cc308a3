"""One small service with the door in front of it, or without: what `python -m bench door` asks.

Invariant: both answer alike and have as many routes as intake; only the door, and the bounds of the server's
connections, are apart.
`python -m bench.door_server with|without PORT`, the token's public key on the standard input.
"""

import sys
import time
from datetime import UTC, datetime

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry

from shared import problems
from shared.door.connections import bounded
from shared.door.door import Door, Doorkeeper
from shared.door.pace import Allowance, RequestPace
from shared.door.refusals import RequestRefusals
from shared.door.ways import Lane
from shared.tokens import Claims, Gate, Principal
from shared.vocabulary import Role

ROUTES = 60
"""As many as intake has."""
UNPACED = Allowance(1e9, 1_000_000_000)


def application(key: Ed25519PublicKey, *, door: bool) -> FastAPI:
    def as_it_says(claims: Claims) -> Principal:
        return claims.principal

    gate, app, router = (
        Gate(key, as_it_says),
        FastAPI(openapi_url=None),
        APIRouter(prefix="/api/v1/cases/{case}"),
    )

    async def act(request: Request, case: str) -> Response:
        gate.admit(request, Role.DUTY_OFFICER)
        body = await request.body()
        return Response(f'{{"case":"{case}","bytes":{len(body)}}}', media_type="application/json")

    for number in range(ROUTES):
        router.add_api_route(f"/act-{number}", act, methods=["POST"])
    app.include_router(router)
    problems.install(app)
    if door:
        keeper = Doorkeeper(
            routes=lambda: app.routes,
            paces={lane: RequestPace(UNPACED) for lane in Lane},
            strangers=RequestPace(UNPACED),
            refusals=RequestRefusals(CollectorRegistry(), time.monotonic, lambda: datetime.now(UTC)),
            now=time.monotonic,
            gate=gate,
        )
        app.add_middleware(Door, keeper=keeper)
    return app


def main() -> None:
    which, port = sys.argv[1:]
    key = load_pem_public_key(sys.stdin.buffer.read())
    assert isinstance(key, Ed25519PublicKey)
    has_door = which == "with"
    uvicorn.run(
        application(key, door=has_door),
        host="127.0.0.1",
        port=int(port),
        loop="uvloop",
        http=bounded(1000) if has_door else "httptools",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
