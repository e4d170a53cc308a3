"""Everything on one machine without containers: broker, store, gateway and the four services, kept alive
until told to stop.

Invariant: what it started it ends, in the order services, gateway and witness, store, broker, whatever made
it stop; what was stored before a stop is there after the next start, because nothing is made anew that
exists.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx2

from fenghuo import durability
from fenghuo.bootstrap import declare_streams, make_secrets
from fenghuo.broker_care import BrokerCare
from fenghuo.embedded import EmbeddedError
from fenghuo.parts import SERVICES, broker_part, gateway_part, located, service_part, store_part, witness_part
from fenghuo.places import Installation, PlaceError
from fenghuo.screen import Screen, in_column
from fenghuo.sources import SourceKeys
from fenghuo.speech import worded
from fenghuo.supervisor import Child, Part, StartError, stop_all
from shared.directory import load_directory
from shared.message import N_
from shared.secrets import nkey_file
from shared.settings import Environment, Settings

if TYPE_CHECKING:  # it brings a web framework with it, and the first child is to start before that is loaded
    from shared.tokens import Claims

NOT_FOR_RECORDS = N_("for evaluation and development, not for retained records")
EMBEDDED_STORE = N_("embedded MongoDB wire server SecantusDB")
LAUNCH_ERRORS = (PlaceError, StartError, EmbeddedError)
"""What may keep an installation from starting; each says what to do."""


class Launcher:
    """One installation while it runs: `broker`, `store`, `gateway` and the services as watched children."""

    def __init__(self, place: Installation, settings: Settings, screen: Screen) -> None:
        self.place, self.settings, self.screen = place, settings, screen
        self.children: dict[str, Child] = {}
        self._care: asyncio.Task[None] | None = None

    async def start(self, ask: httpx2.AsyncClient) -> None:
        """Broker first, the rest side by side: the services look for broker and store for as long as it
        takes.
        """
        place = self.place
        if made := make_secrets(place.secrets):
            self.screen.tell(
                "step",
                worded(
                    "made %(count)s keys and secrets in %(secrets)s", count=len(made), secrets=place.secrets
                ),
                made=made,
            )
        directory = load_directory(located(self.settings.directory))
        if keys := SourceKeys(place.secrets).add_missing(directory, datetime.now(UTC)):
            self.screen.tell("step", worded("made the keys of %(count)s sources", count=len(keys)), made=keys)
        broker = self._spawn(broker_part(place))
        store = self._spawn(store_part(place))
        await self._ready(broker, worded("nats-server, %(nats_url)s", nats_url=place.nats_url))
        care = BrokerCare(broker, place.addresses["monitor"], place.data / "nats", self.screen)
        self._care = asyncio.create_task(care.run(), name="broker-care")
        rest = [
            self._spawn(gateway_part(place, ask)),
            *(self._spawn(service_part(name, place, self.settings, ask)) for name in SERVICES),
        ]
        if place.witness is not None:
            rest.append(self._spawn(witness_part(place, place.witness, ask)))
        # Loaded now: the others start meanwhile.
        from fenghuo import dev_tokens

        issued = dev_tokens.write(place.tokens, place.secrets, directory, datetime.now(UTC))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._declare(issued))
            group.create_task(
                self._ready(
                    store,
                    f"{worded(EMBEDDED_STORE)}, 127.0.0.1:{place.ports['mongo']}\n{worded(NOT_FOR_RECORDS)}",
                )
            )
            for child in rest:
                group.create_task(self._ready(child, place.url(child.part.name)))
        place.write_addresses()

    def _spawn(self, part: Part) -> Child:
        child = self.children[part.name] = Child(part, self.screen)
        return child

    async def _ready(self, child: Child, text: str) -> None:
        if not await child.ready():
            return
        self.screen.tell(
            "ready", in_column(child.part.name, text), part=child.part.name, pid=child.process.pid
        )

    async def _declare(self, issued: "list[Claims]") -> None:
        settings = self.settings.model_copy(
            update={
                "nats_url": self.place.nats_url,
                "nats_credentials": self.place.secrets / nkey_file("admin"),
                "nats_monitor": self.place.addresses["monitor"],
            }
        )
        if created := await declare_streams(settings):
            self.screen.tell(
                "step",
                worded("declared %(count)s streams, buckets and durables", count=len(created)),
                created=created,
            )
        if lazily := await durability.looked_up(settings):
            self.screen.tell("alarm", lazily, part="broker")
        from fenghuo.token_ledger import TokenLedger

        async with TokenLedger(settings) as ledger:
            await ledger.record(issued)

    async def stop(self) -> None:
        """Also after a start that failed half-way."""
        self.place.forget_addresses()
        if self._care is not None:
            self._care.cancel()
        order = (SERVICES, ("gateway", "witness"), ("store",), ("broker",))
        for names in order:
            await stop_all([self.children[name] for name in names if name in self.children])

    def kill(self) -> None:
        for child in self.children.values():
            child.stopping = True
            child.process.kill()


@asynccontextmanager
async def launched(place: Installation, settings: Settings, screen: Screen) -> AsyncIterator[Launcher]:
    """Runs inside the `async with`; all is gone after it. Raises one of LAUNCH_ERRORS before anything is left
    half started.
    """
    if settings.environment is Environment.PRODUCTION:
        raise PlaceError(
            worded(
                "FENGHUO_ENVIRONMENT is production, and the embedded store is %(NOT_FOR_RECORDS)s",
                NOT_FOR_RECORDS=worded(NOT_FOR_RECORDS),
            ),
            worded(
                "deploy with docker-compose.yml (docs/deploy.md), or unset FENGHUO_ENVIRONMENT to evaluate"
            ),
        )
    with place.locked():
        place.check_ports()
        launcher = Launcher(place, settings, screen)
        async with httpx2.AsyncClient(timeout=5, trust_env=False) as ask:
            try:
                await launcher.start(ask)
                yield launcher
            except ExceptionGroup as failed:
                known = [error for error in failed.exceptions if isinstance(error, LAUNCH_ERRORS)]
                raise (known or [*failed.exceptions])[0] from None
            finally:
                screen.tell("step", worded("stopping …"))
                _on_signals(launcher.kill)  # who asks twice does not want to wait
                await launcher.stop()
                screen.tell("ready", worded("everything has ended, no process is left"), stopped=True)


def _on_signals(act: Callable[[], object]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, act)


def run_until_signalled(work: Coroutine[Any, Any, int]) -> int:
    """Run `work`; SIGINT, SIGTERM and SIGHUP cancel it, and its clean-up still runs. Returns its exit code, 0
    where it was stopped.
    """

    async def watched() -> int:
        task = asyncio.create_task(work)
        _on_signals(task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            return 0

    return asyncio.run(watched())


def place_of(settings: Settings, ports: dict[str, int], *, demo: bool = False) -> Installation:
    home = settings.data_dir.resolve()
    if not demo:
        ports = {part: port for part, port in ports.items() if part != "witness"}
    return Installation(home=home, data=home / "demo" if demo else home, ports=ports, host=settings.http_host)
