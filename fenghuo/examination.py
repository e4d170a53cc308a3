"""What `fenghuo doctor` looks at. Each look gives findings in words, with what to do; none changes
anything.
"""

import asyncio
import json
import os
import stat
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fenghuo import embedded
from fenghuo.parts import SERVICES, found
from fenghuo.places import known_addresses, nats_url, secrets_folder
from shared.secrets import NATS_USERS, SecretFile, nkey_file
from shared.settings import Settings

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.js import JetStreamContext

PACKAGES = (
    "faststream",
    "nats",
    "fastapi",
    "uvicorn",
    "uvloop",
    "motor",
    "orjson",
    "cryptography",
    "lxml",
    "aiosmtplib",
    "yaml",
)
OLDEST_PYTHON = (3, 11)
SKEW_LIMIT = 2.0
"""Seconds by which two clocks of one installation may differ before in time and late become a matter of whose
clock.
"""

BACKLOG = 1000
"""Facts waiting for one durable from which on it is worth a word."""


class Grade(StrEnum):
    WELL = "well"
    NOTE = "note"
    FAULT = "fault"
    AWAY = "away"


@dataclass(frozen=True)
class Finding:
    what: str
    grade: Grade
    words: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        return {name: str(value) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Patient:
    """The installation this data folder, this environment and these addresses describe."""

    settings: Settings
    addresses: dict[str, str]

    @property
    def secrets(self) -> Path:
        return secrets_folder(self.settings)

    @property
    def nats_url(self) -> str:
        return nats_url(self.settings)

    @property
    def monitors(self) -> tuple[str, ...]:
        return self.settings.monitors or tuple(filter(None, [self.addresses.get("monitor")]))

    @property
    def mongo_url(self) -> str:
        here = "mongodb://127.0.0.1:27017/?directConnection=true"
        return os.environ.get("FENGHUO_MONGO_URL") or self.addresses.get("mongo", here)


async def examine() -> list[Finding]:
    settings = Settings()
    patient = Patient(settings, known_addresses(settings))
    looks: tuple[Callable[[Patient], list[Finding] | Awaitable[list[Finding]]], ...] = (
        python, packages, configuration, secrets, broker, store, services,
    )  # fmt: skip
    findings: list[Finding] = []
    for look in looks:
        seen = look(patient)
        findings += seen if isinstance(seen, list) else await seen
    return findings


def python(_: Patient) -> list[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] < OLDEST_PYTHON:
        return [
            Finding("python", Grade.FAULT, version, "use Python 3.11 or later: PYTHON=python3.11 make setup")
        ]
    return [Finding("python", Grade.WELL, f"{version}, {sys.executable}")]


def packages(_: Patient) -> list[Finding]:
    missing = [name for name in PACKAGES if find_spec(name.split(".", maxsplit=1)[0]) is None]
    findings = [
        Finding("packages", Grade.FAULT, f"missing: {', '.join(missing)}", "run `make setup`")
        if missing
        else Finding("packages", Grade.WELL, f"{len(PACKAGES)} looked for, all there")
    ]
    try:
        findings.append(Finding("nats-server", Grade.WELL, embedded.nats_server_path()))
    except embedded.EmbeddedError:
        findings.append(
            Finding(
                "nats-server", Grade.NOTE, "not installed here", "needed for `make up` only: run `make setup`"
            )
        )
    if not embedded.MONGO_SERVER.exists():
        findings.append(
            Finding(
                "embedded store",
                Grade.NOTE,
                "not installed here",
                "needed for `make up` only: run `make setup`",
            )
        )
    return findings


def configuration(patient: Patient) -> list[Finding]:
    from services.escalator.policy.load import load_checked
    from shared.directory import load_directory
    from shared.directory.fit import misfits
    from shared.lined_yaml import YamlFault

    path = found(patient.settings.directory)
    try:
        directory = load_directory(path)
    except YamlFault as fault:
        return [Finding("directory", Grade.FAULT, str(fault), f"mend {path}")]
    if faults := misfits(directory):
        return [
            Finding(
                "directory", Grade.FAULT, "\n".join(faults), f"mend {path}: the broker takes no such object"
            )
        ]
    findings = [
        Finding(
            "directory",
            Grade.WELL,
            f"{len(directory.units)} units, {len(directory.posts)} posts, none dark ({path})",
        )
    ]
    path = found(patient.settings.policy)
    try:
        policy = load_checked(path, directory)
    except YamlFault as fault:
        return [*findings, Finding("policy", Grade.FAULT, str(fault), f"mend {path}")]
    return [*findings, Finding("policy", Grade.WELL, f"{policy.label} ({path})")]


def secrets(patient: Patient) -> list[Finding]:
    folder = patient.secrets
    names = [*(file.value for file in SecretFile), *(nkey_file(user) for user in NATS_USERS)]
    missing = [name for name in names if not (folder / name).exists()]
    if missing:
        words = f"{len(missing)} of {len(names)} missing in {folder}: {', '.join(missing[:4])}{' …' if len(missing) > 4 else ''}"
        return [
            Finding(
                "secrets",
                Grade.FAULT,
                words,
                "run `fenghuo bootstrap --secrets-only`, or `make up`, which makes them",
            )
        ]
    open_files = [
        path
        for path in (folder, *(folder / name for name in names))
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if open_files:
        listed = ", ".join(path.name for path in open_files[:4])
        return [
            Finding(
                "secrets", Grade.FAULT, f"others can read {listed} in {folder}", f"chmod -R go-rwx {folder}"
            )
        ]
    return [Finding("secrets", Grade.WELL, f"{len(names)} in {folder}, readable by their owner alone")]


async def broker(patient: Patient) -> list[Finding]:
    from shared.broker.connection import connect

    credentials = patient.secrets / nkey_file("admin")
    if not credentials.exists():
        return [Finding("broker", Grade.AWAY, "no admin key to ask it with", "see secrets above")]
    settings = patient.settings.model_copy(
        update={"nats_url": patient.nats_url, "nats_credentials": credentials}
    )
    try:
        connection = await connect(settings, "admin", timeout=3)
    except TimeoutError:
        words = f"{patient.nats_url} does not answer, or does not know {credentials}"
        return [Finding("broker", Grade.AWAY, words, "start it (`make up`), or set FENGHUO_NATS_URL")]
    try:
        version = connection.connected_server_version
        findings = [
            Finding(
                "broker",
                Grade.WELL,
                f"nats-server {version.major}.{version.minor}.{version.patch} at {patient.nats_url}",
            )
        ]
        findings += await _streams(connection.jetstream(timeout=5))
        findings += await _storage(connection, patient)
        before = time.time()
        answer = await connection.request("$JS.API.STREAM.INFO.FACTS", b"", timeout=5)
        return [
            *findings,
            *_skew("broker clock", json.loads(answer.data).get("ts"), (before + time.time()) / 2),
        ]
    finally:
        await connection.close()


async def _streams(js: "JetStreamContext") -> list[Finding]:
    from nats.js.errors import NotFoundError

    from shared import streams

    missing: list[str] = []
    waiting: list[str] = []
    names = [str(config.name) for config in streams.stream_configs()] + [
        f"KV_{bucket.bucket}" for bucket in streams.bucket_configs()
    ]
    for name in names:
        try:
            await js.stream_info(name)
        except NotFoundError:
            missing.append(name)
    durables = [(stream, str(config.durable_name)) for stream, config in streams.durable_configs()]
    for stream, durable in durables:
        try:
            info = await js.consumer_info(stream, durable)
        except NotFoundError:
            missing.append(f"{stream}/{durable}")
            continue
        if (info.num_pending or 0) > BACKLOG:
            waiting.append(f"{durable} {info.num_pending}")
    if missing:
        return [Finding("streams", Grade.FAULT, f"missing: {', '.join(missing)}", "run `fenghuo bootstrap`")]
    findings = [Finding("streams", Grade.WELL, f"{len(names)} streams and buckets, {len(durables)} durables")]
    if waiting:
        findings.append(
            Finding(
                "backlog",
                Grade.FAULT,
                f"facts waiting: {', '.join(waiting)}",
                "is that service running? see its log",
            )
        )
    return findings


async def _storage(connection: "Client", patient: Patient) -> list[Finding]:
    """Whether the broker stores what is written, gives it back, and would still have it after a power cut."""
    from prometheus_client import CollectorRegistry

    from fenghuo.durability import power_cut_words
    from shared import streams
    from shared.clock_skew import ClockSkew
    from shared.lights import Lights

    async def nothing_dark() -> dict[str, str]:
        return {}

    lights = Lights(
        "doctor", lambda: connection, patient.monitors, ClockSkew(CollectorRegistry()), nothing_dark
    )
    await lights.tick()
    try:
        findings = [Finding("storage", Grade.WELL, await lights.check())]
    except RuntimeError as fault:
        remedy = "make room on its disk and restart it: it keeps the fault (`docker compose restart nats`; `make up` does so by itself)"
        return [Finding("storage", Grade.FAULT, str(fault), remedy)]
    copies = streams.copies_of((await connection.jetstream(timeout=5).stream_info(streams.FACTS)).config)
    if lazily := await power_cut_words(copies, patient.monitors):
        findings.append(Finding("power cut", Grade.NOTE, lazily))
    return findings


def _skew(what: str, stamp: Any, ours: float) -> list[Finding]:
    if not isinstance(stamp, str):
        return []
    theirs = datetime.fromisoformat(stamp.replace("Z", "+00:00")).astimezone(UTC).timestamp()
    off = theirs - ours
    if abs(off) > SKEW_LIMIT:
        words = f"{abs(off):.1f} s {'ahead of' if off > 0 else 'behind'} this machine's"
        return [
            Finding(
                what,
                Grade.FAULT,
                words,
                "set both by the same time server (NTP): the broker's clock decides in time or late",
            )
        ]
    return [Finding(what, Grade.WELL, f"{abs(off) * 1000:.0f} ms from this machine's")]


async def store(patient: Patient) -> list[Finding]:
    def ask() -> tuple[dict[str, Any], float]:
        from pymongo import MongoClient

        client: MongoClient[dict[str, Any]] = MongoClient(
            patient.mongo_url, serverSelectionTimeoutMS=2000, tz_aware=True
        )
        try:
            before = time.time()
            hello: dict[str, Any] = client.admin.command("hello")
            return hello, (before + time.time()) / 2
        finally:
            client.close()

    from pymongo.errors import PyMongoError

    try:
        hello, ours = await asyncio.to_thread(ask)
    except PyMongoError as error:
        words = f"does not answer ({type(error).__name__})"
        return [Finding("store", Grade.AWAY, words, "start it (`make up`), or set FENGHUO_MONGO_URL")]
    embedded_store = hello.get("setName") == "secantus"
    words = (
        "embedded SecantusDB: for evaluation and development, not for retained records"
        if embedded_store
        else "MongoDB"
    )
    findings = [Finding("store", Grade.NOTE if embedded_store else Grade.WELL, words)]
    local = hello.get("localTime")
    return [
        *findings,
        *_skew("store clock", local.isoformat() if isinstance(local, datetime) else None, ours),
    ]


async def services(patient: Patient) -> list[Finding]:
    import httpx2

    from fenghuo.client import stranger_at

    async def one(name: str, ask: httpx2.AsyncClient) -> Finding:
        named = os.environ.get(f"FENGHUO_{name.upper()}_URL") or patient.addresses.get(name)
        url = named or f"http://127.0.0.1:{_default_port(name)}"
        if named is None and (stranger := await asyncio.to_thread(stranger_at, url, patient.settings)):
            return Finding(
                name,
                Grade.AWAY,
                stranger,
                f"start it (`make up`), or say which one is meant: FENGHUO_{name.upper()}_URL",
            )
        try:
            response = await ask.get(f"{url}/readyz")
            if response.status_code == HTTPStatus.NOT_FOUND:
                return Finding(
                    name, Grade.NOTE, f"{url} answers; whether it is ready it says on its internal port alone"
                )
            checks: dict[str, str] = response.json()["checks"]
        except (httpx2.HTTPError, ValueError, KeyError) as error:
            return Finding(
                name,
                Grade.AWAY,
                f"{url} does not answer ({type(error).__name__})",
                "start it (`make up`), or see its log",
            )
        bad = [f"{check}: {words}" for check, words in checks.items() if words.partition(":")[0] != "ok"]
        if bad or not response.is_success:
            return Finding(
                name, Grade.FAULT, f"{url} is not ready: {'; '.join(bad) or 'starting'}", "see its log"
            )
        if off := checks.get("clocks", "ok").partition(": ")[2]:
            return Finding(name, Grade.FAULT, f"{url} is ready, but {off}", "NTP on both machines")
        return Finding(name, Grade.WELL, f"{url} ready ({', '.join(checks)})")

    async with httpx2.AsyncClient(timeout=5, trust_env=False) as ask:
        return [await one(name, ask) for name in SERVICES]


def _default_port(name: str) -> int:
    from fenghuo.places import DEFAULT_PORTS

    return DEFAULT_PORTS[name]
