"""What is watched without anybody reporting: rosters, sources, contingency plans, periodic duties, the
directory's gaps.

Invariant: each watch that the policy in force and the directory of now ask for has been established as it is
now, once; what they no longer ask for has been established once more, so that its case lets go. A change
establishes again only the watches it alters. A repeat carries the same id: what was established is noted
after it is on record, over exactly the note that stood there before.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from services.escalator.lanes.outgoing import SOURCE, Outgoings
from services.escalator.lanes.passed import lanes_pass
from services.escalator.lanes.rulebook import RuleBook
from services.escalator.policy.duty_spec import DutySpec
from services.escalator.policy.load import Policy
from services.escalator.policy.resolve import ancestry, triggers_of, whole_rule
from shared.broker.append import PUBLISH_TIMEOUT
from shared.broker.bucket_follower import BucketEntry, BucketFollower
from shared.broker.exchange import Exchange, WrittenAt
from shared.broker.forever import forever
from shared.broker.many_writes import Write, write_many
from shared.case import ROLL_CALL
from shared.directory import Directory, Unit
from shared.directory.live import LiveDirectory
from shared.facts import Established, Fact, Frozen
from shared.ids import PlanId, PostId, RosterId, SourceId, UnitId
from shared.standing import own_watch, standing_case, units_with
from shared.streams import POLICIES
from shared.subjects import fact_subject, lane_of
from shared.vocabulary import Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LOOK_EVERY = 2.0
"""Seconds between two looks at whether policy or directory changed; a policy may come into force at any
moment.
"""
KEPT_AT = "standing"
"""Keys of the bucket POLICIES: `standing.<watch>.<subject>`; under `standing` alone what the version before
kept of all.
"""
AT_ONCE = 64
"""Watches established and noted together: a large city has thousands, and what is noted is not said again. A
report waits behind no more of them: the next are established when the lanes are through with these.
"""
LANES_TAKE = 5.0
"""Seconds that the lanes are given for that: one that stands still does not keep the others waiting for ever."""
LET_GO = "let_go"
"""In place of a digest: the watch is no longer asked for."""


class Noted(Frozen):
    """What was established last of a watch."""

    digest: str
    """Of the policy, and of all that the directory says of it."""
    said: Established


class Watched(Frozen):
    """The single value of the version before."""

    by: str
    subjects: tuple[Established, ...]


@dataclass(frozen=True, slots=True)
class _Note:
    """A key of the bucket as it was read."""

    said: Established | None
    """None: it was let go."""
    digest: str
    """Empty where the version before noted it."""
    sequence: int
    """0 where the key was never written."""


def to_be_watched(policy: Policy, directory: Directory) -> Iterator[Established]:
    """Everything that has a standing case by this policy and directory; ledgers are opened by the first lapse
    referred to them.
    """
    for roster in directory.rosters:
        if roster.sign_in_within is not None:
            yield _established(directory, "roster", roster.id, roster.unit, roster.name.zh)
    for source in directory.sources:
        if source.silent_after is not None:
            yield _established(directory, "source", source.id, source.unit, source.name.zh)
    for plan in directory.plans:
        yield _established(directory, "plan", plan.id, plan.unit, plan.name.zh)
    for name, spec in policy.document.duties.items():
        rule = whole_rule(policy.document, name)
        triggers = triggers_of(rule)
        calendar = rule.get("every") is not None and "established.periodic" in triggers
        opened_by = {trigger.removeprefix("established.") for trigger in triggers}
        watch = next(
            (name for name in ("gaps", ROLL_CALL) if name in opened_by), "periodic" if calendar else None
        )
        if watch is not None and rule.get("each") is not None:
            for unit in units_with(directory, rule["each"]):
                yield _established(
                    directory, watch, own_watch(name, unit.id), unit.id, _title(spec, name, unit)
                )
        elif watch is not None:
            family = [
                policy.document.duties[ancestor] for ancestor in reversed(ancestry(policy.document, name))
            ]
            bearer = next((member.by for member in family if member.by), None)
            yield _established(
                directory, watch, name, _unit_of(directory, bearer), spec.title.zh if spec.title else name
            )


def _title(spec: DutySpec, name: str, unit: Unit) -> str:
    return f"{spec.title.zh if spec.title else name}（{unit.name.zh}）"


def _established(directory: Directory, watch: str, subject: str, unit: str, title: str) -> Established:
    area = directory.units_by_id[UnitId(unit)].area
    return Established.model_validate(
        {"watch": watch, "subject": subject, "unit": unit, "area": area, "title": title}
    )


def _unit_of(directory: Directory, bearer: str | None) -> str:
    """The unit of the post that owes it; where it is nobody's in particular, the unit above all others."""
    post = directory.posts_by_id.get(PostId(bearer or ""))
    return (
        post.unit if post is not None else next(unit.id for unit in directory.units if unit.superior is None)
    )


def watches(policy: Policy, directory: Directory) -> dict[str, Noted]:
    """All that is to be watched, by its key."""
    return {
        key_of(watch): Noted(digest=_digest(policy, directory, watch), said=watch)
        for watch in to_be_watched(policy, directory)
    }


def key_of(said: Established) -> str:
    return f"{KEPT_AT}.{said.watch}.{said.subject}"


def _digest(policy: Policy, directory: Directory, established: Established) -> str:
    watched: Frozen | None = None
    if established.watch == "roster":
        watched = directory.rosters_by_id[RosterId(established.subject)]
    elif established.watch == "source":
        watched = directory.sources_by_id[SourceId(established.subject)]
    elif established.watch == "plan":
        watched = directory.plans_by_id[PlanId(established.subject)]
    parts = (
        policy.label,
        established.model_dump_json(),
        watched.model_dump_json() if watched is not None else "",
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def digest_before(policy: Policy, revision: int, directory: Directory) -> str:
    """What the version before noted of policy and directory."""
    return hashlib.sha256(f"{policy.label} {revision} {directory.version}".encode()).hexdigest()[:16]


class StandingWatches:
    """Establishes at the start and at each change. Any replica may; a repeat is stored once."""

    def __init__(
        self,
        exchange: Exchange,
        outgoings: Outgoings,
        rulebook: RuleBook,
        directory: LiveDirectory,
        clock: Callable[[], datetime],
    ) -> None:
        self._exchange, self._out, self._rulebook, self._directory, self._clock = (
            exchange,
            outgoings,
            rulebook,
            directory,
            clock,
        )
        self._notes: dict[str, _Note] = {}
        self._established_at: dict[int, int] = {}
        """Of each lane the last fact that established something."""
        self._established_before = ""
        """By which policy and directory the version before established all it watched."""
        self._follower = BucketFollower(
            POLICIES,
            exchange.connection,
            self._take,
            keys=(KEPT_AT, f"{KEPT_AT}.>"),
            forget=self._notes.clear,
        )
        self._done: tuple[str, Directory] | None = None
        """Label of the policy, and the directory, by which all is established."""

    async def run(self) -> None:
        """For as long as the service lives."""
        await forever(self.look, "not_established", every=LOOK_EVERY)

    async def look(self) -> None:
        """Establish what a change of policy or directory asks for; nothing where nothing changed."""
        now = self._clock()
        policy, directory = self._rulebook.policies.in_force(now), self._directory.now
        if self._done is not None and self._done[0] == policy.label and self._done[1] is directory:
            return
        await self._follower.open()
        # A large city has thousands of rosters: the lanes go on meanwhile.
        to_watch = await asyncio.to_thread(watches, policy, directory)
        if self._established_before == digest_before(policy, self._directory.revision, directory):
            await self._note(
                [
                    noted
                    for key, noted in to_watch.items()
                    if key in self._notes and not self._notes[key].sequence
                ]
            )
            await self._follower.open()
        altered = [
            noted
            for key, noted in to_watch.items()
            if key not in self._notes or self._notes[key].digest != noted.digest
        ]
        gone = [
            Noted(digest=LET_GO, said=note.said)
            for key, note in self._notes.items()
            if key not in to_watch and note.said is not None
        ]
        changed = [*altered, *gone]
        for place in range(0, len(changed), AT_ONCE):
            if place:
                await lanes_pass(self._exchange.connection, self._established_at, LANES_TAKE)
            await self._establish(changed[place : place + AT_ONCE], now)
        if changed:
            log.info(
                "established",
                watched=len(to_watch),
                altered=len(altered),
                let_go=len(gone),
                policy=policy.label,
                directory=directory.version,
            )
        self._done = policy.label, directory

    async def _establish(self, some: Sequence[Noted], now: datetime) -> None:
        """First the fact, then the note of it."""
        async with asyncio.timeout(PUBLISH_TIMEOUT * 2):
            waiting: list[asyncio.Future[WrittenAt]] = []
            lanes: list[int] = []
            for noted in some:
                established = noted.said
                # By the entry it replaces, so that what is as it was before an earlier change is established
                # once more all the same.
                about = f"{established.watch}:{established.subject}"
                fact_id = f"established:{about}:{noted.digest}:{self._sequence(noted)}"
                case = standing_case(established.watch, established.subject)
                raw = Fact.bytes_of(
                    Kind.ESTABLISHED, id=fact_id, source=SOURCE, subject=case, time=now, data=established
                )
                waiting.append(await self._out.append(fact_subject(case, Kind.ESTABLISHED), raw, fact_id))
                lanes.append(lane_of(case))
            self._established_at |= zip(lanes, await asyncio.gather(*waiting), strict=True)
        await self._note(some)

    async def _note(self, some: Sequence[Noted]) -> None:
        """Where another replica was faster it has noted the same."""
        writes: list[Write] = []
        for noted in some:
            subject, last = f"$KV.{POLICIES}.{key_of(noted.said)}", self._sequence(noted)
            if noted.digest == LET_GO:
                writes.append(Write(subject, b"", last, {"KV-Operation": "DEL"}))
            else:
                writes.append(Write(subject, noted.model_dump_json().encode(), last))
        await write_many(self._exchange.connection(), writes, PUBLISH_TIMEOUT * 2)

    def _sequence(self, noted: Noted) -> int:
        note = self._notes.get(key_of(noted.said))
        return note.sequence if note is not None else 0

    def _take(self, entry: BucketEntry) -> None:
        """Raises ValueError."""
        if entry.key != KEPT_AT:
            noted = Noted.model_validate_json(entry.value) if entry.value is not None else None
            self._notes[entry.key] = _Note(
                noted.said if noted else None, noted.digest if noted else LET_GO, entry.revision
            )
        elif entry.value is not None:
            before = Watched.model_validate_json(entry.value)
            self._established_before = before.by
            for subject in before.subjects:
                self._notes.setdefault(key_of(subject), _Note(subject, "", 0))
