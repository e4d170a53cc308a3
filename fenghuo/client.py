"""The services as a command reaches them over HTTP, with the token of the role the command needs."""

import json
import os
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx2

from fenghuo.answers import Exit, fail
from fenghuo.places import PORTS, known_addresses, secrets_folder
from fenghuo.speech import language, worded
from shared.message import N_
from shared.secrets import INSTALLATION_HEADER, installation_of
from shared.settings import Settings
from shared.vocabulary import Role


def service_url(service: str) -> str:
    """FENGHUO_<SERVICE>_URL, else where this folder's installation runs it, else its own port on this
    machine, where it says that it is of this installation. Ends the command with code 3 where another one
    answers there.
    """
    if url := os.environ.get(f"FENGHUO_{service.upper()}_URL"):
        return url
    settings = Settings()
    if url := known_addresses(settings).get(service):
        return url
    url = f"http://127.0.0.1:{PORTS[service]}"
    if (stranger := stranger_at(url, settings)) is not None:
        fail(
            Exit.UNREACHABLE,
            stranger,
            worded(
                "start this folder's installation (`make up`), go where it runs (FENGHUO_DATA_DIR, FENGHUO_SECRETS_DIR), "
                "or say which one is meant: FENGHUO_%(upper)s_URL=%(url)s",
                upper=service.upper(),
                url=url,
            ),
        )
    return url


def stranger_at(url: str, settings: Settings) -> str | None:
    """In words, that another installation than this folder's answers at `url`; None where it is this one's,
    or nobody does.
    """
    try:
        answered = httpx2.get(f"{url}/healthz", timeout=5, trust_env=False).headers.get(INSTALLATION_HEADER)
    except httpx2.HTTPError:
        return None
    folder = secrets_folder(settings)
    ours = installation_of(folder)
    if ours is None:
        return worded(
            "something answers at %(url)s, and there is no key in %(folder)s to know by whether it is what you mean",
            url=url,
            folder=folder,
        )
    return (
        None
        if answered == ours
        else worded("what answers at %(url)s is not the installation of %(folder)s", url=url, folder=folder)
    )


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
            worded("no token"),
            worded(
                "set FENGHUO_TOKEN to one with role %(role)s (`fenghuo token`), or start `make up`, which writes %(tokens)s",
                role=role,
                tokens=tokens,
            ),
        )


def ask(service: str, method: str, path: str, *, role: Role | None = None, **options: Any) -> httpx2.Response:
    """One request, whatever it is answered; `params` that are None are left out. Ends the command with code 3
    where the service can't be reached.
    """
    if params := options.get("params"):
        options["params"] = {name: value for name, value in params.items() if value is not None}
    headers, patience = dict(options.pop("headers", {})), options.pop("timeout", 30)
    headers["Accept-Language"] = language().value
    if role is not None:
        headers["Authorization"] = f"Bearer {token_for(role)}"
    url = service_url(service) + path
    try:
        return httpx2.request(method, url, headers=headers, timeout=patience, **options)
    except httpx2.HTTPError as error:
        fail(
            Exit.UNREACHABLE,
            worded(
                "%(service)s can't be reached at %(url)s (%(error)s)", service=service, url=url, error=error
            ),
            worded("is it running? start it with `make up`, or see `fenghuo doctor`"),
        )


def call(
    service: str, method: str, path: str, *, role: Role | None = None, **options: Any
) -> httpx2.Response:
    """One request that must be granted: ends the command with code 1 and the service's own words where it
    refuses.
    """
    return _granted(ask(service, method, path, role=role, **options))


def _granted(response: httpx2.Response) -> httpx2.Response:
    if response.status_code >= 400:
        fail(
            Exit.NO,
            words_of(response),
            worded(REMEDIES.get(response.status_code, AGAIN)),
        )
    return response


def call_all(service: str, path: str, *, role: Role) -> dict[str, Any]:
    """All pages of a list as one body: the lists of each page joined; from the beginning where it has changed
    meanwhile.
    """
    whole: dict[str, Any] = call(service, "GET", path, role=role).json()
    while cursor := whole.pop("next", None):
        answer = ask(service, "GET", path, role=role, params={"cursor": cursor})
        if answer.status_code == HTTPStatus.CONFLICT:
            whole = call(service, "GET", path, role=role).json()
            continue
        for name, value in _granted(answer).json().items():
            whole[name] = whole[name] + value if isinstance(value, list) else value
    return whole


AGAIN = N_("see the fields named above and call again")
REMEDIES = {
    401: N_("set FENGHUO_TOKEN to one that is still good (`fenghuo token`)"),
    403: N_("use a token whose role or unit may do this: FENGHUO_TOKEN, or --as where the command has it"),
    404: N_("look it up with `fenghuo cases --all`, or in the trail"),
    409: N_("it is on record and changed nothing; see the reason named above"),
    429: N_("you asked too often in a short time: wait as long as Retry-After says and call again"),
    503: N_("wait a moment and call again; a repeat with the same --key does nothing twice"),
}
"""What to do next, by status."""


def words_of(response: httpx2.Response) -> str:
    """What the service says is wrong, field by field."""
    try:
        problem = response.json()
    except ValueError:
        return f"HTTP {response.status_code}: {response.text[:300]}"
    lines = [f"{problem.get('title')}: {problem.get('detail')}"]
    lines += [f"{fault['field']}: {fault['message']}" for fault in problem.get("errors", [])]
    return "\n  ".join(lines)
