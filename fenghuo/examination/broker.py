"""The broker: whether it answers, has every stream and durable, stores what is written, and what time it has."""

import json
import time
from typing import TYPE_CHECKING

from fenghuo.examination.finding import Finding, Grade, Patient, skew
from fenghuo.speech import worded
from shared.message import N_
from shared.secrets import nkey_file

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.js import JetStreamContext

BACKLOG = 1000
"""Facts waiting for one durable from which on it is worth a word."""


async def broker(patient: Patient) -> list[Finding]:
    from shared.broker.connection import connect

    credentials = patient.secrets / nkey_file("admin")
    if not credentials.exists():
        return [
            Finding(
                N_("broker"), Grade.AWAY, worded("no admin key to ask it with"), worded("see secrets above")
            )
        ]
    settings = patient.settings.model_copy(
        update={"nats_url": patient.nats_url, "nats_credentials": credentials}
    )
    try:
        connection = await connect(settings, "admin", timeout=3)
    except TimeoutError:
        words = worded(
            "%(nats_url)s does not answer, or does not know %(credentials)s",
            nats_url=patient.nats_url,
            credentials=credentials,
        )
        return [
            Finding(N_("broker"), Grade.AWAY, words, worded("start it (`make up`), or set FENGHUO_NATS_URL"))
        ]
    try:
        version = connection.connected_server_version
        findings = [
            Finding(
                N_("broker"),
                Grade.WELL,
                worded(
                    "nats-server %(major)s.%(minor)s.%(patch)s at %(nats_url)s",
                    major=version.major,
                    minor=version.minor,
                    patch=version.patch,
                    nats_url=patient.nats_url,
                ),
            )
        ]
        findings += await _streams(connection.jetstream(timeout=5))
        findings += await _storage(connection, patient)
        before = time.time()
        answer = await connection.request("$JS.API.STREAM.INFO.FACTS", b"", timeout=5)
        return [
            *findings,
            *skew(worded("broker clock"), json.loads(answer.data).get("ts"), (before + time.time()) / 2),
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
        return [
            Finding(
                N_("streams"),
                Grade.FAULT,
                worded("missing: %(missing)s", missing=", ".join(missing)),
                worded("run `fenghuo bootstrap`"),
            )
        ]
    findings = [
        Finding(
            N_("streams"),
            Grade.WELL,
            worded(
                "%(count)s streams and buckets, %(count2)s durables", count=len(names), count2=len(durables)
            ),
        )
    ]
    if waiting:
        findings.append(
            Finding(
                N_("backlog"),
                Grade.FAULT,
                worded("facts waiting: %(waiting)s", waiting=", ".join(waiting)),
                worded("is that service running? see its log"),
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
        findings = [Finding(N_("storage"), Grade.WELL, await lights.check())]
    except RuntimeError as fault:
        remedy = worded(
            "make room on its disk and restart it: it keeps the fault (`docker compose restart nats`; `make up` does so by itself)"
        )
        return [Finding(N_("storage"), Grade.FAULT, str(fault), remedy)]
    copies = streams.copies_of((await connection.jetstream(timeout=5).stream_info(streams.FACTS)).config)
    if lazily := await power_cut_words(copies, patient.monitors):
        findings.append(Finding(N_("power cut"), Grade.NOTE, lazily))
    return findings
