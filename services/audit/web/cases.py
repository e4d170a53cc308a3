"""Cases and reports for the auditor over HTTP: the timeline of a case, and what the trail adds up to."""

from typing import Any

from fastapi import APIRouter, Request

from services.audit.reading.reader import TrailReader
from services.audit.reading.views import CheckpointView, Entry, NotInTrail, checkpoint_view
from services.audit.records.payloads import Payload
from services.audit.web.masking import Masks
from services.audit.web.trail import READERS
from shared.facts import Frozen
from shared.http_fields import CaseRef
from shared.tokens import Gate
from shared.vocabulary import Role


class CaseMoment(Frozen):
    entry: Entry
    fact: dict[str, Any] | None


class CaseTimeline(Frozen):
    case: str
    moments: tuple[CaseMoment, ...]
    checkpoint: CheckpointView


def _fact(entry: Entry, payload: Payload | None) -> dict[str, Any] | None:
    """What happened; nothing where the message is no authentic fact."""
    return None if payload is None or entry.distrust else payload.envelope or None


def cases_router(reader: TrailReader, gate: Gate, masks: Masks) -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["cases"])

    @router.get("/cases/{case_id}/timeline")
    async def timeline(request: Request, case_id: CaseRef) -> CaseTimeline:
        """All that happened in a case, in order, with each fact. An operator sees no person and no words."""
        is_operator = gate.admit(request, *READERS, Role.OPERATOR).role is Role.OPERATOR
        entries = await reader.records.case(case_id)
        if not entries:
            raise NotInTrail(f"no record of a case {case_id} is covered by a checkpoint")
        payloads = await reader.records.payloads([entry.index for entry in entries])
        moments = [CaseMoment(entry=entry, fact=_fact(entry, payloads.get(entry.index))) for entry in entries]
        if is_operator:
            moments = [
                CaseMoment(entry=masks.entry(row.entry), fact=masks.fact(row.fact, row.entry.kind))
                for row in moments
            ]
        return CaseTimeline(
            case=case_id,
            moments=tuple(moments),
            checkpoint=checkpoint_view(await reader.checkpoints.newest()),
        )

    return router
