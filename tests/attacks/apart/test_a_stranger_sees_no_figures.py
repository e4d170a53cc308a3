"""What the services say about themselves is for those inside: metrics and readiness have a port of their own
where it is set.

The deed: metrics and readiness asked at the port that is published.
"""

from pathlib import Path

import httpx2
import pytest

from fenghuo import embedded
from shared.vocabulary import Role
from tests.lab import lab_in, until


@pytest.mark.parametrize("name", ["intake", "audit"])
async def test_figures_are_served_inside_alone(tmp_path: Path, name: str) -> None:
    inside = embedded.free_port()
    async with lab_in(tmp_path, mongo=name == "audit") as lab:
        service = await lab.start_service(name, wait=False, FENGHUO_INTERNAL_PORT=str(inside))

        def is_ready() -> bool:
            try:
                return httpx2.get(f"http://127.0.0.1:{inside}/readyz", timeout=5).status_code == 200
            except httpx2.HTTPError:
                return False

        await until(is_ready, seconds=60, what="ready, as the internal port says")
        assert "fenghuo_ready 1.0" in httpx2.get(f"http://127.0.0.1:{inside}/metrics", timeout=5).text
        for path in ("/readyz", "/metrics"):
            assert httpx2.get(service.url + path).status_code == 404
            assert httpx2.get(service.url + path, headers=lab.bearer(Role.OPERATOR)).status_code == 404
        assert httpx2.get(f"http://127.0.0.1:{inside}/").status_code == 404
        for port in (service.port, inside):
            assert httpx2.get(f"http://127.0.0.1:{port}/healthz").text == "alive\n"
        assert service.stop() == 0
