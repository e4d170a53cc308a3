"""The streams, buckets and durables of Fenghuo, declared here and nowhere else, by `fenghuo bootstrap` with the admin's key.

Invariant: no service declares anything. A stream declared twice is overwritten by whoever starts last, and a durable that
exists is never updated, so that one place must own both.
"""

from datetime import timedelta

from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
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
DIRECTORY = "DIRECTORY"
POLICIES = "POLICIES"
"""Bucket: every policy a case began under, by digest, and the versions with their approval."""

INTAKE_DURABLE = "intake"
NOTIFIER_DURABLE = "notifier"
AUDIT_DURABLE = "audit"
CROSS_CHECK_DURABLE = "cross_check"
"""The escalator's other eye: every report, laid beside what outside witnesses know."""

DEDUPE_WINDOW = timedelta(hours=1)
LANE_ACK_WAIT = timedelta(seconds=2)
"""A killed escalator holds its lanes for no longer; whoever works longer renews."""
INBOX_MESSAGE_LIMIT = 640 * 1024
"""Bytes. A rejected message is kept in base 64 inside a fact: 4/3 of it must still fit the broker's 1 MB."""


def escalator_durable(lane: int) -> str:
    return f"escalator-{lane}"


def stream_configs(replicas: int = 1) -> list[StreamConfig]:
    """INBOX, CLOCKS, FACTS in the order they must be declared: FACTS sources CLOCKS, so that a fired clock is a fact."""
    inbox = StreamConfig(
        name=INBOX,
        description="what others published, as it came",
        subjects=["inbox.*.*"],
        storage=StorageType.FILE,
        num_replicas=replicas,
        duplicate_window=DEDUPE_WINDOW.total_seconds(),
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
    return [inbox, clocks, facts]


def bucket_configs(replicas: int = 1) -> list[KeyValueConfig]:
    file = StorageType.FILE
    return [
        KeyValueConfig(bucket=CASES, description="each case as it stands", history=1, storage=file, replicas=replicas, direct=True),
        KeyValueConfig(
            bucket=DELIVERIES,
            description="what became of each notice, so that a restarted notifier sends none twice",
            history=1,
            storage=file,
            replicas=replicas,
            direct=True,
            ttl=timedelta(days=30).total_seconds(),
        ),
        KeyValueConfig(
            bucket=THREADS,
            description="to which case a system's messages belong, so that every intake takes an update to the case of its alert",
            history=1,
            storage=file,
            replicas=replicas,
            direct=True,
            ttl=timedelta(days=180).total_seconds(),
        ),
        KeyValueConfig(
            bucket=POLICIES,
            description="every policy a case began under, and the versions on their way from draft to in force",
            history=10,
            storage=file,
            replicas=replicas,
            direct=True,
        ),
        KeyValueConfig(
            bucket=DIRECTORY,
            description="who is who, as it is now, with its last changes",
            history=64,
            storage=file,
            replicas=replicas,
            direct=True,
        ),
        KeyValueConfig(bucket=TRAIL, description="the sequencer's epoch", history=5, storage=file, replicas=replicas, direct=True),
    ]


def durable_configs() -> list[tuple[str, ConsumerConfig]]:
    """(stream, durable) pairs. Escalator lanes hand out one message at a time: the server keeps a case's facts in single file."""
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
                max_ack_pending=1024,
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
                ack_wait=30,
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
                ack_wait=60,
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


async def declare(js: JetStreamContext, replicas: int = 1) -> list[str]:
    """Make the broker hold exactly what stands above; safe to repeat. Returns what was created, for the console."""
    created: list[str] = []
    for config in stream_configs(replicas):
        assert config.name
        try:
            there = (await js.stream_info(config.name)).config
            # How long the broker keeps facts the trail has is the deployment's to say (docs/architecture/trail.md, erasure).
            keeps = there.max_age if config.name == FACTS else config.max_age
            await js.update_stream(config.evolve(max_age=keeps))
        except NotFoundError:
            await js.add_stream(config)
            created.append(f"stream {config.name}")
    for bucket in bucket_configs(replicas):
        try:
            await js.stream_info(f"KV_{bucket.bucket}")
        except NotFoundError:
            await js.create_key_value(bucket)
            created.append(f"bucket {bucket.bucket}")
    for stream, durable in durable_configs():
        assert durable.durable_name
        try:
            await js.consumer_info(stream, durable.durable_name)
        except NotFoundError:
            created.append(f"durable {stream}/{durable.durable_name}")
        await js.add_consumer(stream, durable)
    return created
