"""A small body that unpacks to a large one is refused, or unpacked within bounds.

The deed: a gzip bomb as a report, a zip bomb laid down to be checked.
"""

import gzip
import io
import zipfile

import httpx2

from shared.vocabulary import Role
from tests.attacks.conftest import Installation
from tests.attacks.raw import memory

MB = 1024 * 1024


async def test_an_encoded_body_is_refused(installation: Installation) -> None:
    bomb = gzip.compress(bytes(200 * MB), 1)[: 200 * 1024]
    headers = installation.lab.bearer(Role.DUTY_OFFICER, person="wang_xin") | {"Content-Encoding": "gzip"}
    before = memory(installation.intake)
    answer = await installation.http.post("/api/v1/reports", content=bomb, headers=headers)
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")
    assert memory(installation.intake) - before < 8 * MB


async def test_a_zip_that_unpacks_to_gigabytes_is_refused(installation: Installation) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(4):
            archive.writestr(f"{number}.json", bytes(100 * MB))
    auditor = installation.lab.bearer(Role.AUDITOR) | {"Sec-Fetch-Site": "same-origin"}
    async with httpx2.AsyncClient(base_url=installation.audit.url, headers=auditor, timeout=20) as audit:
        before = memory(installation.audit)
        answer = await audit.post("/check", files={"bundle": ("case.zip", bomb.getvalue())})
        assert answer.status_code == 413
        assert "text/html" in answer.headers["content-type"]
        assert memory(installation.audit) - before < 16 * MB
        large = await audit.post("/check", files={"bundle": ("case.zip", bytes(17 * MB))})
        assert large.status_code == 413
