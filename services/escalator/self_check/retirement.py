"""Cases that ended long ago leave the bucket; the trail keeps them.

Invariant: a case leaves at exactly the revision that the check saw as ended. One written meanwhile stays, and
the next round looks at it again.
"""

from collections.abc import Callable, Mapping

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from prometheus_client import Counter

from services.escalator.lanes.cases import GONE
from shared.broker.walk import walk
from shared.ids import CaseId
from shared.streams import CASES

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Retirement:
    def __init__(self, connection: Callable[[], Client], retired: Counter) -> None:
        self._connection, self._retired = connection, retired

    async def retire(self, ended: Mapping[CaseId, int]) -> None:
        """`ended`: case → revision."""
        js = self._connection().jetstream(timeout=5)
        for case, revision in ended.items():
            headers = {
                "KV-Operation": "PURGE",
                "Nats-Rollup": "sub",
                # The mark itself goes after an hour, so that a bucket of years does not fill with marks.
                "Nats-TTL": "1h",
                "Nats-Expected-Last-Subject-Sequence": str(revision),
                "Nats-Expected-Stream": f"KV_{CASES}",
            }
            try:
                await js.publish(f"$KV.{CASES}.{case}", b"", timeout=5, headers=headers)
            except NatsError as error:
                log.info(
                    "case_stays",
                    case=case,
                    error=str(error),
                    next="it was written meanwhile, or the next round takes it",
                )
                continue
            await self._retire_parts(js, case)
            self._retired.inc()

    async def _retire_parts(self, js: JetStreamContext, case: CaseId) -> None:
        """Also those that no revision of the case has named since a crash."""
        async for part in walk(self._connection, f"KV_{CASES}", f"$KV.{CASES}.{case}.*"):
            if "KV-Operation" not in part.headers:
                await js.publish(part.subject, b"", timeout=5, headers=GONE)
