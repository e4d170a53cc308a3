"""Composes the escalator: sixteen lanes on the broker, the independent check beside them, the policy over HTTP."""

import asyncio
import sys
from datetime import UTC, datetime

from services.escalator.api import policy_router
from services.escalator.cases import Cases
from services.escalator.lane import Lanes, Step, no_step
from services.escalator.metrics import Metrics, WatchMetrics
from services.escalator.outgoing import Outgoings
from services.escalator.policy.bucket import BucketStore
from services.escalator.policy.load import load_checked
from services.escalator.policy.store import Policies
from services.escalator.pull import LongPull
from services.escalator.rulebook import RuleBook
from services.escalator.send import Exchange
from services.escalator.settings import EscalatorSettings
from services.escalator.standing import StandingWatches
from services.escalator.watcher import Watcher
from services.escalator.witnesses import Witnesses
from shared.broker import check_durables
from shared.directory import load_directory
from shared.directory.live import LiveDirectory
from shared.lined_yaml import YamlFault
from shared.secrets import SecretFile, verify_key
from shared.service import Service
from shared.streams import CASES, CROSS_CHECK_DURABLE, FACTS, escalator_durable
from shared.subjects import LANES
from shared.tokens import Gate

NAME = "escalator"
USAGE_ERROR = 2


def build(settings: EscalatorSettings, step: Step = no_step) -> Service:
    """The escalator, composed. Raises YamlFault for a policy or directory that could not be followed."""
    service = Service(NAME, settings)
    connection = lambda: service.connection  # noqa: E731 - the connection as it is at the call
    clock = lambda: datetime.now(UTC)  # noqa: E731 - the one wall clock
    directory = LiveDirectory(load_directory(settings.directory), connection)
    exchange = Exchange(connection)
    outgoings = Outgoings(exchange)
    policies = Policies(load_checked(settings.policy, directory.now), BucketStore(connection), directory, clock, outgoings.tell)
    rulebook = RuleBook(policies, directory)
    lanes = Lanes(Cases(exchange), outgoings, rulebook, Metrics(service.registry), step)
    standing = StandingWatches(exchange, outgoings, rulebook, directory, clock)
    witnesses = Witnesses(connection, outgoings, rulebook, clock)
    durables = [escalator_durable(lane) for lane in range(LANES)]
    pulls = [LongPull(NAME, stream=FACTS, durable=durable, handle=lanes.handle) for durable in durables]
    watcher = Watcher(connection, settings, WatchMetrics(service.registry), clock)

    async def pull() -> None:
        async with asyncio.TaskGroup() as group:
            for one in pulls:
                group.create_task(one.keep_open(connection))

    async def cases_answer() -> None:
        await service.connection.jetstream(timeout=2).stream_info(f"KV_{CASES}")

    service.prepare += [exchange.open, directory.open, policies.open, witnesses.open]
    service.tasks += [pull, directory.run, policies.run, standing.run, witnesses.run, watcher.run]
    service.checks["lanes"] = check_durables(connection, [(FACTS, durable) for durable in (*durables, CROSS_CHECK_DURABLE)])
    service.checks["cases"] = cases_answer
    gate = Gate(verify_key(settings.secrets, SecretFile.TOKEN_VERIFY))
    service.app.include_router(policy_router(policies, directory, gate, clock))
    return service


def main() -> None:
    try:
        build(EscalatorSettings()).run()
    except YamlFault as fault:
        print(fault, file=sys.stderr)  # noqa: T201 - for the person who wrote the file
        raise SystemExit(USAGE_ERROR) from None
