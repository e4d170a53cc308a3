"""The examination as a whole: every look in turn, from what is on this machine to what runs elsewhere."""

from collections.abc import Awaitable, Callable

from fenghuo.examination.broker import broker
from fenghuo.examination.finding import Finding, Patient
from fenghuo.examination.machine import configuration, packages, python, secrets
from fenghuo.examination.running import services, store
from fenghuo.places import known_addresses
from shared.settings import Settings


async def examine() -> list[Finding]:
    settings = Settings()
    patient = Patient(settings, known_addresses(settings))
    looks: tuple[Callable[[Patient], list[Finding] | Awaitable[list[Finding]]], ...] = (
        python, packages, configuration, secrets, broker, store, services,
    )  # fmt: skip
    findings: list[Finding] = []
    for look in looks:
        result = look(patient)
        findings += result if isinstance(result, list) else await result
    return findings
