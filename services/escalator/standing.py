"""What is watched without anybody reporting: rosters, sources, periodic duties, the directory's gaps.

Invariant: whatever the policy in force and the directory of now ask to be watched has been established, once for each of their
changes; what they no longer ask for has been established once more, so that its case lets go. A repeat carries the same id.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime

import structlog
from nats.errors import Error as NatsError

from services.escalator.outgoing import SOURCE, Outgoings
from services.escalator.policy.load import Policy
from services.escalator.policy.resolve import ancestry, triggers_of, whole_rule
from services.escalator.rulebook import RuleBook
from services.escalator.send import Exchange, Written
from shared.broker import PUBLISH_TIMEOUT
from shared.directory import Directory
from shared.directory.live import LiveDirectory
from shared.facts import Established, Fact, Frozen
from shared.ids import AreaCode, PostId, UnitId
from shared.standing import standing_case
from shared.streams import POLICIES
from shared.subjects import fact_subject
from shared.vocabulary import Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LOOK_EVERY = 2.0
"""Seconds between two looks at whether policy or directory changed; a policy may come into force at any moment."""
KEPT_AT = f"$KV.{POLICIES}.standing"


class Watched(Frozen):
    """What was established last, kept in the bucket POLICIES so that a restart says nothing twice."""

    by: str
    """Digest of policy and directory."""
    subjects: tuple[Established, ...]


def to_be_watched(policy: Policy, directory: Directory) -> Iterator[Established]:
    """Everything that has a standing case by this policy and directory; ledgers are opened by the first lapse referred to them."""
    for roster in directory.rosters:
        if roster.sign_in_within is not None:
            yield _established(directory, "roster", roster.id, roster.unit, roster.name.zh)
    for source in directory.sources:
        if source.silent_after is not None:
            yield _established(directory, "source", source.id, source.unit, source.name.zh)
    for name, spec in policy.document.duties.items():
        rule = whole_rule(policy.document, name)
        triggers = triggers_of(rule)
        calendar = rule.get("every") is not None and "established.periodic" in triggers
        watch = "gaps" if "established.gaps" in triggers else "periodic" if calendar else None
        if watch is not None:
            family = [policy.document.duties[ancestor] for ancestor in reversed(ancestry(policy.document, name))]
            bearer = next((one.by for one in family if one.by), None)
            yield _established(directory, watch, name, _unit_of(directory, bearer), spec.title.zh if spec.title else name)


def _established(directory: Directory, watch: str, subject: str, unit: str, title: str) -> Established:
    area = directory.units_by_id[UnitId(unit)].area
    return Established.model_validate({"watch": watch, "subject": subject, "unit": unit, "area": AreaCode(area), "title": title})


def _unit_of(directory: Directory, bearer: str | None) -> str:
    """The unit of the post that owes it; where it is nobody's in particular, the unit above all others."""
    post = directory.posts_by_id.get(PostId(bearer or ""))
    return post.unit if post is not None else next(unit.id for unit in directory.units if unit.superior is None)


def digest_of(policy: Policy, revision: int, directory: Directory) -> str:
    return hashlib.sha256(f"{policy.label} {revision} {directory.version}".encode()).hexdigest()[:16]


class StandingWatches:
    """Establishes at the start and at each change. Any replica may; a repeat is stored once."""

    def __init__(
        self, exchange: Exchange, outgoings: Outgoings, rulebook: RuleBook, directory: LiveDirectory, clock: Callable[[], datetime]
    ) -> None:
        self._exchange, self._out, self._rulebook, self._directory, self._clock = exchange, outgoings, rulebook, directory, clock
        self._done = ""

    async def run(self) -> None:
        """For as long as the service lives."""
        while True:
            try:
                await self.look()
            except (NatsError, OSError, TimeoutError) as error:
                log.warning("not_established", error=str(error) or type(error).__name__, next=f"again in {LOOK_EVERY} s")
            await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Establish what a change of policy or directory asks for; nothing where nothing changed."""
        now = self._clock()
        policy, directory = self._rulebook.policies.in_force(now), self._directory.now
        by = digest_of(policy, self._directory.revision, directory)
        if by == self._done:
            return
        async with asyncio.timeout(PUBLISH_TIMEOUT * 2):
            last = await self._last()
            if last is None or last.by != by:
                wanted = tuple(to_be_watched(policy, directory))
                kept = {(one.watch, one.subject) for one in wanted}
                gone = tuple(one for one in (last.subjects if last else ()) if (one.watch, one.subject) not in kept)
                await self._establish((*wanted, *gone), by, now)
                await (await self._exchange.publish(KEPT_AT, Watched(by=by, subjects=wanted).model_dump_json().encode(), {}))
                log.info("established", watched=len(wanted), let_go=len(gone), policy=policy.label, directory=directory.version)
        self._done = by

    async def _last(self) -> Watched | None:
        answer = await self._exchange.ask(f"$JS.API.DIRECT.GET.KV_{POLICIES}.{KEPT_AT}")
        if "Nats-Sequence" not in (answer.headers or {}):
            return None
        return Watched.model_validate_json(answer.data)

    async def _establish(self, watches: tuple[Established, ...], by: str, now: datetime) -> None:
        waiting: list[asyncio.Future[Written]] = []
        for one in watches:
            case, fact_id = standing_case(one.watch, one.subject), f"established:{one.watch}:{one.subject}:{by}"
            raw = Fact.bytes_of(Kind.ESTABLISHED, id=fact_id, source=SOURCE, subject=case, time=now, data=one)
            waiting.append(await self._out.append(fact_subject(case, Kind.ESTABLISHED), raw, fact_id))
        await asyncio.gather(*waiting)
