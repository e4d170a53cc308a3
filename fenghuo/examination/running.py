"""What runs beside the broker: the store and the four services."""

import asyncio
import os
import time
from datetime import datetime
from http import HTTPStatus
from typing import Any

from fenghuo.examination.finding import Finding, Grade, Patient, skew
from fenghuo.parts import SERVICES
from fenghuo.places import DEFAULT_PORTS
from fenghuo.speech import worded
from shared.message import N_


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
        words = worded("does not answer (%(__name__)s)", __name__=type(error).__name__)
        return [
            Finding(N_("store"), Grade.AWAY, words, worded("start it (`make up`), or set FENGHUO_MONGO_URL"))
        ]
    embedded_store = hello.get("setName") == "secantus"
    words = (
        worded("embedded SecantusDB: for evaluation and development, not for retained records")
        if embedded_store
        else "MongoDB"
    )
    findings = [Finding(N_("store"), Grade.NOTE if embedded_store else Grade.WELL, words)]
    local = hello.get("localTime")
    return [
        *findings,
        *skew(worded("store clock"), local.isoformat() if isinstance(local, datetime) else None, ours),
    ]


async def services(patient: Patient) -> list[Finding]:
    import httpx2

    from fenghuo.client import stranger_at

    async def service(name: str, ask: httpx2.AsyncClient) -> Finding:
        named = os.environ.get(f"FENGHUO_{name.upper()}_URL") or patient.addresses.get(name)
        url = named or f"http://127.0.0.1:{DEFAULT_PORTS[name]}"
        if named is None and (stranger := await asyncio.to_thread(stranger_at, url, patient.settings)):
            return Finding(
                name,
                Grade.AWAY,
                stranger,
                worded(
                    "start it (`make up`), or say which one is meant: FENGHUO_%(upper)s_URL",
                    upper=name.upper(),
                ),
            )
        try:
            response = await ask.get(f"{url}/readyz")
            if response.status_code == HTTPStatus.NOT_FOUND:
                return Finding(
                    name,
                    Grade.NOTE,
                    worded(
                        "%(url)s answers; whether it is ready it says on its internal port alone", url=url
                    ),
                )
            checks: dict[str, str] = response.json()["checks"]
        except (httpx2.HTTPError, ValueError, KeyError) as error:
            return Finding(
                name,
                Grade.AWAY,
                worded("%(url)s does not answer (%(__name__)s)", url=url, __name__=type(error).__name__),
                worded("start it (`make up`), or see its log"),
            )
        bad = [f"{check}: {words}" for check, words in checks.items() if words.partition(":")[0] != "ok"]
        if bad or not response.is_success:
            return Finding(
                name,
                Grade.FAULT,
                worded("%(url)s is not ready: %(bad)s", url=url, bad="; ".join(bad) or worded("starting")),
                worded("see its log"),
            )
        if off := checks.get("clocks", "ok").partition(": ")[2]:
            return Finding(
                name,
                Grade.FAULT,
                worded("%(url)s is ready, but %(off)s", url=url, off=off),
                worded("NTP on both machines"),
            )
        return Finding(
            name, Grade.WELL, worded("%(url)s ready (%(checks)s)", url=url, checks=", ".join(checks))
        )

    async with httpx2.AsyncClient(timeout=5, trust_env=False) as ask:
        return [await service(name, ask) for name in SERVICES]
