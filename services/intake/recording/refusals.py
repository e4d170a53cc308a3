"""An id that is used again for something else: refused, and the refusal goes on record, whatever way it came
by.

Invariant: what was stored first stands; what was refused is kept whole, about the case that the id stands
for. However often it is tried, one refusal an hour of the same id is stored.
"""

import base64
import hashlib
from collections.abc import Callable
from datetime import datetime

import structlog
from pydantic import BaseModel

from services.intake.recording.record import AppendedFact, FactRecord, id_of
from shared.facts import Fact, Rejection
from shared.facts.cause import Cause
from shared.fault_texts import Fault
from shared.subjects import fact_subject
from shared.vocabulary import Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

REASON = "its id stands for something else"


class Refusals:
    def __init__(self, record: FactRecord, clock: Callable[[], datetime]) -> None:
        self._record, self._clock = record, clock

    async def used_before(self, first: AppendedFact, other: BaseModel, by: str, fault: Fault) -> None:
        """`other` came under the id of `first`; `by`: the principal who sent it. Raises Unreachable."""
        body = other.model_dump_json(exclude_none=True).encode()
        case = first.fact.subject or ""
        rejection = Rejection(
            subject=f"{first.fact.kind} {case}",
            reason=REASON,
            errors=(fault,),
            headers={"principal": by},
            body=base64.b64encode(body).decode(),
            digest=hashlib.sha256(body).hexdigest(),
            cause=Cause.ID_USED,
        )
        identity = id_of("rejected", first.fact.id)
        fact = Fact.of(
            Kind.REJECTED,
            id=identity,
            source="/services/intake",
            subject=case,
            time=self._clock(),
            data=rejection,
        )
        stored = await self._record.append(fact_subject(case, Kind.REJECTED), fact.write(), identity)
        log.warning(
            "rejected", reason=REASON, by=by, case=case, sequence=stored.sequence, repeated=stored.repeated
        )
