"""The store read without a service in between, as an auditor with the database in hand would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.audit.checking.verify import Verdict, verify
from services.audit.reading.reader import TrailReader
from services.audit.reading.source import StoreSource
from services.audit.store.trail import Trail
from shared.secrets import SecretFile
from shared.tlog.note import Verifier
from tests.lab import Lab


@asynccontextmanager
async def store_of(lab: Lab) -> AsyncIterator[StoreSource]:
    trail = Trail(lab.mongo_url)
    try:
        yield StoreSource(TrailReader(trail))
    finally:
        trail.close()


def key_of(lab: Lab) -> Verifier:
    return Verifier.read((lab.secrets / SecretFile.TRAIL_VERIFY).read_text())


async def verdict_of(lab: Lab) -> Verdict:
    async with store_of(lab) as source:
        return await verify(source, key_of(lab))
