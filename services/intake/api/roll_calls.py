"""`GET /api/v1/roll-calls`: who could be reached when they were last asked, and who could not. A roll call is
begun by the act `roll_called` on a unit's case, whose id stands here.
"""

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel

from services.intake.api.wire import answer
from services.intake.board.access import MAY_LOOK, may_look
from services.intake.board.board import Board
from services.intake.board.roll_calls import RollCallRow, RollCalls, roll_calls_beside
from shared.case.roll_call import Reach, WayState
from shared.directory import Directory
from shared.facts import Name
from shared.ids import CaseId, PersonId, PostId, UnitId
from shared.tokens import Gate
from shared.vocabulary import Role


class CalledPerson(BaseModel):
    person: PersonId
    name: Name
    reach: Reach
    channels: dict[str, WayState]
    opened_at: datetime | None = None
    answered_at: datetime | None = None


class CalledUnit(BaseModel):
    """A unit and its last roll call."""

    unit: UnitId
    name: Name
    case: CaseId
    people: int
    """Whom a roll call would ask now."""
    began_at: datetime | None = None
    due_at: datetime | None = None
    is_going_on: bool
    next_at: datetime | None = None
    called: list[CalledPerson]


class NamedPost(BaseModel):
    post: PostId
    unit: UnitId
    name: Name


class NamedPerson(BaseModel):
    person: PersonId
    name: Name
    unit: UnitId


class RollCallList(BaseModel):
    asked: int
    answered: int
    counts: dict[Reach, int]
    channels: dict[str, dict[WayState, int]]
    units: list[CalledUnit]
    dark_posts: list[NamedPost]
    """Posts of which nobody could be reached who answers for them."""
    without_channel: list[NamedPerson]


def roll_calls_router(board: Board, directory: Callable[[], Directory], gate: Gate) -> APIRouter:
    router = APIRouter(tags=["cases"])

    @router.get("/api/v1/roll-calls", response_model=RollCallList)
    async def all_roll_calls(request: Request) -> Response:
        principal = gate.admit(request, *sorted(MAY_LOOK))
        cards = (card for card in board.cards() if may_look(principal, card))
        of_all = principal.role is not Role.REPORTER
        return answer(_listed(await roll_calls_beside(cards, directory(), of_all=of_all)))

    return router


def _listed(calls: RollCalls) -> RollCallList:
    directory = calls.directory
    return RollCallList(
        asked=calls.asked,
        answered=calls.answered,
        counts=dict(calls.counts),
        channels={channel: dict(states) for channel, states in calls.by_channel.items()},
        units=[_unit(row, directory) for row in calls.rows],
        dark_posts=[NamedPost(post=post.id, unit=post.unit, name=post.name) for post in calls.dark_posts],
        without_channel=[
            NamedPerson(person=person.id, name=person.name, unit=person.unit)
            for person in calls.without_channel
        ],
    )


def _unit(row: RollCallRow, directory: Directory) -> CalledUnit:
    unit = directory.units_by_id.get(row.unit)
    return CalledUnit(
        unit=row.unit,
        name=unit.name if unit is not None else Name(zh=row.unit, en=row.unit),
        case=row.case,
        people=row.people,
        began_at=row.last.began_at if row.last is not None else None,
        due_at=row.last.due_at if row.last is not None else None,
        is_going_on=row.is_going_on,
        next_at=row.next_at,
        called=[
            CalledPerson(
                person=one.person,
                name=directory.people_by_id[one.person].name,
                reach=one.reach,
                channels=one.ways,
                opened_at=one.opened_at,
                answered_at=one.answered_at,
            )
            for one in row.called
        ],
    )
