"""The streams, buckets and durables of Fenghuo, declared here and nowhere else, by `fenghuo bootstrap` with
the admin's key.

Invariant: no service declares anything. A stream declared twice is overwritten by whoever starts last, and a
durable that exists is never updated, so that one place must own both.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    KeyValueConfig,
    StorageType,
    StreamConfig,
    StreamSource,
    SubjectTransform,
)
from nats.js.errors import NotFoundError

from shared.subjects import LANES
from shared.vocabulary import ESCALATOR_KINDS, Kind

INBOX = "INBOX"
FACTS = "FACTS"
CLOCKS = "CLOCKS"
CASES = "CASES"
DELIVERIES = "DELIVERIES"
TRAIL = "TRAIL"
THREADS = "THREADS"
IDS = "IDS"
"""Bucket: on which subject each fact of intake lies, by a digest of its id; when it was first tried, the
entry's own time says.
"""
POSITIONS = "POSITIONS"
"""Bucket: how far each durable of FACTS has come, so that one that is made anew goes on from there."""
DIRECTORY = "DIRECTORY"
TOKENS = "TOKENS"
SESSIONS = "SESSIONS"
"""Bucket: one-time links, the sessions they opened, their use and end (shared/sessions.py)."""
LIGHTS = "LIGHTS"
PULSES = "PULSES"
LINKS = "LINKS"
"""Bucket: up to where on record the links are revoked that a person was sent about a case."""
BROWSERS = "BROWSERS"
"""Bucket: in which browsers people have said that they want to be rung, and by which key."""
POLICIES = "POLICIES"
"""Bucket: every policy a case began under, by digest, and the versions with their approval."""
FILES = "FILES"
"""Object store: photographs, scans, clips, minutes, each content once under its SHA-256."""
UPLOADS = "UPLOADS"
"""Object store: what was brought and no fact has named yet. The broker forgets it after a term."""
FILES_STREAM, UPLOADS_STREAM = f"OBJ_{FILES}", f"OBJ_{UPLOADS}"
FILES_LIMIT = 20 * 1024**3
"""Bytes of all files; a deployment may give them more. They never take the room of the facts."""
UPLOADS_LIMIT = 4 * 1024**3
"""Bytes of all uploads; beyond, the oldest go first."""
SESSIONS_KEPT = timedelta(days=9)
"""Longer than a session lasts at most (shared/sessions.py), so that no link opens a second one."""
UPLOADS_KEPT = timedelta(hours=24)
"""A deployment may keep them longer or shorter."""

INTAKE_DURABLE = "intake"
NOTIFIER_DURABLE = "notifier"
AUDIT_DURABLE = "audit"
CROSS_CHECK_DURABLE = "cross_check"
"""The escalator's other eye: every report, laid beside what outside witnesses know."""

DEDUPE_WINDOW = timedelta(hours=1)
LANE_ACK_WAIT = timedelta(seconds=2)
"""A killed escalator holds its lanes for no longer; whoever works longer renews."""
REDELIVERED_AFTER = timedelta(seconds=15)
"""What was handed to somebody who was killed, or was acknowledged to a broker that was, goes to whoever asks
next. Below the time after which a queue counts as standing still (`shared.broker.STILL_AFTER`): else every
kill of the audit rings a false alarm.
"""
NOTHING = "nothing.is.published.here"
INBOX_MESSAGE_LIMIT = 640 * 1024
"""Bytes. A rejected message is kept in base 64 inside a fact: 4/3 of it must still fit the broker's 1 MB."""


def escalator_durable(lane: int) -> str:
    return f"escalator-{lane}"


def stream_configs(replicas: int = 1) -> list[StreamConfig]:
    """In the order they must be declared: FACTS sources CLOCKS, so that a fired clock is a fact."""
    inbox = StreamConfig(
        name=INBOX,
        description="what others published, as it came",
        subjects=["inbox.*.*"],
        storage=StorageType.FILE,
        num_replicas=replicas,
        # A message id is the stream's, not the sender's: by guessing one, a source would have another's
        # message dropped. So none counts here, and intake tells repeats by (source, id). A stream that draws
        # on another has no dedupe window unless one is set, which is the one way to have none (the shortest
        # window is 100 ms); nothing is ever published where this one draws from.
        sources=[StreamSource(name=CLOCKS, filter_subject=NOTHING)],
        max_msg_size=INBOX_MESSAGE_LIMIT,
        max_age=timedelta(days=30).total_seconds(),
        deny_delete=True,
    )
    clocks = StreamConfig(
        name=CLOCKS,
        description="pending deadlines and, for a day, fired ones",
        subjects=["clock.armed.*.*", "clock.due.*.*"],
        storage=StorageType.FILE,
        num_replicas=replicas,
        allow_msg_schedules=True,
        allow_msg_ttl=True,
        # The independent check reads what is pending without a consumer.
        allow_direct=True,
        # A clock armed again replaces the former one: rollup per subject is how the server does it.
        allow_rollup_hdrs=True,
    )
    facts = StreamConfig(
        name=FACTS,
        description="the record: everything that happened, in one order",
        subjects=["fact.*.*"],
        storage=StorageType.FILE,
        num_replicas=replicas,
        # A stream with sources has no dedupe window unless one is set.
        duplicate_window=DEDUPE_WINDOW.total_seconds(),
        sources=[
            StreamSource(
                name=CLOCKS,
                subject_transforms=[SubjectTransform(src="clock.due.*.*", dest="fact.{{wildcard(1)}}.due")],
            )
        ],
        deny_delete=True,
        deny_purge=True,
        allow_direct=True,
    )
    files = StreamConfig(
        name=FILES_STREAM,
        description="the object store of files, each content once under its SHA-256",
        subjects=[f"$O.{FILES}.{part}.>" for part in "CMN"],
        storage=StorageType.FILE,
        num_replicas=replicas,
        max_bytes=FILES_LIMIT,
        discard=DiscardPolicy.NEW,
        # Without rollups nobody who may write can also take away: that wants the right to purge.
        allow_rollup_hdrs=False,
        deny_delete=True,
        allow_direct=True,
    )
    uploads = StreamConfig(
        name=UPLOADS_STREAM,
        description="the object store of what was brought and no fact has named yet; forgotten after a term",
        subjects=[f"$O.{UPLOADS}.{part}.>" for part in "CMB"],
        storage=StorageType.FILE,
        num_replicas=replicas,
        max_age=UPLOADS_KEPT.total_seconds(),
        max_bytes=UPLOADS_LIMIT,
        # A flood takes the room of other uploads, and never that of a file on record.
        discard=DiscardPolicy.OLD,
        deny_delete=True,
        allow_direct=True,
    )
    return [clocks, facts, inbox, files, uploads]


def bucket_configs(replicas: int = 1) -> list[KeyValueConfig]:
    """Each that is not written anew every few seconds keeps more than one revision of a key: one that can't
    be read is stepped back from (shared/broker/revisions.py).
    """

    def bucket(name: str, history: int, description: str, ttl: timedelta | None = None) -> KeyValueConfig:
        return KeyValueConfig(
            bucket=name,
            description=description,
            history=history,
            ttl=ttl.total_seconds() if ttl is not None else None,
            storage=StorageType.FILE,
            replicas=replicas,
            direct=True,
        )

    return [
        bucket(CASES, 2, "each case as it stands"),
        bucket(
            DELIVERIES,
            3,
            "what became of each notice, so that a restarted notifier sends none twice",
            timedelta(days=30),
        ),
        bucket(
            THREADS,
            3,
            "to which case a system's messages belong, so that every intake takes an update to the case of its alert",
            timedelta(days=180),
        ),
        bucket(
            POLICIES,
            10,
            "every policy a case began under, and the versions on their way from draft to in force",
        ),
        bucket(DIRECTORY, 64, "who is who, as it is now, with its last changes"),
        bucket(PULSES, 1, "that a service lives and can write, and when it was away"),
        # Longer than any link lives.
        bucket(LINKS, 2, "links of messages that were revoked", timedelta(days=800)),
        # One revision: of a browser that is to ring no more nothing stays.
        bucket(
            BROWSERS, 1, "the browsers in which people want to be rung too, and what a browser needs for it"
        ),
        # Longer than any token lives: what has left here has ended by itself.
        bucket(
            TOKENS,
            8,
            "which tokens were issued (never the tokens), and which were taken back",
            timedelta(days=400),
        ),
        bucket(
            SESSIONS,
            1,
            "one-time links and the sessions of people on the pages: digests, never what opens one",
            SESSIONS_KEPT,
        ),
        # Nobody speaks for a service that has ended.
        bucket(
            LIGHTS,
            1,
            "whether each service is ready, written and read back by itself: what can't be stored here can't be stored",
            timedelta(seconds=90),
        ),
        # The broker keeps some hundred bytes in memory for each.
        bucket(
            IDS,
            2,
            "which ids of others intake has used, for as long as they may send the same again",
            timedelta(days=100),
        ),
        bucket(
            POSITIONS, 2, "how far each durable has come, so that one made anew does not begin at the start"
        ),
        bucket(TRAIL, 5, "the sequencer's epoch"),
    ]


def durable_configs() -> list[tuple[str, ConsumerConfig]]:
    """(stream, durable) pairs. Escalator lanes hand out one message at a time: the server keeps a case's
    facts in single file.
    """
    explicit, everything = AckPolicy.EXPLICIT, DeliverPolicy.ALL
    durables = [
        (
            INBOX,
            ConsumerConfig(
                durable_name=INTAKE_DURABLE,
                ack_policy=explicit,
                deliver_policy=everything,
                ack_wait=10,
                max_ack_pending=256,
                max_deliver=-1,
            ),
        ),
        (
            FACTS,
            ConsumerConfig(
                durable_name=NOTIFIER_DURABLE,
                ack_policy=explicit,
                deliver_policy=everything,
                filter_subject=f"fact.*.{Kind.DECIDED}",
                ack_wait=8,
                max_ack_pending=8192,  # those that wait for a gateway keep nobody else waiting
                max_deliver=-1,
            ),
        ),
        (
            FACTS,
            ConsumerConfig(
                durable_name=CROSS_CHECK_DURABLE,
                ack_policy=explicit,
                deliver_policy=everything,
                filter_subject=f"fact.*.{Kind.REPORTED}",
                ack_wait=REDELIVERED_AFTER.total_seconds(),
                max_ack_pending=64,
                max_deliver=-1,
            ),
        ),
        (
            FACTS,
            ConsumerConfig(
                durable_name=AUDIT_DURABLE,
                ack_policy=explicit,
                deliver_policy=everything,
                ack_wait=REDELIVERED_AFTER.total_seconds(),
                max_ack_pending=10_000,
                max_deliver=-1,
            ),
        ),
    ]
    durables += [
        (
            FACTS,
            ConsumerConfig(
                durable_name=escalator_durable(lane),
                ack_policy=explicit,
                deliver_policy=everything,
                filter_subjects=[f"fact.{lane}.{kind}" for kind in ESCALATOR_KINDS],
                ack_wait=LANE_ACK_WAIT.total_seconds(),
                max_ack_pending=1,
                max_deliver=-1,
            ),
        )
        for lane in range(LANES)
    ]
    return durables


class Position(NamedTuple):
    """A message that a durable is done with, and all before it."""

    sequence: int
    at: datetime
    """When it was stored."""

    @classmethod
    def read(cls, raw: bytes) -> "Position":
        """Raises ValueError."""
        sequence, _, at = raw.decode("ascii").partition(" ")
        return cls(int(sequence), datetime.fromisoformat(at))

    def write(self) -> bytes:
        return f"{self.sequence} {self.at.isoformat()}".encode()


def position_key(stream: str, durable: str) -> str:
    return f"{stream}.{durable}"


async def declare(js: JetStreamContext, replicas: int = 1) -> list[str]:
    """Make the broker hold exactly what stands above; safe to repeat. Returns what was created or changed,
    for the console.

    Streams and buckets that have fewer copies than `replicas` are given so many; those that have more keep
    them, and that is said: a setting that somebody forgot must not take a cluster's safety away.
    """
    created: list[str] = []
    for config in stream_configs(replicas):
        assert config.name
        try:
            there = (await js.stream_info(config.name)).config
            # How long the broker keeps facts the trail has is the deployment's to say
            # (docs/architecture/trail.md, erasure).
            # So is how long an upload waits for its report, and how much room files have.
            keeps = there.max_age if config.name in (FACTS, UPLOADS_STREAM) else config.max_age
            room = there.max_bytes if config.name in (FILES_STREAM, UPLOADS_STREAM) else config.max_bytes
            copies = max(replicas, copies_of(there))
            await js.update_stream(config.evolve(max_age=keeps, max_bytes=room, num_replicas=copies))
            created += copies_told(f"stream {config.name}", copies_of(there), replicas)
        except NotFoundError:
            await js.add_stream(config)
            created.append(f"stream {config.name}")
    for bucket in bucket_configs(replicas):
        try:
            there = (await js.stream_info(f"KV_{bucket.bucket}")).config
            altered = there.evolve(
                num_replicas=max(replicas, copies_of(there)),
                max_msgs_per_subject=max(bucket.history or 1, there.max_msgs_per_subject or 1),
            )
            if altered != there:
                await js.update_stream(altered)
            created += copies_told(f"bucket {bucket.bucket}", copies_of(there), replicas)
        except NotFoundError:
            await js.create_key_value(bucket)
            created.append(f"bucket {bucket.bucket}")
    for stream, durable in durable_configs():
        assert durable.durable_name
        try:
            there = (await js.consumer_info(stream, durable.durable_name)).config
            begins = {"deliver_policy": there.deliver_policy, "opt_start_seq": there.opt_start_seq}
        except NotFoundError:
            created.append(f"durable {stream}/{durable.durable_name}")
            begins = await _where_it_begins(js, stream, durable.durable_name)
        await js.add_consumer(stream, durable.evolve(**begins))
    return created


def copies_of(config: StreamConfig) -> int:
    return config.num_replicas or 1


def copies_told(name: str, there: int, configured: int) -> list[str]:
    """What became of the number of copies, in words; nothing where it is as asked."""
    if there == configured:
        return []
    if there < configured:
        return [f"{name} in {configured} copies instead of {there}"]
    return [
        f"{name} in its {there} copies as before: FENGHUO_REPLICAS={configured} lowers nothing, `nats stream edit` by hand does"
    ]


async def _where_it_begins(js: JetStreamContext, stream: str, durable: str) -> dict[str, object]:
    """Behind the last message it is known to be done with, if the stream still has that very message there;
    else at the start.
    """
    positions = await js.key_value(POSITIONS)
    try:
        position = Position.read((await positions.get(position_key(stream, durable))).value or b"")
        last = await js.get_msg(stream, position.sequence)
    except (NotFoundError, ValueError):
        return {}
    if last.time is None or abs(position.at - last.time) > timedelta(milliseconds=1):
        return {}  # a copy of another moment was put back
    return {"deliver_policy": DeliverPolicy.BY_START_SEQUENCE, "opt_start_seq": position.sequence + 1}
