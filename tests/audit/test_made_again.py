"""Records that the store has lost are made again from FACTS with the root that was signed; where they can't
be, it is said why.
"""

import json
import os
import subprocess

from pymongo import MongoClient

from services.audit.store.trail import PAYLOAD_DATABASE, TRAIL_DATABASE
from tests.audit.given import acknowledged, new_case, publish, reported
from tests.audit.reading import verdict_of
from tests.faults.test_trail_and_broker_are_one_history import is_covered
from tests.lab import Lab, until
from tests.operate.installation import COMMAND

SIZE = 300


def rebuild(lab: Lab) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FENGHUO_")}
    env = inherited | lab.environment("audit")
    return subprocess.run(
        [*COMMAND, "trail", "rebuild", "--json"], env=env, capture_output=True, text=True, check=False
    )


async def test_the_trail_is_built_again_with_the_same_root_or_says_what_can_not(own_lab: Lab) -> None:
    audit = await own_lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.1S")
    case = new_case()
    async with own_lab.connection("admin") as connection:
        last = await publish(connection, reported(case), *(acknowledged(case) for _ in range(SIZE - 1)))
    await until(lambda: is_covered(own_lab, audit, last))
    assert audit.stop() == 0
    client: MongoClient[dict[str, object]] = MongoClient(own_lab.mongo_url)
    client[TRAIL_DATABASE]["entries"].delete_many({})
    client[TRAIL_DATABASE]["tiles"].delete_many({})

    done = rebuild(own_lab)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"first": 0, "made_again": last}
    verdict = await verdict_of(own_lab)
    assert (verdict.size, verdict.faults) == (last, [])

    client[TRAIL_DATABASE]["entries"].delete_many({"_id": {"$gte": 100}})
    client[PAYLOAD_DATABASE]["payloads"].delete_many({"_id": {"$gte": 200, "$lt": 216}})
    refused = rebuild(own_lab)
    assert refused.returncode == 1
    assert "its salts are not in the payloads' database" in refused.stderr
    assert client[TRAIL_DATABASE]["entries"].count_documents({}) == 100, "nothing was written"
    client.close()
