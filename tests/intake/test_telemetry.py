"""What is told of a message that a service takes: FastStream's metrics always, a span where a collector is
named.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import httpx2
import pytest

from tests.intake.conftest import DIRECTORY
from tests.lab import Lab, lab_in, until


@contextmanager
def collector(spans: list[bytes]) -> Iterator[str]:
    """An OTLP collector that keeps what it is sent."""

    class Kept(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            spans.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

    server = HTTPServer(("127.0.0.1", 0), Kept)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/traces"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with lab_in(tmp_path, mongo=False, directory=DIRECTORY) as one:
        yield one


async def test_a_message_is_counted_by_kind_and_sent_as_a_span(lab: Lab) -> None:
    spans: list[bytes] = []
    with collector(spans) as url:
        intake = await lab.start_service(
            "intake",
            FENGHUO_DIRECTORY=str(DIRECTORY),
            FENGHUO_TRACES_URL=url,
            OTEL_BSP_SCHEDULE_DELAY="100",
            OTEL_EXPORTER_OTLP_COMPRESSION="none",
        )
        async with lab.source("met") as client:
            await client.jetstream().publish("inbox.cap.met", b"<not-cap/>")
        counted = (
            'faststream_received_messages_total{app_name="intake",broker="nats",handler="inbox.cap.*"} 1.0'
        )
        await until(lambda: counted in httpx2.get(f"{intake.url}/metrics").text)
        await until(lambda: any(b"inbox.cap.met process" in span for span in spans))
