"""A stranger without a token reads no case, no record and no policy, and of public notices only what is out."""

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


@pytest.mark.parametrize(
    "path",
    [
        "/notices/01JD0000000000000000000000",
        f"/notices/{'x' * 4000}",
        "/notices?page=0",
        f"/notices?page={'9' * 40}",
        "/compilations/01JD0000000000000000000000",
        f"/compilations/{'x' * 4000}",
        "/compilations?page=0",
    ],
)
async def test_a_stranger_finds_no_notice_that_is_not_out(installation: Installation, path: str) -> None:
    async with httpx2.AsyncClient(base_url=installation.intake.url) as http:
        answer = await http.get(path)
        assert (await http.get("/notices")).status_code == 200, "the list is open to all"
    assert answer.status_code == 404, answer.text
