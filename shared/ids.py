"""Identifiers are strings on the wire and distinct types in code, so that a person is never passed where a unit is meant."""

import hashlib
from datetime import datetime
from typing import NewType

from ulid import ULID

CaseId = NewType("CaseId", str)
"""A ULID (26 characters, Crockford base 32): sorts by time, safe as a NATS token and a KV key."""
DutyId = NewType("DutyId", str)
"""`<rule>-<post, task or number>`: unique within its case."""
TaskId = NewType("TaskId", str)
"""`t1`, `t2` …: unique within its case."""
NoticeId = NewType("NoticeId", str)
"""`<case>.<sequence of the fact that caused it>.<number>`: the same after any repeat of the decision."""
PersonId = NewType("PersonId", str)
PostId = NewType("PostId", str)
UnitId = NewType("UnitId", str)
AreaCode = NewType("AreaCode", str)
SourceId = NewType("SourceId", str)
RosterId = NewType("RosterId", str)
PlanId = NewType("PlanId", str)


def case_id_at(at: datetime) -> CaseId:
    """A new case id whose time part is `at`."""
    return CaseId(str(ULID.from_datetime(at)))


def case_id_for(key: str, at: datetime) -> CaseId:
    """The one case id of an idempotent report: the same `key` and `at` give the same case for ever.

    A repeat beyond the broker's dedupe window therefore still lands in the case it belongs to.
    """
    stamp = int(at.timestamp() * 1000).to_bytes(6, "big")
    return CaseId(str(ULID.from_bytes(stamp + hashlib.sha256(key.encode()).digest()[:10])))
