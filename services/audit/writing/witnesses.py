"""Asking witnesses to cosign each checkpoint (C2SP tlog-witness), beside the writing of the trail and never
in its way.

Invariant: only the newest checkpoint is asked for; what a witness does or leaves undone can delay the seal,
never a record.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from services.audit.records.stored import SignedCheckpoint
from services.audit.store.calls import StoreError
from services.audit.store.cosignatures import Cosignature, Cosigned
from services.audit.store.trail import Trail
from services.audit.store.tree import StoredTree
from shared.metrics import from_zero
from shared.tlog import cosignature, note
from shared.tlog.checkpoint import size_of
from shared.tlog.cosignature import Witness
from shared.tlog.merkle import ProofError
from shared.tlog.note import NoteError, Verifier

if TYPE_CHECKING:
    import httpx2

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

SIZE_TYPE = "text/x.tlog.size"
TIMEOUT = 10.0
SILENT_AFTER = 180.0
"""Seconds without a cosignature until a witness counts as silent: a checkpoint is signed each minute at the
least.
"""
_SLOWEST = 60.0
_TRIES = 3


@dataclass(frozen=True)
class WitnessAt:
    """`url`: its submission prefix, without a slash at the end."""

    url: str
    key: Witness


class RefusedByWitness(RuntimeError):
    """It answered, and not with a cosignature. `alarming`: it holds that we signed what can't be."""

    def __init__(self, words: str, *, alarming: bool = False) -> None:
        super().__init__(words)
        self.alarming = alarming


def read_witnesses(setting: str) -> tuple[WitnessAt, ...]:
    """Lines of `url vkey`, or the path of a file with them; `#` begins a comment. Raises NoteError for a line
    that is none.
    """
    text = (
        Path(setting).read_text()
        if setting and "\n" not in setting and " " not in setting.strip()
        else setting
    )
    witnesses: list[WitnessAt] = []
    for line in (line.partition("#")[0].split() for line in text.splitlines()):
        if not line:
            continue
        if len(line) != 2 or not line[0].startswith(("http://", "https://")):
            raise NoteError(f"FENGHUO_WITNESSES: {' '.join(line)!r} is no line `<url> <vkey>`")
        witnesses.append(WitnessAt(line[0].rstrip("/"), Witness.read(line[1])))
    return tuple(witnesses)


class WitnessMetrics:
    """`names`: of the witnesses that are asked; each has its series from the start."""

    def __init__(self, registry: CollectorRegistry, names: Iterable[str] = ()) -> None:
        self.size = Gauge(
            "fenghuo_trail_cosigned_records",
            "Records a witness has cosigned.",
            ["witness"],
            registry=registry,
        )
        self.time = Gauge(
            "fenghuo_trail_cosignature_timestamp_seconds",
            "When a witness last cosigned, by its clock.",
            ["witness"],
            registry=registry,
        )
        self.refused = Counter(
            "fenghuo_trail_witness_refusals",
            "Checkpoints a witness would not cosign.",
            ["witness"],
            registry=registry,
        )
        self.alarms = Counter(
            "fenghuo_trail_witness_alarms",
            "Checkpoints that contradict what a witness saw: an alarm.",
            ["witness"],
            registry=registry,
        )
        asked = tuple(names)
        from_zero(self.refused, asked)
        from_zero(self.alarms, asked)
        for name in asked:
            self.time.labels(
                name
            ).set_to_current_time()  # who never cosigns is silent from now on, not for ever


class WitnessClient:
    """Asks one witness. `newest`: the last checkpoint signed. `consistency`: the proof between two sizes."""

    def __init__(
        self,
        at: WitnessAt,
        book: Cosigned,
        newest: Callable[[], Awaitable[SignedCheckpoint | None]],
        consistency: Callable[[int, int], Awaitable[list[bytes]]],
        metrics: WitnessMetrics,
    ) -> None:
        self.wake = asyncio.Event()
        self._at, self._book, self._newest, self._consistency, self._metrics = (
            at,
            book,
            newest,
            consistency,
            metrics,
        )
        self._size = 0
        self._done = -1
        self._fault = ""
        self._silent = False

    async def run(self) -> None:
        """Until cancelled."""
        import httpx2

        heard, tries = asyncio.get_running_loop().time(), 0
        async with httpx2.AsyncClient(timeout=TIMEOUT) as client:
            while True:
                self.wake.clear()
                fault = await self._try(client)
                now = asyncio.get_running_loop().time()
                heard, tries = (heard, tries + 1) if fault else (now, 0)
                self._tell(fault, now - heard)
                if fault:
                    await asyncio.sleep(min(_SLOWEST, 2.0 ** min(tries - 1, 10)))
                else:
                    await self.wake.wait()

    async def _try(self, client: "httpx2.AsyncClient") -> str:
        """The fault in words, empty where there is none (or nothing to ask for)."""
        import httpx2

        try:
            await self._ask(client)
        except RefusedByWitness as error:
            self._metrics.refused.labels(self._at.key.name).inc()
            if error.alarming:
                self._metrics.alarms.labels(self._at.key.name).inc()
                log.critical(
                    "witness_disagrees",
                    witness=self._at.key.name,
                    why=str(error),
                    next="change nothing; compare with the witness's own log and evidence, and run `fenghuo trail verify`",
                )
            return str(error)
        except (httpx2.HTTPError, httpx2.InvalidURL, StoreError, ProofError, NoteError) as error:
            return str(error) or type(error).__name__
        except (
            Exception
        ) as error:  # the boundary: whatever a witness makes go wrong must not end the writing of the trail
            log.exception("witness_failed", witness=self._at.key.name)
            return type(error).__name__
        return ""

    def _tell(self, fault: str, seconds: float) -> None:
        name = self._at.key.name
        if fault and fault != self._fault:
            log.warning(
                "not_cosigned",
                witness=name,
                url=self._at.url,
                why=fault,
                next="trying again; records go on meanwhile, unsealed",
            )
        if fault and seconds > SILENT_AFTER and not self._silent:
            self._silent = True
            log.error(
                "witness_silent",
                witness=name,
                url=self._at.url,
                seconds=round(seconds),
                next="ask whoever keeps it; nothing is sealed by it",
            )
        elif self._fault and not fault:
            self._silent = False
            log.info("witness_cosigns_again", witness=name)
        self._fault = fault

    async def _ask(self, client: "httpx2.AsyncClient") -> None:
        if self._done < 0 and (last := await self._book.last_of(self._at.key.id)) is not None:
            self._size, self._done = last.size, last.checkpoint
        for _ in range(_TRIES):
            signed = await self._newest()
            if signed is None or signed.number <= self._done:
                return
            if self._size > signed.size:
                raise RefusedByWitness(
                    f"it has seen {self._size} records of this trail, which has {signed.size}: an older copy",
                    alarming=True,
                )
            body = cosignature.add_checkpoint(
                self._size, await self._consistency(self._size, signed.size), signed.note
            )
            response = await client.post(f"{self._at.url}/add-checkpoint", content=body)
            if response.status_code == HTTPStatus.OK:
                await self._keep(signed, response.text)
                return
            self._size = self._size_of_witness(response)
        raise RefusedByWitness("it names another size each time it is asked: two logs may use this key")

    def _size_of_witness(self, response: "httpx2.Response") -> int:
        """Where the witness stands, from its 409. Raises RefusedByWitness for any other answer."""
        size = (
            size_of(response.text.removesuffix("\n"))
            if response.headers.get("content-type") == SIZE_TYPE
            else None
        )
        if response.status_code != HTTPStatus.CONFLICT or (size is not None and size == self._size):
            alarming = response.status_code in (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)
            raise RefusedByWitness(
                f"it answers {response.status_code} {response.text[:200].strip()}", alarming=alarming
            )
        if size is None:
            raise RefusedByWitness(
                "it answers 409 without a size: it holds another root for this size", alarming=True
            )
        return size

    async def _keep(self, signed: SignedCheckpoint, lines: str) -> None:
        text = note.parse(signed.note.encode()).text
        for line in note.parse(f"{text}\n{lines}".encode()).signatures:
            if self._at.key.signed(line):
                time = self._at.key.time_of(line, text)
                await self._book.add(
                    Cosignature(signed.number, signed.size, self._at.key.id, time, line.line())
                )
                self._size, self._done = signed.size, signed.number
                self._metrics.size.labels(self._at.key.name).set(signed.size)
                self._metrics.time.labels(self._at.key.name).set(time)
                return
        raise RefusedByWitness(
            "its answer has no line by the key known here: FENGHUO_WITNESSES names another key than it has"
        )


class TrailWitnesses:
    """All that are configured, and the book of what they gave."""

    def __init__(
        self, trail: Trail, setting: str, quorum: int, registry: CollectorRegistry, log_key: Verifier
    ) -> None:
        """Raises NoteError where `setting` names none rightly, or the log itself."""
        witnesses = read_witnesses(setting)
        cosignature.refuse_kin((witness.key for witness in witnesses), log_key)
        self.book = Cosigned(
            trail.cosignatures,
            trail.checkpoints,
            [witness.key for witness in witnesses],
            quorum,
            is_writer=True,
        )
        self._trail, self._count = trail, 0
        metrics = WitnessMetrics(registry, [witness.key.name for witness in witnesses])
        self._askers = [
            WitnessClient(witness, self.book, self._newest, StoredTree(trail).consistency, metrics)
            for witness in witnesses
        ]

    def after(self, announce: Callable[[str], Awaitable[None]]) -> Callable[[str], Awaitable[None]]:
        """`announce`, and the witnesses woken."""

        async def also(written: str) -> None:
            for asker in self._askers:
                asker.wake.set()
            await announce(written)

        return also

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for asker in self._askers:
                group.create_task(asker.run())

    async def _newest(self) -> SignedCheckpoint | None:
        self._count = await self._trail.checkpoints.count(self._count)
        return await self._trail.checkpoints.at(self._count - 1) if self._count else None
