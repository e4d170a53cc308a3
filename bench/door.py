"""What the door costs a request: the same application with it and without, called in one process, and asked
over HTTP in turns. Goal: ≤ 0.15 ms a request. The route asked is the last of sixty; the request has a token
and a body of 1 KB.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench.door_server import ROUTES, application
from bench.rig import quantile
from fenghuo import embedded
from services.notifier.posting import Poster
from shared.tokens import Principal, issue
from shared.vocabulary import Role
from tests.lab import until

ROUNDS, CALLS = 60, 200
PAIRS = 4_000
BODY = b"x" * 1024
PATH = f"/api/v1/cases/01M84XNYBGESSWT7G2KGA91CAY/act-{ROUTES - 1}"


async def run() -> dict[str, object]:
    key = Ed25519PrivateKey.generate()
    who = Principal(subject="bench", role=Role.DUTY_OFFICER)
    token = issue(key, who, now=datetime.now(UTC), lasts=timedelta(hours=1))
    inside = await _in_process(key, token)
    over = await _over_http(key, token)
    return inside | over


async def _in_process(key: Ed25519PrivateKey, token: str) -> dict[str, object]:
    """CPU time of this thread, in turns of some hundred calls: what else the machine does is not counted."""
    apps = {door: application(key.public_key(), door=door) for door in (True, False)}
    headers = [
        (b"host", b"x"),
        (b"authorization", f"Bearer {token}".encode()),
        (b"content-length", str(len(BODY)).encode()),
    ]
    spent: dict[bool, list[float]] = {True: [], False: []}

    async def call(app: Any) -> None:
        scope: MutableMapping[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": PATH,
            "raw_path": PATH.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 1),
            "state": {},
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": BODY, "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            assert message.get("status", 200) == 200

        await app(scope, receive, send)

    for app in apps.values():
        await call(app)
    for _ in range(ROUNDS):
        for door, app in apps.items():
            began = time.thread_time()
            for _ in range(CALLS):
                await call(app)
            spent[door].append((time.thread_time() - began) / CALLS * 1e6)
    with_it, without = median(spent[True]), median(spent[False])
    return {
        "in process, CPU µs: without, with, the door": (
            round(without),
            round(with_it),
            round(with_it - without, 1),
        )
    }


async def _over_http(key: Ed25519PrivateKey, token: str) -> dict[str, object]:
    """One request to each in turns, so that both meet the same machine."""
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    ports = {door: embedded.free_port() for door in (True, False)}
    servers = [  # they are started once, before anything is measured
        subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-m", "bench.door_server", "with" if door else "without", str(port)],
            stdin=subprocess.PIPE,
        )
        for door, port in ports.items()
    ]
    try:
        for server in servers:
            assert server.stdin
            server.stdin.write(pem)
            server.stdin.close()
        posters = {
            door: Poster(f"http://127.0.0.1:{port}{PATH}", at_once=1, private=True)
            for door, port in ports.items()
        }
        headers = {"Authorization": f"Bearer {token}"}
        for port in ports.values():
            await until(lambda port=port: _listens(port), seconds=30, what="the server listens")
        took: dict[bool, list[float]] = {True: [], False: []}
        for number in range(PAIRS + 200):
            for door in (True, False) if number % 2 else (False, True):
                began = time.perf_counter()
                answer = await posters[door].post(BODY, headers, timeout=10)
                assert answer.status == 200, answer
                if number >= 200:
                    took[door].append((time.perf_counter() - began) * 1000)
        apart = [one - other for one, other in zip(took[True], took[False], strict=True)]
        for poster in posters.values():
            await poster.close()
    finally:
        for server in servers:
            server.terminate()
            server.wait()
    return {
        "over HTTP, ms: without p50, with p50": (round(median(took[False]), 3), round(median(took[True]), 3)),
        "over HTTP, ms: median of the differences of pairs": round(median(apart), 3),
        "over HTTP, ms: without p99, with p99": (
            round(quantile(took[False], 0.99), 2),
            round(quantile(took[True], 0.99), 2),
        ),
    }


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
