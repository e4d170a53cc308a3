"""Identifiers are strings on the wire and distinct types in code, so that a person is never passed where a
unit is meant.
"""

import hashlib
import re
from datetime import UTC, datetime
from typing import NewType

from ulid import ULID

CaseId = NewType("CaseId", str)
"""A ULID (26 characters, Crockford base 32): sorts by time, safe as a NATS token and a KV key."""
IS_CASE_ID = re.compile(r"^[A-Za-z0-9_-]{1,64}$")
"""What may stand for a case in a subject and a key: of anything else the broker or its client would refuse to
hear.
"""
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


def learned_at(case: CaseId, otherwise: datetime) -> datetime:
    """The time part of a case's id: when somebody learned of it; `otherwise` for an id that has none."""
    try:
        return ULID.from_str(case).datetime.astimezone(UTC)
    except ValueError:
        return otherwise
