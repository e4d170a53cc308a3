"""The processes of one embedded installation, each with its command, environment and sign of readiness;
nothing runs yet.
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2

from fenghuo import embedded
from fenghuo.bootstrap import public_nkeys
from fenghuo.places import PORTS, Installation
from fenghuo.supervisor import Part
from shared.secrets import REDACTOR, SecretFile, nkey_file
from shared.settings import Settings

SERVICES = tuple(PORTS)
ROOT = embedded.ROOT


def broker_part(place: Installation) -> Part:
    monitor = place.ports["monitor"]
    return Part(
        name="broker",
        command=tuple(
            embedded.nats_command(
                place.data / "nats", place.secrets, port=place.ports["nats"], monitor=monitor
            )
        ),
        env=embedded.nats_env(public_nkeys(place.secrets)),
        log=place.log("broker"),
        is_ready=lambda: asyncio.to_thread(embedded.nats_answers, monitor),
    )


def store_part(place: Installation) -> Part:
    port = place.ports["mongo"]
    return Part(
        name="store",
        command=tuple(embedded.mongo_command(place.data / "mongo", port=port)),
        cwd=place.data,
        log=place.log("store"),
        is_ready=lambda: asyncio.to_thread(embedded.mongo_answers, port),
    )


def gateway_part(place: Installation, ask: httpx2.AsyncClient) -> Part:
    """Stands for the telephone, SMS and mail gateways of a real installation."""
    ports = ("--http-port", str(place.ports["gateway"]), "--smtp-port", str(place.ports["mail"]))
    return Part(
        name="gateway",
        command=(
            *(sys.executable, "-m", "fenghuo.gateway_lab", *ports, "--secrets", str(place.secrets)),
            *("--notifier", f"http://127.0.0.1:{place.ports['notifier']}"),
        ),
        cwd=ROOT,
        log=place.log("gateway"),
        is_ready=_answers(ask, f"http://127.0.0.1:{place.ports['gateway']}/healthz"),
        farewell=5.0,
    )


def witness_part(place: Installation, folder: Path, ask: httpx2.AsyncClient) -> Part:
    """Cosigns what the audit shows it."""
    return Part(
        name="witness",
        command=(sys.executable, "-m", "fenghuo", "witness", "run", "--folder", str(folder)),
        cwd=ROOT,
        log=place.log("witness"),
        is_ready=_answers(ask, f"{place.url('witness')}/healthz"),
    )


def witness_line(place: Installation, folder: Path) -> str:
    """Its address and key as the audit is told them; the folder is made where it is missing."""
    from fenghuo.witness.folder import Folder

    log = (place.secrets / SecretFile.TRAIL_VERIFY).read_text().strip()
    listen = f"{place.host}:{place.ports['witness']}"
    vkey, _ = Folder(folder).init(
        "discipline.example/witness", log, "", listen=listen, webhook="", now=int(time.time())
    )
    return f"{place.url('witness')} {vkey}"


def service_part(name: str, place: Installation, settings: Settings, ask: httpx2.AsyncClient) -> Part:
    return Part(
        name=name,
        command=(sys.executable, "-m", f"services.{name}"),
        env=service_env(name, place, settings),
        cwd=ROOT,
        log=place.log(name),
        is_ready=_answers(ask, f"http://127.0.0.1:{place.ports[name]}/readyz"),
        # A trail that must not go on keeps nobody from being rung.
        is_needed=name != "audit",
    )


def service_env(name: str, place: Installation, settings: Settings) -> dict[str, str]:
    """What differs from the launcher's own environment, which every child inherits."""
    return {
        "FENGHUO_NATS_URL": place.nats_url,
        "FENGHUO_NATS_CREDENTIALS": str(place.secrets / nkey_file(name)),
        "FENGHUO_NATS_MONITOR": f"http://127.0.0.1:{place.ports['monitor']}",
        "FENGHUO_MONGO_URL": place.mongo_url,
        "FENGHUO_DATA_DIR": str(place.data),
        "FENGHUO_SECRETS_DIR": str(place.secrets),
        "FENGHUO_POLICY": str(located(settings.policy)),
        "FENGHUO_DIRECTORY": str(located(settings.directory)),
        "FENGHUO_FORMS": str(located(settings.forms)),
        "FENGHUO_GATEWAY_URL": os.environ.get(
            "FENGHUO_GATEWAY_URL", f"http://127.0.0.1:{place.ports['gateway']}"
        ),
        # The gateway that ships brings back what is answered on its page; one of the operator's may not.
        "FENGHUO_GATEWAY_REPLIES": os.environ.get(
            "FENGHUO_GATEWAY_REPLIES", "false" if "FENGHUO_GATEWAY_URL" in os.environ else "true"
        ),
        "FENGHUO_SMTP_HOST": os.environ.get("FENGHUO_SMTP_HOST", "127.0.0.1"),
        "FENGHUO_SMTP_PORT": os.environ.get("FENGHUO_SMTP_PORT", str(place.ports["mail"])),
        "FENGHUO_HTTP_HOST": place.host,
        "FENGHUO_HTTP_PORT": str(place.ports[name]),
        "FENGHUO_PUBLIC_URL": place.url(name),
        "FENGHUO_DESK_URL": place.url("intake"),
        "FENGHUO_POLICY_URL": place.url("escalator"),
        "FENGHUO_TRAIL_URL": place.url("audit"),
        "FENGHUO_LOG_FORMAT": "json",
        # The embedded store knows no users: who erases reaches it as everyone does.
        **(
            {
                "FENGHUO_REDACTOR_URL": os.environ.get("FENGHUO_REDACTOR_URL", place.mongo_url),
                "FENGHUO_REDACTOR_CREDENTIALS": str(place.secrets / nkey_file(REDACTOR)),
            }
            if name == "audit"
            else {}
        ),
        **(
            {"FENGHUO_WITNESSES": witness_line(place, place.witness)}
            if name == "audit" and place.witness is not None
            else {}
        ),
    }


def located(path: Path) -> Path:
    """A relative path counts from where the command was called, else from the project."""
    return path.resolve() if path.exists() else ROOT / path


def _answers(ask: httpx2.AsyncClient, url: str) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        try:
            return (await ask.get(url)).is_success
        except httpx2.HTTPError:
            return False

    return check
