"""What a post to a gateway costs the notifier: CPU of the process for each, at 1,000 a second over 64
connections. Goal: at most 8 % of a core (80 µs).
"""

import asyncio
import subprocess
import sys
import time

import psutil

from fenghuo import embedded
from services.notifier.posting import Poster, PostError
from tests.lab import until

RATE, TOGETHER, SECONDS, WARM_UP = 1_000, 10, 10, 1_000
BODY = b"{" + b" " * 700 + b"}"
GATEWAY = """
import asyncio, sys
class Gateway(asyncio.Protocol):
    def connection_made(self, transport): self.transport, self.bytes = transport, b""
    def data_received(self, data):
        self.bytes += data
        if self.bytes.endswith(b" }"):
            self.bytes = b""
            self.transport.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
async def main():
    server = await asyncio.get_running_loop().create_server(Gateway, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()
asyncio.run(main())
"""
"""It answers and does nothing else, in a process of its own."""


async def run() -> dict[str, object]:
    port = embedded.free_port()
    gateway = subprocess.Popen([sys.executable, "-c", GATEWAY, str(port)])  # noqa: ASYNC220 - once, before
    poster = Poster(f"http://127.0.0.1:{port}/sms", private=True)
    try:
        await until(lambda: _is_up(poster), what="the gateway listens")
        await asyncio.gather(*(_post(poster) for _ in range(WARM_UP)))
        began, cpu = time.monotonic(), time.process_time()
        async with asyncio.TaskGroup() as posts:
            for number in range(0, RATE * SECONDS, TOGETHER):
                await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))
                for _ in range(TOGETHER):
                    posts.create_task(_post(poster))
        spent, lasted = time.process_time() - cpu, time.monotonic() - began
    finally:
        await poster.close()
        gateway.terminate()
        gateway.wait()
    return {
        "posts a second": round(RATE * SECONDS / lasted),
        "CPU a post, µs": round(spent / (RATE * SECONDS) * 1e6, 1),
        "of a core, %": round(spent / lasted * 100, 1),
        "memory, MB": round(psutil.Process().memory_info().rss / 1e6),
    }


async def _post(poster: Poster) -> None:
    answer = await poster.post(BODY, {"webhook-id": "m1"}, timeout=30)
    assert answer.status == 200


async def _is_up(poster: Poster) -> bool:
    try:
        await _post(poster)
    except PostError:
        return False
    return True
