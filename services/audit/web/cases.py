"""Cases and reports for the auditor over HTTP: the timeline of a case, and what the trail adds up to."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request

from services.audit.reading.reader import TrailReader
from services.audit.reading.told import RecordTeller
from services.audit.reading.views import CheckpointView, Entry, checkpoint_view, no_record_of
from services.audit.records.payloads import Payload
from services.audit.web.masking import Masks
from services.audit.web.trail import READERS
from shared.facts import Frozen
from shared.http_fields import CaseRef
from shared.story.telling import Sentences
from shared.tokens import Gate
from shared.vocabulary import Language, Role


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


class CaseStory(Frozen):
    """The case in words: moments in order, each with the records it tells of."""

    case: str
    moments: tuple[Sentences, ...]
    checkpoint: CheckpointView


def cases_router(
    reader: TrailReader, gate: Gate, masks: Masks, tells: Mapping[Language, RecordTeller]
) -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["cases"])

    @router.get("/cases/{case_id}/timeline")
    async def timeline(request: Request, case_id: CaseRef) -> CaseTimeline:
        """All that happened in a case, in order, with each fact. An operator sees no person and no words."""
        is_operator = gate.admit(request, *READERS, Role.OPERATOR).role is Role.OPERATOR
        entries = await reader.records.case(case_id)
        if not entries:
            raise no_record_of(case_id)
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

    @router.get("/cases/{case_id}/story")
    async def story(request: Request, case_id: CaseRef, language: Language = Language.ZH) -> CaseStory:
        """All that happened in a case, in words: who did what, to whom, in time or late, and why."""
        gate.admit(request, *READERS)
        entries = await reader.records.case(case_id)
        if not entries:
            raise no_record_of(case_id)
        return CaseStory(
            case=case_id,
            moments=tuple(await tells[language].case(entries)),
            checkpoint=checkpoint_view(await reader.checkpoints.newest()),
        )

    return router
