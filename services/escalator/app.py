"""Composes the escalator: sixteen lanes on the broker, the policy over HTTP."""

import sys
from datetime import UTC, datetime

from faststream.nats import PullSub
from nats.js.kv import KeyValue

from services.escalator.api import policy_router
from services.escalator.cases import Cases
from services.escalator.draft import Rules
from services.escalator.lane import Lanes, Step
from services.escalator.metrics import Metrics
from services.escalator.policy.load import load_checked
from shared.broker import check_durables, subscribe_durable
from shared.directory import load_directory
from shared.lined_yaml import YamlFault
from shared.secrets import SecretFile, verify_key
from shared.service import Service
from shared.settings import Settings
from shared.streams import CASES, FACTS, escalator_durable
from shared.subjects import LANES
from shared.tokens import Gate

NAME = "escalator"
USAGE_ERROR = 2


def build(settings: Settings, step: Step | None = None) -> Service:
    """The escalator, composed. Raises YamlFault for a policy or directory that could not be followed."""
    directory = load_directory(settings.directory)
    rules = Rules(load_checked(settings.policy, directory), directory)
    service = Service(NAME, settings)
    bucket: dict[str, KeyValue] = {}

    async def open_bucket() -> None:
        bucket[CASES] = await service.connection.jetstream(timeout=5).key_value(CASES)

    metrics = Metrics(service.registry)
    cases = Cases(lambda: bucket[CASES])
    connection = lambda: service.connection  # noqa: E731 - the connection as it is at the call
    lanes = Lanes(connection, cases, rules, metrics, step) if step else Lanes(connection, cases, rules, metrics)
    durables = [escalator_durable(lane) for lane in range(LANES)]
    for durable in durables:
        pull = PullSub(batch_size=1, timeout=5.0)
        subscribe_durable(service.broker, NAME, stream=FACTS, durable=durable, pull=pull)(lanes.handle)
    service.prepare.append(open_bucket)
    service.checks["lanes"] = check_durables(connection, [(FACTS, durable) for durable in durables])
    service.checks["cases"] = open_bucket
    gate = Gate(verify_key(settings.secrets, SecretFile.TOKEN_VERIFY))
    service.app.include_router(policy_router(rules, gate, lambda: datetime.now(UTC)))
    return service


def main() -> None:
    try:
        build(Settings()).run()
    except YamlFault as fault:
        print(fault, file=sys.stderr)  # noqa: T201 - for the person who wrote the file
        raise SystemExit(USAGE_ERROR) from None
