"""`GET /api/v1/directory/{units,people,posts}`: who is who, without any address."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.intake.api.wire import answer
from shared.directory import Directory
from shared.tokens import Gate


def directory_router(directory: Directory, gate: Gate) -> APIRouter:
    router = APIRouter(prefix="/api/v1/directory", tags=["directory"])
    areas = [area.model_dump(exclude_none=True) for area in directory.areas]
    units = [unit.model_dump(exclude_none=True) for unit in directory.units]
    posts = [post.model_dump(exclude_none=True) for post in directory.posts]
    people = [
        {
            "id": person.id,
            "name": person.name.model_dump(),
            "unit": person.unit,
            "language": person.language,
            # Kinds only: a number or an address never leaves the notifier.
            "channels": [channel.channel for channel in person.channels],
        }
        for person in directory.people
    ]

    @router.get("/units")
    async def all_units(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        gate.admit(request)
        return answer({"version": directory.version, "units": units, "areas": areas})

    @router.get("/people")
    async def all_people(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        gate.admit(request)
        return answer({"version": directory.version, "people": people})

    @router.get("/posts")
    async def all_posts(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        gate.admit(request)
        return answer({"version": directory.version, "posts": posts})

    return router
