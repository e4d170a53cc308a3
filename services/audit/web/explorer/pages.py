"""The explorer: search the trail, see a record with its proof, follow a case; for those who look into what
others did.

Invariant: read only. Every page names the signed checkpoint it holds up to, and what it calls proven it has
just computed.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import orjson
from fastapi import APIRouter, Request, Response

from services.audit.reading import plain
from services.audit.reading.plain_reads import words_of
from services.audit.reading.reader import TrailReader
from services.audit.reading.search.searching import BadCursor
from services.audit.reading.standing import TrailStanding
from services.audit.reading.told import RecordTeller
from services.audit.reading.views import NotInTrail, Page, Record
from services.audit.records.record import RecordError, utc
from services.audit.web.explorer import search_form
from services.audit.web.explorer.checks import check_checkpoint, check_record
from services.audit.web.explorer.marks import holds_on, marks_of
from services.audit.web.explorer.record_files import HashRef, RecordFiles
from shared.directory import Directory
from shared.forms import NO_FORMS, Forms
from shared.forms.words import FilledForm, FormWords, filled_form
from shared.http_fields import Cursor, Index
from shared.language.catalogue import N_
from shared.language.words import Words
from shared.message import because
from shared.problems import Problem
from shared.tokens import Gate
from shared.vocabulary import Language, Role
from shared.web import Pages, login
from shared.web.log_in import LogIn
from shared.web.names import Names
from shared.web.picks import Picker, near_units, offers, taken

Found = TypeVar("Found")
READERS = (Role.AUDITOR, Role.DISCIPLINE, Role.SUPERVISOR)
PER_PAGE = 50
DAMAGED = N_("The trail is damaged here")
NO_RECORDS = N_("The trail has no records of this case, or none that a signed checkpoint covers yet.")


def explorer_pages(gate: Gate, zone: ZoneInfo, log_in: LogIn, clock: Callable[[], datetime]) -> Pages:
    return Pages("explorer", gate, zone, log_in=log_in, folder=Path(__file__).parent, clock=clock)


def explorer_router(
    reader: TrailReader,
    standing: TrailStanding,
    pages: Pages,
    directory: Callable[[], Directory],
    tells: Mapping[Language, RecordTeller],
    files: RecordFiles,
    forms: Forms = NO_FORMS,
) -> APIRouter:
    """Ids show as names, those that the directory of now has."""
    router = pages.router()
    names = Names(directory)

    def filled_in(record_view: Record, language: Language) -> tuple[FilledForm, ...]:
        """The form of a record."""
        block = record_view.entry.block
        if block is None:
            return ()
        words = FormWords(names, Words(language), pages.zone)
        return (filled_form(block.id, block.values, block.missing, forms, words, wrong=bool(block.wrong)),)

    @router.get("/")
    async def search(request: Request, cursor: Cursor | None = None) -> Response:
        principal, now = pages.admit(request, *READERS), directory()
        pickers = {name: Picker(now, sort) for name, sort in search_form.PICKED.items()} if now.units else {}
        parameters = {
            name: value
            for name, value in request.query_params.items()
            if value and name not in ("cursor", "lang")
        }
        values, not_named = taken(parameters, pickers)
        record_filter, faults = search_form.read_filter(values, pages.zone)
        faults |= dict(not_named)
        state = await answer_or_fault(standing.state)
        page: Page | None = None
        if state.checkpoint is not None:
            page = await answer_or_fault(lambda: reader.search(record_filter, cursor=cursor, limit=PER_PAGE))
        return pages.show(
            request,
            "search.html",
            state=state,
            check=check_checkpoint(state.checkpoint, state.vkey) if state.checkpoint else None,
            page=page,
            values=values,
            faults=faults,
            form=search_form,
            told=await answer_or_fault(lambda: tells[pages.language(request)].each(page.entries))
            if page
            else {},
            further=any(values.get(name) for name in search_form.FURTHER),
            names=names,
            offers=offers(pickers, near_units(now, principal.unit), parameters),
            marks=await answer_or_fault(lambda: marks_of(reader, page.entries)) if page else {},
            tries=list(search_form.tries(values)),
            cursor=cursor,
            first=f"/?{urlencode(values)}",
            older=f"/?{urlencode({**values, 'cursor': page.next})}" if page and page.next else None,
        )

    @router.get("/records/{index}")
    async def record(request: Request, index: Index) -> Response:
        pages.admit(request, *READERS)
        record_view: Record = await answer_or_fault(lambda: reader.records.record(index))
        state = await answer_or_fault(standing.state)
        entries = (
            await answer_or_fault(lambda: reader.records.case(str(record_view.entry.case)))
            if record_view.entry.case
            else []
        )
        following = next(
            (entry.index for entry in entries if entry.number == record_view.entry.number + 1), None
        )
        return pages.show(
            request,
            "record.html",
            record=record_view,
            names=names,
            told=await answer_or_fault(lambda: tells[pages.language(request)].one(record_view.entry)),
            lines=plain.lines(record_view.fact, names),
            data=plain.data_of(record_view.fact),
            filled_forms=filled_in(record_view, pages.language(request)),
            asked=words_of,
            checks=check_record(record_view, record_view.proof.checkpoint or state.checkpoint, state.vkey),
            checkpoint=record_view.proof.checkpoint or state.checkpoint,
            following=following,
            files=await files.of(record_view),
            holds=await answer_or_fault(lambda: holds_on(reader, record_view.entry)),
            utc=utc,
            pretty=_pretty(record_view.fact) or record_view.raw or "",
            header=_pretty(record_view.header),
        )

    @router.get("/records/{index}/proof")
    async def proof(request: Request, index: Index) -> Response:
        """A C2SP `.tlog-proof` file."""
        pages.admit(request, *READERS)
        text = (await answer_or_fault(lambda: reader.proofs.inclusion(index))).tlog_proof or ""
        headers = {"Content-Disposition": f'attachment; filename="record-{index}.tlog-proof"'}
        return Response(text, media_type="text/plain; charset=utf-8", headers=headers)

    @router.get("/records/{index}/files/{sha256}")
    async def file(request: Request, index: Index, sha256: HashRef) -> Response:
        """A file that the record names."""
        pages.admit(request, *READERS)
        return await answer_or_fault(lambda: files.send(index, sha256))

    @router.get("/cases/{case}")
    async def timeline(request: Request, case: str) -> Response:
        pages.admit(request, *READERS)
        entries = await answer_or_fault(lambda: reader.records.case(case))
        if not entries:
            raise Problem(404, N_("Not Found"), NO_RECORDS)
        state = await answer_or_fault(standing.state)
        marks = await answer_or_fault(lambda: marks_of(reader, entries))
        return pages.show(
            request,
            "timeline.html",
            case=case,
            entries=entries,
            names=names,
            state=state,
            marks=marks,
            story=await answer_or_fault(lambda: tells[pages.language(request)].case(entries)),
        )

    login.add(router, pages, names)
    router.include_router(pages.static.router())
    return router


async def answer_or_fault(ask: Callable[[], Awaitable[Found]]) -> Found:
    """What the reader finds; its faults in words for the page. A damaged record is said to be damaged, never
    skipped.
    """
    try:
        return await ask()
    except NotInTrail as error:
        raise Problem(404, N_("Not Found"), because(error)) from None
    except BadCursor as error:
        raise Problem(400, N_("Invalid request"), because(error)) from None
    except RecordError as error:
        raise Problem(500, DAMAGED, because(error)) from None


def _pretty(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() if value else ""
