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
        *skew("store clock", local.isoformat() if isinstance(local, datetime) else None, ours),
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
        return [await service(name, ask) for name in SERVICES]
