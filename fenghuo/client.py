"""The services as a command reaches them over HTTP, with the token of the role the command needs."""

import json
import os
from pathlib import Path
from typing import Any

import httpx

from fenghuo.answers import Exit, fail
from fenghuo.places import PORTS, running_addresses
from shared.settings import Settings
from shared.vocabulary import Role


def service_url(service: str) -> str:
    """FENGHUO_<SERVICE>_URL, else where the launcher of this data folder runs it, else its own port on this machine."""
    if url := os.environ.get(f"FENGHUO_{service.upper()}_URL"):
        return url
    return running_addresses(Settings().data_dir).get(service, f"http://127.0.0.1:{PORTS[service]}")


def token_for(role: Role) -> str:
    """FENGHUO_TOKEN, else the development token that `make up` wrote for this role."""
    if token := os.environ.get("FENGHUO_TOKEN"):
        return token
    tokens: Path = Settings().data_dir / "tokens.json"
    try:
        return str(json.loads(tokens.read_text())[role.value])
    except (OSError, KeyError, ValueError):
        fail(
            Exit.USAGE,
            "no token",
            f"set FENGHUO_TOKEN to one with role {role} (`fenghuo token`), or start `make up`, which writes {tokens}",
        )


def call(service: str, method: str, path: str, *, role: Role | None = None, **options: Any) -> httpx.Response:
    """One request. Ends the command with code 3 where the service can't be reached, and 1 with its own words where it refuses."""
    headers = dict(options.pop("headers", {}))
    if role is not None:
        headers["Authorization"] = f"Bearer {token_for(role)}"
    url = service_url(service) + path
    try:
        response = httpx.request(method, url, headers=headers, timeout=30, **options)
    except httpx.HTTPError as error:
        fail(
            Exit.UNREACHABLE,
            f"{service} can't be reached at {url} ({error})",
            "is it running? start it with `make up`, or see `fenghuo doctor`",
        )
    if response.status_code >= 400:
        fail(Exit.NO, _words_of(response), "see the fields named above and call again")
    return response


def _words_of(response: httpx.Response) -> str:
    try:
        problem = response.json()
    except ValueError:
        return f"HTTP {response.status_code}: {response.text[:300]}"
    lines = [f"{problem.get('title')}: {problem.get('detail')}"]
    lines += [f"{fault['field']}: {fault['message']}" for fault in problem.get("errors", [])]
    return "\n  ".join(lines)
