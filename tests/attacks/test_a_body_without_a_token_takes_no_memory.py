"""What a stranger sends is not read: 20 MB to the audit took 7.5 GB, and 1 MB brought 27 MB of answer.

The deed: large bodies without a token, with their length and in endless chunks, to every service and to the
routes that are open to all.
"""

import httpx2
import pytest

from shared.vocabulary import Role
from tests.attacks.conftest import Installation
from tests.attacks.raw import chunk, head, memory, pour

MB = 1024 * 1024
PIECE = b"[1," * 21845
"""64 KB of what is the beginning of a list."""
CLOSED = [
    ("intake", "/api/v1/reports"),
    ("intake", "/api/v1/ingest/cap"),
    ("intake", "/api/v1/cases/x/acknowledge"),
    ("escalator", "/api/v1/policy/simulate"),
    ("escalator", "/api/v1/policy/versions"),
    ("audit", "/api/v1/trail/redactions"),
]
OPEN = [
    ("audit", "/api/v1/trail/receipts"),
    ("notifier", "/api/v1/receipts/sms"),
    ("notifier", "/a/x"),
    ("intake", "/login"),
]

KIND = {"/login": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(("service", "path"), CLOSED + OPEN)
async def test_twenty_megabytes_are_refused_and_not_read(
    installation: Installation, service: str, path: str
) -> None:
    running = getattr(installation, service)
    before = memory(running)
    start = head(
        "POST",
        path,
        content_type=KIND.get(path, "application/json"),
        content_length=str(20 * MB),
        sec_fetch_site="same-origin",
    )
    answer = await pour(running, start, PIECE, 320)
    assert answer.status == (401 if (service, path) in CLOSED else 413)
    assert answer.headers["connection"] == "close"
    assert answer.seconds < 5
    assert memory(running) - before < 8 * MB


@pytest.mark.parametrize(("service", "path"), CLOSED + OPEN)
async def test_a_body_without_end_is_ended(installation: Installation, service: str, path: str) -> None:
    running = getattr(installation, service)
    before = memory(running)
    start = head(
        "POST",
        path,
        content_type=KIND.get(path, "application/json"),
        transfer_encoding="chunked",
        sec_fetch_site="same-origin",
    )
    answer = await pour(running, start, chunk(PIECE), 10_000)
    # The call-back names a channel that is none here, or its signature is looked at only after the body.
    assert answer.status in ((401,) if (service, path) in CLOSED else (404, 413))
    assert answer.seconds < 5
    assert memory(running) - before < 8 * MB


async def test_an_answer_is_small_however_many_faults_the_request_has(installation: Installation) -> None:
    async with httpx2.AsyncClient(base_url=installation.audit.url) as http:
        for body in (
            b"[" + b"1," * 5_000 + b"1]",
            b'{"receipt": 1' + b"".join(b', "%d": 1' % n for n in range(1_000)) + b"}",
        ):
            answer = await http.post(
                "/api/v1/trail/receipts", content=body, headers={"Content-Type": "application/json"}
            )
            assert answer.status_code == 422
            assert len(answer.content) < 8_192
    form = {f"unknown_{n}" * 20: 1 for n in range(500)}
    officer = installation.lab.bearer(Role.DUTY_OFFICER, person="wang_xin")
    answer = await installation.http.post("/api/v1/reports", json=form, headers=officer)
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 21
    assert answer.json()["errors"][-1]["message"].startswith("48")
    assert len(answer.content) < 16_384
