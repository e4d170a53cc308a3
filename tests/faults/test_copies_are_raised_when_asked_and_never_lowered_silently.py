"""FENGHUO_REPLICAS says how many copies the broker keeps: it raises them, also of what exists, and a
forgotten setting lowers nothing.
"""

from pathlib import Path

from nats.js import JetStreamContext

from fenghuo.bootstrap import declare_streams
from shared import streams
from shared.broker.connection import connect
from tests.faults.three_brokers import three_brokers

NAMES = [
    *(str(config.name) for config in streams.stream_configs()),
    *(f"KV_{bucket.bucket}" for bucket in streams.bucket_configs()),
]


async def copies(js: JetStreamContext) -> set[int]:
    return {streams.copies_of((await js.stream_info(name)).config) for name in NAMES}


async def test_a_cluster_that_was_given_three_copies_keeps_them_when_bootstrap_runs_without_the_setting(
    tmp_path: Path,
) -> None:
    async with three_brokers(tmp_path) as cluster:
        await declare_streams(cluster.settings("admin"))
        connection = await connect(cluster.settings("admin"), "admin", timeout=10)
        js = connection.jetstream(timeout=30)
        assert await copies(js) == {1}
        before = (await js.stream_info("KV_DIRECTORY")).config

        raised = await declare_streams(cluster.settings("admin", replicas=3))

        assert await copies(js) == {3}
        assert "stream FACTS in 3 copies instead of 1" in raised
        assert (await js.stream_info("KV_DIRECTORY")).config == before.evolve(num_replicas=3), (
            "nothing else of a bucket changes"
        )

        kept = await declare_streams(cluster.settings("admin"))

        assert await copies(js) == {3}
        assert len(kept) == len(NAMES)
        assert "bucket CASES in its 3 copies as before" in " ".join(kept)
        await connection.close()
