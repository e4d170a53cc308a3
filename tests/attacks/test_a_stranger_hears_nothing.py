"""A stranger without a token reads no case, no record and no policy."""

import httpx2
import pytest

from tests.attacks.conftest import Installation


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("intake", "/api/v1/cases"),
        ("intake", "/api/v1/tasks"),
        ("intake", "/api/v1/directory"),
        ("escalator", "/api/v1/policy"),
        ("audit", "/api/v1/trail/entries"),
    ],
)
async def test_a_stranger_is_told_to_log_in(installation: Installation, service: str, path: str) -> None:
    async with httpx2.AsyncClient(base_url=getattr(installation, service).url) as http:
        answer = await http.get(path)
    assert answer.status_code == 401, answer.text
    assert "www-authenticate" in answer.headers
