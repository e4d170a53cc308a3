"""The files of a case, behind the link of a message: `GET /a/{token}/files/{sha256}`.

Invariant: a link opens the files of its own case and no others, for as long as it lives, to a person who is in the
directory.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import Response
from nats.aio.client import Client

from services.notifier.answering.opening import LinkOpener
from services.notifier.delivery.whether_over import case_now
from services.notifier.messages.links import Link, LinkRefused
from shared.broker.forever import AWAY
from shared.case import Case, CaseFile
from shared.directory import Directory
from shared.door import doorway
from shared.files.sending import no_such_file, send_file
from shared.files.store import FileStore
from shared.ids import CaseId
from shared.language.origin import origin_in_words
from shared.language.words import Words
from shared.message import N_
from shared.problems import Problem
from shared.vocabulary import Language

MOST_SHOWN = 20
"""The newest files on one page; the desk shows all."""
ERASED = N_("A file, erased on %(at)s on the basis of %(basis)s")
NOT_READ = N_("The case can't be read at the moment: open the link again.")


class ShownFile(NamedTuple):
    path: str
    """From the page; "" for one that was erased."""
    name: str
    size: str
    origin: str = ""
    """Of a document that is to be made from the record: of which, or that it is not."""


@dataclass(frozen=True)
class LinkFiles:
    opener: LinkOpener
    directory: Callable[[], Directory]
    connection: Callable[[], Client]
    zone: ZoneInfo

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/a/{token}/files/{sha256}", self.send, methods=["GET"], response_class=Response)
        return router

    @doorway(is_open=True)
    async def send(self, token: str, sha256: str) -> Response:
        try:
            link = await self.opener.open(token)
        except LinkRefused:
            raise no_such_file() from None
        except AWAY:
            raise Problem(503, N_("Not readable"), NOT_READ) from None
        if link.person not in self.directory().people_by_id:
            raise no_such_file()
        try:
            files = await self._of(link.case)
        except (ValueError, *AWAY):
            raise Problem(503, N_("Not readable"), NOT_READ) from None
        named = next((file for file in files if file.sha256 == sha256), None)
        if named is None:
            raise no_such_file()
        return await send_file(FileStore(self.connection), sha256, named.name, self.zone)

    async def shown(self, link: Link, case: Case | None, language: Language) -> list[ShownFile]:
        """The newest first."""
        files = case.files if case is not None else ()
        words = Words(language)
        newest = list(reversed(files))[:MOST_SHOWN]
        erased = await FileStore(self.connection).erasures(file.sha256 for file in newest)
        return [
            ShownFile("", words.of(ERASED, at=gone.day(self.zone), basis=gone.legal_basis), "")
            if (gone := erased.get(file.sha256)) is not None
            else ShownFile(
                f"{link.token}/files/{file.sha256}",
                file.name,
                words.size(file.bytes),
                origin_in_words(words, file.origin, self.zone),
            )
            for file in newest
        ]

    async def _of(self, case: CaseId) -> tuple[CaseFile, ...]:
        found = await case_now(self.connection, case)
        return found.files if found is not None else ()
