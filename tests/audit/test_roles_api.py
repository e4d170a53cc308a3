"""Who is let in where: every route of the audit as it stands, asked in every role, beside the declared
table.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI, Request
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from pymongo.errors import ServerSelectionTimeoutError
from pymongo.synchronous.topology import Topology

from fenghuo.bootstrap import make_secrets
from services.audit.app import build
from services.audit.settings import AuditSettings
from shared.message import Marked
from shared.problems import Problem
from shared.secrets import SecretFile, signing_key, verify_key
from shared.service import Service
from shared.tokens import Gate, Principal, issue
from shared.vocabulary import Role
from tools.roles_page import PUBLIC, ROUTES

IN = 418
"""Answered in place of what the route would have done, once the gate is passed."""
ASKED: dict[tuple[str, str], dict[str, Any]] = {
    ("GET", "/api/v1/trail/proof/consistency"): {"params": {"from": 1}},
    ("POST", "/api/v1/trail/redactions"): {"json": {"entries": [0], "legal_basis": "PIPL 47"}},
    ("POST", "/api/v1/trail/holds"): {"json": {"case": "x", "why": "an inquiry"}},
    ("POST", "/api/v1/trail/holds/{hold}/release"): {"json": {"why": "the inquiry is over"}},
    ("GET", "/api/v1/reports/analysis"): {"params": {"period": "2026-10"}},
    ("GET", "/api/v1/reports/case-bulletin"): {"params": {"period": "2026-10"}},
    ("GET", "/api/v1/reports/price-bulletin"): {"params": {"week": "2026-W48"}},
    ("GET", "/api/v1/reports/records"): {"params": {"figure": "lapses"}},
    ("GET", "/api/v1/trail/proof/inclusion"): {"params": {"index": 0}},
    ("GET", "/api/v1/trail/proof/inclusion.tlog-proof"): {"params": {"index": 0}},
}
"""What a route must be sent, or it refuses the question before it asks who is asking."""

IN_ORDER = [(method, path) for path, method in sorted((path, method) for method, path in ROUTES)]

RECEIPTS = "/api/v1/trail/receipts"


def a_receipt(key: Ed25519PrivateKey) -> str:
    said = {
        "fact": "f1",
        "kind": "reported",
        "stream": "FACTS",
        "sequence": 1,
        "time": "2026-11-23T03:00:00Z",
        "sha256": "00" * 32,
    }
    return jwt.encode({**said, "iss": "fenghuo-intake"}, key, algorithm="EdDSA")


class House:
    def __init__(self, app: FastAPI, folder: Path) -> None:
        self.app = app
        self.client: Any = TestClient(
            app, base_url="http://audit", raise_server_exceptions=False, follow_redirects=False
        )
        key = signing_key(folder / "secrets", SecretFile.TOKEN_SIGNING)
        now = datetime.now(UTC)
        receipt = {"receipt": a_receipt(signing_key(folder / "secrets", SecretFile.RECEIPT_SIGNING))}
        self.asked = {**ASKED, ("GET", RECEIPTS): {"params": receipt}, ("POST", RECEIPTS): {"json": receipt}}
        self.tokens = {
            role: issue(key, Principal(subject=f"one-{role}", role=role), now=now, lasts=timedelta(hours=1))
            for role in Role
        }

    def ask(self, method: str, path: str, role: Role | None) -> int:
        headers = {"Sec-Fetch-Site": "same-origin"} | (
            {"Authorization": f"Bearer {self.tokens[role]}"} if role else {}
        )
        place = path.replace("{index}", "0").replace("{path:path}", "0/000").replace("{sha256}", "0" * 64)
        while "{" in place:
            place = place[: place.index("{")] + "x" + place[place.index("}") + 1 :]
        answer: httpx2.Response = self.client.request(
            method, place, headers=headers, **self.asked.get((method, path), {})
        )
        return answer.status_code


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The service composed and not started: no store answers, and whoever passes the gate is told so."""
    folder = tmp_path_factory.mktemp("house")
    make_secrets(folder / "secrets")
    admit = Gate.admit

    def admitted(gate: Gate, request: Request, *roles: Role) -> Principal:
        who = admit(gate, request, *roles)
        raise Problem(IN, Marked("In"), Marked(f"{who.role}"))

    def gate_of(service: Service, *_: object) -> Gate:
        """No broker says who was taken back: whoever holds a token is who it says."""
        return service.guarded_by(
            Gate(verify_key(folder / "secrets", SecretFile.TOKEN_VERIFY), lambda claims: claims.principal)
        )

    def nobody(*_: object, **__: object) -> object:
        raise ServerSelectionTimeoutError("no store here")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Gate, "admit", admitted)
        patch.setattr("services.audit.app.gate_of", gate_of)
        patch.setattr(Topology, "select_servers", nobody)
        yield House(
            build(
                AuditSettings(data_dir=folder, mongo_url="mongodb://127.0.0.1:1/?directConnection=true")
            ).app,
            folder,
        )


def routes(app: FastAPI) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for route in iter_route_contexts(app.routes):
        path, methods = str(route.path), set(route.methods or ())
        found |= {(method, path) for method in methods - {"HEAD"}}
    return found


def test_every_route_has_a_line_in_the_table_and_every_line_a_route(house: House) -> None:
    """Mend in tools/roles_page.py, then `.venv/bin/python -m tools.generate`."""
    assert routes(house.app) == set(ROUTES)


@pytest.mark.parametrize(("method", "path"), IN_ORDER)
def test_each_role_is_let_in_where_the_table_says_and_refused_elsewhere(
    house: House, method: str, path: str
) -> None:
    if ROUTES[method, path] == PUBLIC:
        refusals = {IN, 403, 422} if path == "/login" else {IN, 401, 403, 422}
        assert house.ask(method, path, None) not in refusals, "public means that nobody is asked for a token"
        return
    assert house.ask(method, path, None) in (401, 303), "without a token"
    answers = {role: house.ask(method, path, role) for role in Role}
    assert {role for role, status in answers.items() if status == IN} == ROUTES[method, path], answers
    assert set(answers.values()) <= {IN, 403}, answers
