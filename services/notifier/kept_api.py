"""What waits for somebody's quiet hours to end, over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter, Request

from services.notifier.delivery.kept import KeptBook
from shared.directory import Directory
from shared.door import doorway
from shared.facts import Frozen, Instant, Name, Purpose
from shared.ids import CaseId, PersonId
from shared.tokens import Gate
from shared.vocabulary import Role

MOST = 1000


class KeptMessage(Frozen):
    """One message to one person on one channel."""

    case: CaseId
    person: PersonId
    name: Name
    channel: str
    purpose: Purpose
    since: Instant
    until: Instant


class KeptMessages(Frozen):
    count: int
    """Of all; at most a thousand are named, the newest first."""
    messages: tuple[KeptMessage, ...]


@dataclass(frozen=True)
class KeptApi:
    book: KeptBook
    directory: Callable[[], Directory]
    gate: Gate

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1")
        router.add_api_route("/kept", self.kept, methods=["GET"], summary="What waits for quiet hours to end")
        return router

    @doorway()
    async def kept(self, request: Request) -> KeptMessages:
        self.gate.admit(request, Role.OPERATOR, Role.AUDITOR)
        people = self.directory().people_by_id
        messages = [
            KeptMessage(
                case=decision.case,
                person=decision.person,
                name=people[decision.person].name
                if decision.person in people
                else Name(zh=decision.person, en=decision.person),
                channel=notice.channel,
                purpose=notice.purpose,
                since=decision.since,
                until=decision.until,
            )
            for decision in reversed(self.book.newest_last())
            for notice in decision.notices
        ]
        return KeptMessages(count=len(messages), messages=tuple(messages[:MOST]))
