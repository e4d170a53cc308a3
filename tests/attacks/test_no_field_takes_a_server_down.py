"""No value of any field takes a service down: too large, too long, too early or of odd letters is refused
with the field's name.

The deed: whoever has a token sends every field of every route of all four services at its edges and just
outside: years 1 and 9999, 10^22, terms of a million years, NaN, control characters, wrong types, lists
without end, a thousand levels of JSON. Today's code answered dozens of them with 500, and some stayed in the
record.
"""

from collections.abc import Mapping

import httpx2
import pytest

from shared.vocabulary import Role
from tests.attacks.boundaries import Edge, edges_of
from tests.attacks.conftest import Installation

UNIT = "emergency_bureau"
PER_TOKEN = 5
"""Requests made with one token: what is measured here is not the pace."""
SIGNED = ("/api/v1/call-backs/{channel}", "/api/v1/receipts/{channel}")
"""Their form is read only behind a gateway's signature: test_a_gateway_can_not_flood_the_record."""
NOT_SET_UP = ("/api/v1/trail/redactions", 503)
"""This installation holds no credentials that may erase, and says so."""
ANSWER_LIMIT = 64 * 1024
"""Bytes of a refusal."""
ROLES = (Role.SUPERVISOR, *(role for role in Role if role is not Role.SUPERVISOR))


class Callers:
    """Tokens enough, each of a role that the route lets in."""

    def __init__(self, installation: Installation, http: httpx2.AsyncClient) -> None:
        self._lab, self._http = installation.lab, http
        self._roles: dict[tuple[str, str], Role] = {}
        self._made: dict[Role, tuple[int, dict[str, str]]] = {}

    async def send(self, edge: Edge) -> httpx2.Response:
        route = edge.method, edge.path
        if route not in self._roles:
            self._roles[route] = await self._role_for(edge)
        return await self._request(edge, self._roles[route])

    async def _role_for(self, edge: Edge) -> Role:
        for role in ROLES:
            if (await self._request(edge, role)).status_code not in (401, 403):
                return role
        return ROLES[0]

    async def _request(self, edge: Edge, role: Role) -> httpx2.Response:
        try:
            return await self._once(edge, role)
        except httpx2.TransportError:
            # A connection kept open may end while it lies idle: what the same request meets on a new one
            # counts.
            return await self._once(edge, role)

    async def _once(self, edge: Edge, role: Role) -> httpx2.Response:
        headers = {**edge.headers, **self._bearer(role)}
        async with self._http.stream(edge.method, edge.url, content=edge.body, headers=headers) as answer:
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                await answer.aread()
        return answer

    def _bearer(self, role: Role) -> Mapping[str, str]:
        used, headers = self._made.get(role, (0, {}))
        if used % PER_TOKEN == 0:
            headers = self._lab.bearer(role, subject=f"edges-{role}-{used}", unit=UNIT)
        self._made[role] = used + 1, headers
        return headers


@pytest.mark.parametrize("service", ["intake", "escalator", "notifier", "audit"])
async def test_every_field_at_its_edges(installation: Installation, service: str) -> None:
    faults: list[str] = []
    sent = 0
    async with httpx2.AsyncClient(base_url=getattr(installation, service).url, timeout=30) as http:
        document = (await http.get("/openapi.json")).json()
        callers = Callers(installation, http)
        for edge in edges_of(document):
            answer = await callers.send(edge)
            sent += 1
            faults += [
                f"{edge}\n  → {answer.status_code} {said}\n  {answer.text[:200]}"
                for said in _faults(edge, answer)
            ]
    assert sent > 40
    assert not faults, f"{len(faults)} of {sent}:\n" + "\n".join(faults[:40])


def _faults(edge: Edge, answer: httpx2.Response) -> list[str]:
    found: list[str] = []
    if answer.status_code >= 500 and (edge.path, answer.status_code) != NOT_SET_UP:
        found.append("a fault of ours")
    if answer.status_code not in edge.answers:
        found.append("an answer that the document does not know")
    if answer.status_code >= 400 and len(answer.content) > ANSWER_LIMIT:
        found.append(f"a refusal of {len(answer.content)} bytes")
    is_form = edge.field.partition(".")[0] == "form" and edge.path.endswith("/reports")
    # A report with a form that can't be read is taken all the same, and told what is wrong.
    if edge.outside and edge.path not in SIGNED and not is_form and not _names(edge, answer):
        found.append("not refused with the name of the field")
    return found


def _names(edge: Edge, answer: httpx2.Response) -> bool:
    if answer.status_code != 422:
        return False
    named = {part for error in answer.json().get("errors", []) for part in error["field"].split(".")}
    return bool({edge.field, edge.field.split(".")[0], edge.field.split(".")[-1]} & named)
